"""A hub that agents can reach over real sockets, and an agent that says exactly what a test wants it to say."""

import asyncio
import base64
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Row, insert, select
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from hub.accounts import grant_agent
from hub.agents import Enrolment, Tries
from hub.clock import machine_now
from hub.inbox import Inbox
from hub.link import LinkServer, Registry
from hub.link.times import Times
from hub.news import News
from hub.store import tables
from hub.store.engine import Store
from tests.hub.pushes import Lanes
from wire.frames import PROTOCOL, Ack, AnyFrame, Challenge, DatabaseName, Goaway, Hello, Position, Welcome, signed_text
from wire.lanes import START
from wire.session import agent_session

T = TypeVar("T")

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
QUICK = Times(silence=0.6, greeting=0.6, closing=0.3, draining=1, state_every=0.2, revoked_every=0.05, leaving=0.2)
PATIENCE = 10.0
"""How long a test waits for what must come: only a failing one waits so long."""


class Noon:
    """A business clock that stands still."""

    def now(self) -> datetime:
        return NOON


async def eventually(look: Callable[[], Awaitable[T]]) -> T:
    """The first look that finds something."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.01)


class Hub:
    """The hub's end, as a process would hold it."""

    def __init__(self, store: Store, times: Times, credit: int) -> None:
        self.store, self.account = store, grant_agent(1)
        self.news = News()
        self.inbox = Inbox(store, Noon(), self.news)
        self.registry = Registry()
        self.server = LinkServer(
            store, self.inbox, Noon(), "hub_1", registry=self.registry, news=self.news, times=times, credit=credit
        )
        self.address = ""

    async def rows(self, table: Any) -> list[Row[Any]]:
        """All rows, of all accounts."""
        async with self.store.hub_reading() as connection:
            return list(await connection.execute(select(table).order_by(*table.primary_key)))

    async def database(self, name: str = "db_1") -> Row[Any]:
        (row,) = [row for row in await self.rows(tables.databases) if (row.account_id, row.id) == (1, name)]
        return row

    async def write(self, statement: Any) -> None:
        async with self.store.hub_writing() as connection:
            await connection.execute(statement)


async def set_up(store: Store) -> None:
    """Two databases of account 1, one of account 2."""
    async with store.hub_writing() as connection:
        for account in (1, 2):
            await connection.execute(
                insert(tables.accounts).values(id=account, host=f"a{account}.amocrm.ru", created_at=NOON)
            )
        for account, name in ((1, "db_1"), (1, "db_2"), (2, "db_1")):
            await connection.execute(
                insert(tables.databases).values(account_id=account, id=name, name=name, zone="Europe/Moscow")
            )


@asynccontextmanager
async def serving(
    store: Store, times: Times = QUICK, credit: int = 128 << 10, tries: Tries | None = None
) -> AsyncIterator[Hub]:
    """A hub on a free port of loopback."""
    await set_up(store)
    hub = Hub(store, times, credit)
    app = web.Application()
    listener = socket.create_server(("127.0.0.1", 0))
    hub.address = "http://{}:{}".format(*listener.getsockname())
    enrolment = Enrolment(store, "hub_1", hub.address, tries)
    app.add_routes([*hub.server.routes(), *enrolment.routes()])
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield hub
    finally:
        await runner.cleanup()


class Talk:
    """One connection of an agent."""

    def __init__(self, agent: "Agent", socket: ClientConnection) -> None:
        self.agent, self.socket, self.session = agent, socket, agent_session()
        self.welcome: Welcome

    async def next(self) -> AnyFrame:
        async with asyncio.timeout(PATIENCE):
            return self.session.receive(await self.socket.recv())

    async def challenged(self) -> Challenge:
        frame = await self.next()
        assert isinstance(frame, Challenge)
        return frame

    async def hello(self, **changes: Any) -> None:
        challenge = await self.challenged()
        await self.say(self.agent.hello(challenge, **changes))

    async def welcomed(self) -> Welcome:
        frame = await self.next()
        assert isinstance(frame, Welcome), frame
        self.welcome = frame
        return frame

    async def say(self, frame: AnyFrame) -> None:
        await self.socket.send(self.session.send(frame))

    async def push(self, lane: str, *changes: dict[str, Any]) -> int:
        """Push, and say up to which seq."""
        received = self.agent.lanes.push(lane, *changes)
        await self.socket.send(received.text)
        return received.frame.seq

    async def acked(self, seq: int, lane: str = "live") -> None:
        """Wait for the ack of a lane up to `seq`."""
        while True:
            frame = await self.next()
            assert isinstance(frame, Ack), frame
            if frame.lane == lane and frame.seq >= seq:
                return

    async def goaway(self) -> str:
        while True:
            frame = await self.next()
            if isinstance(frame, Goaway):
                return frame.reason

    async def closed(self) -> int:
        """The code that the hub closed with."""
        async with asyncio.timeout(PATIENCE):
            await self.socket.wait_closed()
        return self.socket.close_code or 0

    async def reason(self) -> str:
        await self.closed()
        return self.socket.close_reason or ""


class Agent:
    """An enrolled agent: its key, its instance, its lanes."""

    def __init__(self, hub: Hub, name: str = "ag_1", database: str = "db_1") -> None:
        self.hub, self.name, self.database = hub, name, database
        self.key = Ed25519PrivateKey.generate()
        self.instance = secrets.token_hex(4)
        self.fingerprint = ""
        self.generation = 0
        self.lanes = Lanes(0)

    async def enrol(self, account: int = 1, at: datetime | None = None) -> "Agent":
        await self.hub.write(
            insert(tables.agents).values(
                id=self.name,
                account_id=account,
                database=self.database,
                public_key=self.key.public_key().public_bytes_raw(),
                enrolled_at=at or machine_now(),
            )
        )
        return self

    @property
    def url(self) -> str:
        return self.hub.address.replace("http", "ws") + "/agent/v1"

    @asynccontextmanager
    async def dialled(self, protocol: str = PROTOCOL) -> AsyncIterator[Talk]:
        """A connection before its first frame."""
        async with connect(
            self.url,
            subprotocols=[Subprotocol(protocol)],
            compression=None,
            ping_interval=None,
            proxy=None,
            close_timeout=1,
        ) as socket:
            yield Talk(self, socket)

    @asynccontextmanager
    async def linked(self) -> AsyncIterator[Talk]:
        """A connection after its welcome; a new generation begins at its start."""
        async with self.dialled() as talk:
            await talk.hello()
            welcome = await talk.welcomed()
            if welcome.generation != self.generation:
                self.generation, self.lanes.generation, self.lanes.sent = welcome.generation, welcome.generation, {}
            yield talk

    def hello(self, challenge: Challenge, **changes: Any) -> Hello:
        signature = self.key.sign(signed_text(challenge.nonce, challenge.hub, self.name))
        named = {lane: (self.lanes.sent.get(lane, START),) for lane in ("live", "backfill")}
        told: dict[str, Any] = {
            "signature": base64.b64encode(signature).decode(),
            "agent": self.name,
            "instance": self.instance,
            "software": "test",
            "database": DatabaseName(id=self.database, fingerprint=self.fingerprint),
            "generation": self.generation,
            "lanes": named,
        }
        return Hello(**{**told, **changes})


def named(*positions: Position) -> dict[str, tuple[Position, ...]]:
    """What a hello says of the live lane."""
    return {"live": positions, "backfill": (START,)}
