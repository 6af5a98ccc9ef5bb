"""What people read: the time of a visit, and notes that tell in Russian what happened in IDENT."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from hub.rules.fields import StatusText
from hub.rules.moves import Story
from hub.rules.visits import VisitNow, Word
from wire.model import Visit

VANISHED = "удалён в IDENT"
STATUS: dict[Word, StatusText] = {
    "future": StatusText.FUTURE,
    "arrived": StatusText.ARRIVED,
    "in_progress": StatusText.IN_PROGRESS,
    "visited": StatusText.VISITED,
    "not_marked": StatusText.NOT_MARKED,
    "cancelled": StatusText.CANCELLED,
}
_MOSCOW = ZoneInfo("Europe/Moscow")
_DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_MONTHS = ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


def branch_time(moment: datetime, zone: tzinfo, home: tzinfo | None = None) -> str:
    """«вт 24 ноя, 14:30» by the wall clock of the branch; «вт 24 ноя, 16:30 МСК+2» where that is not the clock of the account's `home`."""
    there = moment.astimezone(zone)
    text = f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1]}, {there:%H:%M}"
    if home is None or there.utcoffset() == moment.astimezone(home).utcoffset():
        return text
    return f"{text} {zone_name(zone, moment)}"


def day_time(moment: datetime, zone: tzinfo, home: tzinfo | None = None) -> str:
    """«24 ноя, 14:30», where the day of the week does not matter."""
    return branch_time(moment, zone, home).partition(" ")[2]


def zone_name(zone: tzinfo, at: datetime) -> str:
    """«МСК», «МСК+2», «МСК−1»: as Russians name zones."""
    there, here = at.astimezone(zone).utcoffset(), at.astimezone(_MOSCOW).utcoffset()
    hours = ((there - here).total_seconds() / 3600) if there is not None and here is not None else 0
    return f"МСК{'+' if hours > 0 else '−'}{abs(hours):g}" if hours else "МСК"


def visit_time(visit: VisitNow, moment: datetime | None = None) -> str:
    """When the visit begins, or another time that is told of it, by its branch's clock."""
    return branch_time(moment or visit.start, visit.zone, visit.home)


def note(stories: Sequence[Story], now: datetime) -> str | None:
    """One note for all that came together; it says when we saw it, so that no two notes are the same."""
    if not stories:
        return None
    seen = visit_time(stories[0].visit, now)
    return "\n".join([*(_line(story) for story in stories), f"IDENT, {seen}"])


def _line(story: Story) -> str:
    match story.happening:
        case "booked":
            return f"Записан на приём: {_described(story.visit)}"
        case "moved":
            return f"Приём перенесён: {_move(story)}"
        case "cancelled":
            return f"Приём отменён: {_described(story.visit)}{_cancellation(story.visit)}"
        case "taken_back":
            return f"Отмена снята: {_described(story.visit)}"


def _described(visit: VisitNow) -> str:
    """Time, practitioner, branch, as far as they are known."""
    return ", ".join([visit_time(visit), *_who_and_where(visit.visit)])


def _move(story: Story) -> str:
    before, visit = story.before, story.visit
    if before is None or before.start == visit.start:
        return f"{visit_time(visit)}, теперь {', '.join(_who_and_where(visit.visit)) or 'иначе'}"
    return f"с {visit_time(visit, before.start)} на {_described(visit)}"


def _who_and_where(visit: Visit) -> list[str]:
    who = visit.practitioner.name if visit.practitioner else None
    where = visit.branch.name if visit.branch else None
    return [text for text in (who and f"врач {who}", where and _branch(where)) if text]


def _branch(name: str) -> str:
    return name if name.lower().startswith("филиал") else f"филиал {name}"


def _cancellation(visit: VisitNow) -> str:
    value = visit.visit
    if value.status != "cancelled":
        return f"; причина: {VANISHED}"
    reason = value.cancel_reason.name if value.cancel_reason else None
    author = value.cancelled_by.name if value.cancelled_by else None
    return "".join([f"; причина: {reason}" if reason else "", f"; отменил(а): {author}" if author else ""])
