"""A patient's key under which somebody else seems to stand: name and birth date changed together. After a backup was put back the clinic
gives keys out again, and a card must not show one person under another's name: such a change waits until somebody looked."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select

from hub.inbox.fold import Bad, Entry, Key, record_place
from hub.store.dialect import among
from hub.store.engine import Unit
from hub.store.tables import records
from wire.frames import Change
from wire.model import Patient, known

ANOTHER_PERSON = "another_person"
"""The reason of the parked change that asks who it is."""


def is_another_person(before: Patient, after: Patient) -> bool:
    """People change their names, and a wrong date is put right; both at once is another person's card. What was empty or is unknown
    tells nothing."""
    return all(_differs(before, after, field) for field in ("name", "birth_date"))


def _differs(before: Patient, after: Patient, field: str) -> bool:
    was, now = (getattr(each, field) if known(each, field) else None for each in (before, after))
    return was is not None and now is not None and was != now


async def doubt(unit: Unit, database: str, entries: dict[Key, Entry], known_keys: Collection[Key]) -> dict[Key, Entry]:
    """The entries, those about another person as changes that cannot be taken yet."""
    patients = {key[1]: entry.entity for key, entry in entries.items() if isinstance(entry.entity, Patient)}
    asked = [key for key in patients if ("patient", key) in known_keys]
    if not asked:
        return entries
    rows = await unit.execute(
        select(records.c.key, records.c.sealed_value).where(
            records.c.account_id == unit.account.id,
            records.c.database == database,
            records.c.kind == "patient",
            among(unit, records.c.key, asked),
        )
    )
    doubted: dict[Key, Entry] = {}
    for row in rows:
        key: Key = ("patient", row.key)
        before = Patient.model_validate_json(unit.vault.open(row.sealed_value, record_place(database, key)))
        if is_another_person(before, patients[row.key]):
            doubted[key] = _waiting(entries[key], patients[row.key])
    return {**entries, **doubted}


def _waiting(entry: Entry, value: Patient) -> Entry:
    change = Change(seq=0, kind="patient", key=value.id, read_at=entry.read_at, value=value.dump())
    return replace(entry, entity=None, vanished=False, bad=Bad(change, (ANOTHER_PERSON,)))
