"""What a command-line verb asks the serving process to do: a row that the one writes and the other works at.

The command follows the row's progress. A process says that it serves by taking the row; while it works at it, by a beat."""

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Never, TypeAlias

from sqlalchemy import Row, delete, insert, select, update

from hub.clock import machine_now
from hub.store.engine import Store
from hub.store.tables import jobs
from wire import log
from wire.errors import NeedsOperator, Park, Retry

logger = logging.getLogger(__name__)

Args: TypeAlias = Mapping[str, Any]
Say: TypeAlias = Callable[[str], Awaitable[None]]
Handler: TypeAlias = Callable[[Args, Say], Awaitable[str]]
"""Does the work, says a line of progress now and then, returns the text that the command prints last."""

State: TypeAlias = Literal["done", "failed", "needs_operator"]

LOOK_EVERY_SECONDS = 0.3
FOLLOW_EVERY_SECONDS = 0.1
KEPT_FOR = timedelta(days=7)
ASKED_WITHIN = timedelta(seconds=60)
"""A row that waits longer was left by a command that was killed: nobody expects any more that it happens."""


class JobFailed(Exception):
    """The serving process could not do it; the text says why."""


@dataclass(frozen=True)
class Patience:
    """How long a command waits for a sign of the serving process."""

    to_be_taken_seconds: float = 5
    between_beats_seconds: float = 15


async def ask(store: Store, verb: str, args: Args, account_id: int | None = None) -> str:
    """Write the row; returns its id."""
    job = f"job_{secrets.token_hex(8)}"
    sealed = store.keys.hub().seal(json.dumps(args), f"jobs.args:{job}")
    async with store.hub_writing() as connection:
        await connection.execute(
            insert(jobs).values(id=job, account_id=account_id, verb=verb, sealed_args=sealed, asked_at=machine_now())
        )
    return job


async def follow(store: Store, job: str, tell: Callable[[str], None], patience: Patience = Patience()) -> str:
    """Tell each line of progress as it comes; returns the result, raises `JobFailed` or `NeedsOperator`."""
    clock = asyncio.get_running_loop().time
    told, sign, sign_at = 0, None, clock()
    while True:
        row = await _row(store, job)
        for line in row.progress.splitlines()[told:]:
            tell(line)
            told += 1
        if row.state not in ("waiting", "taken"):
            return _result(row.state, store.keys.hub().open(row.sealed_result, f"jobs.result:{job}"))
        if sign != (row.state, row.beat_at):
            sign, sign_at = (row.state, row.beat_at), clock()
        await _lose_patience(store, job, row.state, clock() - sign_at, patience)
        await asyncio.sleep(FOLLOW_EVERY_SECONDS)


async def _lose_patience(store: Store, job: str, state: str, silent_seconds: float, patience: Patience) -> None:
    if state == "waiting":
        if silent_seconds > patience.to_be_taken_seconds and await _withdrawn(store, job):
            raise NeedsOperator("Start the hub (ident-hub run): no process serves this database.")
    elif silent_seconds > patience.between_beats_seconds:
        raise JobFailed("The hub stopped while it worked at this. When it runs again, give the same command.")


async def _row(store: Store, job: str) -> Row[Any]:
    async with store.hub_reading() as connection:
        return (await connection.execute(select(jobs).where(jobs.c.id == job))).one()


async def _withdrawn(store: Store, job: str) -> bool:
    """Take the row back, unless a process took it at this very moment: what was given up must not happen later."""
    async with store.hub_writing() as connection:
        gone = await connection.execute(delete(jobs).where(jobs.c.id == job, jobs.c.state == "waiting"))
    return gone.rowcount == 1


def _result(state: str, text: str) -> str:
    if state == "needs_operator":
        raise NeedsOperator(text)
    if state == "failed":
        raise JobFailed(text)
    return text


class Jobs:
    """The serving end: takes rows as they come and works at them one by one."""

    def __init__(self, store: Store, handlers: Mapping[str, Handler]) -> None:
        self._store, self._handlers = store, handlers
        self._taken: asyncio.Queue[str] = asyncio.Queue()
        self._mine: set[str] = set()

    async def take_all(self) -> Never:
        """The loop that shows that somebody serves."""
        while True:
            await self.take()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def work_at_all(self) -> Never:
        """The loop that does the work."""
        while True:
            await self.work()

    async def take(self) -> None:
        """Take what waits, give a sign of life for what is ours, forget what is long over."""
        now = machine_now()
        waits = (jobs.c.state == "waiting") & (jobs.c.asked_at > now - ASKED_WITHIN)
        async with self._store.hub_reading() as connection:
            if not self._mine and not (await connection.execute(select(jobs.c.id).where(waits))).all():
                return
        async with self._store.hub_writing() as connection:
            await connection.execute(update(jobs).where(jobs.c.id.in_(self._mine)).values(beat_at=now))
            took = update(jobs).where(waits).values(state="taken", beat_at=now)
            rows = (await connection.execute(took.returning(jobs.c.id, jobs.c.asked_at))).all()
            await connection.execute(delete(jobs).where(jobs.c.asked_at < now - KEPT_FOR))
        for row in sorted(rows, key=lambda row: row.asked_at):
            self._mine.add(row.id)
            self._taken.put_nowait(row.id)

    async def work(self) -> None:
        """Wait for one that was taken, and do it."""
        job = await self._taken.get()
        try:
            row = await _row(self._store, job)
            args = json.loads(self._store.keys.hub().open(row.sealed_args, f"jobs.args:{job}"))
            state, text = await self._attempt(job, row.verb, args)
            sealed = self._store.keys.hub().seal(text, f"jobs.result:{job}")
            async with self._store.hub_writing() as connection:
                await connection.execute(update(jobs).where(jobs.c.id == job).values(state=state, sealed_result=sealed))
        finally:
            self._mine.discard(job)  # should it not be done, its beat stops, and the command hears of it
        log.info(logger, "job.finished", kind=row.verb, code=state)

    async def _attempt(self, job: str, verb: str, args: Args) -> tuple[State, str]:
        async def say(line: str) -> None:
            async with self._store.hub_writing() as connection:
                told = jobs.c.progress + line + "\n"
                await connection.execute(update(jobs).where(jobs.c.id == job).values(progress=told))

        if verb not in self._handlers:
            return "failed", f"The hub that serves does not know {verb}: bring both to the same release."
        try:
            return "done", await self._handlers[verb](args, say)
        except NeedsOperator as needed:
            return "needs_operator", needed.hint
        except Retry as later:
            after = f" after {later.after:.0f} s" if later.after else ""
            return "failed", f"It did not work now ({type(later).__name__}). Try again{after}."
        except Park as refused:
            return "failed", f"It was refused: {refused}."
        except Exception as mistake:  # noqa: BLE001 a fence: a defect in one command must not stop every clinic's delivery
            log.defect(logger, "job.broken", mistake, kind=verb)
            return "failed", f"A defect of the hub: look for job.broken in its log ({verb})."
