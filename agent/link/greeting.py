"""The first words of a connection: the hub's challenge, our hello, its welcome."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.identity import Identity
from agent.link.ending import OTHER_HUB, Ending, Then, of_goaway
from agent.link.line import Line
from agent.outbox import Outbox
from agent.standing import Standing
from wire.errors import UnexpectedFrame
from wire.frames import LANES, PROTOCOL, AnyFrame, Challenge, DatabaseName, Goaway, Hello, Lane, Welcome
from wire.lanes import Sent
from wire.session import Session


@dataclass(frozen=True)
class Greeted:
    """A link that is open. `offset` is how many seconds our clock is ahead of the hub's."""

    welcome: Welcome
    offset: float
    fresh: bool


class Ended(Exception):
    """The conversation is over."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


@dataclass(frozen=True)
class Greeter:
    """What is said of us in each hello."""

    identity: Identity
    outbox: Outbox
    standing: Standing
    fields: tuple[str, ...]
    instance: str
    software: str
    now: Callable[[], datetime]

    async def greet(self, line: Line, session: Session, patience: float) -> Greeted:
        """Open the link; raises `Ended`, LinkError, ConnectionClosed or TimeoutError."""
        challenge = await _next(line, session, patience)
        if not isinstance(challenge, Challenge):
            raise _unexpected(challenge, session)
        offset = (self.now() - challenge.time).total_seconds()
        if challenge.hub != self.identity.hub:  # our signature is for our hub; another may not even see it
            raise Ended(Ending("other_hub", Then.SLOWLY, OTHER_HUB))
        generation, sent = await self.outbox.generation(), await self.outbox.sent()
        known = DatabaseName(id=self.identity.database, fingerprint=await self.outbox.fingerprint())
        await line.send(session.send(self._hello(challenge, known, generation, sent)))
        welcome = await _next(line, session, patience)
        if not isinstance(welcome, Welcome):
            raise _unexpected(welcome, session)
        return Greeted(welcome, round(offset, 3), await self.outbox.resumed(welcome))

    def _hello(self, challenge: Challenge, database: DatabaseName, generation: int, sent: Mapping[Lane, Sent]) -> Hello:
        return Hello(
            signature=self.identity.sign(challenge),
            agent=self.identity.agent,
            instance=self.instance,
            computer=computer(),
            protocol=PROTOCOL,
            software=self.software,
            database=database,
            generation=generation,
            lanes={lane: sent[lane].named for lane in LANES},
            capabilities=dict(self.standing.now.capabilities),
            fields=self.fields,
        )


def computer() -> str:
    """What people call this PC: where there are two agents, somebody has to find the other."""
    return "".join(filter(str.isprintable, socket.gethostname()))[:64]


async def _next(line: Line, session: Session, patience: float) -> AnyFrame:
    async with asyncio.timeout(patience):
        frame = session.receive(await line.recv())
    if isinstance(frame, Goaway):
        raise Ended(of_goaway(frame))
    return frame


def _unexpected(frame: AnyFrame, session: Session) -> UnexpectedFrame:
    return UnexpectedFrame(frame.t, session.phase.name.lower())
