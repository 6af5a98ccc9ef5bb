"""`ident-hub clinic add`: makes in amoCRM what an account lacks, records the clinic's database, prints the agent's one-time code.
`ident-hub clinic prepare`: makes again what was deleted there since."""

import argparse
import asyncio
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.commands.tools import Commands, NotDone, account_option, add_parser, ask_hub

_EXAMPLE = 'clinic add --account 31485922 --name "Smile, Lenin street" --zone Europe/Moscow'
_PREPARE = "clinic prepare --account 31485922"


def add(commands: Commands) -> None:
    """The parsers."""
    group = add_parser(commands, "clinic", "connect a clinic to an account", _EXAMPLE, _PREPARE).add_subparsers(
        metavar="VERB", required=True
    )
    parser = add_parser(group, "add", "add a database of IDENT to an account", _EXAMPLE, f"{_EXAMPLE} --yes")
    account_option(parser, required=True)
    parser.add_argument(
        "--name", required=True, metavar="NAME", help="what the database is called in status and alarms"
    )
    parser.add_argument(
        "--zone", required=True, type=_zone, metavar="ZONE", help="the clinic's time zone, e.g. Europe/Moscow"
    )
    parser.add_argument(
        "--preset", choices=("deal_per_inquiry",), default="deal_per_inquiry", help="how deals follow visits"
    )
    _yes_option(parser)
    parser.set_defaults(act=act)
    again = add_parser(
        group, "prepare", "make again what was deleted or lacks in amoCRM", _PREPARE, f"{_PREPARE} --yes"
    )
    account_option(again, required=True)
    _yes_option(again)
    again.set_defaults(act=prepare)


def _yes_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask before pipelines, stages and fields are made")


def act(args: argparse.Namespace) -> None:
    """Show what would be made, ask, make it; the one-time code of the agent is the last word."""
    asked = {"account": args.account, "name": args.name, "zone": args.zone, "preset": args.preset}
    _agree(args, asyncio.run(ask_hub("clinic-plan", asked, args.account)))
    print(asyncio.run(ask_hub("clinic-add", asked, args.account)))


def prepare(args: argparse.Namespace) -> None:
    """Show what would be made, ask, make it; no database is added."""
    asked = {"account": args.account}
    _agree(args, asyncio.run(ask_hub("account-plan", asked, args.account)))
    print(asyncio.run(ask_hub("account-prepare", asked, args.account)))


def _agree(args: argparse.Namespace, lacks: str) -> None:
    if lacks:
        print(f"To be made in amoCRM account {args.account}:\n{lacks}")
        if not args.yes and not _agreed():
            raise NotDone("Nothing was made.")


def _agreed() -> bool:
    try:
        return input("Make it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError("is no time zone; write for example Europe/Moscow") from None
    return text
