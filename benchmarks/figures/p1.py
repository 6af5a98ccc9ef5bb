"""P1: a lookup through the hub, with all that a card is: token, rights, a durable journal, a deadline, metrics. SQL is stubbed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from benchmarks.browser import Browser
from benchmarks.figure import Figure, Line, Run, interleaved
from benchmarks.rig import enrolled, installed, started
from benchmarks.stats import Goal, quantile

NAME = "P1"
P50, P99 = Goal(2.0), Goal(3.0)
PHONE = "+79990000101"
WARM_UP = 50


async def measure(run: Run) -> list[Line]:
    """One browser, one request after another."""
    requests = run.size(1000, 20)
    async with bare(run) as floor, product(run) as ours:
        for browser in (floor, ours):
            await asyncio.to_thread(browser.timed, WARM_UP)

        async def block(browser: Browser) -> dict[str, float]:
            found = await asyncio.to_thread(browser.timed, requests)
            return {"p50": quantile(found, 0.5), "p99": quantile(found, 0.99)}

        blocks = await interleaved(run, lambda: block(floor), lambda: block(ours))
    return [
        blocks.ratio(NAME, "lookup through the hub, p50 by L3", "p50", "p50", P50),
        blocks.ratio(NAME, "lookup through the hub, p99 by L3", "p99", "p99", P99),
    ]


@contextlib.asynccontextmanager
async def bare(run: Run) -> AsyncIterator[Browser]:
    """Floor L3."""
    async with started(run.folder, "floors.relay_hub") as (_, told):
        async with started(run.folder, "floors.relay_agent", str(told["port"])):
            browser = Browser(told["port"], "/card/4410")
            try:
                yield browser
            finally:
                browser.close()


@contextlib.asynccontextmanager
async def product(run: Run) -> AsyncIterator[Browser]:
    """A card of a deal whose contact has the patient's phone."""
    agent = run.folder / "agent"
    async with installed(run.folder) as rig:
        await asyncio.to_thread(enrolled, rig, agent)
        async with started(run.folder, "quiet_agent", str(agent), PHONE):
            user = await rig.admin()
            deal = await rig.deal(user, "Demo", PHONE)
            browser = rig.browser(user, f"/panel/v1/deals/{deal}")
            try:
                yield browser
            finally:
                browser.close()


FIGURE = Figure(NAME, "a lookup through the hub beside a bare relay (L3)", measure)
