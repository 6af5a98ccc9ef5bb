"""A visit whose key is another patient's by now: handed over with a card, or gone and its key given out again."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from hub.accounts import grant_agent
from hub.inbox.fold import is_same_visit
from hub.store import tables
from hub.store.engine import Store
from tests.hub.pushes import vanished, visit
from tests.hub.test_inbox import NOW, Clinic
from wire.model import Visit

BOOKED, LATER = "2026-11-20T10:00:00+03:00", "2026-11-24T09:30:00+03:00"


@pytest.fixture
async def clinic(store: Store) -> Clinic:
    async with store.hub_writing() as connection:
        await connection.execute(insert(tables.accounts).values(id=1, host="a.amocrm.ru", created_at=NOW))
    here = Clinic(store, grant_agent(1))
    async with store.writing(here.account) as unit:
        row = {"id": "db_1", "name": "PZ", "zone": "Europe/Moscow", "generation": 1, "outbox_depth": 0}
        await unit.execute(insert(tables.databases).values(account_id=1, **row))
        link = {"database": "db_1", "visit": "81", "patient": "1", "deal_id": 900}
        await unit.execute(insert(tables.visit_links).values(account_id=1, **link))
    return here


async def stands(clinic: Clinic) -> dict[str, tuple[str | None, bool]]:
    return {row.key: (row.patient, bool(row.vanished_at)) for row in await clinic.rows(tables.records)}


async def links(clinic: Clinic) -> dict[str, str]:
    async with clinic.store.reading(clinic.account) as unit:
        return {row.visit: row.patient for row in await unit.execute(select(tables.visit_links))}


async def test_a_key_that_was_given_out_again_leaves_its_former_visit_as_one_that_vanished(clinic: Clinic) -> None:
    await clinic.push(visit("81", patient_id="1", booked_at=BOOKED))
    await clinic.delivered()
    await clinic.push(visit("81", patient_id="2", booked_at=LATER))

    assert await stands(clinic) == {"81": ("2", False), "81~1": ("1", True)}
    assert await links(clinic) == {"81~1": "1"}
    assert (await clinic.value("visit", "81~1"))["id"] == "81~1"
    assert set(await clinic.dirty()) == {"1", "2"}


async def test_each_time_it_takes_a_name_of_its_own(clinic: Clinic) -> None:
    for patient, booked in (("1", BOOKED), ("2", LATER), ("3", BOOKED)):
        await clinic.push(visit("81", patient_id=patient, booked_at=booked))

    assert await stands(clinic) == {"81": ("3", False), "81~1": ("1", True), "81~2": ("2", True)}


async def test_a_visit_that_was_seen_to_vanish_keeps_that_time(clinic: Clinic) -> None:
    await clinic.push(visit("81", patient_id="1", booked_at=BOOKED))
    await clinic.push(vanished("visit", "81"))
    (gone,) = [row.vanished_at for row in await clinic.rows(tables.records)]
    await clinic.push(visit("81", patient_id="2", booked_at=LATER) | {"read_at": "2026-11-24T13:00:00Z"})

    assert (await clinic.record("visit", "81~1")).vanished_at == gone
    assert (await clinic.record("visit", "81")).vanished_at is None


@pytest.mark.parametrize(
    ("patient", "booked"), [("2", BOOKED), ("1", LATER), (None, BOOKED)], ids=["merged", "rebooked", "no card"]
)
async def test_the_same_visit_stays_one_record(clinic: Clinic, patient: str | None, booked: str) -> None:
    await clinic.push(visit("81", patient_id="1", booked_at=BOOKED))
    await clinic.push(visit("81", patient_id=patient, booked_at=booked))

    assert await stands(clinic) == {"81": (patient, False)}
    assert await links(clinic) == {"81": "1"}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"booked_at": BOOKED}, {"booked_at": BOOKED}, True),
        ({"booked_at": BOOKED}, {"booked_at": "2026-11-20T07:00:00Z"}, True),
        ({"booked_at": BOOKED}, {"booked_at": LATER}, False),
        ({"booked_at": None}, {"booked_at": None}, False),
        ({}, {"booked_at": BOOKED}, False),
        ({"booked_at": BOOKED}, {}, False),
    ],
)
def test_a_visit_of_another_patient_is_the_same_only_where_it_was_booked_at_the_same_time(
    before: dict[str, Any], after: dict[str, Any], same: bool
) -> None:
    first, second = (Visit.model_validate(visit("81", **fields)["value"]) for fields in (before, after))

    assert is_same_visit(first, second) is same
