"""One connection for lookups: one question at a time, and out of everybody's way after each."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from zoneinfo import ZoneInfo

from agent.keyed import Keyed
from agent.mis.book import Book
from agent.mis.port import Mis, MisBusy, MisChanged, MisDown, MisError, MisRefused
from agent.mis.reading import Clinic
from agent.outbox import Owners
from agent.standing import Standing


class Source:
    """Who waits for the connection waits in the order of coming."""

    def __init__(
        self, mis: Mis, owners: Owners, standing: Standing, zone: ZoneInfo, fields: Collection[str], book: Book
    ) -> None:
        self._mis, self._answers, self._standing = mis, Keyed(mis, owners, book), standing
        self._zone, self._fields, self._book = zone, fields, book
        self._lock = asyncio.Lock()
        self._clinic: Clinic | None = None
        self._seen: Mapping[str, bool] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Clinic]:
        """The connection, for one question; raises `MisError`. Not before the scan has seen that this is the clinic's database, at first
        and whenever it was away: another one would tell of other people."""
        stand = self._standing.now
        if stand.mis == "refused":
            raise MisRefused(stand.hint or "")
        if not stand.capabilities:
            raise MisDown("not looked at yet")
        if not stand.is_known:
            raise (MisBusy if stand.mis == "busy" else MisDown)("not looked at again yet")
        async with self._lock:
            try:
                yield await self._look()
            except MisChanged:
                self._clinic = None  # the next question looks what is there
                raise
            finally:
                with suppress(MisError):  # what was read is read
                    await self._mis.leave()

    async def _look(self) -> Clinic:
        """See what can be read: at first, after a loss, and when the scan saw a difference."""
        seen = self._standing.now.capabilities
        if self._clinic is None or seen != self._seen:
            columns = await self._mis.columns()
            self._clinic = Clinic(self._mis, self._answers, columns, self._zone, self._fields, self._book)
            self._seen = seen
        return self._clinic
