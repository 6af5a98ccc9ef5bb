"""Paces what goes to one account: never more than `rate` requests in any second, and silence after a 429.

The decisions are values (`Window`, `Pause`); `Pacer` waits for them. Time is the machine's monotonic clock. amoCRM counts a request
when it arrives there: after it was written to its connection, before its answer came. It is held to count until the later of the
two, so that a slow request and a quick one after it do not meet in one second there."""

import asyncio
import heapq
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import count

from hub.crm import CrmBusy

SPAN_SECONDS = 1.001
"""A second, and what clocks round."""

ARRIVES_WITHIN_SECONDS = 0.1
"""A request that is not answered by then arrived long ago: a slow answer does not slow down the rest."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0

Monotonic = Callable[[], float]


class Priority(IntEnum):
    """Whose request goes first."""

    OPERATOR = 0
    BACKGROUND = 1


@dataclass(frozen=True)
class Window:
    """What went out lately: the latest moments at which each may have arrived, and how many hold a place without being written yet."""

    rate: int
    arrived: tuple[float, ...] = ()
    holding: int = 0

    def opens_at(self, now: float) -> float:
        """When one more may go: not later than `now` if at once, infinity if not before one of those that hold a place is written."""
        lately = [moment for moment in self.arrived if moment > now - SPAN_SECONDS]
        over = self.holding + len(lately) - self.rate
        if over < 0:
            return now
        return lately[over] + SPAN_SECONDS if over < len(lately) else math.inf

    def take(self) -> "Window":
        """One more holds a place."""
        return replace(self, holding=self.holding + 1)

    def write(self, now: float) -> "Window":
        """One of those was written. Older ones than the last `rate` decide nothing."""
        arrived = sorted((*self.arrived, now + ARRIVES_WITHIN_SECONDS))[-self.rate :]
        return replace(self, arrived=tuple(arrived), holding=self.holding - 1)

    def answer(self, written: float, now: float) -> "Window":
        """The one that was written then is answered: it arrived before."""
        arrived = list(self.arrived)
        if written + ARRIVES_WITHIN_SECONDS in arrived:
            arrived.remove(written + ARRIVES_WITHIN_SECONDS)
            arrived.append(min(now, written + ARRIVES_WITHIN_SECONDS))
        return replace(self, arrived=tuple(sorted(arrived)))

    def give_back(self) -> "Window":
        """One of those will not go out."""
        return replace(self, holding=self.holding - 1)


@dataclass(frozen=True)
class Pause:
    """Silence after a 429; each storm doubles it, each success halves it."""

    until: float = -math.inf
    seconds: float = 0.0

    def after_busy(self, sent: float, now: float, asked: float | None) -> "Pause":
        """A request that was sent at `sent` was too much. One that was sent before the pause began belongs to the storm that caused it."""
        seconds = self.seconds
        if sent >= self.until:
            seconds = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, 2 * seconds))
        return Pause(max(self.until, now + max(seconds, asked or 0.0)), seconds)

    def after_success(self, sent: float) -> "Pause":
        """A request that was sent after the pause went through."""
        if sent < self.until or not self.seconds:
            return self
        half = self.seconds / 2
        return replace(self, seconds=half if half >= FIRST_PAUSE_SECONDS else 0.0)


class Turn:
    """A place in the window for one request."""

    def __init__(self, pacer: "Pacer") -> None:
        self._pacer = pacer
        self.sent_at: float | None = None

    def sent(self) -> None:
        """Its head was written to the connection."""
        again, self.sent_at = self.sent_at is not None, self._pacer.now()
        self._pacer._wrote(self.sent_at, again=again)  # noqa: SLF001 a turn is a part of its pacer


class Pacer:
    """One integration in one account."""

    def __init__(self, rate: int, now: Monotonic = time.monotonic) -> None:
        self.now = now
        self._window, self._pause = Window(rate), Pause()
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, priority: Priority, patience_seconds: float) -> AsyncIterator[Turn]:
        """A place for one request, to be left when its answer is there; `CrmBusy` where none comes within the patience. It is given back
        if nothing was sent."""
        await self._place(priority, patience_seconds)
        turn = Turn(self)
        try:
            yield turn
        finally:
            sent = turn.sent_at
            self._window = self._window.give_back() if sent is None else self._window.answer(sent, self.now())
            self._let_through()

    async def _place(self, priority: Priority, patience_seconds: float) -> None:
        silence = self._pause.until - self.now()
        if silence > patience_seconds:
            raise CrmBusy(silence)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), place))
        self._let_through()
        try:
            async with asyncio.timeout(patience_seconds):
                await place
        except TimeoutError:
            self._leave(place)
            raise CrmBusy(max(FIRST_PAUSE_SECONDS, self._pause.until - self.now())) from None
        except asyncio.CancelledError:
            self._leave(place)
            raise

    def busy(self, sent: float, asked: float | None) -> float:
        """amoCRM answered 429: for how many seconds nothing goes out."""
        self._pause = self._pause.after_busy(sent, self.now(), asked)
        return self._pause.until - self.now()

    def served(self, sent: float) -> None:
        """amoCRM took a request."""
        self._pause = self._pause.after_success(sent)

    def _wrote(self, now: float, *, again: bool) -> None:
        # A connection that was kept alive may turn out dead: the HTTP library then writes a read once more by itself.
        window = self._window.take() if again else self._window
        self._window = window.write(now)
        self._let_through()

    def _leave(self, place: "asyncio.Future[None]") -> None:
        if place.done() and not place.cancelled():  # a place came at the very moment at which nobody wanted it any more
            self._window = self._window.give_back()
        place.cancel()
        self._let_through()

    def _let_through(self) -> None:
        """Give places to those who wait, first come first served within a priority; look again when the next one opens."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            if self._waiting[0][2].done():
                heapq.heappop(self._waiting)
                continue
            now = self.now()
            opens = max(self._pause.until, self._window.opens_at(now))
            if opens > now:
                if opens < math.inf:
                    self._timer = asyncio.get_running_loop().call_later(opens - now, self._let_through)
                return
            heapq.heappop(self._waiting)[2].set_result(None)
            self._window = self._window.take()


class Limits:
    """The pacers of all accounts."""

    def __init__(self, rate: int, now: Monotonic = time.monotonic) -> None:
        self.rate, self._now = rate, now
        self._pacers: dict[tuple[str, int], Pacer] = {}

    def of(self, integration: str, account_id: int) -> Pacer:
        """The pacer of one integration in one account."""
        return self._pacers.setdefault((integration, account_id), Pacer(self.rate, self._now))
