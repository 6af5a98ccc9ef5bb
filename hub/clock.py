"""The two clocks. Machine time (timeouts, tokens, pacing) is never faked; business time (visits, grace, tasks) comes
through one port, which the demo and the smoke run drive by a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from wire.errors import NeedsOperator


class Clock(Protocol):
    """Business time."""

    def now(self) -> datetime:
        """An aware time."""
        ...


class SystemClock:
    """Business time is machine time."""

    def now(self) -> datetime:
        return machine_now()


class FileClock:
    """Business time stands in a file, ISO with offset, put there by whoever plays the day (`HUB_BUSINESS_CLOCK`)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, datetime] | None = None

    def now(self) -> datetime:
        changed = self._path.stat().st_mtime_ns  # asked a hundred times a second, turned a few times
        if self._read is None or self._read[0] != changed:
            self._read = changed, datetime.fromisoformat(self._path.read_text().strip())
        return self._read[1]


def business_clock(file: Path | None) -> Clock:
    """The system's, or the file of whoever plays the day, which must be readable."""
    if file is None:
        return SystemClock()
    clock = FileClock(file)
    try:
        aware = clock.now().tzinfo is not None
    except (OSError, ValueError):
        aware = False
    if not aware:
        raise NeedsOperator(
            "Put the business time into the file of HUB_BUSINESS_CLOCK, ISO with offset; or leave it out."
        )
    return clock


def machine_now() -> datetime:
    """Machine time: the only place of the hub that asks the system's clock for the date."""
    return datetime.now(UTC)  # noqa: TID251 this is the port
