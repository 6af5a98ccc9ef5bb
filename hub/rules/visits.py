"""What a visit counts as at a moment: cancelled, visited, future ..., and what is history. Knows nothing of deals."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from hub.rules.settings import Settings
from wire.model import Visit

Word: TypeAlias = Literal["cancelled", "visited", "arrived", "in_progress", "future", "not_marked"]
Number: TypeAlias = tuple[int, str]


@dataclass(frozen=True)
class Record:
    """A visit as the clinic last told it, and when it was read to have vanished."""

    visit: Visit = field(repr=False)
    vanished_at: datetime | None = None


@dataclass(frozen=True)
class Clinic:
    """The database that the visits come from, and since when it is followed."""

    database: str
    zone: str
    live_since: datetime
    generation: int = 1
    """A later one begins when the agent or our own store was put back from an older copy."""


@dataclass(frozen=True)
class VisitNow:
    """A visit and what it counts as now. `turns_at`: when it will count as something else although nothing happens."""

    visit: Visit = field(repr=False)
    word: Word
    zone: ZoneInfo
    history: bool
    vanished_at: datetime | None = None
    cancelled_at: datetime | None = None
    done_at: datetime | None = None
    in_grace: bool = False
    turns_at: datetime | None = None
    home: ZoneInfo | None = None
    """The account's zone: people there read times of other zones with the zone's name."""

    @property
    def id(self) -> str:
        return self.visit.id

    @property
    def number(self) -> Number:
        """Ids are numbers: 9 comes before 10."""
        return number(self.visit.id)

    @property
    def start(self) -> datetime:
        return self.visit.start

    @property
    def booked_at(self) -> datetime:
        """An unknown time counts as the start."""
        return self.visit.booked_at or self.visit.start

    @property
    def ahead(self) -> bool:
        return self.word in ("future", "arrived", "in_progress")

    @property
    def day(self) -> date:
        """The day of its start in the branch's zone."""
        return self.start.astimezone(self.zone).date()

    def days_over(self, now: datetime) -> int:
        """For how many days it has been over; 0: it is ahead, or it was today."""
        done = self.done_at or now
        return max(0, (now.astimezone(self.zone).date() - done.astimezone(self.zone).date()).days)


def number(visit_id: str) -> Number:
    """By which visits are put in order."""
    return len(visit_id), visit_id


def key_before(visit_id: str) -> str:
    """The key under which a visit was known before the clinic's system gave it out again: `81234` of `81234~1`."""
    return visit_id.partition("~")[0]


def in_order(visits: Iterable[VisitNow]) -> list[VisitNow]:
    """The order in which visits are taken."""
    return sorted(visits, key=lambda visit: (visit.booked_at, visit.number))


def count_as(record: Record, clinic: Clinic, settings: Settings, now: datetime) -> VisitNow:
    """What the visit counts as now."""
    visit = record.visit
    zone = zone_of(visit, clinic, settings)
    cancelled_at = _cancelled_at(record)
    marked_missing = visit.start + timedelta(minutes=settings.no_show.shown_after_start_minutes)
    word = _word(record, zone, marked_missing, now)
    grace = timedelta(minutes=settings.grace_minutes)
    in_grace = word == "cancelled" and cancelled_at is not None and cancelled_at - grace <= now < cancelled_at + grace
    return VisitNow(
        visit=visit,
        word=word,
        zone=zone,
        history=_history(record, clinic.live_since),
        vanished_at=record.vanished_at,
        cancelled_at=cancelled_at,
        done_at=_done_at(visit, word, cancelled_at, marked_missing),
        in_grace=in_grace,
        turns_at=_turns_at(
            visit, word, zone, marked_missing, cancelled_at + grace if in_grace and cancelled_at else None
        ),
        home=ZoneInfo(settings.zone),
    )


def zone_of(visit: Visit, clinic: Clinic, settings: Settings) -> ZoneInfo:
    """The branch's zone, else the database's."""
    route = settings.route(clinic.database, visit.branch.id) if visit.branch else None
    return ZoneInfo(route.zone if route else clinic.zone)


def midnight_after(day: date, zone: ZoneInfo, days: int = 1) -> datetime:
    """The begin of the day so many days later."""
    return datetime.combine(day + timedelta(days=days), time(), zone)


def _cancelled_at(record: Record) -> datetime | None:
    if record.visit.status == "cancelled":
        return record.visit.cancelled_at
    return record.vanished_at


def _word(record: Record, zone: ZoneInfo, marked_missing: datetime, now: datetime) -> Word:
    status = record.visit.status
    if status == "cancelled" or record.vanished_at:
        return "cancelled"
    if status == "fulfilled":
        return "visited"
    if status == "booked":
        return "future" if now < marked_missing else "not_marked"
    if record.visit.start.astimezone(zone).date() < now.astimezone(zone).date():
        return "visited"  # nobody marked the end
    return "arrived" if status == "arrived" else "in_progress"


def _history(record: Record, live_since: datetime) -> bool:
    """A visit that was cancelled in IDENT is history by its cancellation; every other one, also a vanished one, by its start."""
    visit = record.visit
    if visit.booked_at is not None and visit.booked_at >= live_since:
        return False
    if visit.status == "cancelled":
        return visit.cancelled_at is None or visit.cancelled_at < live_since
    return visit.start < live_since


def _done_at(visit: Visit, word: Word, cancelled_at: datetime | None, marked_missing: datetime) -> datetime | None:
    if word == "visited":
        return visit.ended_at or visit.billed_at or visit.start
    if word == "cancelled":
        return cancelled_at or visit.start
    return marked_missing if word == "not_marked" else None


def _turns_at(
    visit: Visit, word: Word, zone: ZoneInfo, marked_missing: datetime, grace_ends: datetime | None
) -> datetime | None:
    if word == "future":
        return marked_missing
    if word == "cancelled":
        return grace_ends
    if word == "not_marked":
        return None
    return midnight_after(visit.start.astimezone(zone).date(), zone)
