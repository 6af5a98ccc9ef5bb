"""F3: the load on the clinic's database: rows visited beside a naive full scan every 2 s, the longest statements, and whether whoever works
at the clinic notices. Rows are counted by the steps of SQLite's machine, of which a naive scan makes so many for each row."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from agent.mis.sqlite import open_sqlite
from agent.scan import DEFAULT_PACE, Scan
from benchmarks.clinic import FIELDS, ZONE, outbox_of, read_whole
from benchmarks.figure import Blocks, Figure, Line, Run
from benchmarks.rig import told_by
from benchmarks.stats import Goal, quantile

NAME = "F3"
VISITED, LONGEST, WRITER, OPEN = Goal(1 / 20), Goal(50), Goal(0.95, at_most=False), Goal(0)
NAIVE_EVERY_SECONDS = 2
BUSY_EVERY_SECONDS = 0.5
"""A clinic where many work."""
NAIVE = "SELECT * FROM Receptions"
GRAIN = 100
"""Steps of SQLite's machine between two looks."""
T = TypeVar("T")


class Meter:
    """Counts what one connection of the agent does."""

    def __init__(self, mis: Any) -> None:
        self.steps, self.took = 0, list[float]()
        self.is_open = False
        self._work = mis._work  # noqa: SLF001 the connection is nowhere else to be seen
        mis._work = self._metered  # noqa: SLF001

    def _metered(self, one: Callable[[sqlite3.Connection], T]) -> T:
        def counted(db: sqlite3.Connection) -> T:
            db.set_progress_handler(self._count, GRAIN)
            begun = time.perf_counter()
            try:
                return one(db)
            finally:
                self.took.append((time.perf_counter() - begun) * 1000)
                self.is_open = db.in_transaction

        found: T = self._work(counted)
        return found

    def _count(self) -> int:
        self.steps += GRAIN
        return 0


async def measure(run: Run) -> list[Line]:
    """The first load is over; passes go on at the default pace."""
    (clinic, read), seconds = await read_whole(run), run.size(30, 3)
    naive = steps_of(clinic, NAIVE)
    blocks = Blocks()

    async with open_sqlite(clinic) as mis, outbox_of(read) as (outbox, standing):
        scan, meter = Scan(mis, outbox, standing, zone=ZONE, fields=FIELDS, pace=DEFAULT_PACE), Meter(mis)
        await scan.step()

        for number in range(1, run.blocks + 1):
            run.say(f"block {number} of {run.blocks}: the clinic alone")
            blocks.floor.append(await told_by(run.folder, "writer", str(clinic), str(seconds), "0"))
            run.say(f"block {number} of {run.blocks}: the clinic and the agent")
            async with asyncio.TaskGroup() as tasks:
                stays = tasks.create_task(open_after_steps(scan, meter))
                haste = await told_by(run.folder, "writer", str(clinic), str(seconds), "0")
                await asyncio.sleep(2 * DEFAULT_PACE.every_seconds)  # what that brought is read
                meter.steps, meter.took, begun = 0, [], time.monotonic()
                await told_by(run.folder, "writer", str(clinic), str(seconds), str(BUSY_EVERY_SECONDS))
                visited = meter.steps / (time.monotonic() - begun) / (naive / NAIVE_EVERY_SECONDS)
                stays.cancel()
            blocks.product.append(
                haste | {"visited": visited, "longest": quantile(meter.took, 0.99), "open": float(meter.is_open)}
            )
    return [
        blocks.promise(NAME, "rows visited, of a naive scan's", "visited", VISITED, "x"),
        blocks.promise(NAME, "longest statement, p99", "longest", LONGEST),
        blocks.ratio(NAME, "writer's throughput, by the clinic alone", "per_second", "per_second", WRITER, "/s"),
        blocks.promise(NAME, "transactions open after a step", "open", OPEN, "blocks"),
    ]


async def open_after_steps(scan: Scan, meter: Meter) -> None:
    """The scan's own loop; a transaction that a step leaves open is remembered."""
    was_open = False
    while True:
        wait = await scan.step()
        was_open = meter.is_open = meter.is_open or was_open
        await asyncio.sleep(wait)


def steps_of(clinic: Path, statement: str) -> int:
    """How many steps SQLite's machine makes for it."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += GRAIN
        return 0

    db = sqlite3.connect(f"file:{clinic}?mode=ro", uri=True)
    db.set_progress_handler(count, GRAIN)
    db.execute(statement).fetchall()
    db.close()
    return steps


FIGURE = Figure(NAME, "the load on the clinic's database", measure)
