"""What the clinics told, opened: patients and their visits."""

from collections.abc import Collection, Mapping

from sqlalchemy import select

from hub.inbox.persons import ANOTHER_PERSON
from hub.inbox.write import record_place
from hub.links.columns import in_account, of
from hub.rules.visits import Record
from hub.store.dialect import among
from hub.store.engine import Unit
from hub.store.tables import parked, records
from wire.model import Patient, Visit


async def read_records(
    unit: Unit, database: str, patients: Collection[str]
) -> tuple[dict[str, Patient], dict[str, list[Record]]]:
    """The patients, and the visits of each."""
    visits: dict[str, list[Record]] = {}
    people: dict[str, Patient] = {}
    rows = await unit.execute(
        select(records.c.kind, records.c.key, records.c.patient, records.c.vanished_at, records.c.sealed_value).where(
            of(unit, records, database, patients), records.c.kind.in_(("visit", "patient"))
        )
    )
    for row in rows:
        value = unit.vault.open(row.sealed_value, record_place(database, (row.kind, row.key)))
        if row.kind == "patient":
            people[row.key] = Patient.model_validate_json(value)
        else:
            visits.setdefault(row.patient, []).append(Record(Visit.model_validate_json(value), row.vanished_at))
    return people, visits


async def held_by_others(unit: Unit, database: str, visits: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """By patient: of these visits those that are another patient's."""
    wanted = {visit for of_patient in visits.values() for visit in of_patient}
    if not wanted:
        return {}
    rows = await unit.execute(
        select(records.c.key, records.c.patient).where(
            in_account(unit, records),
            records.c.database == database,
            records.c.kind == "visit",
            among(unit, records.c.key, wanted),
        )
    )
    holder = {row.key: row.patient for row in rows}
    return {
        patient: frozenset(visit for visit in of_patient if holder.get(visit) not in (None, patient))
        for patient, of_patient in visits.items()
    }


async def doubted(unit: Unit, database: str, patients: Collection[str]) -> frozenset[str]:
    """Of these patients those under whose keys somebody else seems to stand by now: a person is asked."""
    rows = await unit.execute(
        select(parked.c.key).where(
            in_account(unit, parked),
            parked.c.database == database,
            parked.c.kind == "patient",
            parked.c.reason == ANOTHER_PERSON,
            among(unit, parked.c.key, patients),
        )
    )
    return frozenset(rows.scalars())
