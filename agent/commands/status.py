"""`ident-agent status`: how the running agent stands, from what it wrote last."""

import argparse
from collections.abc import Iterator
from datetime import datetime

from agent import clock
from agent.check import AWAY
from agent.commands.places import config_and_folder
from agent.status import Status, last_status

NAME = "status"
HELP = "показать, как идёт работа: связь, очередь, до какого времени прочитан IDENT"

_LINK = {
    "dialling": "соединяется",
    "open": "есть",
    "waiting": "нет, агент повторит сам",
    "stopped": "агент остановился",
}
_MIS = {"ok": "читается", "down": "не отвечает", "refused": "не пускает", "busy": "занята"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def command(args: argparse.Namespace) -> bool:
    """Print it; False where a person has something to do."""
    status = last_status(args.state or config_and_folder(args)[1])
    if status is None:
        print("Агент ещё не запускался: проверьте ident-agent check и запустите службу ident-agent.")
        return False
    now = clock.now()
    for line in lines(status, now):
        print(line)
    return status.is_fresh(now) and not (status.hints or _is_down(status))


def lines(status: Status, now: datetime) -> Iterator[str]:
    """What there is to say, one thing a line."""
    if not status.is_fresh(now):
        yield f"Агент не работает, последняя запись {_when(status.at)}. Запустите службу ident-agent."
    yield f"Агент: версия {status.software}, запуск {status.instance}"
    yield f"Связь с хабом: {_LINK[status.link]}" + (
        f", с {_when(status.connected_since)}" if status.connected_since else ""
    )
    yield f"База IDENT: {_mis(status)}"
    yield f"Прочитано всё до: {_when(status.read_through)}"
    yield f"Сверено целиком: {_when(status.verified_through)}"
    waits = status.outbox
    yield f"Ждут отправки: {waits.live} новых, {waits.backfill} первой загрузки, самая старая {waits.oldest_seconds:.0f} с"
    for reason, count in sorted(status.skipped.items()):
        yield f"Пропущено строк: {count} ({reason})"
    yield from status.off
    if _is_down(status):
        yield "Сделайте: проверьте, что SQL Server запущен; подробнее скажет ident-agent check."
    for hint in status.hints:
        yield f"Сделайте: {hint}"


def _is_down(status: Status) -> bool:
    return status.mis == "down" and status.away is None


def _mis(status: Status) -> str:
    if status.away is None:
        return _MIS[status.mis]
    return f"агент в неё не заходит до {_when(status.away.until)}: {AWAY[status.away.why]}"


def _when(moment: datetime | None) -> str:
    return "ещё нет" if moment is None else f"{moment.astimezone():%d.%m.%Y %H:%M:%S}"
