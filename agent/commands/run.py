"""`ident-agent run`: what the service starts."""

import argparse
import asyncio

from agent import app
from agent.commands.places import config_and_folder
from agent.mis import overrides_beside
from wire import log

NAME = "run"
HELP = "работать: читать IDENT и держать связь с хабом (так его запускает служба)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def command(args: argparse.Namespace) -> bool:
    """Until a signal says stop."""
    config, folder = config_and_folder(args)
    log.set_up()
    asyncio.run(app.run(config, folder, overrides_beside(args.config)))
    return True
