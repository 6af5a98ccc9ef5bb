"""Questions over a real socket: many at once, in parts between the pushes, and none that outlives who asked."""

import asyncio
from typing import Any

from agent.link.questions import MAX_UNDER_WAY
from agent.lookup import LookupFailed
from agent.outbox import Outbox
from tests.agent.hub_end import PATIENCE, Hub, HubConnection, huge, link_to, listening, owes, running
from wire.frames import Answer, Ask, Cancel, Fault, Push
from wire.parts import PART_BYTES, joined


class Desk:
    """Answers what a test says, by the id of the question; one that it says nothing of waits for `free`."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[int] = asyncio.Queue()
        self.left: asyncio.Queue[int] = asyncio.Queue()
        self.free = asyncio.Event()

    async def answer(self, ask: Ask) -> dict[str, Any]:
        self.asked.put_nowait(ask.id)
        try:
            match ask.args:
                case {"size": size}:
                    return {"id": ask.id, "text": "ж" * (size // 2)}
                case {"code": code}:
                    raise LookupFailed(code)
            await self.free.wait()
        except asyncio.CancelledError:
            self.left.put_nowait(ask.id)
            raise
        return {"id": ask.id}


async def ask(hub: HubConnection, number: int, **args: object) -> None:
    await hub.send(Ask(id=number, ask="card", args=args, deadline_ms=10_000))


async def soon(queue: "asyncio.Queue[int]") -> int:
    async with asyncio.timeout(PATIENCE):
        return await queue.get()


async def test_an_answer_comes_when_it_is_ready_whatever_was_asked_before(outbox: Outbox) -> None:
    desk = Desk()

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await ask(hub, 1)
        await ask(hub, 2, size=10)
        await ask(hub, 3, code="mis_down")
        assert (await hub.next(Answer)).value["id"] == 2
        fault = await hub.next(Fault)
        assert (fault.id, fault.code) == (3, "mis_down")
        desk.free.set()
        assert (await hub.next(Answer)).value == {"id": 1}

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, lookup=desk)):
        await hub.done()


async def test_a_large_answer_comes_in_parts_and_a_small_one_overtakes_it(outbox: Outbox) -> None:
    desk = Desk()

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await ask(hub, 1, size=600_000)
        parts = [await hub.next(Answer)]
        await ask(hub, 2, size=10)
        overtaken = 0
        while len(parts) < parts[0].parts:
            frame = await hub.next(Answer)
            if frame.id == 2:
                overtaken = parts[0].parts - len(parts)
            else:
                parts.append(frame)
        assert parts[0].parts > 15
        assert overtaken > 0
        assert joined(parts) == {"id": 1, "text": "ж" * 300_000}
        assert all(len(text.encode()) <= 2 * PART_BYTES for text in hub.texts)

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, lookup=desk)):
        await hub.done()


async def test_what_changed_goes_between_the_parts(outbox: Outbox) -> None:
    desk = Desk()

    async def script(hub: HubConnection) -> None:
        await hub.greet(credit=1 << 24)
        await ask(hub, 1, size=600_000)
        seen = [await hub.next(Answer)]
        await outbox.record([owes("7"), *(huge(str(key)) for key in range(20))], lane="live")
        kinds = ""
        pushed = 0
        while pushed < 21:
            frame = await hub.frame()
            if isinstance(frame, Push):
                pushed += len(frame.changes)
            kinds += {Push: "p", Answer: "a"}.get(type(frame), "")
        assert len(seen) == 1
        assert "pap" in kinds  # in turn
        assert "pp" not in kinds

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, lookup=desk)):
        await hub.done()


async def test_only_so_many_questions_are_under_way(outbox: Outbox) -> None:
    desk = Desk()

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        for number in range(MAX_UNDER_WAY + 1):
            await ask(hub, number)
        fault = await hub.next(Fault)
        assert (fault.id, fault.code) == (MAX_UNDER_WAY, "busy")

        desk.free.set()
        assert {(await hub.next(Answer)).id for _ in range(MAX_UNDER_WAY)} == set(range(MAX_UNDER_WAY))
        await ask(hub, 99)
        assert (await hub.next(Answer)).id == 99

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, lookup=desk)):
        await hub.done()


async def test_a_cancelled_question_is_left_and_never_answered(outbox: Outbox) -> None:
    desk = Desk()

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        for number in range(MAX_UNDER_WAY):
            await ask(hub, number)
        for _ in range(MAX_UNDER_WAY):
            await soon(desk.asked)
        await hub.send(Cancel(id=5))
        assert await soon(desk.left) == 5
        await ask(hub, 50)  # there is room for one more
        desk.free.set()
        told = {(await hub.next(Answer)).id for _ in range(MAX_UNDER_WAY)}
        assert told == ({*range(MAX_UNDER_WAY), 50} - {5})

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, lookup=desk)):
        await hub.done()


async def test_no_more_of_a_long_answer_is_sent_once_nobody_waits(outbox: Outbox) -> None:
    desk = Desk()

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await ask(hub, 1, size=1_000_000)
        first = await hub.next(Answer)
        await hub.send(Cancel(id=1))
        await hub.send(Cancel(id=77))  # of a question that was never asked
        await ask(hub, 2, code="late")
        more = 0
        while not isinstance(frame := await hub.frame(), Fault):
            more += isinstance(frame, Answer)
        await ask(hub, 3, size=10)
        assert (await hub.next(Answer)).id == 3
        assert (first.parts > 30, more < first.parts - 1) == (True, True)

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, lookup=desk)):
        await hub.done()


async def test_an_id_that_is_under_way_is_not_asked_twice(outbox: Outbox) -> None:
    desk = Desk()

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await ask(hub, 1)
        await ask(hub, 1)
        assert (await hub.next(Fault)).code == "bad_question"
        desk.free.set()
        assert (await hub.next(Answer)).id == 1

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, lookup=desk)):
        await hub.done()


async def test_questions_end_with_their_connection(outbox: Outbox) -> None:
    desk = Desk()

    async def dropped(hub: HubConnection) -> None:
        await hub.greet()
        await ask(hub, 1)
        assert await soon(desk.asked) == 1
        hub.drop()

    async def again(hub: HubConnection) -> None:
        await hub.greet()
        assert await soon(desk.left) == 1
        await ask(hub, 1, size=10)  # a new connection counts anew
        assert (await hub.next(Answer)).id == 1

    hub = Hub(dropped, again)
    async with listening(hub), running(link_to(hub, outbox, lookup=desk)):
        await hub.done(2)
