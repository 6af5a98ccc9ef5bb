"""Tells whoever listens in this process that something of an account changed: ids only, never what it became. Knows neither who
tells nor who listens."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_HELD = 10_000
"""Names that one listener may let gather: of more (a clinic is loaded for the first time) it is told only that there were more."""


@dataclass(frozen=True)
class Changed:
    """Patients of a database of whom something changed in the store."""

    database: str
    patients: frozenset[str]


@dataclass(frozen=True)
class Heard:
    """What changed since the listener asked last, as (database, patient), deals and databases whose freshness changed.
    `everything`: so much that nobody counted any more."""

    patients: frozenset[tuple[str, str]] = frozenset()
    deals: frozenset[int] = frozenset()
    databases: frozenset[str] = frozenset()
    everything: bool = False


class Listener:
    """One listener of one account. What is told twice before it asks is heard once."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._patients: set[tuple[str, str]] = set()
        self._deals: set[int] = set()
        self._databases: set[str] = set()
        self._everything = False
        self._something = asyncio.Event()

    async def next(self) -> Heard:
        """All that changed since the last time, as soon as something did."""
        await self._something.wait()
        self._something.clear()
        heard = Heard(
            frozenset(self._patients), frozenset(self._deals), frozenset(self._databases), everything=self._everything
        )
        self._forget()
        self._everything = False
        return heard

    def _take(self, patients: Collection[tuple[str, str]], deals: Collection[int], databases: Collection[str]) -> None:
        if not self._everything:
            self._patients.update(patients)
            self._deals.update(deals)
        self._databases.update(databases)
        if len(self._patients) + len(self._deals) > self._most:
            self._patients, self._deals, self._everything = set(), set(), True
        self._something.set()

    def _forget(self) -> None:
        self._patients, self._deals, self._databases = set(), set(), set()


class News:
    """The bus of this process. Telling never waits and never fails."""

    def __init__(self) -> None:
        self._listeners: dict[int, set[Listener]] = {}

    def tell(self, account_id: int, changed: Changed) -> None:
        """Something of these patients was committed."""
        self._tell(account_id, [(changed.database, patient) for patient in changed.patients], (), ())

    def tell_deals(self, account_id: int, deal_ids: Collection[int]) -> None:
        """What the hub knows or did of these deals."""
        self._tell(account_id, (), deal_ids, ())

    def tell_freshness(self, account_id: int, database: str) -> None:
        """How fresh the data of a database are, became another thing to say."""
        self._tell(account_id, (), (), (database,))

    @contextmanager
    def listen(self, account_id: int) -> Iterator[Listener]:
        """Hear what is told of this account from now on, and of no other."""
        listener = Listener()
        listeners = self._listeners.setdefault(account_id, set())
        listeners.add(listener)
        try:
            yield listener
        finally:
            listeners.discard(listener)
            if not listeners and self._listeners.get(account_id) is listeners:
                del self._listeners[account_id]

    def _tell(
        self,
        account_id: int,
        patients: Collection[tuple[str, str]],
        deals: Collection[int],
        databases: Collection[str],
    ) -> None:
        if not (patients or deals or databases):
            return
        for listener in self._listeners.get(account_id, ()):
            listener._take(patients, deals, databases)  # noqa: SLF001 a listener is a part of its bus
