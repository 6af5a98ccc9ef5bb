"""The door that all connections of a process share."""

from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.away import Away
from agent.mis.door import MAX_LOST_THREADS, Door, TooManyLostThreads
from agent.mis.port import MisAway, MisBusy, MisDown

PAUSE = Away("pause", datetime(2026, 11, 24, tzinfo=UTC))


class Time:
    """Seconds, and who wishes us away."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.away: Away | None = None
        self.door = Door(lambda: self.away, lambda: self.seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.mark.parametrize("error", [MisDown("08S01 10054", 60), MisBusy("state 1", 60)])
def test_whatever_shut_it_is_told_until_the_time_is_over(time: Time, error: MisDown) -> None:
    time.door.check()
    time.door.shut(error)
    time.seconds += 59
    assert time.door.is_shut
    with pytest.raises(MisDown) as raised:
        time.door.check()
    assert (type(raised.value), raised.value.code, raised.value.after) == (type(error), error.code, 1)
    time.seconds += 1
    assert not time.door.is_shut
    time.door.check()


def test_what_names_no_time_shuts_nothing(time: Time) -> None:
    time.door.shut(MisBusy("42000 1222"))
    time.door.shut(MisDown("08001 53"))
    time.door.check()


def test_a_wish_shuts_it_for_as_long_as_it_lasts(time: Time) -> None:
    time.away = PAUSE
    assert time.door.is_shut
    with pytest.raises(MisAway) as raised:
        time.door.check()
    assert (raised.value.away, raised.value.after, raised.value.code) == (PAUSE, None, "pause")
    time.away = None
    time.door.check()


def test_threads_that_came_back_are_not_counted(time: Time) -> None:
    threads: list[Future[Any]] = [Future() for _ in range(MAX_LOST_THREADS + 2)]
    for thread in threads[:MAX_LOST_THREADS]:
        time.door.lost(thread)
    threads[1].set_result(None)
    time.door.lost(threads[-2])
    with pytest.raises(TooManyLostThreads):
        time.door.lost(threads[-1])
