"""Tries everything that the agent needs, and says of each what to do. Changes nothing and disturbs no running agent."""

import asyncio
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from agent import web
from agent.away import Away
from agent.config import Config
from agent.identity import identity
from agent.mis import (
    SHIPPED,
    Book,
    Columns,
    Door,
    MisBusy,
    MisConfig,
    MisDown,
    MisError,
    Server,
    open_mis,
    overrides_beside,
)
from agent.mis.native import way_out
from agent.mis.probe import examine
from agent.status import last_status
from wire.errors import NeedsOperator

Level: TypeAlias = Literal["ok", "mind", "wrong"]

SOURCE_SECONDS = 20.0
LEAST_FREE, LITTLE_FREE = 200 << 20, 1 << 30
CLOCK_SECONDS = 60.0
ZONE_SECONDS = 20 * 60.0
"""A server's clock may be some minutes off; another zone is off by half an hour at least."""


@dataclass(frozen=True)
class Finding:
    """One thing that was tried. `text` says what was found or, where it is not ok, what to do."""

    name: str
    level: Level
    text: str


def ok(name: str, text: str) -> Finding:
    """As it should be."""
    return Finding(name, "ok", text)


def wrong(name: str, text: str) -> Finding:
    """The agent cannot do without it."""
    return Finding(name, "wrong", text)


def mind(name: str, text: str) -> Finding:
    """The agent can do without it, a person should know."""
    return Finding(name, "mind", text)


AWAY = {
    "pause": "пауза, закончить раньше: ident-agent pause off",
    "quiet_hours": "тихие часы из файла настроек (mis.quiet_hours)",
}

# The clinic's database


def overrides(config: Path) -> tuple[Book, list[Finding]]:
    """Which statements an integrator put in place of ours; with a wrong one the agent does not start."""
    try:
        book = overrides_beside(config)
    except NeedsOperator as error:
        return SHIPPED, [wrong("Замены запросов", error.hint)]
    active = ", ".join(sorted(book.overrides))
    return book, [mind("Замены запросов", f"вместо запросов агента работают: {active}.")] if active else []


def source(config: MisConfig, now: datetime, book: Book = SHIPPED) -> list[Finding]:
    """Log in, look at the clock and at what can be read."""
    return asyncio.run(_source(config, now, book))


async def _source(config: MisConfig, now: datetime, book: Book) -> list[Finding]:
    try:
        async with asyncio.timeout(SOURCE_SECONDS), open_mis(config, Door(), book=book) as mis:
            server = await mis.server()
            found = [ok("База IDENT", "отвечает, логин подходит")]
            if config.url is None:  # a demo clinic has a day of its own
                found.append(zone(server, config.timezone, now))
            try:
                return found + list(rights(await mis.columns(), book))
            except MisError as error:
                return [*found, _trouble("Права и таблицы", error)]
    except MisError as error:
        return [_trouble("База IDENT", error)]
    except TimeoutError:
        return [
            wrong("База IDENT", f"не ответила за {SOURCE_SECONDS:.0f} с: проверьте host, instance или port и сеть.")
        ]


def away(why: Away) -> Finding:
    """The agent stays out by wish, and so do we."""
    return mind("База IDENT", f"не проверяется до {why.until.astimezone():%d.%m.%Y %H:%M}: {AWAY[why.why]}.")


def _trouble(name: str, error: MisError) -> Finding:
    if isinstance(error, NeedsOperator):
        return wrong(name, error.hint)
    if isinstance(error, MisBusy) and error.after is not None:
        return mind(name, f"занята (код {error.code}): с базой работает кто-то один, агент подождёт. Повторите позже.")
    if isinstance(error, MisDown):
        text = f"не отвечает (код {error.code or 'нет'}): проверьте, что SQL Server запущен, и host, instance или port."
        hint = way_out(error.code, windows=sys.platform == "win32")
        return wrong(name, f"{text} Если он запущен: {hint}" if hint else text)
    return wrong(name, f"ошибка (код {error.code or 'нет'}): сообщите интегратору.")


def rights(columns: Columns, book: Book = SHIPPED) -> Iterator[Finding]:
    """What the login can read, and what is off without it."""
    offer = examine(columns, book)
    yield ok("Права и таблицы", f"читается {len(offer.queries)} запросов")
    for words in offer.off:
        yield mind("Права и таблицы", words)


def zone(server: Server, timezone: str, now: datetime) -> Finding:
    """The server's wall clock is the clinic's; in a wrong zone every visit would be at a wrong time."""
    here = now.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    off = (server.now - here).total_seconds()
    if abs(off) < ZONE_SECONDS:
        return ok("Часовой пояс", f"{timezone}, часы сервера {server.now:%H:%M}")
    return wrong(
        "Часовой пояс",
        f"в {timezone} сейчас {here:%d.%m %H:%M}, а на сервере {server.now:%d.%m %H:%M}: исправьте mis.timezone или часы.",
    )


# This computer


def folder(path: Path) -> list[Finding]:
    """Whether the state can be written, by us alone, with room to grow."""
    if not path.is_dir():
        return [wrong("Папка состояния", f"{path} ещё нет: выполните ident-agent enroll, она появится.")]
    found = [writable(path)]
    if sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        found.append(mind("Папка состояния", f"видна другим пользователям: выполните chmod 700 {path}."))
    return [*found, disk(shutil.disk_usage(path).free)]


def writable(path: Path) -> Finding:
    """Whether we may write there."""
    try:
        handle, draft = tempfile.mkstemp(dir=path, prefix=".check.")
    except OSError as error:
        return wrong("Папка состояния", f"{path} не пишется (ошибка {error.errno}): дайте пользователю службы права.")
    os.close(handle)
    os.unlink(draft)
    return ok("Папка состояния", str(path))


def disk(free: int) -> Finding:
    """Whether the outbox may grow through a long outage of the line."""
    gib = f"свободно {free / (1 << 30):.1f} ГБ"
    if free < LEAST_FREE:
        return wrong("Место на диске", f"{gib}: освободите место.")
    return ok("Место на диске", gib) if free >= LITTLE_FREE else mind("Место на диске", f"{gib}: освободите место.")


# The hub


def hub(url: str, now: Callable[[], datetime], ask: Callable[[str], web.Answer] = web.ask) -> list[Finding]:
    """Whether it answers, and whether our clock agrees with its own."""
    try:
        answer = ask(f"{url}/agent/v1")
    except web.NoAnswer as failure:
        return [wrong("Хаб", _UNREACHED[failure.stage])]
    if answer.status == 404:
        return [wrong("Хаб", f"по адресу {url} отвечает не хаб: исправьте hub.url.")]
    if answer.status in (407, 502, 503, 504):
        return [mind("Хаб", f"сейчас не принимает (ответ {answer.status}): повторите через минуту.")]
    found = [ok("Хаб", f"{url} отвечает")]
    return found if answer.time is None else [*found, clock(answer.time, now())]


_UNREACHED: dict[web.Stage, str] = {
    "connect": "не отвечает: проверьте hub.url и выход в интернет с этого компьютера.",
    "certificate": "сертификат не подошёл: проверьте дату и время, затем антивирус с проверкой https.",
    "answer": "соединение оборвалось: проверьте прокси и антивирус.",
}


def clock(theirs: datetime, ours: datetime) -> Finding:
    """Nothing is decided by this computer's clock but whether a certificate is valid; people read times from it."""
    off = (ours - theirs).total_seconds()
    if abs(off) <= CLOCK_SECONDS:
        return ok("Часы", "идут верно")
    return mind("Часы", f"{'спешат' if off > 0 else 'отстают'} на {abs(off):.0f} с: включите синхронизацию времени.")


def enrolment(config: Config, path: Path) -> Finding:
    """Whether the hub knows us. The hub is not asked: that would cut off the agent that runs."""
    try:
        who = identity(path)
    except NeedsOperator as error:
        return wrong("Регистрация", error.hint)
    if who is None or who.hub_url != config.hub.url:
        return wrong(
            "Регистрация", f"нет: возьмите у интегратора код и выполните ident-agent enroll {config.hub.url} КОД."
        )
    return ok("Регистрация", f"агент {who.agent}, база {who.database}")


def at_work(path: Path, now: datetime) -> list[Finding]:
    """What the running agent says."""
    status = last_status(path)
    if status is None or not status.is_fresh(now):
        return [mind("Работа", "агент сейчас не запущен: запустите службу ident-agent.")]
    return [mind("Работа", hint) for hint in status.hints] or [ok("Работа", "агент запущен")]
