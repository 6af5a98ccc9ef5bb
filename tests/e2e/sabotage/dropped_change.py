"""An agent that loses one change: the first visit that was cancelled never leaves the clinic as such."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from agent.__main__ import main
from agent.outbox import Outbox, Reading
from wire.model import Visit

_record = Outbox.record
_lost: set[str] = set()


def _without_one(readings: Iterable[Reading]) -> Iterator[Reading]:
    for reading in readings:
        cancelled = isinstance(reading.entity, Visit) and reading.entity.status == "cancelled"
        if cancelled and not _lost:
            _lost.add(reading.key)
        if not (cancelled and reading.key in _lost):
            yield reading


async def _broken(outbox: Outbox, readings: Iterable[Reading], *, lane: Any, **rest: Any) -> int:
    kept = _without_one(readings) if lane == "live" else readings
    return await _record(outbox, kept, lane=lane, **rest)


if __name__ == "__main__":
    Outbox.record = _broken  # type: ignore[assignment,method-assign]  # that is the sabotage
    sys.exit(main())
