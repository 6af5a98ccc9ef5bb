"""Learns whose each row is, in the tables in which no index of the clinic's database says so: at first, and again in each pass."""

from collections.abc import Mapping

from agent.keyed import PAGE, Told, last_of, rows_of
from agent.mis import reader
from agent.outbox import Owners
from agent.scan.budget import SLOW_SECONDS
from agent.scan.timed import Timed

_WIDER = PAGE // reader.PAGE
"""So many times the rows of other pages: these are a few numbers each."""


class Ownership:
    """Walks through whole tables, some pages a turn. A walk that is broken off begins anew."""

    def __init__(self, timed: Timed, owners: Owners) -> None:
        self._timed, self._owners = timed, owners
        self._wanted: Mapping[str, Told] = {}
        self._left: list[str] = []
        self._after = 0

    @property
    def is_known(self) -> bool:
        """Whether all that is wanted was learnt once."""
        return not any(map(self._is_unknown, self._wanted))

    async def settle(self, pages: Mapping[str, Told], indexed: frozenset[str]) -> None:
        """What these statements tell is wanted, unless an index of the database leads there."""
        self._wanted = {page: told for page, told in pages.items() if {r.lower() for r in told} - indexed}
        await self._owners.forget(but={relation for told in self._wanted.values() for relation in told})
        unknown = list(filter(self._is_unknown, self._wanted))
        await self._owners.begin([relation for page in unknown for relation in self._wanted[page]])
        self._left, self._after = [page for page in self._wanted if page in {*self._left, *unknown}], 0

    def again(self) -> None:
        """Walk through all of it once more."""
        self._left, self._after = list(self._wanted), 0

    async def forget(self) -> None:
        """Nothing that was learnt holds any more."""
        await self._owners.forget()
        await self._owners.begin([relation for told in self._wanted.values() for relation in told])
        self.again()

    async def turn(self, rows: int) -> bool:
        """Read some pages, as long as that keeps the server busy for less than a slow statement; whether the walk has ended. `rows` are
        those that other statements may read."""
        while self._left and self._timed.total < SLOW_SECONDS:
            await self._page(self._left[0], rows * _WIDER)
        return not self._left

    async def _page(self, page: str, rows: int) -> None:
        told = self._wanted[page]
        read = await self._timed.fetch(page if rows == PAGE else f"{page}/{rows}", self._after)
        self._after, is_end = last_of(read, self._after), len(read) < rows
        await self._owners.learn(rows_of(read, told), self._after, is_end=is_end)
        if is_end:
            self._left, self._after = self._left[1:], 0

    def _is_unknown(self, page: str) -> bool:
        return self._owners.through(self._wanted[page]) is None
