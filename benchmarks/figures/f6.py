"""F6: a first load over 1 Mbit/s, 150 ms each way and 1 % loss, with cards opened meanwhile. Measured at a tenth of a clinic, told for a
whole one: the line is what limits it, so the time grows as the load does."""

import asyncio
import json
from pathlib import Path

from benchmarks.browser import Browser
from benchmarks.figure import Blocks, Figure, Line, Run
from benchmarks.figures.p1 import PHONE
from benchmarks.rig import enrolled, installed, started
from benchmarks.stats import Goal, quantile
from demo.install import dial_through
from demo.narrow import Line as NarrowLine
from demo.narrow import Narrow
from demo.processes import Process
from demo.relay import Relay

NAME = "F6"
MINUTES, RECONNECTS, CARD = Goal(60), Goal(0), Goal(1500)
PERSONS, VISITS, TENTH = 60_000, 300_000, 10
EVERY_SECONDS = 1.0


async def measure(run: Run) -> list[Line]:
    """One load: it lasts long enough for many losses. No floor: the promise is to people."""
    share = TENTH if not run.quick else 1000
    persons, visits = PERSONS // share, VISITS // share
    async with installed(run.folder) as rig:
        await asyncio.to_thread(enrolled, rig, run.folder / "agent")
        async with Relay(0, rig.port, Narrow(NarrowLine(), seed=1).pump) as relay:
            dial_through(run.folder, relay.port)
            user = await rig.admin()
            deal = await rig.deal(user, "Demo", PHONE)
            loads = started(run.folder, "narrow_load", str(run.folder / "agent"), str(persons), str(visits), PHONE)
            async with loads as (process, _):
                run.say(f"{persons} persons and {visits} visits over a narrow line")
                browser = rig.browser(user, f"/panel/v1/deals/{deal}")
                took, seconds = await cards_until(run.folder / "agent" / "load.json", browser, process)
            browser.close()
            found = {
                "minutes": seconds * share / 60,
                "reconnects": float(relay.connections - 1),
                "card": quantile(took, 0.99),
            }
    blocks = Blocks(product=[found])
    return [
        blocks.promise(NAME, "first load over a narrow line", "minutes", MINUTES, "min"),
        blocks.promise(NAME, "reconnects meanwhile", "reconnects", RECONNECTS, ""),
        blocks.promise(NAME, f"card meanwhile, p99 of {len(took)}", "card", CARD),
    ]


async def cards_until(done: Path, browser: Browser, process: Process) -> tuple[list[float], float]:
    """Open a card every second until the load is done: milliseconds of each, and the seconds of the load."""
    took: list[float] = []
    while not done.exists():  # noqa: ASYNC240 another process writes it
        process.check()
        took += await asyncio.to_thread(browser.timed, 1)
        await asyncio.sleep(EVERY_SECONDS)
    return took, float(json.loads(done.read_text())["seconds"])  # noqa: ASYNC240 the relay has nothing to carry any more


FIGURE = Figure(NAME, "a first load over a narrow line, with cards opened meanwhile", measure)
