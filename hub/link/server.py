"""Accepts agents at `/agent/v1`: greets them, lets one link a database speak, and lets all go when the hub stops."""

import asyncio
import logging
import random
import secrets
from contextlib import suppress
from typing import NoReturn

from aiohttp import WSMsgType, web
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from hub import agents
from hub.clock import Clock, machine_now
from hub.inbox import Inbox
from hub.link.admission import Known, authorise, resume, verify
from hub.link.closing import Close, Refused
from hub.link.connection import Admitted, Connection
from hub.link.registry import Registry
from hub.link.standing import Standing
from hub.link.times import TIMES, Times
from hub.link.twins import RETURNS
from hub.news import News
from hub.store import tables
from hub.store.engine import Store
from wire import log
from wire.errors import LinkError, UnexpectedFrame
from wire.frames import MAX_FRAME_BYTES, PROTOCOL, Challenge, Goaway, Hello
from wire.session import Session, hub_session

logger = logging.getLogger(__name__)

PATH = "/agent/v1"
CREDIT = 128 << 10
_SILENT_BEFORE_PING = 2 / 3
"""Of the silence that we allow: then we ping, and wait for the rest of it."""


class LinkServer:
    """The hub's end of all links of this process."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        clock: Clock,
        hub: str,
        *,
        registry: Registry,
        news: News | None = None,
        credit: int = CREDIT,
        times: Times = TIMES,
    ) -> None:
        self._store, self._inbox, self._clock, self._hub = store, inbox, clock, hub
        self._registry, self._news, self._credit, self._times = registry, news or News(), credit, times
        self._leaving = False

    def routes(self) -> list[web.RouteDef]:
        """Where agents dial."""
        return [web.get(PATH, self._accept)]

    async def _accept(self, request: web.Request) -> web.WebSocketResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if PROTOCOL not in [name.strip() for name in offered.split(",")]:
            raise web.HTTPBadRequest(text=f"This hub speaks {PROTOCOL}.\n")
        if self._leaving:
            raise web.HTTPServiceUnavailable(text="This hub is stopping.\n")
        websocket = web.WebSocketResponse(
            protocols=[PROTOCOL],
            max_msg_size=MAX_FRAME_BYTES,
            compress=False,
            timeout=self._times.closing,
            heartbeat=self._times.silence * _SILENT_BEFORE_PING,
        )
        await websocket.prepare(request)
        try:
            await self._talk(websocket)
        finally:
            if request.transport:
                request.transport.abort()  # a peer that is gone would hold the socket until its last bytes are given up
        return websocket

    async def _talk(self, websocket: web.WebSocketResponse) -> None:
        session = hub_session()
        try:
            known, hello = await self._identify(websocket, session)
            connection = await self._admit(websocket, session, known, hello)
        except Refused as refused:
            log.warning(logger, "agent.refused", reason=refused.reason, close_code=refused.close)
            await websocket.close(code=refused.close, message=refused.reason.encode())
        except LinkError as error:
            log.warning(logger, "agent.refused", reason=str(error), close_code=error.close_code)
            await websocket.close(code=error.close_code)
        except (SQLAlchemyError, OSError) as error:
            log.warning(logger, "agent.refused", reason=type(error).__name__, close_code=Close.TRY_AGAIN)
            await websocket.close(code=Close.TRY_AGAIN)
        else:
            await self._serve(connection)

    async def _identify(self, websocket: web.WebSocketResponse, session: Session) -> tuple[Known, Hello]:
        """Challenge whoever dialled; what comes back proves an agent, or is refused."""
        challenge = Challenge(nonce=secrets.token_urlsafe(24), hub=self._hub, time=machine_now())
        async with asyncio.timeout(self._times.greeting):
            await websocket.send_str(session.send(challenge))
            message = await websocket.receive()
        if message.type is not WSMsgType.TEXT:
            raise Refused(Close.NORMAL, "said_nothing")
        hello = session.receive(message.data)
        if not isinstance(hello, Hello):
            raise UnexpectedFrame(hello.t, session.phase.name.lower())
        return await verify(self._store, challenge, hello), hello

    async def _admit(
        self, websocket: web.WebSocketResponse, session: Session, known: Known, hello: Hello
    ) -> Connection:
        """Let the agent speak in place of the link before it, which commits first what it received."""
        async with self._registry.turn((known.account.id, known.database)):
            async with self._store.writing(known.account) as unit:
                await authorise(unit, known, hello)
            await self._refuse_twin(known, hello)
            await self._take_over(known, hello)
            async with self._store.writing(known.account) as unit:
                agreement = await resume(unit, known, hello, self._clock.now())
            if self._leaving:
                raise Refused(Close.TRY_AGAIN, "stopping")
            standing = Standing(self._news, self._clock, (known.account.id, known.database))
            connection = Connection(
                websocket,
                session,
                Admitted(known.account, known.database, known.agent, hello.instance, agreement, hello.computer),
                store=self._store,
                inbox=self._inbox,
                credit=self._credit,
                times=self._times,
                stood=standing.put,
            )
            self._registry.add(connection)
            self._news.tell_freshness(*connection.key)
        return connection

    async def _refuse_twin(self, known: Known, hello: Hello) -> None:
        """Two agents with one identity take each other's place again and again: neither speaks until a person decides."""
        key = (known.account.id, known.database)
        old, now = self._registry.find(key), asyncio.get_running_loop().time()
        if old is None or old.admitted.instance == hello.instance:
            return
        returns = self._registry.twins.returned(key, hello.instance, (old.admitted.computer, hello.computer), now)
        if returns:
            log.warning(logger, "agent.doubled", **old.names, count=returns)
        if returns >= RETURNS:
            async with self._store.writing(known.account) as unit:
                await agents.suspend(unit, known.agent)
            log.error(logger, "agent.suspended", **old.names)
            old.leave(Close.FORBIDDEN, Goaway(reason="suspended"))
            raise Refused(Close.FORBIDDEN, "suspended")

    async def _take_over(self, known: Known, hello: Hello) -> None:
        """The same instance just dialled again; another one ends the older for good."""
        old = self._registry.find((known.account.id, known.database))
        if old is None:
            return
        if (old.admitted.agent, old.admitted.instance) == (known.agent, hello.instance):
            old.leave(Close.NORMAL)
        else:
            now = asyncio.get_running_loop().time()
            self._registry.twins.superseded(old.key, old.admitted.instance, now)
            old.leave(Close.SUPERSEDED, Goaway(reason="superseded", computer=hello.computer))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._times.draining):
                await old.drained.wait()

    async def _serve(self, connection: Connection) -> None:
        admitted, since = connection.admitted, asyncio.get_running_loop().time()
        log.info(
            logger,
            "link.opened",
            **connection.names,
            instance=admitted.instance,
            generation=admitted.agreement.generation,
        )
        try:
            await connection.serve()
        finally:
            self._registry.remove(connection, self._clock.now())
            self._news.tell_freshness(*connection.key)
            log.info(
                logger,
                "link.closed",
                **connection.names,
                close_code=connection.close_code,
                seconds=round(asyncio.get_running_loop().time() - since, 1),
            )

    # Ending links

    async def leave(self) -> None:
        """The hub stops: let the agents go one after another, and wait until what they pushed is committed."""
        self._leaving = True
        links = self._registry.links()
        random.shuffle(links)
        for link in links:
            link.leave(Close.AWAY, Goaway(reason="restart"))
            await asyncio.sleep(self._times.between(len(links)))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._times.draining):
                for link in links:
                    await link.drained.wait()

    async def watch_revoked(self) -> NoReturn:
        """Cut off within a second whoever is revoked, in whichever process."""
        while True:
            await self.cut_revoked()
            await asyncio.sleep(self._times.revoked_every)

    async def cut_revoked(self) -> None:
        """One look at the agents that were revoked, and at those that another process suspended."""
        links = self._registry.links()
        if not links:
            return
        try:
            async with self._store.hub_reading() as connection:
                rows = (await connection.execute(_CUT_OFF)).all()
        except (SQLAlchemyError, OSError) as error:
            log.warning(logger, "revoked.unread", error=type(error).__name__)
            return
        cut_off = {row.id: row.revoked_at is not None for row in rows}
        for link in links:
            match cut_off.get(link.admitted.agent):
                case True:
                    link.leave(Close.UNAUTHORISED, Goaway(reason="revoked"))
                case False:
                    link.leave(Close.FORBIDDEN, Goaway(reason="suspended"))


_CUT_OFF = select(tables.agents.c.id, tables.agents.c.revoked_at).where(
    tables.agents.c.revoked_at.is_not(None) | tables.agents.c.suspended_at.is_not(None)
)
