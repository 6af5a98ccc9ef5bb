"""`ident-agent reconcile-money`: print what the sums of some patients are made of, for who compares them with IDENT's screen."""

import argparse
import asyncio
import getpass
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from agent import app, clock, files
from agent.away import away
from agent.check import AWAY
from agent.commands.places import config_and_folder
from agent.identity import identity
from agent.mis import Book, Door, MisConfig, MisDown, open_mis, overrides_beside
from agent.mis.reconcile import Looked, look
from agent.reckoning import lines
from wire.errors import NeedsOperator

NAME = "reconcile-money"
HELP = "напечатать, из чего складываются долг и аванс пациентов, чтобы сверить их с экраном IDENT"
JOURNAL = "reconciled.jsonl"
"""Who asked, when, of whom: in the state folder, ids only."""

WITHIN_SECONDS = 60.0
_PATIENT = re.compile(r"(?:(db_[0-9]{1,9}):)?([0-9]{1,9})")
_CLOSED = (
    "Кто смотрел суммы, должно быть записано, а папка состояния закрыта для записи: "
    "запустите команду от имени службы или администратора."
)
_SILENT = "База IDENT не отвечает: проверьте ident-agent check."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Whose."""
    group = parser.add_argument_group("что указать")
    group.add_argument(
        "patients",
        metavar="ПАЦИЕНТ",
        nargs="+",
        type=_patient,
        help="номер пациента из поля «IDENT: пациент» в amoCRM, например 4410 или db_1:4410; можно несколько",
    )


def command(args: argparse.Namespace) -> bool:
    """Print it; False where somebody is not there."""
    config, folder = config_and_folder(args)
    zone = ZoneInfo(config.mis.timezone)
    keys = list(dict.fromkeys(_own(args.patients, folder)))
    if why := away(folder, config.mis.quiet_hours, zone, clock.now()):
        raise NeedsOperator(f"Агент не заходит в базу IDENT до {why.until:%d.%m.%Y %H:%M}: {AWAY[why.why]}.")
    looked = asyncio.run(_look(app.source(config, folder), keys, zone, overrides_beside(args.config)))
    _note(folder, keys)
    for line in lines(looked):
        print(line)
    missing = sorted(set(keys) - {int(each.patient.id) for each in looked.found})
    if missing:
        print(f"В базе IDENT нет пациентов с номерами: {', '.join(map(str, missing))}. Проверьте номера.")
    return not missing


async def _look(config: MisConfig, keys: Sequence[int], zone: ZoneInfo, book: Book) -> Looked:
    try:
        async with asyncio.timeout(WITHIN_SECONDS), open_mis(config, Door(), book=book) as mis:
            return await look(mis, keys, zone, book)
    except (MisDown, TimeoutError):
        raise NeedsOperator(_SILENT) from None


def _note(folder: Path, keys: Sequence[int]) -> None:
    """Before anything is shown."""
    asked = {"at": clock.now().isoformat(), "who": _who(), "ask": NAME, "patients": [str(key) for key in keys]}
    try:
        files.append(files.open_folder(folder) / JOURNAL, json.dumps(asked, ensure_ascii=False).encode())
    except OSError:
        raise NeedsOperator(_CLOSED) from None


def _who() -> str:
    """Who sits there, also behind sudo; where nobody does, whose process it is."""
    try:
        return os.getlogin()
    except OSError:
        return getpass.getuser()


def _patient(text: str) -> tuple[str | None, int]:
    """Its database, where one is named, and its key."""
    match = _PATIENT.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(text)
    return match[1], int(match[2])


def _own(patients: Sequence[tuple[str | None, int]], folder: Path) -> list[int]:
    """Keys of another clinic's database would be other people here."""
    named = {database for database, _ in patients if database}
    who = identity(folder) if named else None
    if others := sorted(named - {who.database if who else ""}):
        here = f"здесь база {who.database}" if who else "этот агент ещё не зарегистрирован на хабе"
        raise NeedsOperator(
            f"Пациенты {', '.join(others)} — из другой базы, {here}: укажите номера пациентов этой базы."
        )
    return [key for _, key in patients]
