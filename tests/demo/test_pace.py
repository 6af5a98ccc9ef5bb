"""Business time: as fast as the slider says, never at night, never back."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.pace import EVENING, MORNING, Pace, later, next_morning

ZONE = ZoneInfo("Europe/Moscow")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "seconds", "pace", "then"),
    [
        ("24T10:00", 6, Pace(10), "24T10:01"),
        ("24T10:00", 60, Pace(1), "24T10:01"),
        ("24T10:00", 60, Pace(30), "24T10:30"),
        ("24T10:00", 600, Pace(30, paused=True), "24T10:00"),
        ("24T21:29", 5, Pace(10), "24T21:29:50"),
        ("24T21:29", 6, Pace(10), "25T07:30"),
        ("24T22:10", 1, Pace(1), "25T07:30"),
        ("24T23:59:59", 1, Pace(30), "25T07:30"),
        ("24T05:00", 1, Pace(1), "24T07:30"),
        ("30T21:30", 0, Pace(1), "30T21:30+day"),
    ],
)
def test_time_goes_by_the_slider_and_skips_the_night(now: str, seconds: float, pace: Pace, then: str) -> None:
    expected = at("30T07:30") + timedelta(days=1) if then.endswith("+day") else at(then)

    assert later(at(now), seconds, pace) == expected


@pytest.mark.parametrize(("asked", "given_"), [(0, 1), (-5, 1), (1, 1), (12.5, 12.5), (30, 30), (1000, 30)])
def test_the_slider_stays_within_its_limits(asked: float, given_: float) -> None:
    assert Pace(10, paused=True).faster(asked) == Pace(given_, paused=True)


@given(st.integers(0, 366 * 86_400), st.floats(0, 3600), st.floats(1, 30))
def test_time_never_goes_back_and_never_stands_in_the_night(second: int, seconds: float, speed: float) -> None:
    now = at("01T00:00") + timedelta(seconds=second)
    then = later(now, seconds, Pace(speed))

    assert then >= now
    assert MORNING <= then.time() < EVENING
    assert next_morning(now) > now or now.time() == MORNING
