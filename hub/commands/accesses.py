"""`ident-hub accesses`: who looked at whom, by ids; and whether the journal still is what was written."""

import argparse
import asyncio
from datetime import UTC, datetime

from hub.accounts import grant_operation
from hub.commands.tools import Commands, NotDone, account_option, add_parser, open_hub
from hub.config import load
from hub.panel.journal import Entry, read


def add(commands: Commands) -> None:
    """The parser."""
    parser = add_parser(
        commands,
        "accesses",
        "list who looked at whom, and verify the journal",
        "accesses --account 31485922",
        "accesses --account 31485922 --since 2026-11-23",
        notes=[
            "A line is the row's number, the time (UTC), the user of amoCRM, the action, and what was seen, by ids."
        ],
    )
    account_option(parser, required=True)
    parser.add_argument(
        "--since", type=_moment, metavar="ISO", help="list from this time on (UTC where it has no offset)"
    )
    parser.set_defaults(act=act)


def act(args: argparse.Namespace) -> None:
    """List, and verify from the first row on."""
    broken, count = asyncio.run(_show(args.account, args.since))
    if broken is not None:
        raise NotDone(
            f"The journal of account {args.account} is broken at row {broken}: it was changed after it was written."
        )
    print(f"The journal holds: {count} rows.")


async def _show(account_id: int, since: datetime | None) -> tuple[int | None, int]:
    """The first row that does not follow from the one before it, and how many rows there are."""
    broken, count = None, 0
    async with open_hub(load()) as store, store.reading(grant_operation(account_id)) as unit:
        async for entry in read(unit):
            count += 1
            if broken is None and not entry.holds:
                broken = entry.n
            if since is None or entry.access.at >= since:
                print(_line(entry))
    return broken, count


def _line(entry: Entry) -> str:
    access = entry.access
    words = (str(entry.n), access.at.isoformat(timespec="seconds"), str(access.user_id), access.action)
    return " ".join([*words, *access.subjects])


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
