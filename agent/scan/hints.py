"""Tier 2: orders, payments and patients' cards, which have no rowversions, by the times at which they were changed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from agent.mis.port import Mis, Param, Row
from agent.outbox import Outbox
from agent.scan import decide
from agent.scan.reader import ScanKind


@dataclass(frozen=True)
class Hint:
    """A table that may betray a change. `leads` is the column that tells of whom: a visit's key, or a patient's."""

    name: str
    leads: str
    to: ScanKind
    key: str = "ID"
    times: int = 2

    @property
    def queries(self) -> tuple[str, str]:
        """Its greatest key, and its rows changed since."""
        return f"{self.name}_newest", f"{self.name}_changed"


HINTS = (
    Hint("orders", "ID_Receptions", "visit"),
    Hint("lines", "ID_Receptions", "visit"),
    Hint("payments", "ID_Patients", "visit"),
    Hint("patients", "ID_Persons", "patient", key="ID_Persons", times=1),
)


@dataclass
class _Watch:
    """What was seen of one table: rows of the overlap that were read already, and when the next look is due."""

    due: int = 0
    through: datetime | None = None
    seen: frozenset[tuple[object, ...]] = frozenset()


@dataclass
class Found:
    """What the hints lead to, and what to remember when it was read."""

    visits: set[int] = field(default_factory=set)
    patients: set[int] = field(default_factory=set)
    cursors: dict[str, str] = field(default_factory=dict)
    watches: dict[str, _Watch] = field(default_factory=dict)


class Hints:
    """Looks through each table now and then: the larger, the more seldom."""

    def __init__(self, mis: Mis, outbox: Outbox) -> None:
        self._mis, self._outbox = mis, outbox
        self._watches: dict[str, _Watch] = {}
        self._step = 0

    def forget(self) -> None:
        """Recompute from the truth: the cursors in the outbox."""
        self._watches = {}

    async def look(self, now: datetime, queries: Collection[str]) -> Found:
        """Ask the tables that are due."""
        self._step += 1
        found = Found()
        for hint in HINTS:
            watch = self._watches.get(hint.name, _Watch())
            if set(hint.queries) <= set(queries) and watch.due <= self._step:
                await self._look(hint, watch, now, found)
        return found

    def took(self, found: Found) -> None:
        """What was found is recorded."""
        self._watches |= found.watches

    def through(self, queries: Collection[str], found: Found) -> list[datetime | None]:
        """Up to which time of the server each table that can be asked was looked through, when `found` is recorded."""
        watches = {**self._watches, **found.watches}
        asked = [hint.name for hint in HINTS if set(hint.queries) <= set(queries)]
        return [watches[name].through if name in watches else None for name in asked]

    async def _look(self, hint: Hint, watch: _Watch, now: datetime, found: Found) -> None:
        newest_query, changed_query = hint.queries
        newest = cast("int | None", (await self._mis.fetch(newest_query))[0]["Newest"])
        cursor = await self._outbox.cursor(f"hint {hint.name}")
        since = decide.hints_since(None if cursor is None else datetime.fromisoformat(cursor), now)
        params: tuple[Param, ...] = (max(0, (newest or 0) - decide.RANGE), *[since] * hint.times)
        rows = {_mark(hint, row): row for row in await self._mis.fetch(changed_query, *params)}
        led = {cast(int, row[hint.leads]) for mark, row in rows.items() if mark not in watch.seen}
        if hint.to == "patient":
            found.patients |= led
        elif hint.leads == "ID_Patients":
            found.visits |= set(await self._outbox.known.visits_of(list(map(str, led))))
        else:
            found.visits |= led
        found.cursors[f"hint {hint.name}"] = now.isoformat()
        found.watches[hint.name] = _Watch(self._step + decide.hint_period(newest), now, frozenset(rows))


def _mark(hint: Hint, row: Row) -> tuple[object, ...]:
    """Which change of which row this is."""
    return (row[hint.key], row.get("DateTimeAdded"), row.get("DateTimeChanged"))
