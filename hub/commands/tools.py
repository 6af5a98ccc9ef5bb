"""What the commands share: the store, and asking the serving process."""

import argparse
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from hub.config import HubConfig, load
from hub.jobs import Args, ask, follow
from hub.store.engine import Store, open_store
from hub.store.migrate import check_migrated
from hub.store.vault import KeyFiles, master_key


class Commands(Protocol):
    """Where a parser is added."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
        """A parser of its own for one verb."""
        ...


class NotDone(Exception):
    """The command ended without doing it; the text says why."""


def add_parser(
    commands: Commands, name: str, does: str, *examples: str, notes: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """A parser whose `--help` ends with examples, and notes if there are any."""
    shown = "\n".join([*(f"  ident-hub {example}" for example in examples), *notes])
    return commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=f"examples:\n{shown}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


@asynccontextmanager
async def open_hub(config: HubConfig) -> AsyncIterator[Store]:
    """The store of the hub, which must be of this release."""
    keys = KeyFiles(config.keys_dir, master_key(config.master_key_file))
    async with open_store(config.database_url, keys) as store:
        await check_migrated(store)
        yield store


async def ask_hub(verb: str, args: Args, account_id: int | None = None) -> str:
    """Let the serving process do it; its progress is printed line by line, its result is returned."""
    async with open_hub(load()) as store:
        job = await ask(store, verb, args, account_id)
        return await follow(store, job, lambda line: print(line, flush=True))


def account_option(parser: argparse.ArgumentParser, **options: Any) -> None:
    """`--account`."""
    parser.add_argument("--account", type=int, metavar="ID", help="amoCRM's account id", **options)
