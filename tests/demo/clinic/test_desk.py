"""Somebody is booked beside the plan, and the plan goes on around it."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.clinic.day import Player
from demo.clinic.facts import phones_in
from demo.clinic.make import FIRST_PATIENT, create
from demo.clinic.plan import event_of
from tests.demo.clinic.little import DAY, ZONE

NINE = datetime.combine(DAY, time(9), ZONE)
NIGHT = datetime.combine(DAY, time(22), ZONE)
STRANGER = "+79990007777"


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    create(tmp_path / "clinic.db", seed=3, visits=40, day=DAY, zone=str(ZONE))
    with Player(tmp_path / "clinic.db", 5, endless=True) as player:
        play_to(player, NINE)
        yield player


def play_to(player: Player, to: datetime) -> None:
    while player.advance(to).reached < to:
        pass


def visit(player: Player, key: int) -> dict[str, Any]:
    return player._database.row("Receptions", key)


def test_a_patient_is_booked_at_once_and_soon(player: Player) -> None:
    made = player.book_now(patient=FIRST_PATIENT)

    assert made is not None
    booked = visit(player, made.visit)
    assert (made.patient, made.start) == (FIRST_PATIENT, booked["PlanStart"])
    assert booked["ID_Patients"] == FIRST_PATIENT
    assert NINE.replace(tzinfo=None) < booked["PlanStart"] < NINE.replace(tzinfo=None) + timedelta(days=2)
    assert booked["ReceptionAdded"].date() == DAY


def test_the_planned_day_goes_on_to_its_end_behind_it(player: Player) -> None:
    before = player.left()
    made = [player.book_now(patient=FIRST_PATIENT), player.book_now(phone=STRANGER), player.book_now(phone=STRANGER)]
    keys = [booked.visit for booked in made if booked]
    assert player.left() == before

    play_to(player, NIGHT)

    rows = list(player._database.rows("Receptions"))
    assert player.left() == 0
    assert [row["ID"] for row in rows][-1] > max(keys)
    chairs = [
        (row["ID_Armchairs"], row["PlanStart"])
        for row in rows
        if not row["ReceptionCanceled"] and row["PlanStart"].date() == DAY
    ]
    mine = {(visit(player, key)["ID_Armchairs"], visit(player, key)["PlanStart"]) for key in keys}
    assert all(chairs.count(place) <= 1 for place in mine)


def test_a_phone_that_nobody_has_makes_a_patient_once(player: Player) -> None:
    first, again = player.book_now(phone=STRANGER), player.book_now(phone=STRANGER)

    assert first is not None
    assert again is not None
    assert first.visit < again.visit
    assert first.patient == again.patient
    person = player._database.row("Persons", first.patient)
    assert person["MobilePhone"] == STRANGER
    assert person["Surname"]


def test_who_was_going_to_call_later_is_the_same_person_then(player: Player) -> None:
    texts = [str(row[name]) for row in player._database.rows("Persons") for name in ("Phone", "MobilePhone")]
    known = {phone for text in texts for phone in phones_in(text)}
    caller = [caller for caller in player.callers() if caller.new and not known & set(caller.phones)][1]
    made = player.book_now(phone=caller.phones[0])
    assert made is not None
    patient = made.patient

    play_to(player, NIGHT)

    theirs = [row["ID"] for row in player._database.rows("Receptions") if row["ID_Patients"] == patient]
    assert len(theirs) >= 2
    people = [
        row["ID"]
        for row in player._database.rows("Persons")
        if " ".join(filter(None, (row["Surname"], row["Name"], row["Patronymic"]))) == caller.name
    ]
    assert patient in people


def test_a_new_patient_has_the_name_that_was_told(player: Player) -> None:
    booked = player.book_now(phone=STRANGER, name="Цаплина Нелли")

    assert booked is not None
    person = player._database.row("Persons", booked.patient)
    assert (person["Surname"], person["Name"], person["Patronymic"]) == ("Цаплина", "Нелли", None)
    assert player.name_of(booked.patient) == "Цаплина Н."


@pytest.mark.parametrize("patient", [999_999, 11])
def test_who_is_no_patient_is_not_booked(player: Player, patient: int) -> None:
    assert player.book_now(patient=patient) is None


def test_callers_are_those_who_will_book_with_their_phones(player: Player) -> None:
    known = player.callers()

    assert [caller.at for caller in known] == sorted(caller.at for caller in known)
    assert any(caller.new for caller in known)
    assert any(not caller.new for caller in known)
    assert all(phone.startswith("+7999") for caller in known for phone in caller.phones)
    planned = player._database.execute("SELECT at, who, act FROM _plan WHERE done = 0")
    assert len(known) == sum(event_of(*row).do == "book" and bool(event_of(*row).values["patient"]) for row in planned)


def test_what_happened_last_is_told_in_words(player: Player) -> None:
    player.book_now(patient=FIRST_PATIENT)

    assert (player.last() or {})["text"] == "Канарейкин К.К.: записан новый приём"
