"""Who is to be looked at: patients that changed, patients whose time has come, databases whose first load is durable."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.clock import machine_now
from hub.links.columns import by_database, in_account, of, owner
from hub.rules.model import PatientKey
from hub.rules.visits import Clinic
from hub.store.dialect import upsert
from hub.store.engine import Unit
from hub.store.tables import accounts, databases, dirty, dues, intents


@dataclass(frozen=True)
class Waiting:
    """A patient to be looked at: changed (`arrival` of the newest change), or due."""

    key: PatientKey
    arrival: int | None
    due: datetime | None


async def accounts_with_work(connection: AsyncConnection, now: datetime) -> list[int]:
    """Where something changed, is due, or was left open by a request whose answer is missing; of a database whose first load goes on
    nothing is delivered. Account by account: a hub holds many rows of each, and asks after every change."""
    found = select(accounts.c.id).where(_HAS_WORK).order_by(accounts.c.id)
    return list((await connection.execute(found, {"now": now})).scalars())


async def next_due(connection: AsyncConnection, now: datetime) -> datetime | None:
    """When, by business time, the next patient is to be looked at again."""
    found: datetime | None = (await connection.execute(select(func.min(dues.c.due)).where(dues.c.due > now))).scalar()
    return found


async def clinics(unit: Unit) -> dict[str, Clinic]:
    """The account's databases whose first load is durable: only these are delivered."""
    rows = await unit.execute(
        select(databases.c.id, databases.c.zone, databases.c.live_since, databases.c.generation).where(
            databases.c.account_id == unit.account.id,
            databases.c.loaded_at.is_not(None),
            databases.c.live_since.is_not(None),
        )
    )
    return {row.id: Clinic(row.id, row.zone, row.live_since, row.generation) for row in rows}


async def has_gate_to_open(unit: Unit) -> bool:
    """Whether a database's first load has just become durable."""
    query = select(databases.c.id).where(in_account(unit, databases), _GATE_OPENS).limit(1)
    return (await unit.execute(query)).first() is not None


async def open_gates(unit: Unit) -> None:
    """From now on these databases' visits make deals."""
    opened = update(databases).where(in_account(unit, databases), _GATE_OPENS)
    await unit.execute(opened.values(loaded_at=machine_now()))


_GATE_OPENS = and_(
    databases.c.loaded_at.is_(None), databases.c.verified_through.is_not(None), databases.c.outbox_depth == 0
)
"""A whole pass was made and the agent's outbox was empty after it."""
_DUE_SHARE = 4
"""One patient in so many of a step at most is there because its time has come."""
_CHANGED = exists().where(dirty.c.account_id == databases.c.account_id, dirty.c.database == databases.c.id)
_HAS_WORK = or_(
    exists().where(
        databases.c.account_id == accounts.c.id, or_(and_(databases.c.loaded_at.is_not(None), _CHANGED), _GATE_OPENS)
    ),
    exists().where(dues.c.account_id == accounts.c.id, dues.c.due <= bindparam("now", type_=dues.c.due.type)),
    exists().where(intents.c.account_id == accounts.c.id),
)


async def waiting(unit: Unit, of: Collection[str], now: datetime, limit: int) -> list[PatientKey]:
    """Who is to be looked at: some of those whose time has come, then the changed ones, longest waiting first. Who has just been changed
    does not wait for the many whose time has come together, nor these for a first load."""
    due = (
        select(dues.c.database, dues.c.patient)
        .where(in_account(unit, dues), dues.c.database.in_(of), dues.c.due <= now)
        .order_by(dues.c.due)
    )
    changed = (
        select(dirty.c.database, dirty.c.patient)
        .where(in_account(unit, dirty), dirty.c.database.in_(of))
        .order_by(dirty.c.arrival)
    )
    rows = [*await unit.execute(due.limit(max(1, limit // _DUE_SHARE))), *await unit.execute(changed.limit(limit))]
    return list(dict.fromkeys(PatientKey(row.database, row.patient) for row in rows))[:limit]


async def marks(unit: Unit, database: str, patients: Collection[str]) -> dict[str, Waiting]:
    """What is noted of these patients now: the newest change not delivered, and when to look again."""
    changed = await unit.execute(select(dirty.c.patient, dirty.c.arrival).where(of(unit, dirty, database, patients)))
    due = await unit.execute(select(dues.c.patient, dues.c.due).where(of(unit, dues, database, patients)))
    arrivals = {row.patient: row.arrival for row in changed}
    times = {row.patient: row.due for row in due}
    return {who: Waiting(PatientKey(database, who), arrivals.get(who), times.get(who)) for who in patients}


async def clear_dirty(unit: Unit, settled: Sequence[Waiting]) -> None:
    """Delivered, unless more has come meanwhile."""
    rows = [
        {"of_database": mark.key.database, "of_patient": mark.key.patient, "of_arrival": mark.arrival}
        for mark in settled
        if mark.arrival is not None
    ]
    if rows:
        one = delete(dirty).where(
            in_account(unit, dirty),
            dirty.c.database == bindparam("of_database"),
            dirty.c.patient == bindparam("of_patient"),
            dirty.c.arrival == bindparam("of_arrival"),
        )
        await unit.execute(one, rows)


async def set_dues(unit: Unit, times: Mapping[PatientKey, datetime | None]) -> None:
    """When to look again; None: never without a change."""
    rows = [{**owner(unit, key), "due": due} for key, due in times.items() if due is not None]
    if rows:
        await unit.execute(upsert(unit, dues, ("due",)), rows)
    for database, patients in by_database(key for key, due in times.items() if due is None).items():
        await unit.execute(delete(dues).where(of(unit, dues, database, patients)))
