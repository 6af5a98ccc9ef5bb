"""One link's questions, without a link: what goes when, whose answer comes, who hears of the end."""

import asyncio
from typing import Any, TypeAlias

import pytest

from hub.link.asks import MAX_UNDER_WAY, Asks, LinkLost, Unanswered
from wire.frames import Answer, Ask, Cancel, Fault
from wire.parts import MAX_ANSWER_BYTES, MAX_PARTS, cut

PATIENCE = 5.0


Told: TypeAlias = dict[str, Any] | str
"""An answer, or why there is none."""


def asking(tasks: asyncio.TaskGroup, asks: Asks, seconds: float = PATIENCE, **args: Any) -> "asyncio.Task[Told]":
    return tasks.create_task(told(asks, asyncio.get_running_loop().time() + seconds, args))


async def told(asks: Asks, deadline: float, args: dict[str, Any]) -> Told:
    try:
        return await asks.ask("card", args, deadline)
    except Unanswered as unanswered:
        return unanswered.code
    except LinkLost:
        return "lost"
    except TimeoutError:
        return "too late"


async def sent(asks: Asks) -> Ask | Cancel:
    async with asyncio.timeout(PATIENCE):
        frame = await asks.next()
    assert frame is not None
    return frame


async def asked(asks: Asks) -> Ask:
    frame = await sent(asks)
    assert isinstance(frame, Ask)
    return frame


async def is_quiet(asks: Asks) -> bool:
    """Nothing goes now."""
    try:
        async with asyncio.timeout(0.02):
            await asks.next()
    except TimeoutError:
        return True
    return False


async def test_each_answer_finds_its_question_in_whatever_order_they_come() -> None:
    asks = Asks()
    async with asyncio.TaskGroup() as tasks:
        waiting = [asking(tasks, asks, n=n) for n in range(3)]
        questions = [await asked(asks) for _ in waiting]
        assert [question.args["n"] for question in questions] == [0, 1, 2]
        for question in reversed(questions):
            asks.take(Answer(id=question.id, value={"of": question.args["n"]}))

    assert [task.result() for task in waiting] == [{"of": 0}, {"of": 1}, {"of": 2}]


async def test_an_answer_in_parts_is_put_together_while_others_come_between() -> None:
    asks, large = Asks(), {"text": "ж" * 100_000}
    async with asyncio.TaskGroup() as tasks:
        waiting = [asking(tasks, asks), asking(tasks, asks)]
        first, second = await asked(asks), await asked(asks)
        for pair in zip(cut(first.id, large), cut(second.id, {"text": "я" * 100_000}), strict=True):
            for part in pair:
                asks.take(part)

    assert [task.result() for task in waiting] == [large, {"text": "я" * 100_000}]


BROKEN = {
    "begins in the middle": (Answer(id=1, part=2, parts=2, value={"text": "}"}),),
    "changes its mind": (
        Answer(id=1, part=1, parts=2, value={"text": "{"}),
        Answer(id=1, part=2, parts=3, value={"text": "}"}),
    ),
    "repeats a part": (
        Answer(id=1, part=1, parts=3, value={"text": "{"}),
        Answer(id=1, part=1, parts=3, value={"text": "{"}),
    ),
    "is no JSON": (
        Answer(id=1, part=1, parts=2, value={"text": "{"}),
        Answer(id=1, part=2, parts=2, value={"text": "{"}),
    ),
    "has too many parts": (Answer(id=1, part=1, parts=MAX_PARTS + 1, value={"text": "{"}),),
    "has no text": (Answer(id=1, part=1, parts=2, value={"txt": "{"}),),
    "has nothing": (Answer(id=1, part=0, parts=0, value={}),),
    "is too large": tuple(
        Answer(id=1, part=n, parts=3, value={"text": "x" * (MAX_ANSWER_BYTES // 2)}) for n in (1, 2, 3)
    ),
}


@pytest.mark.parametrize("parts", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_answer_is_refused_and_the_rest_of_it_not_waited_for(parts: tuple[Answer, ...]) -> None:
    asks = Asks()
    async with asyncio.TaskGroup() as tasks:
        task = asking(tasks, asks)
        await asked(asks)
        for part in parts:
            asks.take(part)
        assert await task == "bad_answer"
        following = asking(tasks, asks)
        frame = await sent(asks)
        if isinstance(frame, Cancel):  # unless it had come whole
            assert frame.id == 1
            frame = await asked(asks)
        asks.take(Answer(id=frame.id, value={}))
        assert await following == {}


async def test_a_fault_says_why_there_is_no_answer() -> None:
    asks = Asks()
    async with asyncio.TaskGroup() as tasks:
        task = asking(tasks, asks)
        asks.take(Fault(id=(await asked(asks)).id, code="mis_down"))
        assert await task == "mis_down"
    assert await is_quiet(asks)


async def test_a_question_that_nobody_waits_for_is_cancelled_and_its_late_answer_dropped() -> None:
    asks = Asks()
    async with asyncio.TaskGroup() as tasks:
        task = asking(tasks, asks)
        question = await asked(asks)
        task.cancel()
        assert await sent(asks) == Cancel(id=question.id)
        asks.take(Answer(id=question.id, value={"late": True}))
        asks.take(Fault(id=question.id, code="late"))
        following = asking(tasks, asks)
        other = await asked(asks)
        assert other.id != question.id
        asks.take(Answer(id=other.id, value={"late": False}))
        assert await following == {"late": False}


async def test_the_deadline_counts_from_the_asking_and_the_agent_is_told() -> None:
    asks = Asks()
    async with asyncio.TaskGroup() as tasks:
        task = asking(tasks, asks, seconds=0.05)
        question = await asked(asks)
        assert 1 <= question.deadline_ms <= 50
        assert await task == "too late"
        assert await sent(asks) == Cancel(id=question.id)


async def test_what_was_never_sent_needs_no_cancel() -> None:
    asks = Asks()
    async with asyncio.TaskGroup() as tasks:
        task = asking(tasks, asks)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await is_quiet(asks)


async def test_at_most_sixteen_are_under_way_and_the_next_goes_when_one_ends() -> None:
    asks = Asks()
    async with asyncio.TaskGroup() as tasks:
        waiting = [asking(tasks, asks) for _ in range(MAX_UNDER_WAY + 3)]
        under_way = [await asked(asks) for _ in range(MAX_UNDER_WAY)]
        assert await is_quiet(asks)

        asks.take(Answer(id=under_way[0].id, value={}))
        under_way.append(await asked(asks))
        asks.take(Fault(id=under_way[1].id, code="busy"))
        under_way.append(await asked(asks))
        waiting[2].cancel()
        assert await sent(asks) == Cancel(id=under_way[2].id)  # before the agent may be asked again
        under_way.append(await asked(asks))
        assert await is_quiet(asks)
        for question in under_way[3:]:
            asks.take(Answer(id=question.id, value={}))
        assert await waiting[1] == "busy"

    assert MAX_UNDER_WAY == 16


async def test_whoever_waits_hears_of_the_end_at_once() -> None:
    asks = Asks()
    async with asyncio.TaskGroup() as tasks:
        waiting = [asking(tasks, asks) for _ in range(MAX_UNDER_WAY + 1)]
        for _ in range(MAX_UNDER_WAY):
            await asked(asks)
        leaving = waiting[3]
        asks.close()
        leaving.cancel()
        assert await asks.next() is None
        waiting.remove(leaving)
        assert {await task for task in waiting} == {"lost"}
        assert await asking(tasks, asks) == "lost"
    assert leaving.cancelled()
    assert asks.closed
