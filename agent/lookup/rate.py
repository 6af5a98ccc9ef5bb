"""How many questions a clinic answers: whoever got hold of the hub must not read out the card index. Pure."""

from collections import deque
from collections.abc import Mapping

PER_MINUTE: Mapping[str, int] = {"card": 120, "search": 30}
"""Far more than all operators of a clinic need."""


class Rate:
    """At most so many in any minute."""

    def __init__(self, most: int, seconds: float = 60) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque([float("-inf")] * most, maxlen=most)

    def allows(self, now: float) -> bool:
        """Whether one more may be asked; it counts then."""
        if now - self._times[0] < self._seconds:
            return False
        self._times.append(now)
        return True
