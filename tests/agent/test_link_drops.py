"""Whatever breaks on the way, the hub ends with each last state, and saw each key's states in order."""

import asyncio
import contextlib
import random

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from agent.outbox import Outbox
from tests.agent.hub_end import NOON, Hub, HubConnection, is_empty, link_to, listening, record, running, until
from wire.frames import Challenge, Hello, Lane, LaneStart, Position, Welcome
from wire.lanes import START, Verdict, agree, chain, judge


class KeepingHub(Hub):
    """Keeps what it applied, and breaks the line by chance before it keeps a push, or before it acks one."""

    def __init__(self, seed: int, drops: int = 12) -> None:
        super().__init__()
        self.luck = random.Random(seed)  # noqa: S311 seeded chance
        self.drops = drops
        self.held: dict[str, str] = {}
        self.positions: dict[Lane, Position] = {"live": START, "backfill": START}
        self.complaints: list[str] = []

    async def serve(self, ws: ServerConnection) -> None:
        hub = HubConnection(ws, self.public)
        with contextlib.suppress(ConnectionClosed):
            await self.greet(hub)
            while await self.take_push(hub):
                pass

    async def greet(self, hub: HubConnection) -> None:
        await hub.send(Challenge(nonce="n", hub="hub_1", time=NOON))
        hello = await hub.next(Hello)
        agreed = agree(self.positions, 1, hello.lanes, hello.generation)
        if agreed.fresh:
            self.complaints.append("the agent named no position of ours")
        lanes: dict[Lane, LaneStart] = {
            lane: LaneStart(seq=position.seq) for lane, position in agreed.positions.items()
        }
        await hub.send(Welcome(generation=1, lanes=lanes))

    async def take_push(self, hub: HubConnection) -> bool:
        push = await hub.push()
        if self.breaks(hub):
            return False
        position = self.positions[push.lane]
        if judge(position.seq, push.prev, push.seq) is not Verdict.APPLY:
            self.complaints.append(f"{push.lane} {push.prev} after {position.seq}")
        for change in push.changes:
            self.held[change.key] = (change.value or {})["debt"]
        self.positions[push.lane] = Position(seq=push.seq, digest=chain(position.digest, hub.texts[-1]))
        if self.breaks(hub):
            return False
        await hub.ack(push)
        return True

    def breaks(self, hub: HubConnection) -> bool:
        if self.drops and self.luck.random() < 0.4:
            self.drops -= 1
            hub.drop()
            return True
        return False


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_dropped_the_hub_holds_each_last_state(outbox: Outbox, seed: int) -> None:
    hub = KeepingHub(seed)
    async with listening(hub), running(link_to(hub, outbox)):
        for number in range(120):
            await record(outbox, str(number % 17), debt=f"{number}.00", lane="live" if number % 3 else "backfill")
            if number % 10 == 0:
                await asyncio.wait_for(outbox.snapshot(), 10)
        await until(lambda: is_empty(outbox))

    assert hub.complaints == []
    assert hub.held == {str(number % 17): f"{number}.00" for number in range(120)}
    assert hub.drops < 12
