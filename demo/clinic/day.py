"""Plays the planned day into the clinic's file, up to a time. Between two looks of the caller no patient takes two states that have to be
seen one by one."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from demo.clinic.acts import perform
from demo.clinic.database import Database
from demo.clinic.days import last_planned, plan_day
from demo.clinic.desk import Booked, Caller, book_now, callers
from demo.clinic.plan import Event, event_of, planned
from demo.clinic.values import time_text
from demo.clinic.words import last_event, short_name

_ALONE = ("roll back", "drop column")
"""Concerns everybody: whoever looks after each call sees what stood before it, and what stands after it."""


@dataclass(frozen=True)
class Advance:
    """How far the day went."""

    reached: datetime
    events: int


@dataclass
class _Going:
    """What one `advance` has done so far."""

    events: int = 0
    touched: set[str] = field(default_factory=set)

    def stops_before(self, event: Event) -> bool:
        """Whether somebody has to look first."""
        return bool(self.touched & event.whom) or (self.events > 0 and event.do in _ALONE)

    def stops_after(self, event: Event) -> bool:
        """Whether somebody has to look at once."""
        self.events += 1
        self.touched |= event.whom
        return event.do in _ALONE


class Player:
    """One clinic's day. What has been played is kept in the file: another player goes on from there.

    An `endless` clinic has no first day that is planned before all else: each day is planned when it is reached."""

    def __init__(self, path: Path, seed: int, *, endless: bool = False) -> None:
        self._database = Database(path)
        self._zone = ZoneInfo(self._database.made().zone)
        self._seed, self._endless = seed, endless
        if not endless:
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

    def name_of(self, patient: int) -> str:
        """A patient's name, short."""
        return short_name(self._database, patient)

    def last(self) -> dict[str, str] | None:
        """What happened last, in words."""
        return last_event(self._database)

    def callers(self) -> list[Caller]:
        """Who is going to call and book."""
        return callers(self._database)

    def book_now(self, *, patient: int | None = None, phone: str | None = None, name: str = "") -> Booked | None:
        """Book somebody beside the plan; None where it cannot be."""
        return book_now(self._database, self._database.now(), patient=patient, phone=phone, name=name)

    def advance(self, to: datetime) -> Advance:
        """Let everything happen up to `to`, but stop before a second state of one patient that has to be seen by itself (`Event.whom`)."""
        until, going = self._until(to), _Going()
        while (found := self._next() or self._next_of(until.date())) and found[1].at <= until:
            n, event = found
            if going.stops_before(event):
                until = event.at
                break
            perform(self._database, event.do, event.who, event.at, event.values, done=n)
            if going.stops_after(event):
                until = event.at
        self._database.set_now(until)
        return Advance(self._aware(until), going.events)

    def stop(self, to: datetime) -> datetime:
        """How far an `advance` would go: where several clinics are played, none goes further than the others can."""
        until, going = self._until(to), _Going()
        found = self._database.execute(
            "SELECT at, who, act FROM _plan WHERE done = 0 AND at <= ? ORDER BY n", (time_text(until),)
        )
        for event in (event_of(*row) for row in found):
            if going.stops_before(event) or going.stops_after(event):
                return self._aware(event.at)
        return self._aware(until)

    def _until(self, to: datetime) -> datetime:
        return max(to.astimezone(self._zone).replace(tzinfo=None), self._database.now())

    def _next_of(self, day: date) -> tuple[int, Event] | None:
        """The first event of a day that is planned now, where all before it is over; days that nobody saw stay empty."""
        if not self._endless or (last_planned(self._database) or date.min) >= day:
            return None
        plan_day(self._database, self._seed, day)
        return self._next()

    def _next(self) -> tuple[int, Event] | None:
        found = self._database.execute("SELECT n, at, who, act FROM _plan WHERE done = 0 ORDER BY n LIMIT 1")
        return (found[0][0], event_of(*found[0][1:])) if found else None

    def _aware(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=self._zone)
