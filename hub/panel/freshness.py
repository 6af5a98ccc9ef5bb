"""How fresh what a card shows is: a level, and the words for it. Pure. Levels follow what the agent says it has read and what the clinic
answered, never the connection alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from hub.panel.model import Freshness
from hub.rules.explain import day_time

Level: TypeAlias = Literal["green", "amber", "red"]
Mis: TypeAlias = Literal["ok", "down", "refused", "busy"]

LAGS_AFTER = timedelta(minutes=1)

_LEVELS: tuple[Level, ...] = ("green", "amber", "red")
_TROUBLE: dict[Mis, str] = {
    "busy": "IDENT отвечает медленно",
    "down": "IDENT в клинике не отвечает",
    "refused": "IDENT не даёт прочитать данные: позовите IT-специалиста клиники",
}


@dataclass(frozen=True)
class Stand:
    """How a clinic's database stands. `name` is for accounts with several; `left_at`: since when (business time) its agent is away;
    `clock_ahead`: by so much the clinic's clock is ahead of the hub's; `loaded`: everything was read once."""

    name: str
    zone: ZoneInfo
    connected: bool
    mis: Mis | None = None
    read_through: datetime | None = None
    left_at: datetime | None = None
    clock_ahead: timedelta = timedelta()
    loaded: bool = True


@dataclass(frozen=True)
class Heard:
    """What a card's own question came to: read just now (`at`, by the clinic's clock), or nothing (None). `partial`: the agent still
    reads the clinic for the first time."""

    at: datetime | None = None
    partial: bool = False


def freshness(stand: Stand, now: datetime, heard: Heard | None = None, *, named: bool = False) -> Freshness:
    """`heard` None: nothing was asked just now; `named`: say of which clinic."""
    read_at = heard.at if heard else None
    data_at = read_at or stand.read_through
    level, text = _said(stand, now, heard, _Wall(stand.zone, now), data_at)
    return Freshness(
        level=level,
        text=f"{stand.name}: {text}" if named else text,
        mis="offline" if level == "red" else stand.mis or "ok",
        read_through=data_at and data_at.astimezone(stand.zone),
    )


def worst(each: Iterable[Freshness]) -> Freshness | None:
    """Of several clinics."""
    return max(each, key=lambda one: _LEVELS.index(one.level), default=None)


def _said(
    stand: Stand, now: datetime, heard: Heard | None, wall: "_Wall", data_at: datetime | None
) -> tuple[Level, str]:
    is_silent = heard is not None and heard.at is None
    if not stand.connected and (heard is None or is_silent):
        return "red", _away(stand, wall)
    if trouble := _TROUBLE.get(stand.mis or "ok"):
        return "amber", trouble + wall.data(data_at)
    if is_silent:
        return "amber", "Клиника не успела ответить" + wall.data(data_at)
    if heard.partial if heard else not stand.loaded:
        return "amber", "Клиника ещё загружается: кого-то может не хватать"
    if data_at is None or _lags(stand, now):
        return "amber", "Новое из IDENT доходит с опозданием" + wall.data(data_at)
    return "green", f"IDENT {wall.time(data_at)}, связь есть"


def _lags(stand: Stand, now: datetime) -> bool:
    """A clinic whose clock is slow is not late."""
    through = stand.read_through
    return through is None or now - through + min(stand.clock_ahead, timedelta()) > LAGS_AFTER


def _away(stand: Stand, wall: "_Wall") -> str:
    since, through = stand.left_at, stand.read_through
    if since is None:
        return "Компьютер клиники " + ("не на связи" + wall.data(through) if through else "ещё не выходил на связь")
    is_one_day = through is not None and wall.day(since) == wall.day(through)
    data = f"; данные на {wall.clock(through)}" if through and is_one_day else wall.data(through)
    return f"Компьютер клиники не на связи с {wall.time(since)}{data}"


@dataclass(frozen=True)
class _Wall:
    """Times as they are read off the clinic's wall, with the day where it is not today."""

    zone: ZoneInfo
    now: datetime

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%H:%M}"

    def time(self, moment: datetime) -> str:
        return self.clock(moment) if self.day(moment) == self.day(self.now) else day_time(moment, self.zone)

    def data(self, at: datetime | None) -> str:
        return f"; данные на {self.time(at)}" if at else ""
