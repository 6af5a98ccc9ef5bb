"""docs/rules.md as the oracle reads it: what a visit counts as, its era, what a deal shows. Pure; written apart from the hub."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from demo.clinic.facts import Patient, Visit

QUARTER = timedelta(minutes=15)
"""The grace time, and how long after its start a visit is still expected."""
_MOSCOW = timedelta(hours=3)
"""What Moscow's clock is ahead of UTC by, the whole year."""
WIN_AFTER, JOIN_WITHIN = timedelta(days=30), timedelta(days=60)
_FORMS = ("заявка с сайта", "новая заявка", "без имени", "имя не указано")
_DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_MONTHS = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


class Is(Enum):
    """What a visit counts as; the value is what the operators read."""

    FUTURE = "будущий приём"
    ARRIVED = "пришёл"
    IN_PROGRESS = "идёт приём"
    VISITED = "посетил"
    NOT_MARKED = "не отмечен приход"
    CANCELLED = "отменён"


AHEAD = (Is.FUTURE, Is.ARRIVED, Is.IN_PROGRESS)


@dataclass(frozen=True)
class Standing:
    """The visit that a deal shows and where the deal should be: None while a grace time runs."""

    shown: Visit
    target: Is | None
    won: bool = False


@dataclass(frozen=True)
class Rulebook:
    """The rules at one moment. `live` is since when the account knows of the clinic."""

    now: datetime
    live: datetime
    zone: ZoneInfo
    home: ZoneInfo | None = None
    """The account's zone; None: the same."""

    def counts_as(self, visit: Visit) -> Is:
        """The word for a visit."""
        if visit.off:
            return Is.CANCELLED
        if visit.check or visit.ended:
            return Is.VISITED
        if visit.begun or visit.appeared:
            if self._day(visit.start) < self._day(self.now):
                return Is.VISITED
            return Is.IN_PROGRESS if visit.begun else Is.ARRIVED
        return Is.FUTURE if self.now < visit.start + QUARTER else Is.NOT_MARKED

    def is_history(self, visit: Visit) -> bool:
        """What was over before anybody looked."""
        if visit.booked and visit.booked >= self.live:
            return False
        if visit.is_cancelled:
            return visit.cancelled is None or visit.cancelled < self.live
        return visit.start < self.live

    def done(self, visit: Visit) -> datetime | None:
        """When a visit was over; None while it lies ahead."""
        match self.counts_as(visit):
            case Is.VISITED:
                return visit.ended or visit.check or visit.start
            case Is.CANCELLED:
                return visit.cancelled or visit.start
            case Is.NOT_MARKED:
                return visit.start + QUARTER
        return None

    def of(self, visits: Iterable[Visit], *words: Is) -> list[Visit]:
        """Those that count as one of the words, in the order in which they were over (or begin)."""
        found = [visit for visit in visits if self.counts_as(visit) in words]
        return sorted(found, key=lambda visit: (self.done(visit) or visit.start, visit.id))

    def split(self, visits: Sequence[Visit], visited_before: int) -> tuple[list[Visit], list[Visit]]:
        """The visits of the primary and of the repeat era."""
        if visited_before:
            return [], list(visits)
        visited = self.of(visits, Is.VISITED)
        if not visited:
            return list(visits), []
        won = self.done(visited[0])
        primary = [visit for visit in visits if visit == visited[0] or self._over_by(visit, won)]
        return primary, [visit for visit in visits if visit not in primary]

    def _over_by(self, visit: Visit, won: datetime | None) -> bool:
        done = self.done(visit)
        return won is not None and done is not None and (visit.booked or visit.start) <= won and done <= won

    def standing(self, visits: Sequence[Visit], *, wins_at_once: bool) -> Standing:
        """The first line that applies."""
        visited = self.of(visits, Is.VISITED)
        if wins_at_once and visited:
            return Standing(visited[0], Is.VISITED, won=True)
        for words in ((Is.ARRIVED, Is.IN_PROGRESS), (Is.FUTURE,)):
            if here := sorted((v for v in visits if self.counts_as(v) in words), key=lambda v: (v.start, v.id)):
                return Standing(here[0], self.counts_as(here[0]))
        if fresh := [visit for visit in self.of(visits, Is.CANCELLED) if self._in_grace(visit)]:
            return Standing(fresh[-1], None)
        if today := [visit for visit in visited if self._day(visit.start) == self._day(self.now)]:
            return Standing(today[-1], Is.VISITED)
        return self._nothing_ahead(visits, visited)

    def _nothing_ahead(self, visits: Sequence[Visit], visited: Sequence[Visit]) -> Standing:
        """What was over before the last visited visit asks for nothing any more."""
        last = self.done(visited[-1]) if visited else None
        missed = [v for v in visits if self.counts_as(v) is Is.NOT_MARKED and (not last or v.start >= last)]
        if missed:
            return Standing(max(missed, key=lambda visit: (visit.start, visit.id)), Is.NOT_MARKED)
        gone = [visit for visit in self.of(visits, Is.CANCELLED) if not last or (self.done(visit) or last) >= last]
        if gone:
            return Standing(gone[-1], Is.CANCELLED)
        latest = visited[-1]
        return Standing(latest, Is.VISITED, won=self._day(self.now) >= self._day(latest.start + WIN_AFTER))

    def _in_grace(self, visit: Visit) -> bool:
        return visit.cancelled is not None and self.now < visit.cancelled + QUARTER

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


def pairs(visits: Sequence[Visit]) -> int:
    """How many cancelled visits another visit took the place of: those that say so, then those booked soon after."""
    cancelled = sorted((v for v in visits if v.off), key=lambda v: (v.cancelled or v.start, v.id))
    free = sorted(visits, key=lambda v: (v.booked or v.start, v.id))
    taken: set[int] = set()
    for says_so in (True, False):
        for visit in [v for v in cancelled if v.id not in taken]:
            for other in free:
                if other.id != visit.id and (other.moved_from == visit.id if says_so else _soon_after(visit, other)):
                    taken.add(visit.id)
                    free.remove(other)
                    break
    return len(taken)


def _soon_after(visit: Visit, other: Visit) -> bool:
    if visit.cancelled is None or other.booked is None:
        return False
    return visit.cancelled <= other.booked <= visit.cancelled + QUARTER


def branch_time(moment: datetime, zone: ZoneInfo, home: ZoneInfo | None = None) -> str:
    """«вт 24 ноя, 14:30»; «вт 24 ноя, 16:30 МСК+2» where the clock at `home` shows another time."""
    here = moment.astimezone(zone)
    text = f"{_DAYS[here.weekday()]} {here.day} {_MONTHS[here.month - 1]}, {here:%H:%M}"
    if home is None or moment.astimezone(home).time() == here.time():
        return text
    ahead = (here.utcoffset() or _MOSCOW) - _MOSCOW
    hours = abs(ahead) / timedelta(hours=1)
    sign = "+" if ahead > timedelta() else "−"
    return f"{text} МСК{sign}{hours:g}" if ahead else f"{text} МСК"


def plain(name: str) -> str:
    """As names are compared."""
    return " ".join(name.lower().replace("ё", "е").split())


def is_nobodys(name: str) -> bool:
    """Empty, a phone, or what a form writes."""
    text = plain(name)
    return text in ("", *_FORMS) or text.startswith("заявка №") or not re.search(r"[^\d\s()+.-]", text)


def left_out(patient: Patient | None) -> str | None:
    """Why a patient's visits make no deal (R24)."""
    if patient is None:
        return "no_patient"
    if not patient.name and not patient.phones:
        return "nameless"
    if patient.archived:
        return "archived"
    return "staff" if patient.staff else None
