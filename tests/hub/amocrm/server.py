"""A loopback server that plays amoCRM's network: it answers what a test tells it to, well or badly, and remembers what it was asked."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from aiohttp import web

HAL, PROBLEM = "application/hal+json", "application/problem+json"
NGINX = "<html><body><center>nginx</center></body></html>"


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any
    at: float

    @property
    def what(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Reply:
    """What goes back; `badly`: read the request and close the connection, or let the answer drip."""

    status: int = 200
    body: Any = None
    type: str = HAL
    headers: dict[str, str] = field(default_factory=dict)
    badly: Literal["close", "drip"] | None = None


Handler: TypeAlias = Callable[[Asked], Reply | Awaitable[Reply]]

EMPTY = Reply(204)
CLOSE = Reply(badly="close")
DRIP = Reply(badly="drip")


def problem(status: int, **body: Any) -> Reply:
    return Reply(status, {"status": status, **body}, PROBLEM)


def nginx(status: int, **headers: str) -> Reply:
    return Reply(status, NGINX, "text/html", headers)


def listed(name: str, items: list[Any], following: str | None = None) -> Reply:
    links = {"self": {"href": "…"}} | ({"next": {"href": following}} if following else {})
    return Reply(200, {"_page": 1, "_links": links, "_embedded": {name: items}})


class Server:
    """Handlers by "METHOD /path"; a list of replies is given one by one, its last one for ever. An unknown path fails the test."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.handlers: dict[str, Handler | Reply | list[Reply]] = {}
        self.unknown: list[str] = []
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        return f"http://{self.host}"

    def on(self, what: str, does: Handler | Reply | list[Reply]) -> None:
        self.handlers[what] = does

    def asked_for(self, what: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.what == what]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        asked = Asked(
            request.method,
            request.path,
            list(request.query.items()),
            dict(request.headers),
            json.loads(text) if text else None,
            time.monotonic(),
        )
        self.asked.append(asked)
        reply = await self._reply(asked)
        if reply.badly == "close":
            assert request.transport
            request.transport.close()
            return web.Response()
        if reply.badly == "drip":
            return await self._drip(request)
        body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        text_out = None if reply.body is None else body
        return web.Response(
            status=reply.status,
            text=text_out,
            content_type=reply.type.partition(";")[0] if text_out is not None else None,
            headers=reply.headers,
        )

    async def _reply(self, asked: Asked) -> Reply:
        does = self.handlers.get(asked.what)
        if does is None:
            self.unknown.append(asked.what)
            return Reply(599)
        if isinstance(does, Reply):
            return does
        if isinstance(does, list):
            return does.pop(0) if len(does) > 1 else does[0]
        reply = does(asked)
        return reply if isinstance(reply, Reply) else await reply

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": HAL})
        await response.prepare(request)
        while True:  # until the client has had enough
            await response.write(b" ")
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()
    assert server.unknown == []


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it, for five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 what is waited for has no event of its own
            await asyncio.sleep(0)
