"""One open link: what comes goes into the mailbox, what was committed is acked. Reading never waits for the store."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypedDict

from aiohttp import WSMessage, WSMsgType, web
from sqlalchemy.exc import SQLAlchemyError

from hub.accounts import Account
from hub.inbox import Inbox, Outrun, Received
from hub.link.asks import Asks
from hub.link.closing import Close
from hub.link.mailbox import Mail, Mailbox
from hub.link.standing import put_state
from hub.link.times import Times
from hub.store.engine import Store
from wire import log
from wire.errors import LinkError, MalformedFrame, UnexpectedFrame
from wire.frames import (
    MAX_PUSH_BYTES,
    Ack,
    Answer,
    AnyFrame,
    Fault,
    Goaway,
    LaneStart,
    PassBegin,
    PassEnd,
    Push,
    State,
    Welcome,
)
from wire.lanes import Agreement, Verdict, judge
from wire.session import Session

logger = logging.getLogger(__name__)


class Names(TypedDict):
    """Of one link."""

    account: int
    database: str
    agent: str


@dataclass(frozen=True)
class Admitted:
    """What the greeting came to."""

    account: Account
    database: str
    agent: str
    instance: str
    agreement: Agreement
    computer: str = ""


@dataclass(frozen=True)
class Ending:
    """How we close, and what we say before."""

    close: int
    goaway: Goaway | None = None


class Connection:
    """Three tasks: one reads and judges, one commits all that waits together and acks it, one asks what operators want to know, so that
    no question waits for a commit. `drained` is set when nothing more of this link will be committed."""

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        session: Session,
        admitted: Admitted,
        *,
        store: Store,
        inbox: Inbox,
        credit: int,
        times: Times,
        stood: Callable[[State], None],
    ) -> None:
        self.admitted, self.key = admitted, (admitted.account.id, admitted.database)
        self.drained, self.asks = asyncio.Event(), Asks()
        self._websocket, self._session = websocket, session
        self._store, self._inbox, self._credit, self._times, self._stood = store, inbox, credit, times, stood
        self._mailbox = Mailbox(credit + MAX_PUSH_BYTES, times.state_every)
        self._durable = {lane: position.seq for lane, position in admitted.agreement.positions.items()}
        self._received = dict(self._durable)
        self._ending: Ending | None = None

    @property
    def names(self) -> Names:
        """What log lines say of this link."""
        return {"account": self.key[0], "database": self.key[1], "agent": self.admitted.agent}

    @property
    def close_code(self) -> int:
        """How it ended; 1006 where nobody closed it."""
        return self._websocket.close_code or 1006

    async def serve(self) -> None:
        """From the welcome to the end; whatever was received by then is committed."""
        try:
            await self._welcome()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(), name="link.write")
                tasks.create_task(self._ask(), name="link.ask")
                self.leave(await self._read())
        finally:
            self.asks.close()
            self.drained.set()

    def leave(self, close: int, goaway: Goaway | None = None) -> None:
        """Take nothing more, commit what waits, say goodbye, close. The first reason counts."""
        self._ending = self._ending or Ending(close, goaway)
        self._mailbox.close()
        self.asks.close()

    # Reading

    async def _read(self) -> int:
        """Until the peer is gone, or broke the rules: the code to close with."""
        try:
            async for message in self._websocket:
                if self._ending is None:
                    self._take(message)
        except LinkError as error:
            log.warning(logger, "link.broken", **self.names, close_code=error.close_code, error=str(error))
            return error.close_code
        return Close.NORMAL

    def _take(self, message: WSMessage) -> None:
        if message.type is WSMsgType.ERROR:
            return  # the silence was too long or the frame too large: the library closes, and reading ends
        if message.type is not WSMsgType.TEXT:
            raise MalformedFrame
        frame = self._session.receive(message.data)
        match frame:
            case Push() | PassBegin() | PassEnd():
                self._judge(Received(frame, message.data))
            case State():
                self._mailbox.put_state(frame)
            case Answer() | Fault():
                self.asks.take(frame)

    def _judge(self, received: Received) -> None:
        frame = received.frame
        match judge(self._received[frame.lane], frame.prev, frame.seq):
            case Verdict.APPLY:
                self._received[frame.lane] = frame.seq
                self._mailbox.put(received)
            case Verdict.REPEAT:
                self._mailbox.repeat(frame.lane)
            case Verdict.GAP:
                raise UnexpectedFrame(frame.t, "one before it is missing")

    # Writing

    async def _write(self) -> None:
        try:
            while await self.step():
                pass
        except Outrun:
            log.warning(logger, "link.outrun", **self.names)
            self.leave(Close.TRY_AGAIN)
        except (SQLAlchemyError, OSError) as error:
            log.error(logger, "link.failed", **self.names, error=type(error).__name__)
            self.leave(Close.TRY_AGAIN)
        self.drained.set()
        await self._goodbye(self._ending or Ending(Close.NORMAL))

    async def step(self) -> bool:
        """Commit all that waits, together, then ack it; False after the end."""
        mail = await self._mailbox.take()
        if mail is None:
            return False
        await self._commit(mail)
        return True

    async def _commit(self, mail: Mail) -> None:
        account, database = self.admitted.account, self.admitted.database
        acked = set(mail.repeated)
        if mail.received:
            generation = self.admitted.agreement.generation
            moved = await self._inbox.take(account, database, generation, mail.received)
            self._durable |= {lane: position.seq for lane, position in moved.items()}
            acked |= moved.keys()
        for lane in sorted(acked):
            if self._durable[lane]:
                await self._send(Ack(lane=lane, seq=self._durable[lane]))
        if mail.state:
            async with self._store.writing(account) as unit:
                await put_state(unit, database, mail.state)
            self._stood(mail.state)

    async def _ask(self) -> None:
        """Until the link ends, which closes the questions before anything is sent that forbids them."""
        while (frame := await self.asks.next()) is not None:
            await self._send(frame)

    async def _goodbye(self, ending: Ending) -> None:
        if ending.goaway:
            await self._send(ending.goaway)
        with suppress(OSError):
            await self._websocket.close(code=ending.close)

    async def _welcome(self) -> None:
        agreement = self.admitted.agreement
        starts = {lane: LaneStart(seq=position.seq) for lane, position in agreement.positions.items()}
        await self._send(Welcome(generation=agreement.generation, lanes=starts, credit=self._credit))

    async def _send(self, frame: AnyFrame) -> None:
        """A frame that cannot leave is lost with its connection; reading finds out."""
        text = self._session.send(frame)
        with suppress(OSError):
            async with asyncio.timeout(self._times.sending):
                await self._websocket.send_str(text)
