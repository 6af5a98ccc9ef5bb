"""The outbox as the rest of the agent sees it: async methods over one thread that owns the file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from time import time
from types import MappingProxyType
from typing import TypeVar, cast

from agent.outbox import entries, index, owners, positions
from agent.outbox.entries import Writer
from agent.outbox.file import abandon, connect, get, is_damage, put, transaction
from agent.outbox.index import Index
from agent.outbox.journal import Journal
from agent.outbox.known import Known
from agent.outbox.owners import Owners
from agent.outbox.seal import Seal
from agent.outbox.values import GenerationChanged, Reading, Snapshot
from wire.frames import MAX_PUSH_BYTES, Lane, OutboxDepth, PassBegin, PassEnd, Push, Welcome
from wire.lanes import Sent
from wire.model import Kind

T = TypeVar("T")
NO_CURSORS: Mapping[str, str] = MappingProxyType({})


class Outbox:
    """Every method is one transaction on the file's own thread, durable when it returns."""

    def __init__(
        self,
        thread: ThreadPoolExecutor,
        db: sqlite3.Connection,
        seal: Seal,
        fields: tuple[str, ...],
        clock: Callable[[], float],
        relations: Mapping[str, int],
    ) -> None:
        self._thread, self._db, self._seal, self._fields, self._clock = thread, db, seal, fields, clock
        self.known = Known(self._run)
        """What the scan asks about entities recorded before."""
        self.index = Index(self._run, seal)
        """What lookups ask before they read."""
        self.owners = Owners(self._run, relations)
        """Whose rows are, where the clinic's database has no index that says so."""
        self.journal = Journal(self._run, self._write)
        self.changed = asyncio.Event()
        """Set when something new can go; cleared by its one reader, the link."""

    async def record(
        self,
        readings: Iterable[Reading],
        *,
        lane: Lane,
        cursors: Mapping[str, str] = NO_CURSORS,
        read_through: datetime | None = None,
        verified_through: datetime | None = None,
        generation: int | None = None,
    ) -> int:
        """Queue what differs from what was recorded before, together with the cursors; say how many differed. Raises
        `GenerationChanged`, and records nothing, where the readings were made for another `generation`."""

        def write(db: sqlite3.Connection) -> int:
            writer = self._writer(db, generation)
            count = sum(writer.record(reading, lane) for reading in readings)
            _note(db, cursors, read_through=read_through, verified_through=verified_through)
            return count

        count = await self._write(write)
        if count:
            self.changed.set()
        return count

    async def cursor(self, name: str) -> str | None:
        """A cursor as it was recorded last."""
        row = await self._run(lambda db: db.execute("SELECT value FROM cursors WHERE name = ?", (name,)).fetchone())
        return None if row is None else str(row[0])

    async def begin_pass(
        self, *kinds: Kind, cursors: Mapping[str, str] = NO_CURSORS, generation: int | None = None
    ) -> None:
        """Queue the begin of a full pass: whatever of these kinds is read from now on is sent, even if it was sent before."""

        def write(db: sqlite3.Connection) -> None:
            writer = self._writer(db, generation)
            for kind in kinds:
                _blank(db, kind)
                writer.mark("pass-begin", kind)
            _note(db, cursors)

        await self._write(write)
        self.changed.set()

    async def end_pass(
        self,
        *kinds: Kind,
        cursors: Mapping[str, str] = NO_CURSORS,
        verified_through: datetime | None = None,
        generation: int | None = None,
    ) -> None:
        """Queue its end: keys of these kinds that did not go in between have vanished."""

        def write(db: sqlite3.Connection) -> None:
            writer = self._writer(db, generation)
            for kind in kinds:
                writer.mark("pass-end", kind)
            index.ended(db, kinds)
            _note(db, cursors, verified_through=verified_through)

        await self._write(write)
        self.changed.set()

    async def forget(self, kind: Kind, keys: Collection[str] = ()) -> None:
        """The hub asked for these again (all of the kind where `keys` is empty): the next reading of each is sent."""
        await self._write(lambda db: _blank(db, kind, tuple(keys)))

    async def generation(self) -> int:
        """The generation that the hub named last; 0 before the first welcome."""
        return await self._run(positions.generation)

    async def database(self) -> str | None:
        """By what the scan knows the clinic's database again; a new generation is no new database."""
        return await self._run(lambda db: cast("str | None", get(db, "database")))

    async def remember_database(self, text: str, fingerprint: str) -> None:
        """Keep it, and what the hub is told of it."""

        def write(db: sqlite3.Connection) -> None:
            put(db, "database", text)
            put(db, "fingerprint", fingerprint)

        await self._write(write)

    async def fingerprint(self) -> str:
        """What `hello` says of the database; "" before it could be read."""
        return await self._run(lambda db: cast("str | None", get(db, "fingerprint")) or "")

    async def serves(self, record: str) -> None:
        """Which of the hub's databases this agent was enrolled for. Another one than before: whatever was known of the clinic's is no
        longer its own."""

        def write(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM meta WHERE name IN ('database', 'fingerprint')")
            put(db, "serves", record)

        if await self._run(lambda db: get(db, "serves")) != record:
            await self.owners.forget()
            await self._write(write)

    async def sent(self) -> dict[Lane, Sent]:
        """Where each lane stands: what `hello` names."""
        return await self._run(positions.sent)

    async def batch(self, lane: Lane, limit_bytes: int = MAX_PUSH_BYTES) -> Push | PassBegin | PassEnd | None:
        """What goes next in this lane, built on what was pushed last: at most `limit_bytes` of JSON (one change always goes).
        None where nothing may go now."""

        def read(db: sqlite3.Connection) -> Push | PassBegin | PassEnd | None:
            sent = {name: lane.last.seq for name, lane in positions.sent(db).items()}
            return entries.batch(db, self._seal, lane, sent, positions.generation(db), limit_bytes)

        return await self._run(read)

    async def pushed(self, lane: Lane, seq: int, text: str) -> None:
        """Remember that `text`, ending at `seq`, is about to be sent. Call it before sending: a text that the hub took and
        that we forgot would look like another history."""
        await self._write(lambda db: positions.pushed(db, lane, seq, text))
        self.changed.set()  # the other lane may have waited for it

    async def acked(self, lane: Lane, seq: int) -> None:
        """The hub holds the lane up to `seq`: forget those entries."""
        await self._write(lambda db: positions.acked(db, lane, seq))

    async def resumed(self, welcome: Welcome) -> bool:
        """Take up what the hub holds. True where a new generation began: digests, positions and cursors are cleared,
        everything is read and sent again."""
        begun = await self._write(lambda db: positions.resumed(db, welcome))
        self.changed.set()
        return begun

    async def snapshot(self) -> Snapshot:
        """Depth and times, read together: with depth 0 all that was committed before `read_through` is durable in the hub."""
        now = self._clock()
        return await self._run(lambda db: _snapshot(db, now))

    async def depth(self) -> OutboxDepth:
        """How much waits."""
        return (await self.snapshot()).depth

    async def times(self) -> tuple[datetime | None, datetime | None]:
        """`read_through` and `verified_through`."""
        snapshot = await self.snapshot()
        return snapshot.read_through, snapshot.verified_through

    def _writer(self, db: sqlite3.Connection, generation: int | None) -> Writer:
        if generation is not None and generation != positions.generation(db):
            raise GenerationChanged
        return Writer(db, self._seal, self._fields, self._clock())

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run(db: sqlite3.Connection) -> T:
            with transaction(db):
                return work(db)

        return await self._run(run)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._db)


def _blank(db: sqlite3.Connection, kind: Kind, keys: tuple[str, ...] = ()) -> None:
    if not keys:
        db.execute("UPDATE known SET digest = x'', form = x'' WHERE kind = ?", (kind,))
    blank = "UPDATE known SET digest = x'', form = x'' WHERE kind = ? AND key = ?"
    db.executemany(blank, [(kind, key) for key in keys])


def _note(
    db: sqlite3.Connection,
    cursors: Mapping[str, str],
    *,
    read_through: datetime | None = None,
    verified_through: datetime | None = None,
) -> None:
    db.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?)", cursors.items())
    for name, moment in (("read_through", read_through), ("verified_through", verified_through)):
        if moment is not None:
            put(db, name, moment.isoformat())


def _snapshot(db: sqlite3.Connection, now: float) -> Snapshot:
    rows = db.execute("SELECT lane, count(*), min(queued_at) FROM entries GROUP BY lane").fetchall()
    counts = {lane: count for lane, count, _ in rows}
    oldest = min((queued_at for _, _, queued_at in rows), default=now)
    depth = OutboxDepth(
        live=counts.get("live", 0), backfill=counts.get("backfill", 0), oldest_seconds=max(0.0, round(now - oldest, 3))
    )
    return Snapshot(depth, _moment(db, "read_through"), _moment(db, "verified_through"))


def _moment(db: sqlite3.Connection, name: str) -> datetime | None:
    value = get(db, name)
    return datetime.fromisoformat(value) if isinstance(value, str) else None


@asynccontextmanager
async def open_outbox(
    path: Path, key: bytes, fields: tuple[str, ...], clock: Callable[[], float] = time
) -> AsyncIterator[Outbox]:
    """Open (or make) the file; `key` (32 bytes) seals personal values, `fields` is the list of what may leave. A file that shows itself
    broken in between is gone when this ends."""
    seal = Seal(key)
    try:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox") as thread:
            loop = asyncio.get_running_loop()
            db = await loop.run_in_executor(thread, connect, path, seal)
            try:
                relations = await loop.run_in_executor(thread, owners.known, db)
                yield Outbox(thread, db, seal, fields, clock, relations)
            finally:
                thread.submit(db.close)
    except BaseException as error:
        if is_damage(error):  # the next start would meet it again; now it makes a new file
            abandon(path)
        raise
