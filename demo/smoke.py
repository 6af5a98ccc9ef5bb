"""One seeded day, played as fast as the product follows, and judged against the oracle."""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from math import ceil
from pathlib import Path
from zoneinfo import ZoneInfo

from demo import other
from demo.clinic.leads import GivenDeal
from demo.clinic.oracle import expected, given
from demo.folder import in_memory
from demo.install import ZONE
from demo.judge import Verdict, judge, put
from demo.product import DATABASE, Product, started

DAY = date(2026, 11, 24)
TICK = timedelta(minutes=30)
SHOWN = 20
"""Visits of which it is told what differs."""
_PLANNED = 0.8
"""Of the visits that are asked for: a day concerns a third more than it is planned for, those whose patients call or come by themselves."""
_LEAST_OTHERS, _MOST_OTHERS = 12, 30
"""Visits of the branch that has a database of its own."""


@dataclass(frozen=True)
class Kill:
    """`kill -9` of the agent or the hub when the business clock reaches a time."""

    who: str
    at: datetime

    @classmethod
    def parse(cls, text: str) -> "Kill":
        """From `agent@12:30`."""
        who, _, clock = text.partition("@")
        if who not in ("agent", "hub"):
            raise argparse.ArgumentTypeError("write agent@HH:MM or hub@HH:MM")
        hour, _, minute = clock.partition(":")
        return cls(who, at(int(hour), int(minute or 0)))


def at(hour: int, minute: int = 0) -> datetime:
    """A time of the smoke day."""
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=ZoneInfo(ZONE))


async def smoke(
    *, seed: int, visits: int, kills: list[Kill], hub: str = "hub", agent: str = "agent", keep: Path | None = None
) -> int:
    """Play the day; returns the exit code: 0 when nothing differs."""
    begun = time.monotonic()
    with _folder(keep) as folder:
        others = min(max(_LEAST_OTHERS, visits // 10), _MOST_OTHERS)
        async with started(
            folder, seed=seed, visits=ceil(_PLANNED * visits), day=DAY, opens=at(7), hub=hub, agent=agent, others=others
        ) as product:
            while await product.advance(at(7)) < at(7):
                pass  # what the other branch did before: there it is later
            leads = given(product.clinic_file, seed)
            stood = await put(leads, product.crm["url"], product.crm["token"], turn_clock=product.set_clock)
            await product.catch_up()  # these cards are days old
            product.set_clock(at(7))
            await product.start_agents()
            await _play(product, kills)
            verdict = await _judge(product, stood, visits)
            requests = await _requests(product)
        say(f"seed {seed}, {requests}, {time.monotonic() - begun:.0f} s")
        for line in islice(verdict.by_visit(), SHOWN):
            say(f"  {line}")
        print(verdict.line())
        return 0 if verdict.good else 1


async def _play(product: Product, kills: list[Kill]) -> None:
    """Tick by tick: the clock moves only when all that happened has arrived."""
    now, pending = at(7), sorted(kills, key=lambda kill: kill.at)
    await product.idle(now)
    while now < at(23):
        reached = await product.advance(min(now + TICK, at(23)))
        while pending and pending[0].at <= reached:
            kill = pending.pop(0)
            say(f"{reached:%H:%M}: kill -9 {kill.who}")
            await (product.restart_agent() if kill.who == "agent" else product.restart_hub())
        await product.idle(reached)
        now = reached
        _progress(now)


async def _judge(product: Product, stood: list[GivenDeal], visits: int) -> Verdict:
    first = await _verdict(product, product.clinic_file, DATABASE, ZONE, stood, visits)
    if product.other is None:
        return first
    there = product.other
    return first.and_also(await _verdict(product, there.clinic_file, other.DATABASE, other.ZONE, [], there.visits))


async def _verdict(
    product: Product, file: Path, database: str, zone: str, stood: list[GivenDeal], at_least: int
) -> Verdict:
    should = expected(file, database=database, live_since=at(7), now=at(23), zone=zone, given=stood, home=ZONE)
    return await judge(should, product.crm["url"], product.crm["token"], database=database, at_least=at_least)


async def _requests(product: Product) -> str:
    async with product.session.get(f"{product.crm['url']}/_stand-in/counts") as answer:
        counts = await answer.json()
    return f"requests {counts['requests']}, most in a second {counts['most_in_a_second']}, refused {counts['refused']}"


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="ident-smoke-", dir=in_memory()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _progress(now: datetime) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{now:%H:%M} ")
        sys.stderr.flush()


def say(text: str) -> None:
    """Tell the person who runs it; the result alone goes to standard output."""
    print(text, file=sys.stderr, flush=True)
