"""`ident-hub integration add`: registers an integration of amoCRM, its secret sealed."""

import argparse
import asyncio
import re
import sys
from pathlib import Path

from hub.commands.tools import Commands, add_parser, open_hub
from hub.config import load
from hub.integrations import Integration, Integrations
from wire.errors import NeedsOperator


def add(commands: Commands) -> None:
    """The parsers."""
    group = add_parser(
        commands,
        "integration",
        "register an integration of amoCRM",
        "integration add smile --kind private --client-id 0f4e… --secret-file smile.secret",
    ).add_subparsers(metavar="VERB", required=True)
    parser = add_parser(
        group,
        "add",
        "register it, or change what is known of it",
        "integration add smile --kind private --client-id 0f4e… --secret-file smile.secret",
        "integration add smile --kind private --client-id 0f4e… --secret-file - < smile.secret",
    )
    parser.add_argument("key", type=_key, metavar="KEY", help="our name of it; it stands in its redirect address")
    parser.add_argument(
        "--kind", choices=("private", "public"), default="private", help="for one account (default), or many"
    )
    parser.add_argument("--client-id", required=True, metavar="ID", help="as amoCRM shows it")
    parser.add_argument(
        "--secret-file", required=True, metavar="FILE", help="holds the secret key; - reads it from the input"
    )
    parser.set_defaults(act=act)


def act(args: argparse.Namespace) -> None:
    """Register it."""
    integration = asyncio.run(_put(args, _secret(args.secret_file)))
    print(
        f"Integration {integration.key} is registered. In amoCRM its redirect address is {integration.redirect_uri}"
        f" and the address of its uninstall hook {integration.redirect_uri}/uninstall"
    )


async def _put(args: argparse.Namespace, secret: str) -> Integration:
    config = load()
    integration = Integration(
        key=args.key,
        kind=args.kind,
        client_id=args.client_id,
        redirect_uri=f"{config.public_url}/oauth/{args.key}",
        secret=secret,
    )
    async with open_hub(config) as store:
        await Integrations(store).put(integration)
    return integration


def _key(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", text):
        raise argparse.ArgumentTypeError("write small letters, digits, - and _, at most 64")
    return text


def _secret(source: str) -> str:
    try:
        secret = (sys.stdin.read() if source == "-" else Path(source).read_text()).strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        raise NeedsOperator(f"Put the integration's secret key into {source}: nothing can be read there.")
    return secret
