"""When the agent stays out of the clinic's database because somebody wishes so: for a while (a pause), or at some hours of each day."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from agent import files
from wire.errors import NeedsOperator

NAME = "pause.json"
LONGEST = timedelta(hours=24)
"""A pause that nobody ends must end by itself; and a clock that was a year off must not leave a pause for a year."""


@dataclass(frozen=True)
class Away:
    """Why, and until when."""

    why: Literal["pause", "quiet_hours"]
    until: datetime


@dataclass(frozen=True)
class Hours:
    """Some hours of each day by the clinic's wall clock; `until` is not one of them. They may go over midnight."""

    since: time
    until: time

    def end(self, now: datetime) -> datetime | None:
        """When they end, if `now` is one of them."""
        at = now.time()
        over_midnight = self.since > self.until
        if not (at >= self.since or at < self.until if over_midnight else self.since <= at < self.until):
            return None
        days = 1 if over_midnight and at >= self.since else 0
        return datetime.combine(now.date() + timedelta(days=days), self.until, now.tzinfo)


QuietHours: TypeAlias = tuple[Hours, ...]

_HOURS = re.compile(r"(\d\d:\d\d)\s*[-–]\s*(\d\d:\d\d)")


def quiet_hours(text: str) -> QuietHours:
    """`02:00-04:00`, several with commas between them; raises `ValueError`."""
    found = []
    for part in text.split(","):
        match = _HOURS.fullmatch(part.strip())
        since, until = map(time.fromisoformat, match.groups()) if match else (time(), time())
        if since == until:  # never, or always: neither can be meant
            raise ValueError("no hours")
        found.append(Hours(since, until))
    return tuple(found)


def quiet_until(hours: Sequence[Hours], now: datetime) -> datetime | None:
    """When the quiet hours end that go on at `now`, in the clinic's zone; None where none do."""
    ends = [end for each in hours if (end := each.end(now)) is not None]
    return max(ends, default=None)


_LENGTH = re.compile(r"(\d{1,4})\s*([hmчм])", re.IGNORECASE)


def length(text: str) -> timedelta | None:
    """`1h`, `30m`; None where it is no length of a pause."""
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        return None
    amount = int(match[1])
    found = timedelta(hours=amount) if match[2].lower() in "hч" else timedelta(minutes=amount)
    return found if timedelta() < found <= LONGEST else None


def pause(folder: Path, until: datetime) -> None:
    """Ask the running agent, and those that start later, to stay out."""
    files.replace(folder / NAME, json.dumps({"until": until.isoformat()}).encode())


def resume(folder: Path) -> bool:
    """End the pause; whether there was one."""
    try:
        (folder / NAME).unlink()
    except FileNotFoundError:
        return False
    return True


def paused_until(folder: Path, now: datetime) -> datetime | None:
    """When the pause ends; None where there is none. A file that cannot be read is none: nothing may stop the agent for ever."""
    try:
        raw = files.read(folder / NAME)
        until = None if raw is None else datetime.fromisoformat(json.loads(raw)["until"])
        return until if until is not None and now < until <= now + LONGEST else None
    except (NeedsOperator, ValueError, KeyError, TypeError):
        return None


def away(folder: Path, hours: QuietHours, zone: ZoneInfo, now: datetime) -> Away | None:
    """Why the agent has to stay out now; what lasts longer, where both do."""
    paused, quiet = paused_until(folder, now), quiet_until(hours, now.astimezone(zone))
    if paused is not None and (quiet is None or paused >= quiet):
        return Away("pause", paused)
    return None if quiet is None else Away("quiet_hours", quiet)
