"""The command line of the hub, `ident-hub`. Exit codes stand here only: 0 done, 1 failed, 2 wrong configuration, 3 a person is needed."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence

from hub.commands import accesses, agent, clinic, install, integration, key, migrate, run, status, waiting
from hub.commands.tools import NotDone
from hub.config import ConfigError
from hub.jobs import JobFailed
from wire import log
from wire.errors import NeedsOperator

logger = logging.getLogger("hub")

_COMMANDS = (run, migrate, key, integration, install, clinic, agent, status, waiting, accesses)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    args = _parser().parse_args(argv)
    log.set_up("INFO" if args.act is run.act else "WARNING")
    try:
        args.act(args)
    except ConfigError as wrong:
        return _end(2, str(wrong))
    except NeedsOperator as needed:
        return _end(3, needed.hint)
    except (JobFailed, NotDone) as failed:
        return _end(1, str(failed))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0  # stopped by a signal
    except Exception as mistake:  # noqa: BLE001 Python would print its text, and a foreign text may hold a person
        return _crashed(mistake)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ident-hub", description="Keeps amoCRM deals in step with the visits of dental clinics."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return parser


def _end(code: int, text: str) -> int:
    print(text, file=sys.stderr)
    return code


def _crashed(mistake: Exception) -> int:
    """A task that fails ends the process, for the service manager to start it anew; nothing is lost by that."""
    for leaf in _leaves(mistake):
        if isinstance(leaf, NeedsOperator):
            return _end(3, leaf.hint)
        log.defect(logger, "hub.crashed", leaf)
    return 1


def _leaves(mistake: Exception) -> list[Exception]:
    if isinstance(mistake, ExceptionGroup):
        return [leaf for inner in mistake.exceptions for leaf in _leaves(inner)]
    return [mistake]


if __name__ == "__main__":
    sys.exit(main())
