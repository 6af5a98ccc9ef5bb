"""A hub that says what a test tells it, in the words of docs/panel.md. It counts what it was asked and which streams are open,
lets a test hold answers back and give them in any order, and can go away and come back on its port. It knows no rule."""

import asyncio
import contextlib
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import web

Json: TypeAlias = dict[str, Any]
GOLDEN = Path(__file__).parents[1] / "panel" / "golden"


def golden(name: str) -> Json:
    """The agreed answer of one state."""
    said: Json = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    return said


def settings() -> Json:
    """What the settings page is told."""
    said: Json = json.loads((GOLDEN.parent / "settings.json").read_text("utf-8"))
    return said


@dataclass(frozen=True)
class Refusal:
    """An error in the panel API's shape."""

    status: int
    code: str
    reason: str
    more: Json = field(default_factory=dict)


class Gone(Enum):
    """No answer at all: the connection ends."""

    GONE = 1


GONE = Gone.GONE
Answer: TypeAlias = Json | Refusal | Gone


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    token: str

    @property
    def what(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class FakeHub:
    """`answer` decides what each request gets; every card's is `found` until a test says otherwise. `delay` is a slow clinic's."""

    answer: Callable[[Asked], Answer] = lambda _: golden("found")
    delay: Callable[[Asked], float] = lambda _: 0
    asked: list[Asked] = field(default_factory=list)
    open_streams: Counter[str] = field(default_factory=Counter)
    most_streams: int = 0
    delayed: int = 0
    url: str = ""
    _tickets: dict[str, str] = field(default_factory=dict)
    _queues: dict[str, list[asyncio.Queue[str]]] = field(default_factory=dict)
    _held: list[tuple[Asked, asyncio.Event]] | None = None
    _runner: web.AppRunner | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def says(self, panel: Answer) -> None:
        """The same answer to everything from now on."""
        self.answer = lambda _: panel

    def forget(self) -> None:
        """What a test asked is no business of the next one's."""
        self.asked.clear()
        self.most_streams = 0
        self.release()
        self.answer = lambda _: golden("found")
        self.delay = lambda _: 0

    def count(self, what: str) -> int:
        """How many requests began with this, like `GET /panel/v1/deals/`."""
        return sum(asked.what.startswith(what) for asked in self.asked)

    @property
    def streams(self) -> int:
        """How many streams are open now."""
        return self.open_streams.total()

    def hold(self) -> None:
        """From now on answers wait until they are released."""
        self._held = []

    def held(self) -> list[str]:
        """Whose answers wait."""
        return [asked.what for asked, _ in self._held or []]

    def release(self, order: Callable[[list[tuple[Asked, asyncio.Event]]], None] | None = None) -> None:
        """Let the held answers go, in an order of the test's choice, and hold no more."""
        waiting, self._held = self._held or [], None
        if order:
            order(waiting)
        for _, may_go in waiting:
            may_go.set()

    def tell(self, event: str = "changed", data: Any = None, card: str | None = None) -> None:
        """An event to the streams of one card, or of all."""
        text = f"event: {event}\ndata: {json.dumps(data or {}, ensure_ascii=False)}\n\n"
        for name, queues in self._queues.items():
            for queue in queues if card in (None, name) else []:
                queue.put_nowait(text)

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait until something is true of this hub; it is looked at after each request and stream."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            asked = [one.what for one in self.asked]
            raise AssertionError(f"not so in {seconds} s: asked {asked}, streams {dict(self.open_streams)}") from None

    async def start(self, port: int = 0) -> None:
        """Listen, on the same port again after `stop`."""
        app = web.Application(middlewares=[_cors])
        app.router.add_get("/panel/v1/stream", self._stream)
        app.router.add_post("/panel/v1/stream", self._ticket)
        app.router.add_route("*", "/panel/v1/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Go away as a process that was killed: open streams end, nobody listens."""
        if self._runner:
            self.end_streams()
            await self._runner.cleanup()
            self._runner = None

    async def again(self) -> None:
        """Come back where it was, if it is not there."""
        if self._runner is None:
            await self.start(int(self.url.rpartition(":")[2]))

    async def _answer(self, request: web.Request) -> web.Response:
        text = await request.text()
        asked = Asked(
            request.method,
            request.path,
            dict(request.query),
            json.loads(text) if text else None,
            request.headers.get("X-Auth-Token", ""),
        )
        self._note(asked)
        if self._held is not None:
            may_go = asyncio.Event()
            self._held.append((asked, may_go))
            await may_go.wait()
        said = self.answer(asked)
        self.delayed += 1
        try:
            await asyncio.sleep(self.delay(asked))
        finally:
            self.delayed -= 1
            self._changed.set()
        if said is GONE and request.transport:
            request.transport.abort()
        return _response(said)

    async def _ticket(self, request: web.Request) -> web.Response:
        body = await request.json()
        ((kind, number),) = body.items()
        self._note(Asked("POST", request.path, {}, body, request.headers.get("X-Auth-Token", "")))
        ticket = secrets.token_urlsafe(8)
        self._tickets[ticket] = f"{kind}s/{number}"
        return web.json_response({"url": f"{self.url}/panel/v1/stream?ticket={ticket}"})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        card = self._tickets.pop(request.query["ticket"], None)
        if card is None:
            return _response(Refusal(403, "refused", "Билет уже использован."))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        response.headers.update(_headers(request))
        with contextlib.suppress(ConnectionError):  # who has gone already
            await response.prepare(request)
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._queues.setdefault(card, []).append(queue)
        self.open_streams[card] += 1
        self.most_streams = max(self.most_streams, self.streams)
        self._changed.set()
        try:
            with contextlib.suppress(ConnectionError):
                await response.write(b"event: beat\ndata: {}\n\n")
                while text := await queue.get():
                    await response.write(text.encode())
        finally:
            self.open_streams[card] -= 1
            self._queues[card].remove(queue)
            self._changed.set()
        return response

    def end_streams(self) -> None:
        """As a proxy does that has held them long enough."""
        for queues in self._queues.values():
            for queue in queues:
                queue.put_nowait("")

    def _note(self, asked: Asked) -> None:
        self.asked.append(asked)
        self._changed.set()


@asynccontextmanager
async def serving() -> AsyncIterator[FakeHub]:
    """A hub that listens until the block ends."""
    hub = FakeHub()
    await hub.start()
    try:
        yield hub
    finally:
        hub.release()
        await hub.stop()


def _response(said: Answer) -> web.Response:
    if said is GONE:
        return web.Response()
    if isinstance(said, Refusal):
        return web.json_response({"code": said.code, "reason": said.reason} | said.more, status=said.status)
    return web.json_response(said)


def _headers(request: web.Request) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": request.headers.get("Origin", "null"), "Vary": "Origin"}


@web.middleware
async def _cors(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """As the real hub: errors too carry the headers, or the widget would see a status of 0."""
    if request.method == "OPTIONS":
        allowed = {"Access-Control-Allow-Methods": "GET, PUT, POST, DELETE", "Access-Control-Max-Age": "600"}
        asked_for = {"Access-Control-Allow-Headers": "X-Auth-Token, Content-Type"}
        return web.Response(status=204, headers=_headers(request) | allowed | asked_for)
    response: web.StreamResponse = await handler(request)
    if not response.prepared:
        response.headers.update(_headers(request))
    return response
