"""Each word and line of docs/rules.md as the oracle reads it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo.clinic.facts import Patient, Visit, phones_in
from demo.clinic.rulebook import Is, Rulebook, branch_time, is_nobodys, left_out, pairs, plain
from tests.demo.clinic.little import ZONE, moment


def visit(start: str = "10:00", key: int = 1, **marks: Any) -> Visit:
    times: dict[str, Any] = {
        name: moment(value) if isinstance(value, str) and ":" in value else value for name, value in marks.items()
    }
    return replace(Visit(key, 1001, moment(start), booked=moment("-5 12:00")), **times)


def book(now: str = "12:00", live: str = "07:00") -> Rulebook:
    return Rulebook(moment(now), moment(live), ZONE)


@pytest.mark.parametrize(
    ("now", "marks", "word"),
    [
        ("10:14", {}, Is.FUTURE),
        ("10:15", {}, Is.NOT_MARKED),
        ("12:00", {"appeared": True}, Is.ARRIVED),
        ("12:00", {"appeared": True, "begun": True}, Is.IN_PROGRESS),
        ("12:00", {"begun": True}, Is.IN_PROGRESS),
        ("12:00", {"begun": True, "ended": "10:30"}, Is.VISITED),
        ("12:00", {"check": "10:30"}, Is.VISITED),
        ("12:00", {"ended": "10:30", "is_cancelled": True}, Is.CANCELLED),
        ("1 00:01", {"appeared": True}, Is.VISITED),
        ("1 00:01", {"begun": True}, Is.VISITED),
        ("-1 12:00", {"appeared": True}, Is.ARRIVED),
    ],
)
def test_what_a_visit_counts_as(now: str, marks: dict[str, Any], word: Is) -> None:
    assert book(now).counts_as(visit(**marks)) is word


@pytest.mark.parametrize(
    ("start", "marks", "history"),
    [
        ("06:59", {}, True),
        ("07:00", {}, False),
        ("06:59", {"booked": "07:30"}, False),
        ("06:59", {"booked": "07:00"}, False),
        ("06:59", {"booked": None}, True),
        ("10:00", {"booked": None}, False),
        ("10:00", {"is_cancelled": True, "cancelled": "06:59"}, True),
        ("10:00", {"is_cancelled": True, "cancelled": "07:00"}, False),
        ("10:00", {"is_cancelled": True}, True),
        ("-9 10:00", {"is_cancelled": True, "cancelled": "08:00"}, False),
        ("10:00", {"booked": "07:10", "is_cancelled": True}, False),
    ],
)
def test_what_is_history(start: str, marks: dict[str, Any], history: bool) -> None:
    assert book().is_history(visit(start, **marks)) is history


@pytest.mark.parametrize(
    ("marks", "done"),
    [
        ({"ended": "10:40", "check": "10:50"}, "10:40"),
        ({"check": "10:50"}, "10:50"),
        ({"is_cancelled": True, "cancelled": "09:00"}, "09:00"),
        ({"is_cancelled": True}, "10:00"),
        ({}, "10:15"),
    ],
)
def test_when_a_visit_was_over(marks: dict[str, Any], done: str) -> None:
    assert book().done(visit(**marks)) == moment(done)


def test_what_lies_ahead_is_not_over() -> None:
    assert book("10:00").done(visit()) is None
    assert book().done(visit(appeared=True)) is None


@pytest.mark.parametrize(
    ("others", "primary"),
    [
        ({}, [1]),
        ({2: visit("1 10:00")}, [1]),  # still ahead
        ({2: visit("09:00")}, [1, 2]),  # not marked before it
        ({2: visit("10:30")}, [1]),  # not marked after it
        ({2: visit("10:25")}, [1, 2]),  # not marked at the very time
        ({2: visit("15:00", is_cancelled=True, cancelled="09:00")}, [1, 2]),
        ({2: visit("15:00", is_cancelled=True, cancelled="11:00")}, [1]),
        ({2: visit("15:00", is_cancelled=True, cancelled="09:00", booked="11:00")}, [1]),
        ({2: visit("10:10", ended="10:50")}, [1]),
        ({2: visit("10:10", ended="10:40")}, [1, 2]),
    ],
)
def test_the_first_visited_visit_parts_the_eras(others: dict[int, Visit], primary: list[int]) -> None:
    visits = [visit(ended="10:40"), *(replace(other, id=key) for key, other in others.items())]

    first, second = book().split(visits, 0)

    assert [v.id for v in first] == primary
    assert {v.id for v in second} == {v.id for v in visits} - set(primary)


def test_of_two_that_end_at_once_the_smaller_id_wins() -> None:
    visits = [visit(key=10, ended="10:40"), visit(key=9, ended="10:40")]

    assert book().standing(visits, wins_at_once=True).shown.id == 9


def test_without_a_visited_visit_there_is_one_era() -> None:
    visits = [visit(), visit("1 10:00", 2)]

    assert book().split(visits, 0) == (visits, [])
    assert book().split(visits, 1) == ([], visits)


def test_a_visit_on_the_way_when_another_ends_is_repeat() -> None:
    first, second = book("10:50").split([visit(ended="10:40"), visit("10:30", 2, appeared=True)], 0)

    assert [v.id for v in first] == [1]
    assert [v.id for v in second] == [2]


CANCELLED = {"is_cancelled": True}


@pytest.mark.parametrize(
    ("now", "visits", "shown", "target"),
    [
        pytest.param("12:00", [visit(ended="10:40"), visit("1 10:00", 2)], 2, Is.FUTURE, id="3 before 5"),
        pytest.param("12:00", [visit(appeared=True), visit("11:55", 2, begun=True)], 1, Is.ARRIVED, id="2 earliest"),
        pytest.param("12:00", [visit("13:00"), visit("12:30", 2)], 2, Is.FUTURE, id="3 nearest"),
        pytest.param("12:00", [visit(appeared=True), visit("12:30", 2)], 1, Is.ARRIVED, id="2 before 3"),
        pytest.param("12:00", [visit("15:00", **CANCELLED, cancelled="11:46")], 1, None, id="4 grace"),
        pytest.param("12:00", [visit("15:00", **CANCELLED, cancelled="11:45")], 1, Is.CANCELLED, id="4 grace is over"),
        pytest.param("12:00", [visit("15:00", **CANCELLED, cancelled="11:46"), visit("16:00", 2)], 2, Is.FUTURE, id="3 before 4"),
        pytest.param("12:00", [visit("15:00", **CANCELLED, cancelled="11:46"), visit(ended="10:40", key=2)], 1, None, id="4 before 5"),
        pytest.param("12:00", [visit(ended="10:40"), visit("10:20", 2, ended="11:00")], 2, Is.VISITED, id="5 last done"),
        pytest.param("12:00", [visit(ended="10:40"), visit("11:00", 2)], 1, Is.VISITED, id="5 before 6"),
        pytest.param("12:00", [visit("09:00"), visit("10:00", 2)], 2, Is.NOT_MARKED, id="6 latest start"),
        pytest.param("12:00", [visit("09:00"), visit("15:00", 2, **CANCELLED, cancelled="11:00")], 1, Is.NOT_MARKED, id="6 before 7"),
        pytest.param(
            "12:00",
            [visit("15:00", **CANCELLED, cancelled="11:00"), visit("14:00", 2, **CANCELLED, cancelled="10:00")],
            1,
            Is.CANCELLED,
            id="7 last cancelled",
        ),
        pytest.param("1 12:00", [visit(ended="10:40")], 1, Is.VISITED, id="8"),
        pytest.param("1 12:00", [visit(ended="10:40"), visit("09:00", 2)], 1, Is.VISITED, id="6 before the last visited"),
        pytest.param("1 12:00", [visit(ended="10:40"), visit("10:40", 2)], 2, Is.NOT_MARKED, id="6 at its end"),
        pytest.param(
            "1 12:00", [visit(ended="10:40"), visit("15:00", 2, **CANCELLED, cancelled="10:39")], 1, Is.VISITED, id="7 before it"
        ),
        pytest.param(
            "1 12:00", [visit(ended="10:40"), visit("15:00", 2, **CANCELLED, cancelled="10:41")], 2, Is.CANCELLED, id="7 after it"
        ),
    ],
)  # fmt: skip
def test_how_a_repeat_deal_stands(now: str, visits: list[Visit], shown: int, target: Is | None) -> None:
    standing = book(now).standing(visits, wins_at_once=False)

    assert (standing.shown.id, standing.target, standing.won) == (shown, target, False)


def test_a_primary_deal_is_won_by_its_first_visited_visit() -> None:
    visits = [visit(ended="10:40"), visit("09:00", 2, ended="10:50"), visit("15:00", 3)]

    standing = book().standing(visits, wins_at_once=True)

    assert (standing.shown.id, standing.target, standing.won) == (1, Is.VISITED, True)


@pytest.mark.parametrize(("days", "won"), [(29, False), (30, True)])
def test_a_repeat_deal_is_won_after_thirty_days(days: int, won: bool) -> None:
    assert book(f"{days} 01:00").standing([visit(ended="10:40")], wins_at_once=False).won is won


def cancelled(key: int, at: str | None, **more: Any) -> Visit:
    return visit("18:00", key, is_cancelled=True, cancelled=at, **more)


@pytest.mark.parametrize(
    ("visits", "count"),
    [
        ([cancelled(1, "10:00"), visit("15:00", 2, booked="10:15")], 1),
        ([cancelled(1, "10:00"), visit("15:00", 2, booked="10:16")], 0),
        ([cancelled(1, "10:00"), visit("15:00", 2, booked="09:59")], 0),
        ([cancelled(1, "10:00"), visit("15:00", 2, booked="13:00", moved_from=1)], 1),
        ([cancelled(1, None), visit("15:00", 2, booked="10:05")], 0),
        ([visit(), visit("15:00", 2, booked="10:05", moved_from=1)], 0),
        ([cancelled(1, "10:00"), cancelled(2, "10:05"), visit("15:00", 3, booked="10:06")], 1),
        ([cancelled(1, "10:00"), visit("15:00", 2, booked="10:01"), visit("15:30", 3, booked="10:02")], 1),
        ([cancelled(1, "10:00"), cancelled(2, "11:00", booked="10:05"), visit("15:00", 3, booked="11:05")], 2),
        # the one that names its former visit is not taken away from it by time
        (
            [
                cancelled(1, "10:00"),
                cancelled(2, "10:01"),
                visit("15:00", 3, booked="10:02", moved_from=2),
                visit("16:00", 4, booked="13:00", moved_from=1),
            ],
            2,
        ),
        ([cancelled(1, "10:00", booked="10:05")], 0),
    ],
)
def test_pairs_of_a_cancelled_visit_and_its_successor(visits: list[Visit], count: int) -> None:
    assert pairs(visits) == count


@pytest.mark.parametrize(
    ("patient", "reason"),
    [
        (None, "no_patient"),
        (Patient(1, ""), "nameless"),
        (Patient(1, "", ("+79990000101",)), None),
        (Patient(1, "Ромашкин"), None),
        (Patient(1, "Ромашкин", archived=True), "archived"),
        (Patient(1, "Ромашкин", staff=True), "staff"),
    ],
)
def test_what_makes_no_deal(patient: Patient | None, reason: str | None) -> None:
    assert left_out(patient) == reason


@pytest.mark.parametrize(
    ("name", "nobodys"),
    [
        ("", True),
        ("   ", True),
        ("Заявка с сайта", True),
        ("заявка №17", True),
        ("Новая  ЗАЯВКА", True),
        ("Без имени", True),
        ("Имя не указано", True),
        ("+7 (999) 000-01-01", True),
        ("Пётр", False),
        ("Заявкин Пётр", False),
        ("Пётр 9990000101", False),
    ],
)
def test_whose_name_it_is(name: str, nobodys: bool) -> None:
    assert is_nobodys(name) is nobodys


def test_names_are_compared_plainly() -> None:
    assert plain("  Снегирёв  ПЁТР ") == plain("снегирев петр") != plain("снегирев пётр ильич")


def test_the_branchs_time_is_written_as_people_say_it() -> None:
    assert branch_time(moment("14:30"), ZONE) == "вт 24 ноя, 14:30"
    assert branch_time(moment("7 09:05") + timedelta(hours=15), ZONE) == "ср 2 дек, 00:05"


@pytest.mark.parametrize(
    ("zone", "home", "text"),
    [
        ("Asia/Yekaterinburg", "Europe/Moscow", "вт 24 ноя, 16:30 МСК+2"),
        ("Europe/Moscow", "Asia/Yekaterinburg", "вт 24 ноя, 14:30 МСК"),
        ("Europe/Kaliningrad", "Europe/Moscow", "вт 24 ноя, 13:30 МСК−1"),
        ("Europe/Kirov", "Europe/Moscow", "вт 24 ноя, 14:30"),
    ],
)
def test_another_clock_than_the_accounts_is_named(zone: str, home: str, text: str) -> None:
    assert branch_time(moment("14:30"), ZoneInfo(zone), ZoneInfo(home)) == text


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("8 (999) 000-01-01 мама", ("+79990000101",)),
        ("+7 999 000-01-01", ("+79990000101",)),
        ("9990000101", ("+79990000101",)),
        ("8-999-000-01-01, 79990000102 папа", ("+79990000101", "+79990000102")),
        ("89990000101, +79990000101", ("+79990000101",)),
        ("+7 999 000-01-01 (после 18:00)", ("+79990000101",)),
        ("нет телефона", ()),
        ("123", ()),
        (None, ()),
    ],
)
def test_phones_are_found_in_what_people_type(typed: str | None, found: tuple[str, ...]) -> None:
    assert phones_in(typed) == found
