"""A large made-up clinic, made once a run, and the agent's own view of it after a whole pass."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.mis.sqlite import open_sqlite
from agent.outbox import Outbox, open_outbox
from agent.scan import Pace, Scan
from agent.standing import Standing
from benchmarks.figure import Run
from demo.clinic.database import Database
from demo.clinic.form import Form
from demo.clinic.make import create
from wire.frames import LaneStart, Welcome

DAY = date(2026, 11, 24)
ZONE = ZoneInfo("Europe/Moscow")
FIELDS = ("visit.comment:off", "visit.services:off")
KEY = bytes(32)
RECEPTIONS, FEW = 500_000, 2_000
AT_FULL_SPEED = Pace(every_seconds=0, share=1, verify_every_seconds=1e9)


async def large(run: Run) -> Path:
    """The clinic's file; whoever writes takes a copy."""
    receptions = run.size(RECEPTIONS, FEW)
    path = run.shared / f"clinic-{receptions}.db"
    if not path.exists():
        run.say(f"making a clinic of {receptions} receptions")
        draft = path.with_suffix(".new")
        form = Form.of(None, receptions)
        await asyncio.to_thread(create, draft, seed=1, day=DAY, zone=ZONE.key, form=form)
        draft.replace(path)
    return path


def copied(run: Run, clinic: Path) -> Path:
    """One that may be written to."""
    path = run.folder / clinic.name
    shutil.copyfile(clinic, path)
    return path


async def read_whole(run: Run) -> tuple[Path, Path]:
    """A large clinic, and the outbox of an agent that has read it whole; both may be written to."""
    clinic = await large(run)
    read = run.shared / f"outbox-{clinic.stem}.db"
    if not read.exists():
        run.say("reading it whole")
        draft = read.with_suffix(".new")
        async with open_sqlite(clinic) as mis, outbox_of(draft) as (outbox, standing):
            scan = Scan(mis, outbox, standing, zone=ZONE, fields=FIELDS, pace=AT_FULL_SPEED)
            while await outbox.cursor("load") != "done":
                await scan.step()
        draft.replace(read)
    outbox_file = run.folder / "outbox.db"
    shutil.copyfile(read, outbox_file)
    return copied(run, clinic), outbox_file


@contextlib.asynccontextmanager
async def outbox_of(path: Path) -> AsyncIterator[tuple[Outbox, Standing]]:
    """The agent's file, as after its first welcome; what is pushed stays in it."""
    async with open_outbox(path, KEY, FIELDS) as outbox:
        start = LaneStart(seq=0)
        await outbox.resumed(Welcome(generation=1, lanes={"live": start, "backfill": start}))
        yield outbox, Standing()


def some_patients(clinic: Path, many: int) -> list[str]:
    """Spread over the whole clinic, each with visits."""
    with contextlib.closing(sqlite3.connect(f"file:{clinic}?mode=ro", uri=True)) as db:
        ids = [
            row[0] for row in db.execute("SELECT DISTINCT ID_Patients FROM Receptions WHERE ID_Patients IS NOT NULL")
        ]
    step = max(1, len(ids) // many)
    return [str(key) for key in sorted(ids)[::step][:many]]


class Desk:
    """Somebody at the clinic who moves the ends of visits to come: each move is one transaction."""

    def __init__(self, clinic: Path) -> None:
        self._database = Database(clinic)
        now = self._database.now()
        self._keys: Sequence[int] = [
            row[0]
            for row in self._database.execute(
                "SELECT ID FROM Receptions WHERE PlanStart BETWEEN ? AND ? AND ID_Patients IS NOT NULL AND ReceptionCanceled IS NULL",
                (now.isoformat(" "), (now + timedelta(days=30)).isoformat(" ")),
            )
        ]
        self._next = 0

    def close(self) -> None:
        """Go home."""
        self._database.__exit__(None, None, None)

    def peek(self) -> str:
        """The key of the visit that is changed next."""
        return str(self._keys[self._next % len(self._keys)])

    def move(self) -> None:
        """Change the next visit."""
        key = self._keys[self._next % len(self._keys)]
        self._next += 1
        minutes = 1 + self._next // len(self._keys)
        with self._database.act("bench", "bench", self._database.now(), None) as act:
            ends: datetime = self._database.row("Receptions", key)["PlanEnd"]
            act.change("Receptions", key, PlanEnd=ends + timedelta(minutes=minutes))
