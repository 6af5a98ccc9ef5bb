"""The steps make what the tables say, on SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from hub.store.engine import Store, async_url, open_store
from hub.store.migrate import check_migrated, migrate
from hub.store.schema import metadata
from hub.store.vault import KeyFiles
from tests.hub.processes import Hub
from wire.errors import NeedsOperator


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
async def empty(empty_url: str, keys: KeyFiles) -> AsyncIterator[Store]:
    """An open store without any table."""
    async with open_store(empty_url, keys) as opened:
        yield opened


def shape(connection: Connection) -> dict[str, object]:
    """Columns, keys, indexes and constraints as the database itself tells them."""
    seen = inspect(connection)
    return {
        name: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in seen.get_columns(name)},
            "key": seen.get_pk_constraint(name),
            "foreign": sorted(seen.get_foreign_keys(name), key=str),
            "indexes": sorted(seen.get_indexes(name), key=str),
            "unique": sorted(seen.get_unique_constraints(name), key=str),
        }
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


async def test_the_steps_make_what_the_tables_say(empty: Store, empty_url: str) -> None:
    await migrate(empty)
    async with empty.hub_reading() as connection:
        migrated = await connection.run_sync(shape)
        differences = await connection.run_sync(
            lambda c: compare_metadata(MigrationContext.configure(c, opts={"compare_type": True}), metadata)
        )
    async with empty.hub_writing() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
    async with empty.hub_reading() as connection:
        created = await connection.run_sync(shape)

    assert migrated == created
    assert differences == []


async def test_a_migrated_database_stays_as_it_is(store: Store) -> None:
    async with store.hub_reading() as connection:
        before = await connection.run_sync(shape)

    await migrate(store)

    async with store.hub_reading() as connection:
        assert await connection.run_sync(shape) == before


async def test_two_processes_may_migrate_at_once(
    empty: Store, empty_url: str, tmp_path: Path, master_key: bytes
) -> None:
    (tmp_path / "master.key").write_text(master_key.hex())
    hub = Hub(tmp_path, {"HUB_DATABASE_URL": empty_url})

    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(asyncio.to_thread(hub.run_process, "migrate")) for _ in range(2)]

    assert [(ended.result().returncode, ended.result().stderr) for ended in both] == [(0, "")] * 2
    await check_migrated(empty)


async def test_a_step_that_fails_leaves_the_database_as_it_was(empty: Store, empty_url: str) -> None:
    engine = create_async_engine(async_url(empty_url))
    async with engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE records (stray INTEGER)")
    await engine.dispose()

    with pytest.raises(NeedsOperator):
        await migrate(empty)

    async with empty.hub_reading() as connection:
        assert await connection.run_sync(lambda c: inspect(c).get_table_names()) == ["records"]


async def test_a_command_before_migrate_is_told_what_to_do(empty: Store, store: Store) -> None:
    await check_migrated(store)

    with pytest.raises(NeedsOperator, match="ident-hub migrate"):
        await check_migrated(empty)


async def test_a_server_that_is_not_there_names_the_setting(keys: KeyFiles) -> None:
    async with open_store("postgresql://hub:secret@127.0.0.1:1/hub", keys) as unreachable:
        with pytest.raises(NeedsOperator, match="HUB_DATABASE_URL") as refused:
            await migrate(unreachable)

    assert "secret" not in str(refused.value)
