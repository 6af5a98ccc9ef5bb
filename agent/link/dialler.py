"""Keeps the link up: dials, talks until the end, waits, dials again. Knows nothing of what is said."""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NoReturn, TypeAlias

from websockets.exceptions import ConnectionClosed, WebSocketException

from agent import clock
from agent.identity import Identity
from agent.link.conversation import Conversation
from agent.link.credit import Credit
from agent.link.ending import GOING_AWAY, NOT_A_HUB, SILENT, Ending, Then, of_close, of_failure, of_misunderstanding
from agent.link.greeting import Ended, Greeted, Greeter
from agent.link.line import Line, dial
from agent.link.questions import Lookup
from agent.link.times import Times, jittered
from agent.outbox import Outbox
from agent.standing import Standing
from wire import log
from wire.errors import LinkError
from wire.session import Session, agent_session

logger = logging.getLogger(__name__)

Phase: TypeAlias = Literal["dialling", "open", "waiting"]


@dataclass(frozen=True)
class LinkStand:
    """How the link stands. `hint` stays until a welcome: a person may look long after it was found."""

    phase: Phase = "dialling"
    since: datetime | None = None
    hint: str | None = None


class Link:
    """The agent's end of the link, over many connections."""

    def __init__(
        self,
        identity: Identity,
        outbox: Outbox,
        standing: Standing,
        *,
        fields: tuple[str, ...],
        state_every: float,
        software: str,
        lookup: Lookup | None = None,
        unit: float = 1.0,
        luck: Callable[[], float] = random.random,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._identity, self._outbox, self._standing, self._lookup = identity, outbox, standing, lookup
        self.instance = secrets.token_hex(4)
        self._greeter = Greeter(identity, outbox, standing, fields, self.instance, software, now)
        self._state_every, self._software, self._luck, self._now = state_every, software, luck, now
        self._times, self._unit = Times().scaled(unit), unit
        self._attempt = 0
        self._carried: int | None = None
        self.stand = LinkStand()
        self.changed = asyncio.Event()

    async def run(self) -> NoReturn:
        """For good."""
        while True:
            ending = await self.step()
            await asyncio.sleep(self.pause(ending))

    async def step(self) -> Ending:
        """One connection, from dialling to its end."""
        self._put(LinkStand("dialling", hint=self.stand.hint))
        try:
            line = await dial(self._identity.link, self._software, self._times)
        except (
            OSError,
            WebSocketException,
            ImportError,
        ) as error:  # a SOCKS proxy wants a library that we do not bring
            ending = of_failure(error)
        else:
            try:
                ending = await self._talk(line)
            finally:
                await line.leave(GOING_AWAY, self._times.closing)
        log.info(logger, "link.ended", code=ending.code, attempt=self._attempt)
        return ending

    def pause(self, ending: Ending) -> float:
        """How long to stay away."""
        told = ending.told or self.stand.hint
        if told != self.stand.hint:
            log.warning(logger, "link.hindered", code=ending.code, hint=ending.hint or "")
        self._put(LinkStand("waiting", hint=told))
        self._attempt += 1
        if ending.then is Then.GIVEN:
            return ending.after * self._unit
        if ending.then is Then.LATER:
            return self._times.superseded
        if ending.then is Then.SLOWLY:
            return self._times.slow_wait * (0.5 + self._luck())
        return jittered(self._attempt - 1, self._times, self._luck())

    async def _talk(self, line: Line) -> Ending:
        if line.subprotocol is None:
            return Ending("no_protocol", hint=NOT_A_HUB)
        session = agent_session()
        try:
            greeted = await self._greeter.greet(line, session, self._times.silence)
        except Ended as ended:
            return ended.ending
        except LinkError as error:
            ending = of_misunderstanding(error)
            await line.leave(ending.close, self._times.closing)
            return ending
        except ConnectionClosed:
            return of_close(line.close_code)
        except TimeoutError:
            line.abort()
            return SILENT
        return await self._converse(line, session, greeted)

    async def _converse(self, line: Line, session: Session, greeted: Greeted) -> Ending:
        welcome, opened = greeted.welcome, asyncio.get_running_loop().time()
        self._put(LinkStand("open", since=self._now()))
        log.info(logger, "link.opened", generation=welcome.generation, instance=self.instance)
        credit = Credit(welcome.credit, self._times.slow_ack, self._carried)
        conversation = Conversation(
            line,
            session,
            credit,
            outbox=self._outbox,
            standing=self._standing,
            lookup=self._lookup,
            offset=greeted.offset,
            state_every=self._state_every,
            times=self._times,
            beat=welcome.beat_seconds * self._unit,
        )
        ending = await conversation.run()
        self._carried = credit.limit // 2 if ending is SILENT else credit.limit
        if asyncio.get_running_loop().time() - opened >= self._times.stable:
            self._attempt = 0
        return ending

    def _put(self, stand: LinkStand) -> None:
        if stand != self.stand:
            self.stand = stand
            self.changed.set()
