"""F1: from the commit in the clinic until it is durable in the hub, at the default settings, beside the same way with no product around it
(C1) after half a second of waiting for the next scan."""

import asyncio
import random
import time

import asyncpg

from agent.scan import DEFAULT_PACE
from benchmarks.clinic import Desk, copied, large
from benchmarks.figure import Figure, Line, Run, interleaved
from benchmarks.figures.p5 import durable_postgres, make
from benchmarks.rig import Clinic, installed, started, told_by
from benchmarks.stats import Goal, quantile

NAME = "F1"
RATIO, P50, P99 = Goal(1.5), Goal(0.8), Goal(2.0)
LOOK_SECONDS = 0.002
PATIENCE_SECONDS = 30
_ARRIVAL = "SELECT arrival FROM records WHERE kind = 'visit' AND key = $1"


async def measure(run: Run) -> list[Line]:
    """One change after another, each at a moment of its own between two scans."""
    changes, luck = run.size(120, 3), random.Random(1)
    with durable_postgres() as server:
        await make(server, "floor", "product")
        async with (
            installed(run.folder, database_url=server.url("product")) as rig,
            started(run.folder, "floors.pipe_hub", server.url("floor")) as (_, told),
        ):
            path = copied(run, await large(run))
            clinic = Clinic(rig, run.folder, path, run.size(3600, 60))
            await clinic.enrol()
            run.say("first load")
            await clinic.load()
            await clinic.agent.start()
            await clinic.until(lambda database: bool(database["connected"]))
            hub, desk = await asyncpg.connect(server.url("product")), Desk(path)

            async def floor() -> dict[str, float]:
                where = (str(told["port"]), str(run.folder / "floor.db"), "1", "1", str(run.size(300, 10)))
                alone = (await told_by(run.folder, "floors.pipe_agent", *where))["ms"]
                return {"p99": DEFAULT_PACE.every_seconds + quantile(alone, 0.99) / 1000}

            async def product() -> dict[str, float]:
                took = []
                for _ in range(changes):
                    await asyncio.sleep(luck.random() * 2 * DEFAULT_PACE.every_seconds)
                    took.append(await until_durable(hub, desk))
                return {"p50": quantile(took, 0.5), "p99": quantile(took, 0.99)}

            blocks = await interleaved(run, floor, product)
            await clinic.agent.stop()
            desk.close()
            await hub.close()
    return [
        blocks.ratio(NAME, "commit to durable, p99 by scan interval + C1", "p99", "p99", RATIO, "s"),
        blocks.promise(NAME, "commit to durable, p50", "p50", P50, "s"),
        blocks.promise(NAME, "commit to durable, p99", "p99", P99, "s"),
    ]


async def until_durable(hub: asyncpg.Connection, desk: Desk) -> float:
    """Seconds from the commit."""
    key = desk.peek()
    before = await hub.fetchval(_ARRIVAL, key)
    desk.move()
    begun = time.perf_counter()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await hub.fetchval(_ARRIVAL, key) == before:  # noqa: ASYNC110 another process commits
            await asyncio.sleep(LOOK_SECONDS)
    return time.perf_counter() - begun


FIGURE = Figure(NAME, "from the commit in the clinic to durable in the hub", measure)
