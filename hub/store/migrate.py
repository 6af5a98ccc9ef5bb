"""Brings a database's tables to this release's, by Alembic, in one transaction; nothing happens where they are."""

import io
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from hub.store.engine import Store
from wire.errors import NeedsOperator


async def migrate(store: Store) -> None:
    """Run the steps that this database lacks. Two processes may start at once: the second waits and finds nothing to do."""
    try:
        async with store.hub_writing() as connection:
            await connection.run_sync(upgrade)
    except (SQLAlchemyError, OSError) as error:
        raise NeedsOperator(
            f"See that the database of HUB_DATABASE_URL is there and may be written ({type(error).__name__})."
        ) from None


def upgrade(connection: Connection) -> None:
    """The same on an open connection."""
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings, without a file of its own."""
    config = Config(stdout=io.StringIO(), attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config
