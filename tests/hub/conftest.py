"""What the hub's tests share: a migrated store, once on SQLite and once on PostgreSQL."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from hub.store.engine import Store, async_url, open_store
from hub.store.migrate import upgrade
from hub.store.vault import KeyFiles
from tests import postgres

_MIGRATED = "migrated"
_CUT_OFF_OTHERS = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_EMPTY = """SET session_replication_role = replica; -- foreign keys ask for no order
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'DELETE FROM ' || name;
  END LOOP;
  FOR name IN SELECT format('%I', sequencename) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
  END LOOP;
END $$"""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One PostgreSQL server for the whole run, with a migrated database."""
    with postgres.running() as server:
        asyncio.run(_migrate(server))
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated SQLite file: each test starts with a copy."""
    path = tmp_path_factory.mktemp("template") / "hub.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    return path.read_bytes()


@pytest.fixture
def master_key() -> bytes:
    """A master key of this test alone."""
    return secrets.token_bytes(32)


@pytest.fixture
def keys(tmp_path: Path, master_key: bytes) -> KeyFiles:
    """The wrapped keys of the store."""
    return KeyFiles(tmp_path / "keys", master_key)


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: bytes) -> str:
    """A migrated SQLite database."""
    path = tmp_path / "hub.db"
    path.write_bytes(migrated_sqlite)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres_url(postgres_server: postgres.Server) -> str:
    """A migrated PostgreSQL database, empty as after its migration. It is used again and again: a new one costs ten times as much."""
    connection = await asyncpg.connect(postgres_server.url(_MIGRATED))
    try:
        await connection.execute(_CUT_OFF_OTHERS)
        await connection.execute(_EMPTY)
    finally:
        await connection.close()
    return postgres_server.url(_MIGRATED)


@pytest.fixture
async def empty_postgres_url(postgres_server: postgres.Server) -> AsyncIterator[str]:
    """A PostgreSQL database without any table."""
    name = f"test_{secrets.token_hex(6)}"
    await _administer(postgres_server, f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    await _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database, as HUB_DATABASE_URL would name it; the test runs once on each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
async def store(database_url: str, keys: KeyFiles) -> AsyncIterator[Store]:
    """An open store; the test runs once on each kind of database."""
    async with open_store(database_url, keys) as opened:
        yield opened


async def _migrate(server: postgres.Server) -> None:
    await _administer(server, f"CREATE DATABASE {_MIGRATED}")
    engine = create_async_engine(async_url(server.url(_MIGRATED)))
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


async def _administer(server: postgres.Server, statement: str) -> None:
    engine = create_async_engine(async_url(server.url("postgres")), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
