"""`ident-agent check`: try everything, a line each."""

import argparse
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from agent import app, check, clock
from agent.away import away
from agent.check import Finding
from agent.commands.places import config_and_folder
from agent.config import Config
from wire.errors import NeedsOperator

NAME = "check"
HELP = "проверить всё: настройки, базу IDENT, права, папку, диск, хаб, часы, регистрацию"

_MARKS = {"ok": "ok       ", "mind": "внимание ", "wrong": "ОШИБКА   "}


def arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def command(args: argparse.Namespace) -> bool:
    """Print what was found; False where the agent could not work."""
    config, folder = config_and_folder(args)
    return shown(chain([check.ok("Настройки", str(args.config))], found(config, folder, args.config)))


def shown(findings: Iterable[Finding]) -> bool:
    """A line each, as soon as it is known."""
    good = True
    for finding in findings:
        print(f"{_MARKS[finding.level]}{finding.name}: {finding.text}", flush=True)
        good = good and finding.level != "wrong"
    return good


def found(config: Config, folder: Path, path: Path) -> Iterator[Finding]:
    """Everything that can be tried, from here outwards. `path` is the config's."""
    yield from check.folder(folder)
    book, overridden = check.overrides(path)
    yield from overridden
    why = away(folder, config.mis.quiet_hours, ZoneInfo(config.mis.timezone), clock.now())
    try:
        yield from check.source(app.source(config, folder), clock.now(), book) if why is None else [check.away(why)]
    except NeedsOperator as error:
        yield check.wrong("База IDENT", error.hint)
    yield from check.hub(config.hub.url, clock.now)
    yield check.enrolment(config, folder)
    yield from check.at_work(folder, clock.now())
