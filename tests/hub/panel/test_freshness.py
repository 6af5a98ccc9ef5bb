"""How fresh the data are, as a table: what the agent said last, what the clinic answered, and the words that an operator reads."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.panel.freshness import Heard, Stand, freshness, worst

MOSCOW = ZoneInfo("Europe/Moscow")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}+03:00")


NOW = at("24T12:42:30")
FRESH = at("24T12:42:00")
OLD = at("24T12:38:00")
EVENING = at("23T19:58:00")
ANSWERED = Heard(at("24T12:42:29"))
SILENT = Heard()

LIVE = Stand("На Ленина", MOSCOW, connected=True, mis="ok", read_through=FRESH)
AWAY = Stand("На Ленина", MOSCOW, connected=False, mis="ok", read_through=OLD, left_at=at("24T12:40:00"))


def but(stand: Stand, **changes: object) -> Stand:
    return Stand(**{**stand.__dict__, **changes})


TABLE = [
    ("all is well", LIVE, None, "green", "ok", "IDENT 12:42, связь есть"),
    ("the clinic has just answered", LIVE, ANSWERED, "green", "ok", "IDENT 12:42, связь есть"),
    (
        "a minute is not late",
        but(LIVE, read_through=NOW - timedelta(minutes=1)),
        None,
        "green",
        "ok",
        "IDENT 12:41, связь есть",
    ),
    (
        "more than a minute is",
        but(LIVE, read_through=OLD),
        None,
        "amber",
        "ok",
        "Новое из IDENT доходит с опозданием; данные на 12:38",
    ),
    (
        "news come late though the clinic answers",
        but(LIVE, read_through=OLD),
        ANSWERED,
        "amber",
        "ok",
        "Новое из IDENT доходит с опозданием; данные на 12:42",
    ),
    (
        "nothing was read yet",
        but(LIVE, read_through=None),
        None,
        "amber",
        "ok",
        "Новое из IDENT доходит с опозданием",
    ),
    (
        "a clock of the clinic that is slow is not late",
        but(LIVE, read_through=OLD, clock_ahead=timedelta(minutes=-4)),
        None,
        "green",
        "ok",
        "IDENT 12:38, связь есть",
    ),
    (
        "a clock that is ahead hides nothing that is late",
        but(LIVE, read_through=OLD, clock_ahead=timedelta(minutes=4)),
        None,
        "amber",
        "ok",
        "Новое из IDENT доходит с опозданием; данные на 12:38",
    ),
    (
        "busy",
        but(LIVE, mis="busy", read_through=OLD),
        None,
        "amber",
        "busy",
        "IDENT отвечает медленно; данные на 12:38",
    ),
    (
        "busy, but answered",
        but(LIVE, mis="busy"),
        ANSWERED,
        "amber",
        "busy",
        "IDENT отвечает медленно; данные на 12:42",
    ),
    (
        "down",
        but(LIVE, mis="down", read_through=OLD),
        SILENT,
        "amber",
        "down",
        "IDENT в клинике не отвечает; данные на 12:38",
    ),
    (
        "refused",
        but(LIVE, mis="refused", read_through=EVENING),
        None,
        "amber",
        "refused",
        "IDENT не даёт прочитать данные: позовите IT-специалиста клиники; данные на 23 ноя, 19:58",
    ),
    ("silent on a live link", LIVE, SILENT, "amber", "ok", "Клиника не успела ответить; данные на 12:42"),
    (
        "still loading",
        but(LIVE, loaded=False, read_through=None),
        None,
        "amber",
        "ok",
        "Клиника ещё загружается: кого-то может не хватать",
    ),
    (
        "answered while loading",
        LIVE,
        Heard(FRESH, partial=True),
        "amber",
        "ok",
        "Клиника ещё загружается: кого-то может не хватать",
    ),
    ("away", AWAY, None, "red", "offline", "Компьютер клиники не на связи с 12:40; данные на 12:38"),
    ("away when asked", AWAY, SILENT, "red", "offline", "Компьютер клиники не на связи с 12:40; данные на 12:38"),
    (
        "gone right after the answer",
        AWAY,
        ANSWERED,
        "amber",
        "ok",
        "Новое из IDENT доходит с опозданием; данные на 12:42",
    ),
    (
        "away since yesterday",
        but(AWAY, read_through=EVENING, left_at=at("23T20:05:00")),
        SILENT,
        "red",
        "offline",
        "Компьютер клиники не на связи с 23 ноя, 20:05; данные на 19:58",
    ),
    (
        "away since today with data of yesterday",
        but(AWAY, read_through=EVENING),
        SILENT,
        "red",
        "offline",
        "Компьютер клиники не на связи с 12:40; данные на 23 ноя, 19:58",
    ),
    (
        "since when it is away nobody knows",
        but(AWAY, left_at=None),
        SILENT,
        "red",
        "offline",
        "Компьютер клиники не на связи; данные на 12:38",
    ),
    (
        "away before anything was read",
        but(AWAY, read_through=None),
        SILENT,
        "red",
        "offline",
        "Компьютер клиники не на связи с 12:40",
    ),
    (
        "never there",
        but(AWAY, left_at=None, read_through=None, mis=None),
        SILENT,
        "red",
        "offline",
        "Компьютер клиники ещё не выходил на связь",
    ),
]


@pytest.mark.parametrize(
    ("stand", "heard", "level", "mis", "text"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_freshness_is_a_level_and_words(stand: Stand, heard: Heard | None, level: str, mis: str, text: str) -> None:
    found = freshness(stand, NOW, heard)

    assert (found.level, found.mis, found.text) == (level, mis, text)


def test_times_are_those_on_the_wall_of_the_clinic() -> None:
    there = but(LIVE, zone=ZoneInfo("Asia/Yekaterinburg"))

    found = freshness(there, NOW)

    assert found.text == "IDENT 14:42, связь есть"
    assert found.read_through
    assert found.read_through.isoformat() == "2026-11-24T14:42:00+05:00"


def test_of_several_clinics_each_is_named_and_the_worst_is_told() -> None:
    well, ill = freshness(LIVE, NOW, named=True), freshness(but(AWAY, name="На Мира"), NOW, named=True)

    assert worst([well, ill]) == ill
    assert ill.text.startswith("На Мира: Компьютер клиники не на связи")
    assert worst([]) is None
