"""A card and a search answer alike from every server."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest

from demo.clinic.database import Database
from demo.clinic.facts import phones_in
from demo.clinic.make import create
from demo.clinic.purses import purses
from tests.agent.lookup import desk as desk_module
from tests.agent.lookup.desk import Desk, desk, ids
from tests.contract.conftest import Open


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "clinic.db"
    create(path, seed=3, visits=20, day=date(2026, 11, 24), zone="Europe/Moscow")
    return path


@pytest.fixture
async def here(made: Path, at: Open, tmp_path: Path) -> AsyncIterator[Desk]:
    """Somebody who asks about a clinic that was read whole."""
    with at(made) as place, patch.object(desk_module, "open_sqlite", place.open):
        async with desk(made, tmp_path / "outbox.db") as opened:
            await opened.load()
            yield opened


async def test_each_phone_leads_to_everybody_who_has_it(here: Desk, made: Path) -> None:
    expected: dict[str, set[str]] = {}
    with Database(made) as database:
        patients = {row["ID_Persons"] for row in database.rows("Patients")}
        for row in database.rows("Persons"):
            for text in (row["MobilePhone"], row["Phone"]):
                for phone in phones_in(text) if row["ID"] in patients else ():
                    expected.setdefault(phone, set()).add(str(row["ID"]))
    assert len(expected) > 5

    assert {phone: set(ids(await here.card(phone))) for phone in expected} == expected


async def test_a_card_holds_what_stands_in_the_tables(here: Desk, made: Path) -> None:
    with Database(made) as database:
        rows, money = list(database.rows("Receptions")), purses(database)
        people = {row["ID"]: row for row in database.rows("Persons")}
        patients = [row["ID_Persons"] for row in database.rows("Patients")]
    for key in patients:
        (told,) = (await here.card(ids=[key])).patients
        own = {str(row["ID"]): row for row in rows if row["ID_Patients"] == key}

        parts = (people[key]["Surname"], people[key]["Name"], people[key]["Patronymic"])
        assert told.name == (" ".join(filter(None, parts)) or None)
        assert {visit.id for visit in told.visits} <= own.keys()
        assert len(told.visits) == len(own) or told.more_past
        for visit in told.visits:
            assert visit.start.replace(tzinfo=None) == own[visit.id]["PlanStart"]
        if told.balance is not None and money[key].debt is not None:
            assert told.balance.debt == money[key].debt


async def test_a_search_finds_by_any_part_of_a_name(here: Desk, made: Path) -> None:
    with Database(made) as database:
        named = [row for row in database.rows("Persons") if row["Surname"] and row["ID"] > 1000]
    for row in named:
        assert str(row["ID"]) in await here.found(f"{row['Surname']} {row['Name']}")
