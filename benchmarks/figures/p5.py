"""P5: durable ingest, beside rows that go from SQLite over a WebSocket into PostgreSQL with no product around them (C1, C2)."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.figure import Figure, Line, Run, interleaved
from benchmarks.rig import enrolled, installed, started, told_by
from benchmarks.stats import Goal, quantile
from tests import postgres

NAME = "P5"
LATENCY, RATE, LEAST_RATE = Goal(3.0), Goal(0.3, at_most=False), Goal(5000, at_most=False)
WINDOW = 4
BATCHES = (50, 500)
DATABASES = ("floor", "product")


@dataclass(frozen=True)
class _Pipe:
    """Where the floor and the product's agent live."""

    run: Run
    port: int
    agent: Path

    async def floor(self) -> dict[str, float]:
        """C1, then C2."""
        rates = [await self._bare(batch, WINDOW, self._changes // batch) for batch in BATCHES]
        alone = await self._bare(1, 1, self._alone)
        return _block(alone, rates)

    async def product(self) -> dict[str, float]:
        """The same changes, the product's own way."""
        state, changes = str(self.agent), str(self._changes)
        rates = [await told_by(self.run.folder, "pusher", state, "many", str(batch), changes) for batch in BATCHES]
        return _block(await told_by(self.run.folder, "pusher", state, "one", str(self._alone)), rates)

    async def _bare(self, *sizes: int) -> dict[str, Any]:
        where = (str(self.port), str(self.run.folder / "floor.db"))
        return await told_by(self.run.folder, "floors.pipe_agent", *where, *map(str, sizes))

    @property
    def _changes(self) -> int:
        return self.run.size(20_000, 1000)

    @property
    def _alone(self) -> int:
        return self.run.size(300, 10)


def _block(alone: dict[str, Any], rates: list[dict[str, Any]]) -> dict[str, float]:
    found = {f"rate {batch}": rate["rows_per_second"] for batch, rate in zip(BATCHES, rates, strict=True)}
    return {"p50": quantile(alone["ms"], 0.5), "p99": quantile(alone["ms"], 0.99), **found}


async def measure(run: Run) -> list[Line]:
    """On PostgreSQL, as the floor; its commits are on the disk."""
    with durable_postgres() as server:
        await make(server, *DATABASES)
        agent, bare, ours = run.folder / "agent", server.url("floor"), server.url("product")
        async with (
            installed(run.folder, database_url=ours) as rig,
            started(run.folder, "floors.pipe_hub", bare) as (_, told),
        ):
            await asyncio.to_thread(enrolled, rig, agent)
            pipe = _Pipe(run, told["port"], agent)
            blocks = await interleaved(run, pipe.floor, pipe.product)
    lines = [
        blocks.ratio(NAME, "one change acked, p99 by C1", "p99", "p99", LATENCY),
    ]
    for batch in BATCHES:
        name, unit = f"rate {batch}", "rows/s"
        lines.append(blocks.ratio(NAME, f"durable ingest, batches of {batch}, by C2", name, name, RATE, unit))
        lines.append(blocks.promise(NAME, f"durable ingest, batches of {batch}", name, LEAST_RATE, unit))
    return lines


@contextlib.contextmanager
def durable_postgres() -> Iterator[postgres.Server]:
    """A server of our own whose commits are on the disk."""
    with postgres.installed() as server, postgres.started(server, durable=True):
        yield server


async def make(server: postgres.Server, *databases: str) -> None:
    """Empty databases."""
    connection = await asyncpg.connect(server.url("postgres"))
    for name in databases:
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


FIGURE = Figure(NAME, "durable ingest beside bare SQLite, WebSocket and PostgreSQL (C1, C2)", measure)
