"""What a visit counts as."""

from datetime import datetime
from typing import Any

import pytest

from hub.rules.settings import Settings
from tests.hub.clinic_day import PRESET, at, visit
from tests.hub.rules.made import NOON, now


def check(spec: dict[str, Any], word: str, done_at: datetime | None) -> None:
    found = now(visit("1", spec.pop("start", at(14)), **spec))

    assert (found.word, found.done_at) == (word, done_at)


@pytest.mark.parametrize(
    ("spec", "word", "done_at"),
    [
        ({}, "future", None),
        ({"start": at(11, 46)}, "future", None),
        ({"start": at(11, 45)}, "not_marked", NOON),
        ({"start": at(10)}, "not_marked", at(10, 15)),
        ({"status": "arrived"}, "arrived", None),
        ({"status": "started", "start": at(9)}, "in_progress", None),
        ({"status": "arrived", "start": at(9, day=1)}, "arrived", None),
        ({"status": "arrived", "start": at(9, day=-1)}, "visited", at(9, day=-1)),
        ({"status": "started", "start": at(9, day=-1), "billed_at": at(10, day=-1)}, "visited", at(10, day=-1)),
        ({"status": "fulfilled", "start": at(9)}, "visited", at(9)),
        ({"status": "fulfilled", "start": at(9), "billed_at": at(11)}, "visited", at(11)),
        ({"status": "fulfilled", "start": at(9), "billed_at": at(11), "ended_at": at(10)}, "visited", at(10)),
        ({"status": "cancelled", "cancelled_at": at(11)}, "cancelled", at(11)),
        ({"status": "cancelled"}, "cancelled", at(14)),
    ],
)
def test_words(spec: dict[str, Any], word: str, done_at: datetime | None) -> None:
    check(spec, word, done_at)


@pytest.mark.parametrize(
    ("cancelled_at", "in_grace"),
    [
        (at(11, 44), False),
        (at(11, 45), False),
        (at(11, 46), True),
        (NOON, True),
        (at(12, 1), True),
        (at(12, 16), False),
        (None, False),
    ],
)
def test_r1_the_grace_runs_for_fifteen_minutes(cancelled_at: datetime | None, in_grace: bool) -> None:
    """A clinic's clock may be a little ahead of ours; a time far ahead is no time."""
    found = now(visit("1", at(14), status="cancelled", cancelled_at=cancelled_at))

    assert found.in_grace is in_grace


def test_a_visit_that_vanished_is_cancelled_when_that_was_read() -> None:
    found = now(visit("1", at(14)), vanished_at=at(11))

    assert (found.word, found.cancelled_at, found.done_at) == ("cancelled", at(11), at(11))


def test_a_cancelled_visit_that_vanished_keeps_its_own_time() -> None:
    found = now(visit("1", at(14), status="cancelled", cancelled_at=at(9)), vanished_at=at(11))

    assert found.cancelled_at == at(9)


@pytest.mark.parametrize(
    ("spec", "vanished", "history"),
    [
        ({"booked_at": at(6)}, False, False),
        ({"booked_at": at(6), "start": at(6, 30)}, False, True),
        ({"booked_at": None, "start": at(6, 30)}, False, True),
        ({"booked_at": at(8), "start": at(6, 30)}, False, False),
        ({"booked_at": at(6), "status": "cancelled", "cancelled_at": at(6, 30)}, False, True),
        ({"booked_at": at(6), "status": "cancelled"}, False, True),
        ({"booked_at": at(6), "status": "cancelled", "cancelled_at": at(8)}, False, False),
        ({"booked_at": at(6), "status": "fulfilled", "start": at(6, 30), "ended_at": at(8)}, False, True),
        ({"booked_at": at(6), "start": at(6, 30)}, True, True),
        ({"booked_at": at(6)}, True, False),
    ],
)
def test_history_is_what_was_over_when_the_database_went_live(
    spec: dict[str, Any], vanished: bool, history: bool
) -> None:
    told = visit("1", spec.pop("start", at(14)), **spec)

    assert now(told, vanished_at=at(11) if vanished else None).history is history


def test_a_visits_day_is_that_of_its_branch() -> None:
    route = {"database": "db_1", "branch": "7", "name": "Владивосток", "zone": "Asia/Vladivostok"}
    settings = Settings.model_validate(PRESET.model_dump(by_alias=True) | {"branches": [route]})
    late = visit("1", at(18), branch={"id": "7", "name": "Владивосток"}, status="arrived")

    assert now(late, at(18, 30), settings=settings).day == at(0, day=1).date()
    assert now(late, at(17, day=1), settings=settings).word == "visited"  # there the next day has begun


@pytest.mark.parametrize(
    ("spec", "turns_at"),
    [
        ({}, at(14, 15)),
        ({"start": at(10)}, None),
        ({"status": "arrived"}, at(0, day=1)),
        ({"status": "fulfilled", "start": at(9)}, at(0, day=1)),
        ({"status": "cancelled", "cancelled_at": at(11, 50)}, at(12, 5)),
        ({"status": "cancelled", "cancelled_at": at(9)}, None),
    ],
)
def test_a_visit_says_when_it_will_count_as_something_else(spec: dict[str, Any], turns_at: datetime | None) -> None:
    assert now(visit("1", spec.pop("start", at(14)), **spec)).turns_at == turns_at
