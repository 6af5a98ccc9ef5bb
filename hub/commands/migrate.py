"""`ident-hub migrate`: brings the database's tables to this release's."""

import argparse
import asyncio

from hub.commands.tools import Commands, add_parser
from hub.config import load
from hub.store.engine import open_store
from hub.store.migrate import migrate
from hub.store.vault import KeyFiles, master_key


def add(commands: Commands) -> None:
    """The parser."""
    parser = add_parser(commands, "migrate", "bring the database to this release (run does it too)", "migrate")
    parser.set_defaults(act=act)


def act(_args: argparse.Namespace) -> None:
    """Migrate."""
    asyncio.run(_migrate())
    print("The database is of this release.")


async def _migrate() -> None:
    config = load()
    keys = KeyFiles(config.keys_dir, master_key(config.master_key_file))
    async with open_store(config.database_url, keys) as store:
        await migrate(store)
