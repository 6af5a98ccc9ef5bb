"""What waits on a link for its commit: pushes in order and bounded, the newest state and not too often."""

import asyncio
from datetime import UTC, datetime

import pytest

from hub.link.mailbox import Mail, Mailbox
from tests.hub.pushes import Lanes, visit
from wire.errors import UnexpectedFrame
from wire.frames import State

LONG = 3600.0


def told(second: int, mis: str = "ok") -> State:
    return State(mis=mis, read_through=datetime(2026, 11, 23, 12, 0, second, tzinfo=UTC))


async def mail_of(mailbox: Mailbox, seconds: float = 0.05) -> Mail | None:
    """What is handed out now; None where it keeps its reader waiting."""
    try:
        async with asyncio.timeout(seconds):
            return await mailbox.take()
    except TimeoutError:
        return None


async def test_all_that_waits_is_handed_out_once_and_in_order() -> None:
    mailbox, lanes = Mailbox(10_000, LONG), Lanes()
    pushes = [lanes.push("live", visit("1")), lanes.push("backfill", visit("2")), lanes.push("live", visit("3"))]
    for received in pushes:
        mailbox.put(received)
    mailbox.repeat("live")
    mailbox.put_state(told(1))

    assert await mailbox.take() == Mail(tuple(pushes), told(1), frozenset({"live"}))
    assert await mail_of(mailbox) is None


async def test_what_waits_is_bounded_but_one_push_may_be_of_any_size() -> None:
    mailbox, lanes = Mailbox(100, LONG), Lanes()
    mailbox.put(lanes.push("live", visit("1", comment="x" * 500)))

    with pytest.raises(UnexpectedFrame):
        mailbox.put(lanes.push("live", visit("2")))
    await mailbox.take()
    mailbox.put(lanes.push("live", visit("3")))


async def test_of_several_states_the_newest_is_handed_out() -> None:
    mailbox = Mailbox(100, LONG)
    for second in range(5):
        mailbox.put_state(told(second))

    mail = await mailbox.take()

    assert mail
    assert mail.state == told(4)


async def test_a_state_waits_its_time_after_the_one_before() -> None:
    mailbox = Mailbox(100, 0.2)
    mailbox.put_state(told(1))
    await mailbox.take()
    mailbox.put_state(told(2))
    mailbox.put_state(told(3))

    assert await mail_of(mailbox) is None
    late = await mail_of(mailbox, 10)
    assert late
    assert late.state == told(3)


async def test_that_the_mis_went_down_does_not_wait() -> None:
    mailbox = Mailbox(100, LONG)
    mailbox.put_state(told(1))
    await mailbox.take()
    mailbox.put_state(told(2, "down"))

    mail = await mail_of(mailbox)
    assert mail
    assert mail.state == told(2, "down")


async def test_a_state_goes_with_the_pushes_that_are_committed_anyway() -> None:
    mailbox, push = Mailbox(10_000, LONG), Lanes().push("live", visit("1"))
    mailbox.put_state(told(1))
    await mailbox.take()
    mailbox.put_state(told(2))
    mailbox.put(push)

    assert await mail_of(mailbox) == Mail((push,), told(2))


async def test_after_its_end_what_waits_is_handed_out_and_then_nothing() -> None:
    mailbox, push = Mailbox(10_000, LONG), Lanes().push("live", visit("1"))
    mailbox.put(push)
    mailbox.close()

    assert await mailbox.take() == Mail((push,))
    assert await mailbox.take() is None
    assert await mailbox.take() is None
