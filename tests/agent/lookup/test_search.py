"""A search finds whom an operator means, by what the clinic's database says now, and is no way to anything else."""

import sqlite3
from itertools import product
from pathlib import Path

import pytest

from agent.lookup.search import each_begins_another
from agent.outbox.words import names_in
from tests.agent.lookup.desk import Desk, ids
from tests.agent.mis.clinic import NOW, Clinic
from wire.lookup import MAX_FOUND
from wire.model import known


@pytest.fixture
def people(clinic: Clinic) -> None:
    """Three people with much in common."""
    clinic.patient(1001, "Воробьёв", CardNumber="А-123")
    clinic.put("Persons", 1001, Name="Пётр", Patronymic="Алексеевич", MobilePhone="8 (999) 000-01-01 мама")
    clinic.patient(1002, "Воробьёва-Синичкина", CardNumber="1234")
    clinic.put("Persons", 1002, Name="Анна", Patronymic="Петровна", MobilePhone="+7 999 000 01 01, 89990000102")
    clinic.patient(1003, "Ли")
    clinic.put("Persons", 1003, Name="Петр", Patronymic=None, MobilePhone=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Воробьёв", {1001, 1002}),
        ("воробьев", {1001, 1002}),
        ("ВОРОБЬЁВА", {1002}),
        ("воробьева синич", {1002}),
        ("синичкина, анна", {1002}),
        ("Синичкина-Воробьёва", {1002}),
        ("петр воробьев", {1001, 1002}),  # the second by her father's name
        ("петр алек", {1001}),
        ("воро п", {1001, 1002}),
        ("петр ли", {1003}),
        ("анна анна", set()),
        ("воробьев воробьев", set()),
        ("воробьевский", set()),
        ("воробьёв ик", set()),
        ("89990000101", {1001, 1002}),
        ("+7 (999) 000-01-01", {1001, 1002}),
        ("9990000102", {1002}),
        ("0101", {1001, 1002}),
        ("00-01-02", {1002}),
        ("79990000102", {1002}),
        ("0000101", {1001, 1002}),
        ("8880000101", set()),
        ("анна 0101", {1002}),
        ("0102 воробьев", {1002}),
        ("анна 02", {1002}),
        ("воробьев 0103", set()),
        ("а 123", {1001}),
        ("A-123", set()),  # a Latin letter is another letter
        ("1234", {1002}),
        ("кто-то", set()),
    ],
)
async def test_all_that_was_typed_has_to_fit(
    clinic: Clinic, here: Desk, people: None, text: str, expected: set[int]
) -> None:
    await here.load()
    assert await here.found(text) == set(map(str, expected))


@pytest.mark.parametrize(
    "text",
    [
        "' OR 1=1 --",
        "Воробьёв%; DROP TABLE Patients",
        "%%%%____",
        "****0101****)('",
        "\x00\x00воро\x00",
        "воро\u202eбьёв",
        "(а+)+$" * 15,
        "а " * 50,
        "𝔙𝔬𝔯𝔬",
        "🦷🦷🦷🦷воробьев",
        "٠١٠١",
    ],
)
async def test_a_hostile_text_is_a_text(clinic: Clinic, here: Desk, people: None, text: str) -> None:
    await here.load()
    told = await here.found(text) if sum(map(str.isalnum, text)) >= 4 else set()
    assert told <= {"1001", "1002"}
    assert clinic.keys("Patients") == [1001, 1002, 1003]


async def test_a_dental_emoji_does_not_disturb(clinic: Clinic, here: Desk, people: None) -> None:
    await here.load()
    assert await here.found("🦷 воробьев *") == {"1001", "1002"}


@pytest.mark.parametrize("text", ["", "   ", "анн", "а-1-2", "!!!! ?", "а" * 101, "\ud800\ud800анна"])
async def test_too_little_or_too_much_is_no_question(here: Desk, text: str) -> None:
    assert await here.fault("search", {"text": text}) == "bad_question"


async def test_everybody_in_the_demos_clinic_is_found_by_his_name_and_his_number(demo: Desk, made: Path) -> None:
    db = sqlite3.connect(made)
    named = db.execute(
        "SELECT ID, Surname, Name, CardNumber FROM Persons JOIN Patients ON ID_Persons = ID WHERE Surname IS NOT NULL"
    ).fetchall()
    db.close()

    assert len(named) > 30
    for key, surname, given_name, card in named:
        assert str(key) in await demo.found(f"{given_name[:3]} {surname}"), key
        if card and len(card) >= 4:
            assert str(key) in await demo.found(card)


async def test_no_more_are_told_than_can_be_looked_through(clinic: Clinic, here: Desk) -> None:
    for key in range(1001, 1001 + MAX_FOUND + 2):
        clinic.patient(key)
    await here.load()

    answer = await here.search("канарейкин")
    assert (len(answer.patients), answer.more) == (MAX_FOUND, True)


async def test_just_enough_is_not_too_many(clinic: Clinic, here: Desk) -> None:
    for key in range(1001, 1001 + MAX_FOUND):
        clinic.patient(key)
    await here.load()

    answer = await here.search("канарейкин")
    assert (len(answer.patients), answer.more) == (MAX_FOUND, False)


async def test_a_changed_name_is_found_and_the_old_one_is_not(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    clinic.put("Persons", 1001, Surname="Воробушкин")

    assert await here.found("канарейкин") == set()
    clinic.put("Patients", 1001, Comment="сменила фамилию")
    await here.scan.step()

    assert await here.found("воробушкин") == {"1001"}
    assert await here.outbox.index.having([["name канарейк"]], 9) == []


async def test_found_people_are_told_with_no_more_than_it_takes_to_choose(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001, CardNumber="77", ParentSNP="Мама")
    clinic.visit(1, day=-3)
    clinic.visit(2, day=2, ReceptionCanceled=NOW)
    clinic.visit(3, day=4)
    await here.load()

    (patient,) = (await here.search("канарейкин")).patients
    assert patient.dump() == {
        "id": "1001",
        "name": "Канарейкин Пётр",
        "birth_date": None,
        "card_number": "77",
        "archived": False,
        "next_visit_on": "2026-11-28",
    }


async def test_during_the_first_load_the_next_visit_is_unknown(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    clinic.visit(1, day=1)
    while not (await here.outbox.index.having([["name канарейк"]], 9)):
        await here.scan.step()

    answer = await here.search("канарейкин")
    assert (ids(answer), answer.partial) == (["1001"], True)
    assert not known(answer.patients[0], "next_visit_on")


# Words


@pytest.mark.parametrize(
    ("words", "names", "fit"),
    [
        ("иван иванов", "иванов иван", True),
        ("иван иванов", "иванов петр", False),
        ("и и", "иванов иван", True),
        ("и иван", "иван игорь", True),
        ("и и и", "иванов иван", False),
        ("", "иванов", True),
    ],
)
def test_each_word_begins_a_name_of_its_own(words: str, names: str, fit: bool) -> None:
    assert each_begins_another(words.split(), names.split()) == fit


SHORT = ["а", "аб", "абв", "абг", "б"]


def _slowly(words: list[str], names: list[str]) -> bool:
    """Every way to give each word a name."""
    if not words:
        return True
    return any(
        name.startswith(words[0]) and _slowly(words[1:], names[:index] + names[index + 1 :])
        for index, name in enumerate(names)
    )


def test_the_longest_word_first_misses_no_way() -> None:
    some = [list(words) for count in range(4) for words in product(SHORT, repeat=count)]
    assert [(w, n) for w in some for n in some if each_begins_another(w, n) != _slowly(w, n)] == []


def test_a_short_i_keeps_its_breve_however_it_was_typed() -> None:
    assert names_in("Андре\u0438\u0306 Ёлкин") == ("андрей", "елкин")
