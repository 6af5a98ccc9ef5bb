"""`ident-hub install`: exchanges an authorisation code of amoCRM's for the tokens of an account."""

import argparse
import asyncio

from hub.commands.tools import Commands, add_parser, ask_hub


def add(commands: Commands) -> None:
    """The parser."""
    parser = add_parser(
        commands,
        "install",
        "install an integration in an account with a code from amoCRM",
        "install smile --code def502… --host smile.amocrm.ru",
    )
    parser.add_argument("key", metavar="KEY", help="of the integration")
    parser.add_argument("--code", required=True, metavar="CODE", help="the authorisation code, at most 20 minutes old")
    parser.add_argument("--host", required=True, metavar="HOST", help="the account's address, e.g. smile.amocrm.ru")
    parser.set_defaults(act=act)


def act(args: argparse.Namespace) -> None:
    """Install it."""
    print(asyncio.run(ask_hub("install", {"key": args.key, "code": args.code, "host": args.host})))
