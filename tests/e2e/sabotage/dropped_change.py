"""An agent that loses a change: that the first visits of the day have ended never leaves the clinic."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from agent.__main__ import main
from agent.outbox import Outbox, Reading
from wire.frames import Lane
from wire.model import Visit

_record = Outbox.record
_lost: set[str] = set()
_under_way: set[str] = set()
_SO_MANY = 3
"""The first may be of a patient whose visits make no deal."""


def _without_one(readings: Iterable[Reading], lane: Lane) -> Iterator[Reading]:
    for reading in readings:
        ended = isinstance(reading.entity, Visit) and reading.entity.status == "fulfilled"
        if isinstance(reading.entity, Visit) and not ended:
            _under_way.add(reading.key)
        if ended and lane == "live" and len(_lost) < _SO_MANY and reading.key in _under_way:
            _lost.add(reading.key)
        if not (ended and reading.key in _lost):
            yield reading


async def _broken(outbox: Outbox, readings: Iterable[Reading], *, lane: Lane, **rest: Any) -> int:
    return await _record(outbox, _without_one(readings, lane), lane=lane, **rest)


if __name__ == "__main__":
    Outbox.record = _broken  # type: ignore[assignment,method-assign]  # that is the sabotage
    sys.exit(main())
