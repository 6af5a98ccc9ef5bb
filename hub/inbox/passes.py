"""The brackets of a full pass: what was not seen between them has vanished, unless so much is missing that a person should look."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from hub.clock import machine_now
from hub.inbox.fold import Key
from hub.inbox.write import arrive, forget_phones, mark_dirty, park, parked_place, row_id
from hub.store.dialect import upsert
from hub.store.engine import Unit
from hub.store.tables import parked, passes, records
from wire.frames import PassBegin, PassEnd
from wire.model import Kind

BRAKE = "pass_brake"
"""The reason of the parked row that asks a person whether so many rows are really gone."""
BRAKE_KEY = "*"


def brake_holds(missing: int, total: int) -> bool:
    """More than max(20, 1 %) are missing, or all: rather a table that became unreadable than so many deletions."""
    return missing > max(20, total / 100) or 0 < missing == total


async def begin(unit: Unit, database: str, mark: PassBegin) -> None:
    """From here on everything that is seen takes a greater number. All of the kind is told again, so what was parked of it is
    forgotten: what still cannot be read parks again, and what is gone does not come back by a later retry."""
    await unit.execute(
        delete(parked).where(
            parked.c.account_id == unit.account.id, parked.c.database == database, parked.c.kind == mark.kind
        )
    )
    row = {
        "account_id": unit.account.id,
        "database": database,
        "kind": mark.kind,
        "generation": mark.generation,
        "begun_arrival": await arrive(unit, 1),
    }
    await unit.execute(upsert(unit, passes, ("generation", "begun_arrival")), row)


async def end(unit: Unit, database: str, mark: PassEnd, now: datetime) -> Collection[str]:
    """What was not seen since the begin has vanished `now` (business time); says of which patients. An end without begin says nothing."""
    begun = await _take_begun(unit, database, mark)
    if begun is None:
        return ()
    missing, total = await _count(unit, database, mark.kind, begun)
    if brake_holds(missing, total):
        await _ask_a_person(unit, database, mark.kind, {"begun_arrival": begun, "missing": missing, "total": total})
        return ()
    return await _vanish(unit, database, mark.kind, begun, now) if missing else ()


async def _take_begun(unit: Unit, database: str, mark: PassEnd) -> int | None:
    gone = await unit.execute(
        delete(passes)
        .where(
            passes.c.account_id == unit.account.id,
            passes.c.database == database,
            passes.c.kind == mark.kind,
            passes.c.generation == mark.generation,
        )
        .returning(passes.c.begun_arrival)
    )
    begun: int | None = gone.scalar_one_or_none()
    return begun


def _present(unit: Unit, database: str, kind: Kind) -> list[Any]:
    return [
        records.c.account_id == unit.account.id,
        records.c.database == database,
        records.c.kind == kind,
        records.c.vanished_at.is_(None),
    ]


async def _count(unit: Unit, database: str, kind: Kind, begun: int) -> tuple[int, int]:
    """How many were not seen, of how many."""
    missing = func.count().filter(records.c.arrival < begun).label("missing")
    row = (
        await unit.execute(select(missing, func.count().label("total")).where(*_present(unit, database, kind)))
    ).one()
    return row.missing, row.total


async def _vanish(unit: Unit, database: str, kind: Kind, begun: int, now: datetime) -> Collection[str]:
    arrival = await arrive(unit, 1)
    gone = await unit.execute(
        update(records)
        .where(*_present(unit, database, kind), records.c.arrival < begun)
        .values(vanished_at=now, arrival=arrival)
        .returning(records.c.key, records.c.patient)
    )
    rows = gone.all()
    if kind == "patient":
        await forget_phones(unit, database, [row.key for row in rows])
    changed = {row.patient or "": arrival for row in rows}
    await mark_dirty(unit, database, changed)
    return changed.keys()


async def _ask_a_person(unit: Unit, database: str, kind: Kind, counts: dict[str, int]) -> None:
    key: Key = (kind, BRAKE_KEY)
    sealed = unit.vault.seal(json.dumps(counts), parked_place(database, key))
    row = {**row_id(unit, database, key), "reason": BRAKE, "parked_at": machine_now(), "sealed_change": sealed}
    await park(unit, [row])
