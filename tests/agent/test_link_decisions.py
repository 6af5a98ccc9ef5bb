"""What the link decides without a socket: how long to wait, how much to send, what an ending means."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidProxyStatus, InvalidStatus
from websockets.http11 import Response

from agent.link.credit import LEAST, Credit
from agent.link.ending import CERTIFICATE, NO_NETWORK, PROXY, Then, of_close, of_failure, of_goaway
from agent.link.times import Times, jittered
from wire.frames import MAX_PUSH_BYTES, Goaway

# How long


@pytest.mark.parametrize(("attempt", "bound"), [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (7, 60), (1000, 60)])
def test_the_bound_of_the_jitter_doubles_up_to_a_minute(attempt: int, bound: float) -> None:
    assert jittered(attempt, Times(), 0.0) == 0
    assert jittered(attempt, Times(), 0.5) == bound / 2


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True), st.floats(0.01, 100))
def test_full_jitter_spreads_all_agents_evenly_below_a_bound_that_never_shrinks(
    attempt: int, luck: float, unit: float
) -> None:
    times = Times().scaled(unit)
    bound = jittered(attempt, times, 0.5) * 2

    assert 0 <= jittered(attempt, times, luck) <= bound <= times.longest_wait * (1 + 1e-9)
    assert jittered(attempt, times, luck) == pytest.approx(luck * bound)
    assert bound <= jittered(attempt + 1, times, 0.5) * 2


def test_one_unit_scales_every_time() -> None:
    scaled = Times().scaled(0.1)

    assert (scaled.silence, scaled.stable, scaled.slow_wait) == (0.5, 6.0, 30.0)


# How much


def test_a_credit_starts_at_what_the_hub_allows_in_pushes_of_64_kib() -> None:
    credit = Credit(131_072, slow_ack=1)

    assert credit.room() == MAX_PUSH_BYTES
    credit.sent("live", 1, 60_000, at=0)
    assert credit.room() == MAX_PUSH_BYTES
    credit.sent("backfill", 2, 65_000, at=0)
    assert credit.room() == 0


def test_room_that_is_not_worth_a_push_is_none() -> None:
    credit = Credit(16_384, slow_ack=1)
    credit.sent("live", 1, 16_384 - LEAST + 1, at=0)

    assert credit.room() == 0


def test_a_push_larger_than_everything_goes_alone() -> None:
    credit = Credit(LEAST, slow_ack=1)

    assert credit.allows(500_000)
    credit.sent("live", 1, 500_000, at=0)
    assert not credit.allows(1)


def test_an_ack_covers_all_before_it_in_its_lane_only() -> None:
    credit = Credit(131_072, slow_ack=1)
    for lane, seq in (("live", 1), ("backfill", 2), ("live", 3)):
        credit.sent(lane, seq, 1000, at=0)  # type: ignore[arg-type]

    credit.acked("live", 3, at=0.1)

    assert credit.under_way == 1000


def test_slow_acks_narrow_the_credit_once_for_what_was_under_way() -> None:
    credit = Credit(131_072, slow_ack=1)
    credit.sent("backfill", 1, 50_000, at=0)
    credit.sent("backfill", 2, 50_000, at=0)

    credit.acked("backfill", 1, at=2)
    credit.acked("backfill", 2, at=3)  # was sent before we narrowed

    assert credit.limit == 65_536


def test_quick_acks_win_it_back_up_to_what_the_hub_allows() -> None:
    credit = Credit(131_072, slow_ack=1, carried=20_000)
    assert credit.limit == 20_000

    for seq in range(20):
        credit.sent("live", seq, 20_000, at=seq)
        credit.acked("live", seq, at=seq + 0.5)

    assert credit.limit == 131_072


@given(
    st.integers(0, 1 << 20),
    st.lists(st.tuples(st.integers(1, 70_000), st.floats(0, 9), st.booleans()), max_size=40),
)
def test_the_credit_is_kept_whatever_happens(allowed: int, steps: list[tuple[int, float, bool]]) -> None:
    credit = Credit(allowed, slow_ack=1)
    at = 0.0
    for seq, (size, took, acks) in enumerate(steps):
        if credit.room() and credit.allows(min(size, credit.room())):
            credit.sent("live", seq, min(size, credit.room()), at)
            assert credit.under_way <= max(allowed, LEAST)
        at += took
        if acks:
            credit.acked("live", seq, at)
            assert credit.room() > 0  # an empty line always has room: nothing may stall
        assert LEAST <= credit.limit <= max(allowed, LEAST)


# What an ending means


@pytest.mark.parametrize(
    ("code", "then", "has_hint"),
    [
        (1000, Then.SOON, False),
        (1006, Then.SOON, False),
        (1012, Then.SOON, False),
        (None, Then.SOON, False),
        (4400, Then.SOON, True),
        (4409, Then.SOON, True),
        (4401, Then.SLOWLY, True),
        (4403, Then.SLOWLY, True),
        (4408, Then.LATER, True),
    ],
)
def test_each_close_code_has_its_consequence(code: int | None, then: Then, has_hint: bool) -> None:
    ending = of_close(code)

    assert (ending.then, ending.hint is not None) == (then, has_hint)


@pytest.mark.parametrize(
    ("reason", "then"),
    [("restart", Then.GIVEN), ("superseded", Then.LATER), ("revoked", Then.SLOWLY), ("suspended", Then.SLOWLY)],
)
def test_each_goaway_has_its_consequence(reason: str, then: Then) -> None:
    ending = of_goaway(Goaway.model_validate({"after_seconds": 7, "reason": reason}))

    assert ending.then is then
    assert ending.after == (7 if then is Then.GIVEN else 0)


@pytest.mark.parametrize("status", range(400, 600))
def test_no_http_status_is_fatal(status: int) -> None:
    ending = of_failure(InvalidStatus(Response(status, "", None)))  # type: ignore[arg-type]

    assert ending.then is (Then.SLOWLY if status in (400, 401, 403) else Then.SOON)


def test_a_failure_names_what_a_person_can_look_at() -> None:
    assert of_failure(ConnectionRefusedError()).hint == NO_NETWORK
    assert of_failure(TimeoutError()).hint == NO_NETWORK
    assert of_failure(ssl.SSLCertVerificationError()).hint == CERTIFICATE
    assert of_failure(InvalidProxyStatus(Response(407, "", None))).hint == PROXY  # type: ignore[arg-type]
    assert of_failure(ImportError()).hint == PROXY
