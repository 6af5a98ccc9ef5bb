"""Writes what changes came to: records, phones, who is to be looked at, and what could not be read. No decision is made here
that `fold` could make."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, literal, null, select, union_all, update

from hub.clock import machine_now
from hub.inbox.again import set_apart
from hub.inbox.fold import Entry, Key, fold, patient_of, phones_of, to_look_at
from hub.inbox.fold import record_place as record_place
from hub.inbox.persons import doubt
from hub.store.dialect import among, insert, upsert
from hub.store.engine import Unit
from hub.store.tables import arrivals, dirty, parked, phones, records
from wire.frames import Change
from wire.model import Entity, Visit

_WRITTEN = ("patient", "start", "status", "vanished_at", "arrival", "read_at", "sealed_value")


def parked_place(database: str, key: Key) -> str:
    """Where a parked change is sealed."""
    return f"parked:{database}:{key[0]}:{key[1]}"


async def arrive(unit: Unit, count: int) -> int:
    """The first of `count` new numbers of the account's counter. It locks the counter: numbers appear in the order of commits."""
    statement = insert(unit, arrivals).values(account_id=unit.account.id, last=count)
    statement = statement.on_conflict_do_update(
        index_elements=[arrivals.c.account_id], set_={"last": arrivals.c.last + statement.excluded.last}
    )
    last: int = (await unit.execute(statement.returning(arrivals.c.last))).scalar_one()
    return last - count + 1


@dataclass(frozen=True)
class Held:
    """What stands in the store of the keys of a run: whose the records are, and which keys are parked."""

    owners: Mapping[Key, str | None]
    parked: Collection[Key]


async def write(unit: Unit, database: str, changes: Collection[Change]) -> Collection[str]:
    """Store a run of changes; says of which patients something changed."""
    entries = fold(changes, await arrive(unit, len(changes)))
    held = await _held(unit, database, entries)
    entries = await doubt(unit, database, entries, held.owners)
    owners = {
        key: patient_of(entry.entity, held.owners.get(key)) if entry.entity else held.owners.get(key)
        for key, entry in entries.items()
    }
    await set_apart(unit, database, entries, owners, held.owners)
    await _write_records(unit, database, entries, owners)
    await _touch_records(unit, database, {key: entry for key, entry in entries.items() if key in held.owners})
    await _write_phones(unit, database, entries)
    await _unpark(unit, database, [key for key in held.parked if not entries[key].bad])
    await _park(unit, database, entries)
    changed = to_look_at(entries, owners, held.owners)
    await mark_dirty(unit, database, changed)
    return changed.keys()


async def _held(unit: Unit, database: str, keys: Collection[Key]) -> Held:
    """One question for both tables: most runs find nothing parked."""
    wanted = [
        select(table.c.kind, table.c.key, owner.label("owner"), literal(table is parked).label("is_parked")).where(
            table.c.account_id == unit.account.id,
            table.c.database == database,
            among(unit, table.c.kind, {kind for kind, _ in keys}),
            among(unit, table.c.key, {key for _, key in keys}),
        )
        for table, owner in ((records, records.c.patient), (parked, null()))
    ]
    rows = [row for row in await unit.execute(union_all(*wanted)) if (row.kind, row.key) in keys]
    owners = {(row.kind, row.key): row.owner for row in rows if not row.is_parked}
    return Held(owners, [(row.kind, row.key) for row in rows if row.is_parked])


async def _write_records(
    unit: Unit, database: str, entries: Mapping[Key, Entry], owners: Mapping[Key, str | None]
) -> None:
    rows = [
        _record(unit, database, key, entry, entry.entity, owners[key]) for key, entry in entries.items() if entry.entity
    ]
    if rows:
        await unit.execute(upsert(unit, records, _WRITTEN), rows)


def _record(unit: Unit, database: str, key: Key, entry: Entry, value: Entity, owner: str | None) -> dict[str, Any]:
    return {
        **row_id(unit, database, key),
        "patient": owner,
        "start": value.start if isinstance(value, Visit) else None,
        "status": value.status if isinstance(value, Visit) else None,
        "vanished_at": entry.read_at if entry.vanished else None,
        "arrival": entry.arrival,
        "read_at": entry.read_at,
        "sealed_value": unit.vault.seal(value.model_dump_json(exclude_unset=True), record_place(database, key)),
    }


async def _touch_records(unit: Unit, database: str, known_entries: Mapping[Key, Entry]) -> None:
    """Records whose value stays: they vanished, or what came cannot be read (they were seen all the same: no pass takes them away)."""
    left = {key: entry for key, entry in known_entries.items() if not entry.entity}
    vanished = [_touch(key, entry, entry.read_at) for key, entry in left.items() if entry.vanished]
    seen = [_touch(key, entry, None) for key, entry in left.items() if not entry.vanished]
    one = update(records).where(
        records.c.account_id == unit.account.id,
        records.c.database == database,
        records.c.kind == bindparam("of_kind"),
        records.c.key == bindparam("of_key"),
    )
    if vanished:
        await unit.execute(one.values(arrival=bindparam("new_arrival"), vanished_at=bindparam("gone_at")), vanished)
    if seen:
        await unit.execute(one.values(arrival=bindparam("new_arrival")), seen)


def _touch(key: Key, entry: Entry, gone_at: datetime | None) -> dict[str, Any]:
    touched: dict[str, Any] = {"of_kind": key[0], "of_key": key[1], "new_arrival": entry.arrival}
    return touched | ({"gone_at": gone_at} if gone_at else {})


async def _write_phones(unit: Unit, database: str, entries: Mapping[Key, Entry]) -> None:
    """By what numbers a patient is found: HMACs, all of a patient's replaced together."""
    numbers = {
        key[1]: held for key, entry in entries.items() if key[0] == "patient" and (held := phones_of(entry)) is not None
    }
    await forget_phones(unit, database, numbers)
    rows = [
        {"account_id": unit.account.id, "database": database, "patient": patient, "phone_mac": unit.vault.mac(number)}
        for patient, held in numbers.items()
        for number in dict.fromkeys(held)
    ]
    if rows:
        await unit.execute(insert(unit, phones), rows)


async def forget_phones(unit: Unit, database: str, patients: Collection[str]) -> None:
    """Nobody is found by these patients' numbers any more."""
    if patients:
        await unit.execute(
            delete(phones).where(
                phones.c.account_id == unit.account.id,
                phones.c.database == database,
                among(unit, phones.c.patient, patients),
            )
        )


async def _park(unit: Unit, database: str, entries: Mapping[Key, Entry]) -> None:
    rows = [
        {
            **row_id(unit, database, key),
            "reason": ", ".join(entry.bad.places),
            "parked_at": machine_now(),
            "sealed_change": unit.vault.seal(entry.bad.change.model_dump_json(), parked_place(database, key)),
        }
        for key, entry in entries.items()
        if entry.bad
    ]
    if rows:
        await park(unit, rows)


async def park(unit: Unit, rows: list[dict[str, Any]]) -> None:
    """Put aside for a person to see."""
    await unit.execute(upsert(unit, parked, ("reason", "parked_at", "sealed_change")), rows)


async def _unpark(unit: Unit, database: str, keys: Collection[Key]) -> None:
    one = delete(parked).where(
        parked.c.account_id == unit.account.id,
        parked.c.database == database,
        parked.c.kind == bindparam("of_kind"),
        parked.c.key == bindparam("of_key"),
    )
    if keys:
        await unit.execute(one, [{"of_kind": kind, "of_key": key} for kind, key in keys])


async def mark_dirty(unit: Unit, database: str, patients: Mapping[str, int]) -> None:
    """Have these patients looked at. `since` stays that of the oldest change; rows in one order, so that two writers do not
    wait for each other."""
    since = machine_now()
    rows = [
        {"account_id": unit.account.id, "database": database, "patient": patient, "arrival": arrival, "since": since}
        for patient, arrival in sorted(patients.items())
    ]
    if rows:
        await unit.execute(upsert(unit, dirty, ("arrival",)), rows)


def row_id(unit: Unit, database: str, key: Key) -> dict[str, Any]:
    """The key columns of a record or a parked change."""
    return {"account_id": unit.account.id, "database": database, "kind": key[0], "key": key[1]}
