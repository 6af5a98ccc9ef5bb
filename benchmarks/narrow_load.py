"""Lets a clinic's outbox hold what a first reading finds: `narrow_load FOLDER PERSONS VISITS PHONE` fills the file of an enrolled agent,
and its link carries it to the hub at the address that the identity names. Writes into load.json how long it took until nothing waited."""

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
from benchmarks.quiet_agent import Ready
from hub.clock import machine_now
from wire.model import Branch, Patient, Practitioner, Visit

BATCH = 500
KEY = bytes(32)


async def main(folder: Path, persons: int, visits: int, phone: str) -> None:
    """Tells when it is ready; the question that operators ask is answered too."""
    who = identity.identity(folder)
    if who is None:
        raise SystemExit("not enrolled")
    standing = Standing()
    standing.mis("ok")
    async with open_outbox(folder / "outbox.db", KEY, ()) as outbox, asyncio.TaskGroup() as tasks:
        link = Link(who, outbox, standing, fields=(), state_every=10, software=software(), lookup=Ready(phone))
        running = tasks.create_task(link.run())
        while link.stand.phase != "open":
            link.changed.clear()
            await link.changed.wait()
        print(json.dumps({"ready": True}), flush=True)
        begun = time.monotonic()
        await fill(outbox, persons, visits)
        while (await outbox.depth()).backfill:  # noqa: ASYNC110 nothing else tells
            await asyncio.sleep(0.05)
        (folder / "load.new").write_text(json.dumps({"seconds": time.monotonic() - begun}))
        (folder / "load.new").replace(folder / "load.json")
        running.cancel()


async def fill(outbox: Outbox, persons: int, visits: int) -> None:
    """As a pass does: page by page."""
    now = machine_now()
    readings = [
        Reading("patient", str(n), now, Patient(id=str(n), name=f"Demo patient {n}", phones=(f"+7999{n:07}",)))
        for n in range(persons)
    ]
    readings += [
        Reading(
            "visit",
            str(n),
            now,
            Visit(
                id=str(n),
                patient_id=str(n % max(persons, 1)),
                status="fulfilled",
                start=now,
                end=now,
                practitioner=Practitioner(id=str(n % 17), name="Demo doctor"),
                branch=Branch(id="1", name="Demo branch"),
            ),
        )
        for n in range(visits)
    ]
    for start in range(0, len(readings), BATCH):
        await outbox.record(readings[start : start + BATCH], lane="backfill")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
