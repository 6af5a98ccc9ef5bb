"""P6: what the agent weighs after a whole pass beside the bare imports of its libraries (M1), what it costs while nothing happens, and how
soon after its start it is connected."""

import asyncio
import os
import time
from pathlib import Path

from benchmarks.clinic import copied, large
from benchmarks.figure import Figure, Line, Run, interleaved
from benchmarks.floors.imports import resident_mib
from benchmarks.rig import FAST, Clinic, Speed, installed, told_by
from benchmarks.stats import Goal

NAME = "P6"
HARDLY = Speed(0.001)
"""No page comes while we look."""
MEMORY, IDLE, CONNECTED = Goal(1.8), Goal(0.5), Goal(2)


async def measure(run: Run) -> list[Line]:
    """Each block starts the agent anew, lets it read everything once more, and then looks at it while it has nothing to do."""
    idle_seconds, settle_seconds = run.size(30, 3), run.size(10, 1)
    async with installed(run.folder) as rig:
        clinic = Clinic(rig, run.folder, copied(run, await large(run)), run.size(3600, 60))
        await clinic.enrol()
        run.say("first load")
        await clinic.load()
        clinic.pace(FAST)  # what a pass leaves behind does not depend on how long it takes

        async def floor() -> dict[str, float]:
            return {"mib": (await told_by(run.folder, "floors.imports"))["mib"]}

        async def product() -> dict[str, float]:
            clinic.turn_clock(1)
            before, begun = (await clinic.database())["verified_through"], time.monotonic()
            await clinic.agent.start()
            await clinic.until(lambda database: bool(database["connected"]), every=0.01)
            connected = time.monotonic() - begun
            await clinic.until(lambda database: database["verified_through"] != before, every=0.5)
            weight = resident_mib(clinic.agent.pid)
            await clinic.agent.stop()
            return {"connected": connected, "mib": weight, "idle": await idle()}

        async def idle() -> float:
            clinic.pace(HARDLY)
            await clinic.agent.start()
            await clinic.until(lambda database: bool(database["connected"]))
            await asyncio.sleep(settle_seconds)
            percent = await idle_percent(clinic.agent.pid, idle_seconds)
            await clinic.agent.stop()
            clinic.pace(FAST)
            return percent

        blocks = await interleaved(run, floor, product)
    return [
        blocks.ratio(NAME, "memory after a whole pass, by M1", "mib", "mib", MEMORY, "MiB"),
        blocks.promise(NAME, "CPU of one core without the pass", "idle", IDLE, "%"),
        blocks.promise(NAME, "start to connected", "connected", CONNECTED, "s"),
    ]


async def idle_percent(pid: int, seconds: float) -> float:
    """Of one core, over so many seconds."""
    before, begun = _cpu_seconds(pid), time.monotonic()
    await asyncio.sleep(seconds)
    return 100 * (_cpu_seconds(pid) - before) / (time.monotonic() - begun)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


FIGURE = Figure(NAME, "the agent's memory, idle CPU and start", measure)
