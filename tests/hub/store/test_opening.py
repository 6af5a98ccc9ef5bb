"""Opening a SQLite file."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.store.engine import Store, open_store
from hub.store.vault import KeyFiles
from wire.errors import NeedsOperator


async def test_a_file_that_was_never_opened_may_be_opened_by_many_at_once(
    tmp_path: Path, migrated_sqlite: bytes, keys: KeyFiles
) -> None:
    """Nothing about the file is left to switch when connections open at the same moment: SQLite would refuse one without waiting."""
    path = tmp_path / "hub.db"
    path.write_bytes(migrated_sqlite)

    async def look(opened: Store) -> str:
        async with opened.hub_reading() as connection:
            return str((await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one())

    async with open_store(f"sqlite:///{path}", keys) as one, open_store(f"sqlite:///{path}", keys) as other:
        async with asyncio.TaskGroup() as tasks:
            looking = [tasks.create_task(look(opened)) for opened in 8 * (one, other)]

    assert {task.result() for task in looking} == {"wal"}


async def test_a_file_that_somebody_reads_is_waited_for(tmp_path: Path, migrated_sqlite: bytes, keys: KeyFiles) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(migrated_sqlite)
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM jobs").fetchall()
        asyncio.get_running_loop().call_later(0.2, reader.rollback)

        async with open_store(f"sqlite:///{path}", keys) as opened, opened.hub_reading() as connection:
            assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"


async def test_a_file_that_is_no_database_is_named(tmp_path: Path, keys: KeyFiles) -> None:
    (tmp_path / "hub.db").write_text("something else, and long enough to be looked at" * 20)

    with pytest.raises(NeedsOperator, match=r"hub\.db"):
        await open_store(f"sqlite:///{tmp_path}/hub.db", keys).__aenter__()


async def test_a_folder_that_is_not_there_names_the_setting(tmp_path: Path, keys: KeyFiles) -> None:
    with pytest.raises(NeedsOperator, match="HUB_DATABASE_URL"):
        await open_store(f"sqlite:///{tmp_path}/no/such/folder/hub.db", keys).__aenter__()
