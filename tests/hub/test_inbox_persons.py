"""A patient's key under which somebody else seems to stand waits for a person."""

from typing import Any

import pytest
from sqlalchemy import insert

from hub.inbox import retry_parked
from hub.inbox.persons import is_another_person
from hub.links import persons
from hub.store import tables
from tests.hub.pushes import patient, vanished
from tests.hub.test_inbox import Clinic, clinic
from wire.model import Patient

__all__ = ["clinic"]

WAS = {"name": "Канарейкин Пётр", "birth_date": "1990-05-01"}
OTHER = {"name": "Воробьёва Анна", "birth_date": "1985-02-03"}


@pytest.mark.parametrize(
    ("after", "another"),
    [
        (OTHER, True),
        ({**WAS, "name": "Канарейкин Пётр Ильич"}, False),
        ({**WAS, "birth_date": "1990-05-10"}, False),
        ({**OTHER, "birth_date": None}, False),
        ({**OTHER, "name": None}, False),
        ({"name": OTHER["name"]}, False),
        (WAS, False),
    ],
)
def test_name_and_birth_date_together_make_another_person(after: dict[str, Any], another: bool) -> None:
    before, now = (Patient.model_validate({"id": "7", **values}) for values in (WAS, after))
    assert is_another_person(before, now) is another
    assert is_another_person(now, before) is another


async def test_a_card_that_seems_to_be_another_persons_waits_and_its_patient_stays_as_he_was(clinic: Clinic) -> None:
    await clinic.push(patient("7", **WAS, phones=["+79990001111"]))
    await clinic.delivered()
    await clinic.push(patient("7", **OTHER, phones=["+79990002222"]), patient("8", **OTHER))

    assert (await clinic.value("patient", "7"))["name"] == WAS["name"]
    (row,) = await clinic.rows(tables.parked)
    assert (row.key, row.reason) == ("7", "another_person")
    assert len([row for row in await clinic.rows(tables.phones) if row.patient == "7"]) == 1
    assert set(await clinic.dirty()) == {"8"}

    async with clinic.store.writing(clinic.account) as unit:
        assert await retry_parked(unit) == 0, "no later release knows it better"
    await clinic.push(patient("7", **WAS, card_number="12"))
    assert await clinic.rows(tables.parked) == [], "it was put right in IDENT"


async def test_a_key_whose_owner_vanished_waits_too(clinic: Clinic) -> None:
    await clinic.push(patient("7", **WAS))
    await clinic.push(vanished("patient", "7"), patient("7", **OTHER))
    await clinic.push(patient("7", **OTHER))
    assert (await clinic.value("patient", "7"))["name"] == WAS["name"]
    assert [row.reason for row in await clinic.rows(tables.parked)] == ["another_person"]


@pytest.mark.parametrize("is_another", [True, False])
async def test_a_person_says_who_it_is(clinic: Clinic, is_another: bool) -> None:
    await clinic.push(patient("7", **WAS))
    of = {"account_id": 1, "database": "db_1", "patient": "7"}
    async with clinic.store.writing(clinic.account) as unit:
        await unit.execute(insert(tables.contact_links).values(**of, contact_id=5, sealed_memory=b"x"))
        await unit.execute(insert(tables.visit_links).values(**of, visit="3", deal_id=9))
    await clinic.push(patient("7", **OTHER))

    async with clinic.store.writing(clinic.account) as unit:
        assert await persons.waiting(unit, "db_1", "8") is None
        change = await persons.waiting(unit, "db_1", "7")
        assert change is not None
        await persons.settle(unit, "db_1", change, is_another=is_another)

    assert (await clinic.value("patient", "7"))["name"] == OTHER["name"]
    assert await clinic.rows(tables.parked) == []
    assert "7" in await clinic.dirty()
    links = [*await clinic.rows(tables.contact_links), *await clinic.rows(tables.visit_links)]
    assert len(links) == (0 if is_another else 2)
