"""`ident-hub run`: the serving process."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable

from hub.commands.tools import Commands, add_parser
from hub.config import load, settings


def add(commands: Commands) -> None:
    """The parser."""
    environment = ["", "environment:", *(f"  {line}" for line in settings())]
    does = "serve agents, amoCRM and the command line until SIGTERM"
    parser = add_parser(commands, "run", does, "run", notes=environment)
    parser.set_defaults(act=act)


def act(_args: argparse.Namespace) -> None:
    """Serve."""
    from hub.app import run  # here, so that the other commands start without all that serving needs

    config = load()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run(config, announce=lambda told: print(json.dumps(told), flush=True)))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None  # the standard loop
    from uvloop import new_event_loop

    return new_event_loop
