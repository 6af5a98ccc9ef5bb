"""P3: a card answered by the agent in a large clinic, beside the same keyed reads with nothing around them."""

import itertools
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from agent.lookup import Lookup
from agent.mis.sqlite import open_sqlite
from agent.scan import Scan
from benchmarks.clinic import FIELDS, ZONE, outbox_of, read_whole, some_patients
from benchmarks.figure import Figure, Line, Run, interleaved
from benchmarks.stats import Goal, quantile
from wire.frames import Ask

NAME = "P3"
P50, P99 = Goal(15), Goal(50)
DEADLINE_MS = 10_000
T = TypeVar("T")


class Noting:
    """Takes note of each piece of work on a connection, so that the floor can do it again on one of its own."""

    def __init__(self) -> None:
        self.works: list[Callable[[sqlite3.Connection], Any]] = []

    def put_into(self, mis: Any) -> None:
        """From now on."""
        work = mis._work  # noqa: SLF001 there is no other place where the text that is run can be seen

        def noted(one: Callable[[sqlite3.Connection], T]) -> T:
            self.works.append(one)
            found: T = work(one)
            return found

        mis._work = noted  # noqa: SLF001


async def measure(run: Run) -> list[Line]:
    """Each patient once a block, by id and, as a card asks, by his phones."""
    (clinic, read), cards = await read_whole(run), run.size(300, 10)
    patients = some_patients(clinic, cards)
    async with (
        open_sqlite(clinic) as asked,
        open_sqlite(clinic) as searched,
        outbox_of(read) as (outbox, standing),
    ):
        scan = Scan(searched, outbox, standing, zone=ZONE, fields=FIELDS)
        await scan.step()  # from then on it is known what can be read
        minutes = itertools.count(0, 60)  # of the rate limit: no question is one too many
        lookup = Lookup(asked, searched, outbox, standing, zone=ZONE, fields=FIELDS, monotonic=lambda: next(minutes))
        told = [await lookup.answer(_asks({"patient_ids": [patient]})) for patient in patients]
        phones = [answer["patients"][0].get("phones", ()) for answer in told]
        noting = Noting()
        noting.put_into(asked)
        each: list[list[Callable[[sqlite3.Connection], Any]]] = []

        async def product() -> dict[str, float]:
            each.clear()
            took = []
            for patient, numbers in zip(patients, phones, strict=True):
                begun = time.perf_counter()
                await lookup.answer(_asks({"patient_ids": [patient], "phones": list(numbers)}))
                took.append((time.perf_counter() - begun) * 1000)
                each.append(noting.works[:])
                noting.works.clear()
            return {"p50": quantile(took, 0.5), "p99": quantile(took, 0.99)}

        async def floor() -> dict[str, float]:
            return bare(clinic, each)

        await product()  # the floor repeats what it did
        blocks = await interleaved(run, floor, product)
    return [
        blocks.promise(NAME, "card from the clinic, p50", "p50", P50),
        blocks.promise(NAME, "card from the clinic, p99", "p99", P99),
        Line(NAME, "the same beside its bare reads, p50", blocks.ratio(NAME, "", "p50", "p50", P50).found, "x", None),
    ]


def bare(clinic: Path, each: list[list[Callable[[sqlite3.Connection], Any]]]) -> dict[str, float]:
    """The statements of each card, run one after another where they are."""
    db = sqlite3.connect(":memory:", isolation_level=None, uri=True)
    db.execute("ATTACH ? AS dbo", (f"file:{clinic}?mode=ro",))
    took = []
    for works in each:
        begun = time.perf_counter()
        for work in works:
            work(db)
        took.append((time.perf_counter() - begun) * 1000)
    db.close()
    return {"p50": quantile(took, 0.5), "p99": quantile(took, 0.99)}


def _asks(args: dict[str, Any]) -> Ask:
    return Ask(id=1, ask="card", args=args, deadline_ms=DEADLINE_MS)


FIGURE = Figure(NAME, "a card answered by the agent of a large clinic", measure)
