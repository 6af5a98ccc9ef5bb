"""What operators and their machines ask the process: is it ready, how stands every clinic, figures. On an address of its own, never
the public one; ids, codes and counts only."""

import asyncio
from typing import Literal, Never, TypeAlias

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from hub.metrics import LOOP_LAG, OLDEST_UNDELIVERED, REGISTRY, UNDELIVERED
from hub.status import Status, StatusReader
from hub.store.engine import TROUBLE, is_away

Phase: TypeAlias = Literal["starting", "serving", "stopping"]
_LAG_EVERY_SECONDS = 0.5


class Ops:
    """The phases of the process, and its answers. The store is there from `serve` on."""

    def __init__(self) -> None:
        self.phase: Phase = "starting"
        self._status: StatusReader | None = None

    def serve(self, status: StatusReader) -> None:
        """All is open."""
        self.phase, self._status = "serving", status

    def stop(self) -> None:
        """From now on nothing new should be sent here."""
        self.phase = "stopping"

    def app(self) -> web.Application:
        """The endpoints."""
        app = web.Application()
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/status", self._tell_status)
        app.router.add_get("/metrics", self._metrics)
        return app

    async def _ready(self, _request: web.Request) -> web.Response:
        ready = self.phase == "serving"
        return web.json_response({"ready": ready, "phase": self.phase}, status=200 if ready else 503)

    async def _tell_status(self, _request: web.Request) -> web.Response:
        status = await self._read()
        return web.json_response(text=status.model_dump_json())

    async def _metrics(self, _request: web.Request) -> web.Response:
        status = await self._read()
        UNDELIVERED.clear()
        OLDEST_UNDELIVERED.clear()
        for account in status.accounts:
            UNDELIVERED.labels(str(account.account)).set(account.undelivered)
            OLDEST_UNDELIVERED.labels(str(account.account)).set(account.oldest_seconds)
        return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _read(self) -> Status:
        if self._status is None:
            raise web.HTTPServiceUnavailable(text="starting")
        try:
            return await self._status.read()
        except TROUBLE as error:
            if not is_away(error):
                raise
            raise web.HTTPServiceUnavailable(text="the database is away") from None


async def watch_loop() -> Never:
    """Measure how late the event loop runs what is due."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + _LAG_EVERY_SECONDS
        await asyncio.sleep(_LAG_EVERY_SECONDS)
        LOOP_LAG.observe(max(0.0, clock() - due))
