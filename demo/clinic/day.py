"""Plays the planned day into the clinic's file, up to a time, and never two states of one patient between two looks of the caller."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from demo.clinic.acts import perform
from demo.clinic.database import Database
from demo.clinic.plan import Event, event_of, planned


@dataclass(frozen=True)
class Advance:
    """How far the day went."""

    reached: datetime
    events: int


class Player:
    """One clinic's day. What has been played is kept in the file: another player goes on from there."""

    def __init__(self, path: Path, seed: int) -> None:
        self._database = Database(path)
        self._zone = ZoneInfo(self._database.made().zone)
        planned(self._database, seed)

    def __enter__(self) -> "Player":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.__exit__(kind, error, trace)

    def now(self) -> datetime:
        """The clinic's clock."""
        return self._aware(self._database.now())

    def next_at(self) -> datetime | None:
        """When something happens next."""
        found = self._next()
        return self._aware(found[1].at) if found else None

    def left(self) -> int:
        """How many events are still to come."""
        return int(self._database.execute("SELECT COUNT(*) FROM _plan WHERE done = 0")[0][0])

    def advance(self, to: datetime) -> Advance:
        """Let everything happen up to `to`, but stop before a second event of one patient: who looks after each call sees each state."""
        until = max(to.astimezone(self._zone).replace(tzinfo=None), self._database.now())
        touched: set[str] = set()
        count = 0
        while (found := self._next()) and found[1].at <= until:
            n, event = found
            if event.who in touched:
                until = event.at
                break
            perform(self._database, event.do, event.who, event.at, event.values, done=n)
            touched.add(event.who)
            count += 1
        self._database.set_now(until)
        return Advance(self._aware(until), count)

    def _next(self) -> tuple[int, Event] | None:
        found = self._database.execute("SELECT n, at, who, act FROM _plan WHERE done = 0 ORDER BY n LIMIT 1")
        return (found[0][0], event_of(*found[0][1:])) if found else None

    def _aware(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=self._zone)
