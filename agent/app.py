"""The running agent: opens its resources, starts its three tasks, ends them when told to."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from agent import clock, files, secret
from agent.away import away
from agent.config import Config
from agent.deleted import Word
from agent.identity import Identity, identity
from agent.link import Link
from agent.lock import only_one
from agent.lookup import Lookup
from agent.mis import SHIPPED, Book, Door, MisConfig, open_mis
from agent.outbox import open_outbox
from agent.scan import Pace, Scan
from agent.standing import Standing
from agent.status import Reporter
from wire import log
from wire.errors import NeedsOperator

logger = logging.getLogger(__name__)

OUTBOX = "outbox.db"


def software() -> str:
    """The version of this agent."""
    return version("ident-link")


async def run(config: Config, folder: Path, book: Book = SHIPPED) -> None:
    """Serve until a signal says stop; raises `NeedsOperator` where only a person can go on."""
    files.refuse_root(files.open_folder(folder))
    with only_one(folder), _stopped_by_signals():
        await serve(config, folder, _enrolled(config, folder), book)


async def serve(config: Config, folder: Path, who: Identity, book: Book = SHIPPED) -> None:
    """Scan and link, until cancelled; `book` holds the statements. An error that nobody expected ends the process: its service starts
    it again, and the outbox makes that harmless."""
    standing = Standing()
    async with AsyncExitStack() as stack:
        outbox = await stack.enter_async_context(
            open_outbox(folder / OUTBOX, secret.outbox_key(folder), config.leave.fields)
        )
        await outbox.serves(f"{who.hub} {who.database}")
        zone = ZoneInfo(config.mis.timezone)
        database, door = source(config, folder), Door(lambda: away(folder, config.mis.quiet_hours, zone, clock.now()))
        mis = await stack.enter_async_context(open_mis(database, door, keeps_open=True, book=book))
        cards, searches = [await stack.enter_async_context(open_mis(database, door, book=book)) for _ in range(2)]
        lookup = Lookup(cards, searches, outbox, standing, zone=zone, fields=config.leave.fields, book=book)
        link = Link(
            who,
            outbox,
            standing,
            fields=config.leave.fields,
            state_every=config.link.state_every_seconds,
            software=software(),
            lookup=lookup,
        )
        scan = Scan(
            mis,
            outbox,
            standing,
            zone=zone,
            fields=config.leave.fields,
            book=book,
            word=Word(folder),
            pace=Pace(config.scan.scan_every_seconds, config.scan.budget_percent_of_core / 100),
        )
        reporter = Reporter(folder, link, outbox, standing, every=config.link.state_every_seconds, software=software())
        log.info(logger, "agent.started", agent=who.agent, instance=link.instance, version=software())
        async with _told(reporter), asyncio.TaskGroup() as tasks:
            tasks.create_task(scan.run(), name="scan")
            tasks.create_task(link.run(), name="link")
            tasks.create_task(reporter.run(), name="status")


def source(config: Config, folder: Path) -> MisConfig:
    """Where the clinic's database is; its password is read at each login, so that a new one needs no restart."""
    mis = config.mis
    if mis.host is not None and secret.password(folder) is None:
        raise NeedsOperator("Пароль к базе IDENT не задан: выполните ident-agent secret set.")
    return MisConfig(
        timezone=mis.timezone,
        host=mis.host,
        instance=mis.instance,
        port=mis.port,
        database=mis.database,
        user=mis.user,
        password=lambda: secret.password(folder) or "",
        encrypt=mis.encrypt,
        driver=mis.driver,
        url=mis.url,
    )


def _enrolled(config: Config, folder: Path) -> Identity:
    who = identity(folder)
    if who is None or who.hub_url != config.hub.url:
        raise NeedsOperator(
            f"Агент не зарегистрирован на хабе {config.hub.url}: возьмите у интегратора код и выполните "
            f"ident-agent enroll {config.hub.url} КОД."
        )
    return who


def hint_in(error: BaseException) -> str | None:
    """What a person has to do, where that is why it ended; None where it ended for another reason."""
    while isinstance(error, BaseExceptionGroup):
        error = (error.subgroup(NeedsOperator) or error).exceptions[0]
    return error.hint if isinstance(error, NeedsOperator) else None


@asynccontextmanager
async def _told(reporter: Reporter) -> AsyncIterator[None]:
    """The last status says that the agent ended and, where a person has to know, why."""
    try:
        yield
    except asyncio.CancelledError:
        await reporter.step(stopped=True)
        raise
    except BaseExceptionGroup as group:
        hint = hint_in(group)
        if hint is not None:
            log.error(logger, "agent.hindered", hint=hint)
            await reporter.step(stopped=True, hint=hint)
        raise


STOPS = [signal.SIGTERM, signal.SIGINT]
if sys.platform == "win32":
    STOPS.append(signal.SIGBREAK)  # what a Windows service or a closing console sends


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """The first signal cancels the calling task; `loop.add_signal_handler` does not exist on Windows."""
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    told = False

    def stop() -> None:
        nonlocal told
        if not told and me is not None:  # a second signal would break into the cleaning up
            told = True
            me.cancel()

    before = [(number, signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))) for number in STOPS]
    try:
        yield
    except asyncio.CancelledError:
        if not told:
            raise
        log.info(logger, "agent.stopped")
    finally:
        for number, handler in before:
            signal.signal(number, handler)
