"""Cells as people and programs left them, read defensively: names, dates, times, ids. Pure."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from agent.mis.port import Cell

_LONGEST = 500
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[ T].*)?"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?: .*)?"),
)
_FIRST_YEAR = 1920
"""Programs write a zero date for "no time"; and before it zones have offsets of odd seconds."""


def line(cell: Cell) -> str | None:
    """A text on one line, without what cannot be seen; None where nothing is left."""
    if not isinstance(cell, str):
        return None
    seen = "".join(letter if letter.isprintable() else " " for letter in cell)
    return " ".join(seen.split())[:_LONGEST].strip() or None


def full_name(*parts: Cell) -> str | None:
    """Surname, given name and patronymic, as far as they are there."""
    return line(" ".join(part for part in map(line, parts) if part))


def id_of(cell: Cell) -> str | None:
    """A key as the wire has it."""
    return None if cell is None else str(cell)


def moment(cell: Cell, zone: ZoneInfo) -> datetime | None:
    """A wall-clock time of the clinic; None where there is none."""
    if not isinstance(cell, datetime) or cell.year < _FIRST_YEAR:
        return None
    return cell.replace(tzinfo=zone)


def day_of(cell: Cell) -> str | None:
    """The day of a wall-clock time; None where there is none."""
    return cell.date().isoformat() if isinstance(cell, datetime) and cell.year >= _FIRST_YEAR else None


def birth_date(cell: Cell) -> str | None:
    """A birthday, kept as date or as text. Raises ValueError where it is text that is no date."""
    if isinstance(cell, date):  # a datetime is one too
        return f"{cell.year:04}-{cell.month:02}-{cell.day:02}"
    text = line(cell)
    if text is None:
        return None
    for form in _DATES:
        if found := form.fullmatch(text):
            return date(int(found["year"]), int(found["month"]), int(found["day"])).isoformat()
    raise ValueError("not a date")
