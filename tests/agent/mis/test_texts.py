# ruff: noqa: DTZ001 - IDENT's times have no zone
"""Cells as people left them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from agent.mis.port import Cell
from agent.mis.texts import birth_date, full_name, line, moment

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("  Иванов ", "Иванов"),
        ("Иванов\t\nПётр\xa0\u200bИ.", "Иванов Пётр И."),
        ("", None),
        (" \n ", None),
        ("\x00", None),
        (None, None),
        (5, None),
        ("я" * 900, "я" * 500),
    ],
)
def test_a_text_is_one_clean_line(cell: Cell, told: str | None) -> None:
    assert line(cell) == told


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("Канарейкин", "Пётр", "Ильич"), "Канарейкин Пётр Ильич"),
        ((" Канарейкин ", None, ""), "Канарейкин"),
        ((None, "Пётр", None), "Пётр"),
        (("", " ", None), None),
    ],
)
def test_a_name_is_what_is_there_of_it(parts: tuple[Cell, ...], told: str | None) -> None:
    assert full_name(*parts) == told


@pytest.mark.parametrize(
    "cell",
    [
        date(1980, 3, 9),
        datetime(1980, 3, 9, 12),
        "1980-03-09",
        "1980-3-9",
        "1980-03-09 00:00:00",
        "1980-03-09T00:00:00.000",
        "09.03.1980",
        "9.3.1980",
        "09.03.1980 0:00:00",
        " 09.03.1980 ",
    ],
)
def test_a_birthday_is_read_from_whatever_it_is_kept_as(cell: Cell) -> None:
    assert birth_date(cell) == "1980-03-09"


@pytest.mark.parametrize("cell", [None, "", "  "])
def test_no_birthday_is_none(cell: Cell) -> None:
    assert birth_date(cell) is None


@pytest.mark.parametrize("cell", ["1980", "март", "31.02.1980", "80-03-09", "03/09/1980"])
def test_what_is_no_birthday_is_refused(cell: Cell) -> None:
    with pytest.raises(ValueError):
        birth_date(cell)


def test_wall_clock_times_are_the_clinics() -> None:
    told = moment(datetime(2026, 11, 24, 9, 30, 0, 3000), MOSCOW)
    assert told is not None
    assert told.isoformat() == "2026-11-24T09:30:00.003000+03:00"


@pytest.mark.parametrize("cell", [None, datetime(1899, 12, 30), datetime(1900, 1, 1), "2026-11-24", date(2026, 11, 24)])
def test_a_zero_date_is_no_time(cell: Cell) -> None:
    assert moment(cell, MOSCOW) is None
