"""The one door through which all connections of a process go into the clinic's database: it is shut while somebody wishes us out and
for a while after we were thrown out, and it counts the threads that went in and never came back."""

from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from typing import Any

from agent.away import Away
from agent.mis.port import MisAway, MisBusy, MisDown

MAX_LOST_THREADS = 3


class TooManyLostThreads(Exception):
    """Calls to the driver do not return: this process ends, and the service manager starts another."""


def nobody_minds() -> Away | None:
    """No pause, no quiet hours."""
    return None


class Door:
    """Asked before each call."""

    def __init__(self, away: Callable[[], Away | None] = nobody_minds, clock: Callable[[], float] = monotonic) -> None:
        self._away, self._clock = away, clock
        self._why: MisDown | None = None
        self._opens_at = 0.0
        self._lost: list[Future[Any]] = []

    @property
    def is_shut(self) -> bool:
        """Whether nobody of ours may be inside now."""
        return self._away() is not None or self._left > 0

    def check(self) -> None:
        """Raises `MisDown` where it is shut, as what shut it did."""
        if away := self._away():
            raise MisAway(away)
        if self._why is not None and self._left > 0:
            kind = MisBusy if isinstance(self._why, MisBusy) else MisDown
            raise kind(self._why.code, self._left)

    def shut(self, why: MisDown) -> None:
        """One of ours was thrown out, or found the database closed: none goes in before `why.after` has passed."""
        if why.after is not None:
            self._why, self._opens_at = why, self._clock() + why.after

    def lost(self, comes_back: Future[Any]) -> None:
        """One more thread hangs; `comes_back` ends when it does come back. Raises `TooManyLostThreads`."""
        self._lost = [*(each for each in self._lost if not each.done()), comes_back]
        if len(self._lost) > MAX_LOST_THREADS:
            raise TooManyLostThreads

    @property
    def _left(self) -> float:
        return self._opens_at - self._clock() if self._why is not None else 0.0
