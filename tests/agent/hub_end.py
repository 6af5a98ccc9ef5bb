"""A hub for the agent's tests: a real WebSocket server that speaks through wire's own hub session and does what a test says."""

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from agent.files import open_folder
from agent.identity import Enrolled, Identity, enroll
from agent.link import Link
from agent.link.questions import Lookup
from agent.outbox import Outbox, Reading
from agent.standing import Standing
from agent.web import Answer
from wire.frames import (
    PROTOCOL,
    Ack,
    AnyFrame,
    Ask,
    Challenge,
    Fault,
    Hello,
    Lane,
    LaneStart,
    Push,
    Welcome,
    signed_text,
)
from wire.model import Balance, Patient
from wire.session import hub_session

F = TypeVar("F")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PATIENCE = 10.0


class HubConnection:
    """The hub's end of one connection."""

    def __init__(self, ws: ServerConnection, public: Ed25519PublicKey) -> None:
        self.ws, self.public = ws, public
        self.session = hub_session()
        self.texts: list[str] = []
        self._kept: deque[AnyFrame] = deque()

    async def greet(
        self, *, generation: int = 1, live: int = 0, backfill: int = 0, credit: int = 131072, beat: float = 2
    ) -> Hello:
        """Challenge, check the signature, welcome."""
        hello = await self.challenge()
        lanes: dict[Lane, LaneStart] = {"live": LaneStart(seq=live), "backfill": LaneStart(seq=backfill)}
        await self.send(Welcome(generation=generation, lanes=lanes, credit=credit, beat_seconds=beat))
        return hello

    async def challenge(self, hub: str = "hub_1") -> Hello:
        """The first half of a greeting."""
        await self.send(Challenge(nonce="n1", hub=hub, time=NOON))
        hello = await self.frame()
        assert isinstance(hello, Hello)
        self.public.verify(base64.b64decode(hello.signature), signed_text("n1", hub, hello.agent))
        return hello

    async def frame(self) -> AnyFrame:
        """The next frame."""
        if self._kept:
            return self._kept.popleft()
        async with asyncio.timeout(PATIENCE):
            text = await self.ws.recv()
        assert isinstance(text, str)
        self.texts.append(text)
        return self.session.receive(text)

    async def next(self, kind: type[F], wanted: Callable[[F], bool] = lambda _: True) -> F:
        """The next frame of this kind that is wanted; others are passed over."""
        while True:
            frame = await self.frame()
            if isinstance(frame, kind) and wanted(frame):
                return frame

    async def push(self) -> Push:
        """The next push."""
        return await self.next(Push)

    async def pushes_now(self) -> list[Push]:
        """What the agent pushes without waiting for anything: an answer goes before a push, but only one step before it."""
        pushes: list[Push] = []
        for number in (1, 2):
            await self.send(Ask(id=number, ask="card", deadline_ms=1000))
            while not isinstance(frame := await self.frame(), Fault):
                pushes += [frame] if isinstance(frame, Push) else []
        return pushes

    async def send(self, frame: AnyFrame) -> None:
        await self.ws.send(self.session.send(frame))

    async def ack(self, push: Push) -> None:
        await self.send(Ack(lane=push.lane, seq=push.seq))

    def drop(self) -> None:
        """The line breaks: no close frame, no close of the socket's other half."""
        self.ws.transport.abort()

    async def gone(self) -> int:
        """Wait until the agent closed; its code."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    self.texts.append(str(await self.ws.recv()))
            except ConnectionClosed:
                pass
        return self.ws.close_code or 0


Script: TypeAlias = Callable[[HubConnection], Awaitable[None]]


class Hub:
    """The server. `scripts` are played one for each connection; after the last one, connections just stay open."""

    def __init__(self, *scripts: Script, refuse: Callable[[], Response | None] = lambda: None) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.public = self.key.public_key()
        self._scripts = deque(scripts)
        self._refuse = refuse
        self.connections: list[HubConnection] = []
        self.attempts = 0
        self.played: asyncio.Queue[BaseException | None] = asyncio.Queue()
        self.url = ""

    async def serve(self, ws: ServerConnection) -> None:
        connection = HubConnection(ws, self.public)
        self.connections.append(connection)
        script = self._scripts.popleft() if self._scripts else None
        if script is None:
            await ws.wait_closed()
            return
        try:
            await script(connection)
        except BaseException as error:
            self.played.put_nowait(error)
            raise
        self.played.put_nowait(None)
        await ws.wait_closed()

    def before(self, _connection: ServerConnection, _request: Request) -> Response | None:
        self.attempts += 1
        return self._refuse()

    async def done(self, scripts: int = 1) -> None:
        """Wait until so many scripts were played; raises what one of them raised."""
        for _ in range(scripts):
            async with asyncio.timeout(PATIENCE):
                error = await self.played.get()
            if error is not None:
                raise error

    def enroll(self, folder: Path) -> str:
        """Let an agent with this state folder be known here; returns the hub's address."""
        address = self.url.replace("ws", "http", 1).removesuffix("/agent/v1")

        def accept(_url: str, body: bytes) -> Answer:
            key = base64.b64decode(json.loads(body)["public_key"])
            self.public = Ed25519PublicKey.from_public_bytes(key)
            names = {"agent": "ag_1", "hub": "hub_1", "database": "db_1", "link": self.url}
            return Answer(200, json.dumps(names).encode(), None)

        enroll(open_folder(folder), address, "c0de", accept)
        return address

    def identity(self) -> Identity:
        enrolled = Enrolled(agent="ag_1", hub="hub_1", database="db_1", link=self.url)
        return Identity(enrolled, self.url.replace("ws", "http", 1), self.key)


@asynccontextmanager
async def listening(hub: Hub, protocol: str | None = PROTOCOL) -> AsyncIterator[Server]:
    """Open the hub on a free port."""
    options = {} if protocol is None else {"subprotocols": [protocol]}
    async with serve(hub.serve, "127.0.0.1", 0, compression=None, process_request=hub.before, **options) as server:  # type: ignore[arg-type]
        port = next(iter(server.sockets)).getsockname()[1]
        hub.url = f"ws://127.0.0.1:{port}/agent/v1"
        try:
            yield server
        finally:
            for connection in hub.connections:
                connection.drop()  # a deaf one would never close


def link_to(
    hub: Hub,
    outbox: Outbox,
    standing: Standing | None = None,
    *,
    state_every: float = 60,
    unit: float = 1.0,
    luck: float = 0.0,
    lookup: Lookup | None = None,
) -> Link:
    """The agent's end, for this hub. Without luck there is no waiting between connections."""
    return Link(
        hub.identity(),
        outbox,
        standing or Standing(),
        fields=("visit.comment:off",),
        state_every=state_every,
        software="1.0.0",
        lookup=lookup,
        unit=unit,
        luck=lambda: luck,
        now=lambda: NOON,
    )


@asynccontextmanager
async def running(link: Link) -> AsyncIterator[None]:
    """Let the link run beside the test."""
    task = asyncio.get_running_loop().create_task(link.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 the condition may be anybody's
            await asyncio.sleep(0.005)


def owes(key: str, debt: str = "1.00") -> Reading:
    """A small entity as it was read."""
    entity = Balance.model_validate({"patient_id": key, "debt": debt})
    return Reading("balance", key, NOON, entity)


async def record(outbox: Outbox, *keys: str, lane: Lane = "live", debt: str = "1.00") -> None:
    """Let the scan find these."""
    await outbox.record([owes(key, debt) for key in keys], lane=lane)


def keys(push: Push) -> list[str]:
    return [change.key for change in push.changes]


def long(key: str) -> Reading:
    """A larger entity, about half a kilobyte on the wire."""
    return Reading("patient", key, NOON, Patient.model_validate({"id": key, "name": "N" * 400}))


def huge(key: str) -> Reading:
    """An entity of about 16 KiB on the wire."""
    phones = [f"+7999{number:07}" for number in range(1000)]
    return Reading("patient", key, NOON, Patient.model_validate({"id": key, "phones": phones}))


async def is_empty(outbox: Outbox) -> bool:
    """Whether nothing waits any more."""
    depth = await outbox.depth()
    return depth.live + depth.backfill == 0
