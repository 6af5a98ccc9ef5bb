"""What one connection has received and not yet committed. Its reader fills it without ever waiting, its writer empties it."""

import asyncio
from dataclasses import dataclass, field

from hub.inbox import Received
from wire.errors import UnexpectedFrame
from wire.frames import Lane, State


@dataclass(frozen=True)
class Mail:
    """All that waited: pushes in their order, the newest state, and the lanes of which something came twice."""

    received: tuple[Received, ...]
    state: State | None = field(default=None, repr=False)
    repeated: frozenset[Lane] = frozenset()


class Mailbox:
    """Bounded by the characters of the pushes that wait. A state waits at least `state_every` seconds after the one before, unless
    pushes are committed anyway or the MIS went up or down: of several, the newest stays."""

    def __init__(self, most: int, state_every: float) -> None:
        self._most, self._state_every = most, state_every
        self._received: list[Received] = []
        self._waiting = 0
        self._repeated: set[Lane] = set()
        self._state: State | None = None
        self._mis: str | None = None
        self._state_due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._something = asyncio.Event()
        self._closed = False

    def put(self, received: Received) -> None:
        """A push or a mark; raises where more waits than the credit allows."""
        self._waiting += len(received.text)
        if self._received and self._waiting > self._most:
            raise UnexpectedFrame(received.frame.t, "more waits than the credit allows")
        self._received.append(received)
        self._something.set()

    def repeat(self, lane: Lane) -> None:
        """Something of this lane came again: an ack was lost."""
        self._repeated.add(lane)
        self._something.set()

    def put_state(self, state: State) -> None:
        """The newest state."""
        loop = asyncio.get_running_loop()
        self._state = state
        if state.mis != self._mis or loop.time() >= self._state_due:
            self._something.set()
        elif self._timer is None:
            self._timer = loop.call_at(self._state_due, self._something.set)

    def close(self) -> None:
        """Nothing more comes; what waits is still handed out."""
        self._closed = True
        self._something.set()

    async def take(self) -> Mail | None:
        """All that waits, as soon as something does; None after the end."""
        while True:
            await self._something.wait()
            mail = self._empty()
            if mail.received or mail.state or mail.repeated:
                return mail
            if self._closed:
                return None

    def _empty(self) -> Mail:
        mail = Mail(tuple(self._received), self._state, frozenset(self._repeated))
        self._received, self._waiting, self._repeated, self._state = [], 0, set(), None
        if mail.state:
            self._mis = mail.state.mis
            self._state_due = asyncio.get_running_loop().time() + self._state_every
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if not self._closed:
            self._something.clear()
        return mail
