"""A patient's visits as the card shows them. Pure; what a visit counts as, `hub.rules.visits` says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.panel.facts import Somebody
from hub.panel.model import VisitCard
from hub.rules.confirmed import Confirmation, holds
from hub.rules.explain import STATUS, VANISHED, zone_name
from hub.rules.fields import StatusText
from hub.rules.model import VisitKey
from hub.rules.moves import pairs
from hub.rules.settings import Settings
from hub.rules.visits import VisitNow

MAX_PAST = 20
UNKNOWN = "неизвестно, не было связи"


@dataclass(frozen=True)
class Shown:
    """The visits of a card, those that are over newest first. What was cancelled today stands alone; what was cancelled or missed since
    the last visit, `past` begins with. `more_past`: there are older ones than those of `past`."""

    next_visit: VisitCard | None
    cancelled_today: VisitCard | None
    last_visit: VisitCard | None
    future: tuple[VisitCard, ...]
    past: tuple[VisitCard, ...]
    more_past: bool


def shown(somebody: Somebody, settings: Settings, now: datetime, confirmation: Confirmation | None = None) -> Shown:
    """Which visit is the next, which was the last, what was cancelled today."""
    visits = somebody.visits
    moves = pairs(visits, timedelta(minutes=settings.grace_minutes))
    replaced, follows = {before.id for before, _ in moves}, {after.id for _, after in moves}
    ahead = sorted((visit for visit in visits if _is_ahead(visit, now)), key=lambda visit: (visit.start, visit.number))
    over = sorted((visit for visit in visits if not _is_ahead(visit, now)), key=_start, reverse=True)
    cancelled = [visit for visit in over if visit.id not in replaced and _is_cancelled_today(visit, now)]
    today = max(cancelled, key=lambda visit: visit.cancelled_at or visit.start, default=None)
    past = [visit for visit in over if visit is not today]
    confirmed = confirmation if confirmation and holds(confirmation, somebody.key.database, visits) else None

    def card(visit: VisitNow) -> VisitCard:
        is_moved = visit.id in replaced or (visit.id in follows and visit.word == "future")
        return _card(somebody, visit, settings, is_moved=is_moved, confirmed=confirmed)

    now_there = next((visit for visit in ahead if visit.word != "future"), None)
    return Shown(
        next_visit=_one(card, now_there or next(iter(ahead), None)),
        cancelled_today=_one(card, today),
        last_visit=_one(card, last_visited(visits)),
        future=tuple(card(visit) for visit in ahead),
        past=tuple(card(visit) for visit in past[:MAX_PAST]),
        more_past=somebody.more_past or len(past) > MAX_PAST,
    )


def next_day(visits: Sequence[VisitNow], now: datetime) -> date | None:
    """The day of the next visit, by the wall of its branch."""
    return min((visit.day for visit in visits if _is_ahead(visit, now)), default=None)


def last_visited(visits: Sequence[VisitNow]) -> VisitNow | None:
    """The last visit that took place."""
    return max((visit for visit in visits if visit.word == "visited"), key=_start, default=None)


def _is_ahead(visit: VisitNow, now: datetime) -> bool:
    """Also who has not come yet: while the visit would last, he may only be late."""
    return visit.ahead or (visit.word == "not_marked" and now < visit.visit.end)


def _is_cancelled_today(visit: VisitNow, now: datetime) -> bool:
    cancelled_at = visit.cancelled_at
    return (
        visit.word == "cancelled"
        and cancelled_at is not None
        and cancelled_at.astimezone(visit.zone).date() == now.astimezone(visit.zone).date()
    )


def _start(visit: VisitNow) -> tuple[datetime, tuple[int, str]]:
    return visit.start, visit.number


def _one(card: Callable[[VisitNow], VisitCard], visit: VisitNow | None) -> VisitCard | None:
    return card(visit) if visit else None


def _card(
    somebody: Somebody, visit: VisitNow, settings: Settings, *, is_moved: bool, confirmed: Confirmation | None
) -> VisitCard:
    value, database, is_cancelled = visit.visit, somebody.key.database, visit.word == "cancelled"
    reason = VANISHED if visit.vanished_at else value.cancel_reason.name if value.cancel_reason else None
    return VisitCard(
        id=str(VisitKey(database, visit.id)),
        status="moved" if is_moved else visit.word,
        status_text=StatusText.MOVED if is_moved else UNKNOWN if _is_unknown(somebody, visit) else STATUS[visit.word],
        start=visit.start.astimezone(visit.zone),
        zone_note=_zone_note(visit, settings),
        practitioner=value.practitioner.name if value.practitioner else None,
        branch=_branch(database, visit, settings),
        cancelled_at=_there(visit.cancelled_at, visit.zone) if is_cancelled else None,
        cancel_reason=reason if is_cancelled else None,
        notified_at=_there(value.notified_at, visit.zone),
        confirmed=confirmed.text if confirmed and confirmed.visit == visit.id else None,
    )


def _is_unknown(somebody: Somebody, visit: VisitNow) -> bool:
    """R13: where nobody told us since, a mark may have been made."""
    return visit.word == "not_marked" and (
        somebody.data_at is None or somebody.data_at < (visit.done_at or visit.start)
    )


def _branch(database: str, visit: VisitNow, settings: Settings) -> str | None:
    """As the account calls it, else as IDENT does."""
    branch = visit.visit.branch
    route = settings.route(database, branch.id) if branch else None
    return route.name if route else branch.name if branch else None


def _zone_note(visit: VisitNow, settings: Settings) -> str | None:
    here = visit.start.astimezone(ZoneInfo(settings.zone)).utcoffset()
    return None if visit.start.astimezone(visit.zone).utcoffset() == here else zone_name(visit.zone, visit.start)


def _there(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone) if moment else None
