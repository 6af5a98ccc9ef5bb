"""How fast the demo's business time goes: as many times the real one as the slider says, without the nights. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

SLOWEST, FASTEST, USUAL = 1.0, 30.0, 10.0
MORNING, EVENING = time(7, 30), time(21, 30)
"""Nothing happens outside of these."""


@dataclass(frozen=True)
class Pace:
    """What the slider and the button say."""

    speed: float = USUAL
    paused: bool = False

    def faster(self, speed: float) -> "Pace":
        """Another speed, within the limits."""
        return Pace(min(max(speed, SLOWEST), FASTEST), self.paused)


def later(now: datetime, seconds: float, pace: Pace) -> datetime:
    """Business time after so many real seconds. Where the evening comes in between, it is the next morning."""
    if pace.paused:
        return now
    to = now + timedelta(seconds=seconds * pace.speed)
    if to.time() >= EVENING or to.date() > now.date():
        return next_morning(now)
    return to if to.time() >= MORNING else _at(to, MORNING)


def next_morning(now: datetime) -> datetime:
    """When the clinic opens again."""
    return _at(now + timedelta(days=1), MORNING) if now.time() >= MORNING else _at(now, MORNING)


def _at(day: datetime, when: time) -> datetime:
    return day.replace(hour=when.hour, minute=when.minute, second=0, microsecond=0)
