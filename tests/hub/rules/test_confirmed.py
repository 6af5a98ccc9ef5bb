"""R26: when a confirmation holds, and what the rules do to the field."""

from datetime import datetime, timedelta

import pytest

from hub.rules.confirmed import Confirmation, holds
from hub.rules.fields import DealField
from hub.rules.model import Memory, PatientKey, Stage
from hub.rules.plan import Case, OwnDeal, Plan, plan
from hub.rules.visits import Record, VisitNow
from tests.hub.clinic_day import BOOKED, DATABASE, PRESET, PRIMARY, at, patient, visit
from tests.hub.rules.made import CLINIC, NOON, arrived, cancelled, future, now, visited

HALF_PAST_TWO = at(14, 30)


def confirmed(start: datetime = HALF_PAST_TWO, branch: str | None = "2", database: str = DATABASE) -> Confirmation:
    return Confirmation(501, database, "1", start, branch, 77, "Орлова Анна, вт 24 ноя, 12:41: вт 24 ноя, 14:30", NOON)


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ([future(start=HALF_PAST_TWO)], True),
        ([future(start=at(14, 45))], True),
        ([future(start=at(14, 15))], True),
        ([future(start=at(14, 46))], False),
        ([future(start=at(14, 14))], False),
        ([future(start=at(14, 30, day=1))], False),
        ([future(start=HALF_PAST_TWO, branch={"id": "3", "name": "На Мира"})], False),
        ([future(start=HALF_PAST_TWO, branch=None)], True),  # unknown is not another
        ([future(start=HALF_PAST_TWO, practitioner={"id": "18", "name": "Другой Врач"})], True),
        ([arrived(start=HALF_PAST_TWO)], True),
        ([visited(start=HALF_PAST_TWO)], True),
        ([cancelled(start=HALF_PAST_TWO)], False),
        ([cancelled(start=HALF_PAST_TWO, when=at(11, 50))], True),  # it may be taken back for a quarter of an hour
        ([now(visit("1", HALF_PAST_TWO), vanished_at=at(9))], False),
        ([future("2", start=HALF_PAST_TWO)], False),
        ([], False),
    ],
)
def test_r26_a_confirmation_holds_while_the_visit_is_what_was_confirmed(visits: list[VisitNow], expected: bool) -> None:
    assert holds(confirmed(), DATABASE, visits) is expected


def test_r26_an_unknown_branch_is_not_another() -> None:
    assert holds(confirmed(branch=None), DATABASE, [future(start=HALF_PAST_TWO)])


def test_r26_a_quarter_past_midnight_is_another_day() -> None:
    late = confirmed(start=at(23, 55))

    assert holds(late, DATABASE, [future(start=at(23, 59))])
    assert not holds(late, DATABASE, [future(start=at(0, 5, day=1))])


def test_r26_a_visit_of_another_database_is_another() -> None:
    assert not holds(confirmed(database="db_2"), DATABASE, [future(start=HALF_PAST_TWO)])


def planned(memory: Memory, start: datetime = HALF_PAST_TWO, *, confirmation: Confirmation | None) -> Plan:
    case = Case(
        key=PatientKey(DATABASE, "4410"),
        clinic=CLINIC,
        patient=patient(),
        records=(Record(visit("1", start)),),
        links={"1": 501},
        deals={501: OwnDeal(Stage(PRIMARY, BOOKED), memory)},
        confirmations={501: confirmation} if confirmation else {},
    )
    return plan(case, PRESET, NOON)


def settled() -> Memory:
    (work,) = planned(Memory(), confirmation=None).deals
    assert work.core
    return Memory(settled=work.core.digest)


def test_r26_what_holds_needs_no_look() -> None:
    assert planned(settled(), confirmation=confirmed()).deals == ()


def test_r26_what_holds_no_longer_is_a_reason_to_look() -> None:
    other = confirmed(start=HALF_PAST_TWO + timedelta(hours=2))

    (work,) = planned(settled(), confirmation=other).deals

    assert work.unconfirmed == other
    assert work.core
    assert DealField.CONFIRMED not in work.core.fields


def test_r26_a_field_that_could_not_be_emptied_waits_for_the_next_change() -> None:
    other = confirmed(start=HALF_PAST_TWO + timedelta(hours=2))
    refused = settled().model_copy(update={"refused": "NotSupportedChoice"})

    assert planned(refused, confirmation=other).deals == ()
