"""`ident-hub key`: makes the master key, once."""

import argparse
import os
import secrets
from pathlib import Path

from hub.commands.tools import Commands, add_parser
from wire.errors import NeedsOperator


def add(commands: Commands) -> None:
    """The parser."""
    parser = add_parser(commands, "key", "make a master key; never overwrites one", "key /var/lib/ident-hub/master.key")
    parser.add_argument("path", type=Path, metavar="PATH", help="a file that does not exist yet")
    parser.set_defaults(act=act)


def act(args: argparse.Namespace) -> None:
    """Make it, readable by its owner only."""
    try:
        descriptor = os.open(args.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NeedsOperator(f"Keep {args.path} or name another file: a key there would be lost for good.") from None
    except OSError as error:
        raise NeedsOperator(f"See that {args.path} can be written ({type(error).__name__}).") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    print(
        f"The master key is in {args.path}. Keep a copy apart from the database: without it no personal data can be read."
    )
