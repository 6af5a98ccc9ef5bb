"""The product's own outbox and link, and changes as a scan finds them: `pusher FOLDER one CHANGES` waits for the ack of each, `pusher
FOLDER many BATCH CHANGES` records them in batches and waits for the last. Prints the milliseconds of each, or the changes of a second."""

import asyncio
import json
import sys
import time
from pathlib import Path

from agent import identity
from agent.app import software
from agent.link import Link
from agent.outbox import Outbox, Reading, open_outbox
from agent.standing import Standing
from hub.clock import machine_now
from wire.frames import Lane
from wire.model import Branch, Practitioner, Visit

KEYS = 20_000
KEY = bytes(32)
START = machine_now()


def change(number: int) -> Reading:
    """A visit that differs from what it was; about 300 bytes on the wire."""
    key = str(100_000 + number % KEYS)
    value = Visit(
        id=key,
        patient_id=str(number % KEYS // 4),
        status=("booked", "arrived")[number // KEYS % 2],
        start=START,
        end=START,
        practitioner=Practitioner(id=str(number % 97), name="Demo doctor"),
        branch=Branch(id=str(number % 89), name=f"Demo branch {number}"),
    )
    return Reading("visit", key, START, value)


async def main(folder: Path, how: str, *sizes: int) -> None:
    """Measure, tell, end."""
    who = identity.identity(folder)
    if who is None:
        raise SystemExit("not enrolled")
    async with open_outbox(folder / "outbox.db", KEY, ()) as outbox, asyncio.TaskGroup() as tasks:
        link = Link(who, outbox, Standing(), fields=(), state_every=10, software=software())
        running = tasks.create_task(link.run())
        while link.stand.phase != "open":
            link.changed.clear()
            await link.changed.wait()
        told = {"ms": await one(outbox, *sizes)} if how == "one" else {"rows_per_second": await many(outbox, *sizes)}
        print(json.dumps(told), flush=True)
        running.cancel()


async def one(outbox: Outbox, changes: int) -> list[float]:
    """Each alone: from before it is recorded until it is durable in the hub."""
    took, begins, acks = [], time.time_ns(), Acks(outbox)
    for number in range(changes):
        begun = time.perf_counter()
        await outbox.record([change(begins + number)], lane="live")
        await acks.all()
        took.append((time.perf_counter() - begun) * 1000)
    return took


async def many(outbox: Outbox, batch: int, changes: int) -> float:
    """All that is recorded is durable."""
    begins, acks, begun = time.time_ns(), Acks(outbox), time.perf_counter()
    for start in range(0, changes, batch):
        await outbox.record([change(begins + start + n) for n in range(batch)], lane="live")
    await acks.all()
    return changes / (time.perf_counter() - begun)


class Acks:
    """Notices acks where the link reports them: to ask again and again what still waits would slow down what is measured."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox, self._acked, self._came = outbox, outbox.acked, asyncio.Event()
        outbox.acked = self._noted  # type: ignore[method-assign]

    async def _noted(self, lane: Lane, seq: int) -> None:
        await self._acked(lane, seq)
        self._came.set()

    async def all(self) -> None:
        """Nothing waits any more."""
        self._came.clear()
        while (await self._outbox.depth()).live:
            await self._came.wait()
            self._came.clear()


if __name__ == "__main__":
    state, mode, *given = sys.argv[1:]
    asyncio.run(main(Path(state), mode, *map(int, given)))
