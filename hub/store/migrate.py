"""Brings a database's tables to this release's, by Alembic, in one transaction; nothing happens where they are."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from asyncpg import PostgresError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from hub.store.engine import Store
from wire.errors import NeedsOperator


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, PostgresError, CommandError) as error:
        raise NeedsOperator(
            f"See that the database of HUB_DATABASE_URL is there, may be written, and is not of a newer release ({_name(error)})."
        ) from None


def _name(error: Exception) -> str:
    """The class only: a foreign text may hold the password of the URL."""
    return type(getattr(error, "orig", None) or error).__name__


async def migrate(store: Store) -> None:
    """Run the steps that this database lacks. Two processes may start at once: the second waits and finds nothing to do."""
    with _reachable():
        async with store.hub_writing() as connection:
            await connection.run_sync(upgrade)


async def check_migrated(store: Store) -> None:
    """Raise where the database is not of this release: only `run` and `migrate` change it."""
    with _reachable():
        async with store.hub_reading() as connection:
            stands = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_heads())
            wanted = await connection.run_sync(lambda c: ScriptDirectory.from_config(alembic_config(c)).get_heads())
    if set(stands) != set(wanted):
        raise NeedsOperator("Run ident-hub migrate: the database of HUB_DATABASE_URL is not of this release.")


def upgrade(connection: Connection) -> None:
    """The same on an open connection."""
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings, without a file of its own."""
    config = Config(stdout=io.StringIO(), attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config
