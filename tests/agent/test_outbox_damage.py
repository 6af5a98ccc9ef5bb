"""A disk that damages the outbox's file while the agent is away: the agent ends once, begins a new file by itself, and everything goes
again."""

import asyncio
import sqlite3
import tempfile
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

import pytest

from agent.outbox import Outbox, open_outbox
from agent.outbox.file import SCHEMA_VERSION
from tests.agent.kills.day import clinic_and_hub, is_whole
from tests.agent.processes import ended, running
from tests.agent.test_outbox import FIELDS, KEY, deliver, patient, visit, welcome

NONSENSE = b"".join(sha256(bytes([number])).digest() for number in range(128))
TABLES = ("known", "entries", "indexed", "cursors", "positions", "relations", "meta")


def overwrite(path: Path, table: str, byte: bytes = b"") -> None:
    """All pages of a table but the first of the file, which says what is in it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = db.execute("PRAGMA page_size").fetchone()
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(byte * size if byte else NONSENSE[:size])


async def work(outbox: Outbox) -> None:
    """What an agent does."""
    if await outbox.generation() == 0:
        await outbox.resumed(welcome(1))
    await outbox.begin_pass("patient", "visit")
    await outbox.record([patient(1), visit(1)], lane="live", cursors={"load": "2"})
    await outbox.cursor("load")
    await outbox.owners.keys({"Orders.ID_Patients": [1]})
    while await deliver(outbox, "live") or await deliver(outbox, "backfill"):
        pass


@pytest.mark.parametrize("byte", [b"\xff", b"\0", b""], ids=["ones", "zeros", "nonsense"])
@pytest.mark.parametrize("table", TABLES)
async def test_a_page_that_is_broken_ends_us_once(tmp_path: Path, table: str, byte: bytes) -> None:
    path = tmp_path / "o.db"
    async with open_outbox(path, KEY, FIELDS) as outbox:
        await work(outbox)
        await outbox.record([patient(2)], lane="live")
    overwrite(path, table, byte)

    with suppress(sqlite3.DatabaseError, ExceptionGroup):  # what is found at the opening does not even end us
        async with open_outbox(path, KEY, FIELDS) as outbox, asyncio.TaskGroup() as tasks:
            tasks.create_task(work(outbox))

    async with open_outbox(path, KEY, FIELDS) as outbox:
        await work(outbox)
        assert (await outbox.depth()).live == (await outbox.depth()).backfill == 0
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


async def test_a_value_that_does_not_open_any_more_ends_us_once(tmp_path: Path) -> None:
    """Most of the file are sealed values; SQLite sees no difference in them."""
    path = tmp_path / "o.db"
    async with open_outbox(path, KEY, FIELDS) as outbox:
        await outbox.resumed(welcome(1))
        await outbox.record([patient(1)], lane="live")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE entries SET sealed = zeroblob(length(sealed))")

    with pytest.raises(ExceptionGroup):
        async with open_outbox(path, KEY, FIELDS) as outbox, asyncio.TaskGroup() as tasks:
            tasks.create_task(outbox.batch("live"))

    async with open_outbox(path, KEY, FIELDS) as outbox:
        assert await outbox.generation() == 0
        assert await outbox.batch("live") is None


@pytest.mark.parametrize("error", [sqlite3.OperationalError("locked"), ValueError()])
async def test_any_other_error_leaves_the_file_as_it_is(tmp_path: Path, error: Exception) -> None:
    path = tmp_path / "o.db"
    with suppress(type(error)):
        async with open_outbox(path, KEY, FIELDS) as outbox:
            await outbox.resumed(welcome(3))
            raise error

    async with open_outbox(path, KEY, FIELDS) as outbox:
        assert await outbox.generation() == 3


async def test_whoever_was_killed_while_he_removed_it_left_nothing_that_hinders(tmp_path: Path) -> None:
    path, wal = tmp_path / "o.db", tmp_path / "o.db-wal"
    async with open_outbox(path, KEY, FIELDS) as outbox:
        await outbox.resumed(welcome(3))
        left = wal.read_bytes()
    path.unlink()
    wal.write_bytes(left)

    async with open_outbox(path, KEY, FIELDS) as outbox:
        assert await outbox.generation() == 0
        await work(outbox)


@pytest.mark.e2e
async def test_an_agent_whose_outbox_broke_starts_again_and_brings_everything() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with clinic_and_hub(folder) as (here, _hub, _address):

            async def until_whole() -> None:
                async with asyncio.timeout(20):
                    while not await is_whole(here):  # noqa: ASYNC110 the condition is another process's
                        await asyncio.sleep(0.02)

            async with running("run", "--config", folder / "agent.toml") as agent:
                await until_whole()
                agent.terminate()
                await ended(agent)
            overwrite(folder / "state" / "outbox.db", "known")
            here.clinic.visit(20, 2, 5)
            here.clinic.delete("Receptions", 4)

            async with running("run", "--config", folder / "agent.toml") as agent:
                broke = await ended(agent)
            assert (broke.code, "outbox.abandoned" in broke.err) == (1, True), broke.err
            assert not await is_whole(here)

            async with running("run", "--config", folder / "agent.toml"):
                await until_whole()
