"""What the hub's tests share: a migrated store, once on SQLite and once on PostgreSQL."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from hub.store.engine import Store, async_url, open_store
from hub.store.migrate import upgrade
from hub.store.vault import KeyFiles
from tests import postgres

_TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One PostgreSQL server for the whole run, with a migrated database to clone."""
    with postgres.running() as server:
        asyncio.run(_make_template(server))
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
async def postgres_url(postgres_server: postgres.Server) -> AsyncIterator[str]:
    """A migrated PostgreSQL database, cloned from the template of the run."""
    name = f"test_{secrets.token_hex(6)}"
    await _administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    yield postgres_server.url(name)
    await _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


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


async def _make_template(server: postgres.Server) -> None:
    await _administer(server, f"CREATE DATABASE {_TEMPLATE}")
    engine = create_async_engine(async_url(server.url(_TEMPLATE)))
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


async def _administer(server: postgres.Server, statement: str) -> None:
    engine = create_async_engine(async_url(server.url("postgres")), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
