"""Never more than `rate` requests in any second, whatever the connections do; silence after a 429."""

import asyncio
import math
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.amocrm.limits import (
    ARRIVES_WITHIN_SECONDS,
    LONGEST_PAUSE_SECONDS,
    SPAN_SECONDS,
    Limits,
    Pacer,
    Pause,
    Priority,
    Window,
)
from hub.crm import CrmBusy
from tests.hub.amocrm.server import until

# Windows


@dataclass(frozen=True)
class Trip:
    """A request: how long after the one before it wants to go, how long until it is written (if at all), how long until it arrives,
    how long until its answer is here."""

    gap: float = 0.0
    connects: float = 0.0
    goes: bool = True
    travels: float = 0.0
    answers: float = 0.0


TRIPS = st.builds(
    Trip,
    gap=st.floats(0, 0.5),
    connects=st.one_of(st.just(0.0), st.floats(0, 3)),
    goes=st.booleans(),
    travels=st.floats(0, ARRIVES_WITHIN_SECONDS),
    answers=st.one_of(st.floats(0, 0.05), st.floats(0, 30)),
)


@given(rate=st.integers(1, 7), trips=st.lists(TRIPS, max_size=60))
def test_never_more_than_the_rate_arrive_in_any_second(rate: int, trips: list[Trip]) -> None:
    arrived = play(rate, trips)

    for first in arrived:
        assert sum(first <= moment <= first + 1 for moment in arrived) <= rate


def play(rate: int, trips: list[Trip]) -> list[float]:
    """The moments of arrival, where each request takes its place as soon as the window lets it, in order."""
    window, now, wish = Window(rate), 0.0, 0.0
    wishes: list[tuple[float, Trip]] = []
    for trip in trips:
        wish += trip.gap
        wishes.append((wish, trip))
    events: list[tuple[float, int, str, Trip, float]] = []
    arrived: list[float] = []
    number = count()
    while wishes or events:
        opens = max(wishes[0][0], window.opens_at(now)) if wishes else math.inf
        now = max(now, min(opens, events[0][0] if events else math.inf))
        if events and events[0][0] <= opens:
            _, _, kind, trip, written = heappop(events)
            if kind == "answered":
                window = window.answer(written, now)
            elif not trip.goes:
                window = window.give_back()
            else:
                window = window.write(now)
                arrived.append(now + trip.travels)
                heappush(events, (now + trip.travels + trip.answers, next(number), "answered", trip, now))
        elif window.opens_at(now) <= now:
            trip = wishes.pop(0)[1]
            window = window.take()
            heappush(events, (now + trip.connects, next(number), "written", trip, 0.0))
    return arrived


def test_a_backlog_uses_the_rate_up() -> None:
    arrived = play(7, [Trip(travels=0.001, answers=0.002)] * 700)

    assert 700 / (max(arrived) + SPAN_SECONDS) > 0.98 * 7


def test_slow_answers_slow_the_rest_down_a_little_only() -> None:
    arrived = play(7, [Trip(travels=0.1, answers=2.0)] * 700)

    assert 700 / (max(arrived) + SPAN_SECONDS) > 0.9 * 7


@pytest.mark.parametrize(
    ("window", "opens"),
    [
        (Window(2), 100.0),
        (Window(2, (99.5,)), 100.0),
        (Window(2, (99.5, 99.75)), 99.5 + SPAN_SECONDS),
        (Window(2, (99.5,), holding=1), 99.5 + SPAN_SECONDS),
        (Window(2, (), holding=2), math.inf),
        (Window(2, (90.0, 90.0)), 100.0),
        (Window(1).take().write(100.0), 100.0 + ARRIVES_WITHIN_SECONDS + SPAN_SECONDS),
        (Window(1).take().write(100.0).answer(100.0, 100.03), 100.03 + SPAN_SECONDS),
        (Window(1).take().write(100.0).answer(100.0, 107.0), 100.0 + ARRIVES_WITHIN_SECONDS + SPAN_SECONDS),
    ],
)
def test_the_window_tells_when_it_opens(window: Window, opens: float) -> None:
    assert window.opens_at(100.0) == opens


# Pauses


def test_each_storm_doubles_the_silence_up_to_a_minute() -> None:
    pause, lengths = Pause(), []
    for storm in range(8):
        now = max(pause.until, 100.0 * storm)
        pause = pause.after_busy(sent=now, now=now, asked=None)
        lengths.append(round(pause.until - now))

    assert lengths == [1, 2, 4, 8, 16, 32, 60, 60]


def test_requests_of_one_storm_count_once() -> None:
    pause = Pause().after_busy(sent=10.0, now=10.2, asked=None)

    assert pause.after_busy(sent=10.1, now=10.3, asked=None) == Pause(11.3, 1.0)


def test_the_silence_that_amocrm_asks_for_is_kept() -> None:
    assert Pause().after_busy(sent=10.0, now=10.0, asked=300.0).until == 310.0
    assert Pause().after_busy(sent=10.0, now=10.0, asked=0.0).until == 11.0


def test_a_success_after_the_storm_shortens_the_next_silence() -> None:
    pause = Pause(until=50.0, seconds=4.0)

    assert pause.after_success(sent=49.0) == pause
    assert pause.after_success(sent=51.0).seconds == 2.0
    assert pause.after_success(sent=51.0).after_success(sent=52.0).after_success(sent=53.0).seconds == 0.0


@given(st.lists(st.tuples(st.sampled_from(["busy", "ok"]), st.floats(0, 30)), max_size=40))
def test_a_silence_is_never_shorter_than_a_second_nor_longer_than_a_minute(events: list[tuple[str, float]]) -> None:
    pause, now = Pause(), 0.0
    for kind, gap in events:
        now = max(now + gap, pause.until)
        pause = pause.after_busy(now, now, None) if kind == "busy" else pause.after_success(now)
        if kind == "busy":
            assert pause.until - now == pytest.approx(pause.seconds)
            assert 1.0 <= pause.seconds <= LONGEST_PAUSE_SECONDS


# The shell


async def run(pacer: Pacer, name: str, done: list[str], priority: Priority = Priority.BACKGROUND) -> None:
    async with pacer.turn(priority, 5) as turn:
        turn.sent()
        done.append(name)


async def test_requests_go_first_come_first_served_and_operators_before_the_rest() -> None:
    pacer, done = Pacer(1), list[str]()
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(10):
        async with pacer.turn(Priority.BACKGROUND, 5):  # holds the only place, and sends nothing
            for name, priority in (("a", 1), ("b", 1), ("operator", 0)):
                tasks.create_task(run(pacer, name, done, Priority(priority)))
            await until(lambda: len(pacer._waiting) == 3)

    assert done == ["operator", "a", "b"]


async def test_a_place_that_was_not_used_is_given_back() -> None:
    pacer = Pacer(1)
    for _ in range(20):
        async with pacer.turn(Priority.BACKGROUND, 1):
            pass
    with pytest.raises(ValueError):
        async with pacer.turn(Priority.BACKGROUND, 1):
            raise ValueError

    async with pacer.turn(Priority.BACKGROUND, 1) as turn:
        turn.sent()


async def test_whoever_waits_too_long_hears_that_it_is_busy_and_takes_no_place() -> None:
    pacer = Pacer(1)
    async with pacer.turn(Priority.BACKGROUND, 1):
        with pytest.raises(CrmBusy):
            async with pacer.turn(Priority.BACKGROUND, 0.02):
                raise AssertionError("the only place is taken")

    async with pacer.turn(Priority.BACKGROUND, 0.5) as turn:
        turn.sent()


async def test_whoever_stops_waiting_takes_no_place() -> None:
    pacer, done = Pacer(1), list[str]()
    async with asyncio.TaskGroup() as tasks:
        async with pacer.turn(Priority.BACKGROUND, 1):
            waiting = tasks.create_task(run(pacer, "a", done))
            await until(lambda: len(pacer._waiting) == 1)
            waiting.cancel()
            await asyncio.wait([waiting])

    await run(pacer, "b", done)
    assert done == ["b"]


async def test_a_place_that_comes_at_the_moment_of_leaving_is_given_back() -> None:
    pacer, done = Pacer(1), list[str]()
    async with asyncio.TaskGroup() as tasks:
        async with pacer.turn(Priority.BACKGROUND, 1):
            waiting = tasks.create_task(run(pacer, "a", done))
            await until(lambda: len(pacer._waiting) == 1)
        waiting.cancel()  # its place was given a moment ago, and it has not run since

    await run(pacer, "b", done)
    assert done == ["b"]


async def test_a_long_silence_is_told_at_once() -> None:
    pacer = Pacer(7)
    pacer.busy(sent=pacer.now(), asked=300)

    with pytest.raises(CrmBusy) as busy:
        async with pacer.turn(Priority.BACKGROUND, 5):
            raise AssertionError("nothing goes out")
    assert busy.value.after == pytest.approx(300, abs=1)


async def test_a_short_silence_is_waited_for() -> None:
    pacer = Pacer(7)
    began = pacer.now()
    pacer.busy(sent=began, asked=None)

    async with pacer.turn(Priority.BACKGROUND, 5) as turn:
        turn.sent()
    assert turn.sent_at is not None
    assert turn.sent_at - began >= 1.0


async def test_a_real_backlog_keeps_the_rate_in_any_second() -> None:
    pacer, moments = Pacer(20), list[float]()

    async def one() -> None:
        async with pacer.turn(Priority.BACKGROUND, 10) as turn:
            await asyncio.sleep(0)
            turn.sent()
            moments.append(turn.sent_at or 0.0)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(one())

    assert all(sum(first <= moment <= first + 1 for moment in moments) <= 20 for first in moments)
    assert moments[-1] - moments[0] < 2.5


async def test_accounts_do_not_wait_for_each_other() -> None:
    limits = Limits(1)

    async def one(account_id: int) -> None:
        async with limits.of("main", account_id).turn(Priority.BACKGROUND, 0.5) as turn:
            turn.sent()

    for account_id in range(20):
        await one(account_id)
    assert limits.of("main", 1) is limits.of("main", 1)
    assert limits.of("main", 1) is not limits.of("other", 1)
