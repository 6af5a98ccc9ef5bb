"""The composition of the hub: opens what it needs top-down, starts every task, closes bottom-up. Stop is cancel."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Never, TypeAlias

from aiohttp import web
from sqlalchemy import select

from hub.accounts import grant_operation
from hub.agents import Enrolment
from hub.amocrm.client import AmoCrms, open_amocrm
from hub.clock import business_clock
from hub.config import Address, HubConfig
from hub.inbox import Inbox, retry_parked
from hub.install import Installer
from hub.install import routes as install_routes
from hub.jobs import Jobs
from hub.link import LinkServer, Registry
from hub.news import News
from hub.ops import Ops, watch_loop
from hub.panel.service import panel_routes
from hub.reconcile import Reconcile
from hub.status import StatusReader
from hub.store.engine import TROUBLE, Store, is_away, open_store
from hub.store.migrate import migrate
from hub.store.tables import accounts
from hub.store.vault import KeyFiles, master_key
from hub.verbs import Verbs
from wire import log
from wire.errors import NeedsOperator

logger = logging.getLogger(__name__)

Loop: TypeAlias = Callable[[], Awaitable[Never]]

STORE_AGAIN_SECONDS = 1.0
GRACE_SECONDS = 25
"""Then the process ends as it is: what is in flight stands in an outbox, in the inbox or as an intent."""

DELIVERIES = 8
"""Accounts that are delivered to at the same time; each waits most of its time for amoCRM."""

CLOSE_SECONDS = 2
"""For requests under way when the listeners close."""


@dataclass(frozen=True)
class _Hub:
    """What was composed: loops to start, routes to serve, how to let the agents go, how all stands."""

    loops: tuple[Loop, ...]
    routes: tuple[web.RouteDef, ...]
    leave: Callable[[], Awaitable[None]]
    status: StatusReader


async def run(config: HubConfig, announce: Callable[[dict[str, Any]], None]) -> None:
    """Serve until cancelled. `announce` is called once, when all is open."""
    ops = Ops()
    _stop_on_signals(ops)
    async with AsyncExitStack() as stack:
        ops_port = await stack.enter_async_context(listening(ops.app(), config.ops_listen, "HUB_OPS_LISTEN"))
        keys = KeyFiles(config.keys_dir, master_key(config.master_key_file))
        store = await stack.enter_async_context(open_store(config.database_url, keys))
        await migrate(store)
        await _retry_parked(store)
        amocrms = await stack.enter_async_context(
            open_amocrm(store, stand_ins=config.amocrm_hosts, rate=config.amocrm_rate)
        )
        hub = _composed(config, store, amocrms)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        for loop in hub.loops:
            tasks.create_task(_outlast(loop))
        port = await stack.enter_async_context(listening(_public_app(hub.routes), config.listen, "HUB_LISTEN"))
        stack.push_async_callback(hub.leave)
        ops.serve(hub.status)
        log.info(logger, "hub.started", port=port)
        announce({"ready": True, "port": port, "ops_port": ops_port})
        await asyncio.Event().wait()


def _composed(config: HubConfig, store: Store, amocrms: AmoCrms) -> _Hub:
    clock, name = business_clock(config.business_clock), store.keys.hub_id()
    news, registry, installer = News(), Registry(), Installer(amocrms)
    inbox = Inbox(store, clock, news)
    link = LinkServer(store, inbox, clock, name, registry=registry, news=news)
    panel = panel_routes(store, amocrms, clock, registry, news, config)
    reconcile = Reconcile(store, amocrms.crm_of, clock, wake=inbox.arrived, news=news)
    jobs = Jobs(store, Verbs(store, amocrms, installer, config.public_url).handlers())

    async def leave() -> None:
        panel.close()  # open cards would hold the listeners
        await link.leave()

    return _Hub(
        loops=(
            jobs.take_all,
            jobs.work_at_all,
            link.watch_revoked,
            installer.run,
            amocrms.tools.tokens.keep_unused_alive,
            *(DELIVERIES * (reconcile.run,)),
            watch_loop,
        ),
        routes=(
            *link.routes(),
            *Enrolment(store, name, config.public_url).routes(),
            *install_routes(installer),
            *panel.routes,
        ),
        leave=leave,
        status=StatusReader(store, clock, registry.connected, registry.doubled),
    )


async def _outlast(loop: Loop) -> Never:
    """Go on when the database is back: it may be restarted, and a hundred clinics stay connected meanwhile. Any other error ends the
    process, and the service manager starts it anew."""
    while True:
        try:
            await loop()
        except TROUBLE as error:
            if not is_away(error):
                raise
            log.warning(logger, "store.missed", error=type(error).__name__)
            await asyncio.sleep(STORE_AGAIN_SECONDS)


async def _retry_parked(store: Store) -> None:
    """This release may be able to read what an older one put aside."""
    async with store.hub_reading() as connection:
        ids = (await connection.execute(select(accounts.c.id))).scalars().all()
    for account_id in ids:
        async with store.writing(grant_operation(account_id)) as unit:
            count = await retry_parked(unit)
        if count:
            log.info(logger, "parked.read", account=account_id, count=count)


def _public_app(routes: Iterable[web.RouteDef]) -> web.Application:
    app = web.Application()
    app.router.add_routes(routes)
    return app


@asynccontextmanager
async def listening(app: web.Application, at: Address, setting: str) -> AsyncIterator[int]:
    """Serve an application; tells the port."""
    # No access log: paths of OAuth carry codes, and the ops address is polled.
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, at.host, at.port).start()
        except OSError:
            raise NeedsOperator(f"Free {at.host}:{at.port}, or write another address into {setting}.") from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _stop_on_signals(ops: Ops) -> None:
    loop, serving = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        if ops.phase == "stopping" or serving is None:
            return
        ops.stop()
        log.info(logger, "stop.asked")
        loop.call_later(GRACE_SECONDS, _give_up)
        serving.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):  # not add_signal_handler: Windows has none
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _give_up() -> None:
    log.error(logger, "hub.stuck", seconds=GRACE_SECONDS)
    os._exit(1)
