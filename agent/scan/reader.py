"""Reads visits and patients with what belongs to them, as readings for the outbox. Knows which statement gives what."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from agent.mis import rows
from agent.mis.port import Mis, Row
from agent.mis.rows import Told
from agent.outbox import Reading
from wire.model import Patient, Visit

ScanKind: TypeAlias = Literal["patient", "visit"]
KINDS: tuple[ScanKind, ...] = ("patient", "visit")
"""In this order: whoever hears of a visit has heard of its patient."""

PAGE = 200
"""Rows of one statement, as the page statements say."""

_KEY = {"patient": "ID_Persons", "visit": "ID"}


@dataclass(frozen=True)
class Page:
    """Rows of one kind in the order of their keys, read through `last`; `is_end` where there was nothing more."""

    readings: tuple[Reading, ...]
    keys: frozenset[str]
    last: int
    is_end: bool


class Reader:
    """One clinic's reader. `queries` are the statements that can be asked there."""

    def __init__(self, mis: Mis, zone: ZoneInfo, fields: Collection[str]) -> None:
        self._mis, self._zone, self._fields = mis, zone, fields
        self.queries: frozenset[str] = frozenset()
        self.skipped: dict[tuple[str, str], tuple[str, ...]] = {}
        """(kind, key) -> why the row, or a part of it, could not be told."""
        self.untold: dict[tuple[str, str], str] = {}
        """Of these, the ones that could not be told at all -> the version in which that was so."""

    async def page(self, kind: ScanKind, after: int, read_at: datetime) -> Page:
        """The next rows after a key."""
        name: Mapping[ScanKind, str] = {"patient": "patients_page", "visit": "visits_page"}
        found = await self._mis.fetch(name[kind], after)
        keys = [cast(int, row[_KEY[kind]]) for row in found]
        readings = self._patients(found, read_at) if kind == "patient" else await self._visits(found, read_at)
        return Page(tuple(readings), frozenset(map(str, keys)), max(keys, default=after), is_end=len(found) < PAGE)

    async def by_key(self, kind: ScanKind, keys: Collection[int], read_at: datetime) -> list[Reading]:
        """These entities, as far as they are there."""
        readings: list[Reading] = []
        for key in keys:
            self._forget(kind, str(key))
        for chunk in chunks(sorted(set(keys))):
            if kind == "patient":
                readings += self._patients(await self._mis.fetch("patients_by_key", chunk), read_at)
            else:
                readings += await self._visits(await self._mis.fetch("visits_by_key", chunk), read_at)
        return readings

    async def with_patients(
        self, visits: Collection[int], patients: Collection[int], read_at: datetime
    ) -> list[Reading]:
        """These patients and visits, and the visits' patients; patients first."""
        found = await self.by_key("visit", visits, read_at)
        owners = {int(r.entity.patient_id) for r in found if isinstance(r.entity, Visit) and r.entity.patient_id}
        return [*await self.by_key("patient", owners | set(patients), read_at), *found]

    def counts(self) -> dict[str, int]:
        """How many rows were skipped, by reason."""
        reasons = [reason for of in self.skipped.values() for reason in of]
        return {reason: reasons.count(reason) for reason in sorted(set(reasons))}

    async def _visits(self, found: Sequence[Row], read_at: datetime) -> list[Reading]:
        keys = tuple(cast(int, row["ID"]) for row in found)
        orders = await self._fetch("orders_of_visits", keys)
        lines = (
            None if orders is None else await self._fetch("lines_of_orders", tuple(cast(int, o["ID"]) for o in orders))
        )
        orders_of, lines_of = _grouped(orders or (), "ID_Receptions"), _grouped(lines or (), "ID_Orders")
        readings: list[Reading] = []
        for row in found:
            own = list({order["ID"]: order for order in orders_of.get(row["ID"], ())}.values())
            own_lines = [each for order in own for each in lines_of.get(order["ID"], ())]
            told = rows.visit(
                row, None if orders is None else own, None if lines is None else own_lines, self._zone, self._fields
            )
            readings += self._told(told, read_at, version_of(row))
        return readings

    def _patients(self, found: Iterable[Row], read_at: datetime) -> list[Reading]:
        return [reading for row in found for reading in self._told(rows.patient(row), read_at, "")]

    async def _fetch(self, name: str, keys: tuple[int, ...]) -> list[Row] | None:
        """None where that cannot be read at all."""
        if name not in self.queries:
            return None
        return [row for chunk in chunks(keys) for row in await self._mis.fetch(name, chunk)]

    def _told(self, told: Told[Visit] | Told[Patient], read_at: datetime, hint: str) -> Iterator[Reading]:
        self._forget(told.kind, told.key)
        if told.skipped:
            self.skipped[told.kind, told.key] = told.skipped
        if told.entity is None:
            self.untold[told.kind, told.key] = hint
        else:
            yield Reading(told.kind, told.key, read_at, told.entity, hint)

    def _forget(self, kind: str, key: str) -> None:
        self.skipped.pop((kind, key), None)
        self.untold.pop((kind, key), None)


def version_of(row: Row) -> str:
    """The rowversion as the outbox keeps it; empty where there is none."""
    version = row.get("RowVersion")
    return version.hex() if isinstance(version, bytes) else ""


def chunks(keys: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """As many keys as one statement takes."""
    return (tuple(keys[start : start + PAGE]) for start in range(0, len(keys), PAGE))


def _grouped(found: Sequence[Row], column: str) -> dict[object, list[Row]]:
    groups: dict[object, list[Row]] = {}
    for row in found:
        groups.setdefault(row[column], []).append(row)
    return groups
