"""How many bytes may be under way without an ack, by what the line was seen to carry. Pure."""

from collections import deque
from dataclasses import dataclass

from wire.frames import MAX_PUSH_BYTES, Lane

LEAST = 8 << 10
"""One push of this size may always be under way; a smaller room is not worth a push of its own."""


@dataclass(frozen=True)
class _Parcel:
    lane: Lane
    seq: int
    size: int
    at: float


class Credit:
    """Starts at what the hub allows and never exceeds it; a slow ack halves it, quick ones win it back. `carried` is
    where the last connection ended: a line too narrow for the start would else break at each start."""

    def __init__(self, allowed: int, slow_ack: float, carried: int | None = None) -> None:
        self._most = max(allowed, LEAST)
        self.limit = self._most if carried is None else max(LEAST, min(carried, self._most))
        self._slow_ack = slow_ack
        self._parcels: deque[_Parcel] = deque()
        self._narrowed_at = float("-inf")

    @property
    def under_way(self) -> int:
        """Bytes that were sent and not acked."""
        return sum(parcel.size for parcel in self._parcels)

    def room(self) -> int:
        """How large the next push may be; 0: wait for an ack."""
        free = self.limit - self.under_way
        return 0 if self._parcels and free < LEAST else min(free, MAX_PUSH_BYTES)

    def allows(self, size: int) -> bool:
        """Whether this very push may go: one that is larger than everything goes alone."""
        return not self._parcels or self.under_way + size <= self.limit

    def sent(self, lane: Lane, seq: int, size: int, at: float) -> None:
        """A push went out."""
        self._parcels.append(_Parcel(lane, seq, size, at))

    def acked(self, lane: Lane, seq: int, at: float) -> None:
        """Everything of the lane up to `seq` arrived."""
        arrived = [parcel for parcel in self._parcels if parcel.lane == lane and parcel.seq <= seq]
        self._parcels = deque(parcel for parcel in self._parcels if parcel not in arrived)
        for parcel in arrived:
            self._adapt(parcel, at)

    def _adapt(self, parcel: _Parcel, at: float) -> None:
        if at - parcel.at <= self._slow_ack:
            self.limit = min(self._most, self.limit + parcel.size)
        elif parcel.at >= self._narrowed_at:  # what was under way before we narrowed tells nothing new
            self.limit = max(LEAST, self.limit // 2)
            self._narrowed_at = at
