"""Which frame may come and go when, for both ends: two tables and one walker, without I/O.

Everything that changes the state of a link's conversation lives here. A session does not know which end it is:
it walks the table that it was given. What lies in the lanes is the business of `wire.lanes`.
"""

from enum import Enum, auto
from typing import TypeAlias

from wire.errors import LinkNotOpen, UnexpectedFrame
from wire.frames import (
    Ack,
    Answer,
    AnyFrame,
    Ask,
    Cancel,
    Challenge,
    Fault,
    Goaway,
    Hello,
    PassBegin,
    PassEnd,
    Push,
    Resend,
    State,
    Welcome,
    decode,
    encode,
)


class Phase(Enum):
    """How far the conversation is."""

    NEW = auto()
    CHALLENGED = auto()
    GREETED = auto()
    OPEN = auto()
    LEAVING = auto()
    REFUSED = auto()


Moves: TypeAlias = dict[Phase, dict[type[AnyFrame], Phase]]

FROM_HUB: Moves = {
    Phase.NEW: {Challenge: Phase.CHALLENGED},
    Phase.CHALLENGED: {Goaway: Phase.REFUSED},
    Phase.GREETED: {Welcome: Phase.OPEN, Goaway: Phase.REFUSED},
    Phase.OPEN: {
        Ack: Phase.OPEN,
        Ask: Phase.OPEN,
        Cancel: Phase.OPEN,
        Resend: Phase.OPEN,
        Goaway: Phase.LEAVING,
    },
    Phase.LEAVING: {Ack: Phase.LEAVING, Cancel: Phase.LEAVING},
}
FROM_AGENT: Moves = {
    Phase.CHALLENGED: {Hello: Phase.GREETED},
    Phase.OPEN: {
        Push: Phase.OPEN,
        PassBegin: Phase.OPEN,
        PassEnd: Phase.OPEN,
        State: Phase.OPEN,
        Answer: Phase.OPEN,
        Fault: Phase.OPEN,
    },
    Phase.LEAVING: {
        Push: Phase.LEAVING,
        PassBegin: Phase.LEAVING,
        PassEnd: Phase.LEAVING,
        State: Phase.LEAVING,
        Answer: Phase.LEAVING,
        Fault: Phase.LEAVING,
    },
}


class Session:
    """One conversation, seen from one end: `receive` what came, `send` what goes."""

    def __init__(self, *, comes: Moves, goes: Moves) -> None:
        self.phase = Phase.NEW
        self._comes, self._goes = comes, goes

    def receive(self, text: str | bytes) -> AnyFrame:
        """Read what came; raises `MalformedFrame` or `UnexpectedFrame` and leaves the state as it was."""
        frame = decode(text)
        following = self._comes.get(self.phase, {}).get(type(frame))
        if following is None:
            raise UnexpectedFrame(frame.t, self.phase.name.lower())
        self.phase = following
        return frame

    def send(self, frame: AnyFrame) -> str:
        """The text to send; raises `LinkNotOpen` where the frame may not go now."""
        following = self._goes.get(self.phase, {}).get(type(frame))
        if following is None:
            raise LinkNotOpen(frame.t, self.phase.name.lower())
        self.phase = following
        return encode(frame)


def agent_session() -> Session:
    """The agent's end."""
    return Session(comes=FROM_HUB, goes=FROM_AGENT)


def hub_session() -> Session:
    """The hub's end."""
    return Session(comes=FROM_AGENT, goes=FROM_HUB)
