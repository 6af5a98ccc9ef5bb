"""Opens the database and hands out units of work. SQLite by default, PostgreSQL by URL; the same tests run on both.

Both promise the same: a reading unit sees one moment of the database; writing units of one account come one after another, so
what a unit read still holds when it writes. On SQLite all writing units share one connection and begin IMMEDIATE: a deferred
transaction that reads and then writes may be refused at once in spite of the timeout. On PostgreSQL a writing unit
first takes an advisory lock of its account, for the length of its transaction; a reading unit is REPEATABLE READ."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from asyncpg import PostgresError
from sqlalchemy import CursorResult, Executable, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from hub.accounts import Account
from hub.store.sqlite import OneWay
from hub.store.vault import KeyFiles, Vault
from wire.errors import NeedsOperator

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_ABOVE_ACCOUNTS = 0
_SWITCH_SECONDS, _SWITCH_AGAIN_SECONDS = 5.0, 0.05
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_PLANS = {"plan_cache_mode": "force_custom_plan", "jit": "off"}
"""A plan that PostgreSQL made for all when the tables were nearly empty goes on reading every row of an account while a first load fills
them; and accounts differ a thousandfold. To plan anew costs a tenth of a millisecond."""


TROUBLE = (DBAPIError, PoolTimeout, PostgresError, OSError)
"""Whatever the database may raise; `is_away` tells what kind of trouble it is."""


def is_away(error: Exception) -> bool:
    """Whether the database could not be reached or was lost on the way, so that the same may work later; else it is a mistake of ours.
    (asyncpg raises errors of its own while it connects, a connection that was cut off is told by a mark only, and a server that starts
    or stops refuses a connection before there is any statement.)"""
    if isinstance(error, DBAPIError):
        is_lost = error.connection_invalidated or error.statement is None
        return is_lost or isinstance(error, OperationalError | InterfaceError)
    return isinstance(error, OSError | PoolTimeout | PostgresError)


@dataclass(frozen=True)
class Unit:
    """One transaction for one account."""

    account: Account
    connection: AsyncConnection
    vault: Vault

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement; a list of parameters runs it for each."""
        return await self.connection.execute(statement, parameters)


class Store:
    """The hub's database. `reading` and `writing` want an account; `hub_*` are for what stands above accounts."""

    def __init__(self, readers: AsyncEngine, writers: AsyncEngine, keys: KeyFiles) -> None:
        self._readers, self._writers, self.keys = readers, writers, keys
        self._one_writer = asyncio.Lock() if writers.dialect.name == "sqlite" else None

    @asynccontextmanager
    async def reading(self, account: Account) -> AsyncIterator[Unit]:
        """A unit that only reads."""
        async with self.hub_reading() as connection:
            yield Unit(account, connection, self.keys.account(account.id))

    @asynccontextmanager
    async def writing(self, account: Account) -> AsyncIterator[Unit]:
        """A unit that commits at its end, or rolls back on any error."""
        async with self._writing(account.id) as connection:
            yield Unit(account, connection, self.keys.account(account.id))

    @asynccontextmanager
    async def hub_reading(self) -> AsyncIterator[AsyncConnection]:
        """For integrations, agents before they have proved who they are, jobs, and the list of accounts."""
        async with self._readers.connect() as connection:
            yield connection

    @asynccontextmanager
    async def hub_writing(self) -> AsyncIterator[AsyncConnection]:
        """The same, committed at its end."""
        async with self._writing(_ABOVE_ACCOUNTS) as connection:
            yield connection

    @asynccontextmanager
    async def _writing(self, key: int) -> AsyncIterator[AsyncConnection]:
        if self._one_writer is None:
            async with self._writers.begin() as connection:
                await connection.execute(_LOCK, {"key": key})
                yield connection
        else:
            async with self._one_writer, self._writers.begin() as connection:
                yield connection


@asynccontextmanager
async def open_store(url: str, keys: KeyFiles) -> AsyncIterator[Store]:
    """Open the database that `url` names (`sqlite:///hub.db`, `postgresql://…`); its tables must be there (`migrate`)."""
    readers, writers = _engines(url)
    if writers.dialect.name == "sqlite":
        await asyncio.to_thread(_use_wal, make_url(url).database or "")
    try:
        yield Store(readers, writers, keys)
    finally:
        await readers.dispose()
        await writers.dispose()


def async_url(url: str) -> str:
    """The URL with the driver that we use."""
    parsed = make_url(url)
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername)).render_as_string(False)


def _engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    target = async_url(url)
    if not target.startswith("sqlite"):
        writers = create_async_engine(
            target, hide_parameters=True, pool_size=10, pool_pre_ping=True, connect_args={"server_settings": _PLANS}
        )
        return writers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True), writers
    path = make_url(url).database or ""
    folder = Path(path).parent
    if not folder.is_dir():
        raise NeedsOperator(f"Make the folder {folder}, or write another path into HUB_DATABASE_URL.")
    readers = create_async_engine(target, hide_parameters=True, async_creator=lambda: OneWay(path))
    writers = create_async_engine(
        target, hide_parameters=True, poolclass=StaticPool, async_creator=lambda: OneWay(path)
    )
    for engine, begin in ((readers, "BEGIN"), (writers, "BEGIN IMMEDIATE")):
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", partial(_begin, how=begin))
        event.listen(engine.sync_engine, "invalidate", _roll_back)
    return readers, writers


def _use_wal(path: str) -> None:
    """The file remembers it. Not done by each connection as it opens: of two that switch at once, SQLite refuses one without waiting."""
    deadline = time.monotonic() + _SWITCH_SECONDS
    while True:
        try:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.Error as error:
            if not isinstance(error, sqlite3.OperationalError) or time.monotonic() > deadline:
                raise NeedsOperator(f"See that {path} is a SQLite database that the hub may write.") from None
            time.sleep(_SWITCH_AGAIN_SECONDS)
        else:
            return


def _begin(connection: Any, how: str) -> None:
    connection.connection.driver_connection.begin(how)


def _roll_back(connection: Any, _record: Any, _error: BaseException | None) -> None:
    """A unit that is cancelled inside a SELECT leaves its cursor in the traceback, and SQLite keeps a closed connection with an
    open cursor alive, its transaction and write lock with it: closing is not enough."""
    connection.rollback()


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin ourselves
    cursor = connection.cursor()
    for pragma in ("busy_timeout=5000", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
