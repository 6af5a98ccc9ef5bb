"""Never more than `rate` requests in any second, whatever the connections do; silence after a 429."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.amocrm.limits import LONGEST_PAUSE_SECONDS, SPAN_SECONDS, Limits, Pacer, Pause, Priority, Window
from hub.crm import CrmBusy
from tests.hub.amocrm.server import until

# Windows


@given(
    rate=st.integers(1, 7),
    requests=st.lists(
        st.tuples(
            st.floats(0, 0.5),  # how long after the one before it wants to go
            st.one_of(st.just(0.0), st.floats(0, 3)),  # how long its connection takes until it is written
            st.booleans(),  # whether it is written at all
        ),
        max_size=60,
    ),
)
def test_never_more_than_the_rate_in_any_second(rate: int, requests: list[tuple[float, float, bool]]) -> None:
    written = play(rate, requests)

    for first in written:
        assert sum(first <= moment <= first + 1 for moment in written) <= rate


def play(rate: int, requests: list[tuple[float, float, bool]]) -> list[float]:
    """The moments of writing, where each request takes its place as soon as the window lets it, in order."""
    window, now = Window(rate), 0.0
    wishes, wish = [], 0.0
    for gap, delay, goes in requests:
        wish += gap
        wishes.append((wish, delay, goes))
    on_the_way: list[tuple[float, bool]] = []
    written: list[float] = []
    while wishes or on_the_way:
        opens = max(wishes[0][0], window.opens_at(now)) if wishes else math.inf
        arrives = min(on_the_way)[0] if on_the_way else math.inf
        now = max(now, min(opens, arrives))
        if arrives <= opens:
            first = min(on_the_way)
            on_the_way.remove(first)
            window = window.write(now) if first[1] else window.give_back()
            written += [now] if first[1] else []
        elif window.opens_at(now) <= now:
            _, delay, goes = wishes.pop(0)
            window = window.take()
            on_the_way.append((now + delay, goes))
    return written


def test_a_backlog_uses_the_rate_up() -> None:
    written = play(7, [(0.0, 0.0, True)] * 700)

    assert 700 / (written[-1] + SPAN_SECONDS) > 0.98 * 7


@pytest.mark.parametrize(
    ("window", "opens"),
    [
        (Window(2), 100.0),
        (Window(2, (99.5,)), 100.0),
        (Window(2, (99.5, 99.75)), 99.5 + SPAN_SECONDS),
        (Window(2, (99.5,), holding=1), 99.5 + SPAN_SECONDS),
        (Window(2, (), holding=2), math.inf),
        (Window(2, (90.0, 90.0)), 100.0),
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
