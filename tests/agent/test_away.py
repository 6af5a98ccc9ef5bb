"""When the agent stays out by wish: hours of the day, and a pause that somebody asked for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.away import LONGEST, NAME, Away, away, length, pause, paused_until, quiet_hours, quiet_until, resume
from tests.agent.hub_end import NOON

MOSCOW = ZoneInfo("Europe/Moscow")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-24 {text}").replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("hours", "now", "ends"),
    [
        ("02:00-04:00", "01:59:59.999", None),
        ("02:00-04:00", "02:00", "24 04:00"),
        ("02:00-04:00", "03:59:59", "24 04:00"),
        ("02:00-04:00", "04:00", None),
        ("23:00-05:00", "22:59", None),
        ("23:00-05:00", "23:00", "25 05:00"),
        ("23:00-05:00", "00:00", "24 05:00"),
        ("23:00-05:00", "05:00", None),
        ("02:00-04:00, 13:00 – 13:30", "13:15", "24 13:30"),
        ("02:00-04:00, 03:30-05:00", "03:45", "24 05:00"),
    ],
)
def test_quiet_hours_go_by_the_clinics_clock(hours: str, now: str, ends: str | None) -> None:
    until = quiet_until(quiet_hours(hours), at(now))
    assert (until and f"{until:%d %H:%M}") == ends


@pytest.mark.parametrize(
    "text", ["", "2-4", "02:00", "02:00-25:00", "02:00-02:00", "02:00-04:00,", "24:00-01:00", "a-b"]
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        quiet_hours(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1h", timedelta(hours=1)),
        ("90m", timedelta(minutes=90)),
        ("2 ч", timedelta(hours=2)),
        ("30М", timedelta(minutes=30)),
        ("24h", LONGEST),
        ("25h", None),
        ("0m", None),
        ("1", None),
        ("-1h", None),
        ("1d", None),
        ("off", None),
    ],
)
def test_a_pause_has_a_length(text: str, found: timedelta | None) -> None:
    assert length(text) == found


def test_a_pause_ends_by_itself(tmp_path: Path) -> None:
    assert paused_until(tmp_path, NOON) is None
    pause(tmp_path, NOON + timedelta(hours=1))
    assert paused_until(tmp_path, NOON) == NOON + timedelta(hours=1)
    assert paused_until(tmp_path, NOON + timedelta(hours=1)) is None


def test_a_pause_is_ended_by_hand(tmp_path: Path) -> None:
    pause(tmp_path, NOON + timedelta(hours=1))
    assert resume(tmp_path)
    assert paused_until(tmp_path, NOON) is None
    assert not resume(tmp_path)


def test_a_clock_that_was_a_year_off_leaves_no_pause_for_a_year(tmp_path: Path) -> None:
    pause(tmp_path, NOON + timedelta(days=365, hours=1))
    assert paused_until(tmp_path, NOON) is None


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"{}", b'{"until": 7}', b'{"until": "soon"}', b'{"until": "2026-11-23T13:00"}']
)
def test_a_broken_word_is_no_pause(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / NAME).write_bytes(raw)
    assert paused_until(tmp_path, NOON) is None


def test_of_a_pause_and_quiet_hours_the_longer_one_is_told(tmp_path: Path) -> None:
    hours, now = quiet_hours("02:00-04:00"), at("03:00").astimezone(UTC)
    four = at("04:00")
    assert away(tmp_path, hours, MOSCOW, now) == Away("quiet_hours", four)
    pause(tmp_path, four - timedelta(minutes=1))
    assert away(tmp_path, hours, MOSCOW, now) == Away("quiet_hours", four)
    pause(tmp_path, four + timedelta(minutes=1))
    assert away(tmp_path, hours, MOSCOW, now) == Away("pause", four + timedelta(minutes=1))
    assert away(tmp_path, (), MOSCOW, four) == Away("pause", four + timedelta(minutes=1))
    resume(tmp_path)
    assert away(tmp_path, hours, MOSCOW, four) is None
