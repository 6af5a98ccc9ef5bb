"""Sees that something changed without reading it whole: by versions, changed-times, greatest keys. Knows which statement gives what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast

from agent.mis.forms import UNLOCKED
from agent.mis.port import Answers, MisBusy, Param, Row
from agent.mis.reader import Reader, To, chunks, version_of

SINCE = 1000
"""Rows of one `visits_since`, which reads an index only."""


_VERSIONS = "receptions.rowversion"


@dataclass(frozen=True)
class Hint:
    """A table that may betray a change by its changed-times. `leads` are the columns that tell of whom."""

    name: str
    leads: tuple[tuple[str, To], ...]
    key: str = "ID"
    times: int = 2


_OF_ORDERS: tuple[tuple[str, To], ...] = (("ID_Receptions", "visit"), ("ID_Patients", "balance"))
HINTS = (
    Hint("orders", _OF_ORDERS),
    Hint("lines", (*_OF_ORDERS, ("ID_TreatmentPlans", "plan"))),
    Hint("payments", (("ID_Patients", "owner"), ("ID_Patients", "balance"))),
    Hint("patients", (("ID_Persons", "patient"),), key="ID_Persons", times=1),
    Hint("checkups", (("ID", "checkup"),)),
    Hint("plans", (("ID", "plan"),)),
    Hint("services", (("ID_TreatmentPlans", "plan"),)),
)
Mark: TypeAlias = tuple[object, ...]
"""Which change of which row: its key and its times."""
Leads: TypeAlias = tuple[tuple[To, int], ...]


class Signs:
    """Of one clinic's database."""

    def __init__(self, mis: Answers, reader: Reader) -> None:
        self._mis, self._reader = mis, reader
        self.indexed: frozenset[str] = frozenset()
        """The columns by which an index finds rows; set by whoever looked."""

    @property
    def _queries(self) -> frozenset[str]:
        """Which statements can be asked here."""
        return self._reader.offer.queries

    @property
    def compares_versions(self) -> bool:
        """Whether visits have versions here."""
        return "visit_versions" in self._queries

    async def versions_from(self, low: int) -> tuple[dict[str, str], bool]:
        """The versions of all visits from a key on, and whether some rows are locked by others and were passed by."""
        return await self._versions("visit_versions", low)

    async def versions_of(self, visits: Sequence[int]) -> tuple[dict[str, str], bool]:
        """The same, of these visits."""
        versions: dict[str, str] = {}
        any_locked = False
        for chunk in chunks(visits):
            found, locked = await self._versions("visit_versions_by_key", chunk)
            versions, any_locked = versions | found, any_locked or locked
        return versions, any_locked

    @property
    def finds_by_version(self) -> bool:
        """Whether `versions_since` may be asked: without an index it would read all visits."""
        return _VERSIONS in self.indexed and "visits_since" in self._queries

    async def versions_since(self, version: bytes) -> tuple[dict[str, str], bool]:
        """The versions of the visits from that one on, in their order, `SINCE` of them at most; and whether some are locked."""
        return await self._versions("visits_since", version)

    async def oldest(self) -> dict[int, datetime]:
        """The oldest visits, and when they were booked: by these a clinic's database is known again. None where that cannot be read."""
        return await self._booked("visits_oldest")

    async def booked(self, visits: Collection[int]) -> dict[int, datetime]:
        """When some visits were booked; without those that are not there."""
        return await self._booked("visits_booked", tuple(visits)) if visits else {}

    async def _booked(self, query: str, *params: Param) -> dict[int, datetime]:
        read = (await self._past_locks(query, *params))[0] if query in self._queries else []
        return {cast(int, row["ID"]): cast(datetime, row["ReceptionAdded"] or datetime.min) for row in read}  # noqa: DTZ901 a time that no visit has

    async def newest_visit(self) -> int:
        """The greatest key of a visit; 0 where there is none."""
        return await self._newest("visit_newest")

    def hints(self) -> tuple[Hint, ...]:
        """Those that can be asked here."""
        return tuple(h for h in HINTS if {f"{h.name}_newest", f"{h.name}_changed"} <= self._queries)

    async def newest(self, hint: Hint) -> int:
        """The greatest key of its table; 0 where that is empty."""
        return await self._newest(f"{hint.name}_newest")

    async def changed(self, hint: Hint, low: int, since: datetime) -> dict[Mark, Leads]:
        """What changed since among the keys from `low` on, new rows first, and whom each leads to."""
        read = await self._mis.fetch(f"{hint.name}_changed", low, *[since] * hint.times)
        return {
            (row[hint.key], row.get("DateTimeAdded"), row.get("DateTimeChanged")): tuple(
                (to, key) for column, to in hint.leads if isinstance(key := row.get(column), int)
            )
            for row in sorted(read, key=lambda row: -cast(int, row[hint.key]))
        }

    async def _versions(self, query: str, param: Param) -> tuple[dict[str, str], bool]:
        read, locked = await self._past_locks(query, param)
        return {str(row["ID"]): version_of(row) for row in read}, locked

    async def _past_locks(self, query: str, *params: Param) -> tuple[list[Row], bool]:
        """Whoever holds one row for long must not hide what is committed beside it."""
        try:
            return await self._mis.fetch(query, *params), False
        except MisBusy:
            return await self._mis.fetch(query + UNLOCKED, *params), True

    async def _newest(self, query: str) -> int:
        (row,) = await self._mis.fetch(query)
        return cast("int | None", row["Newest"]) or 0
