"""How IDENT's values stand in SQLite: times as texts in SQL Server's steps, decimals as whole numbers. Knows no table."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias, cast

from demo.clinic.schema import Column

SCALE = 10**10

Value: TypeAlias = str | int | bool | bytes | Decimal | datetime | date | time | None
Row: TypeAlias = dict[str, Any]


def stepped(moment: datetime) -> datetime:
    """The nearest time that SQL Server's `datetime` can hold: milliseconds end in 0, 3 or 7."""
    ticks = round(moment.microsecond * 300 / 1_000_000)
    return moment.replace(microsecond=0) + timedelta(milliseconds=(ticks * 10 + 1) // 3)


def time_text(moment: datetime) -> str:
    """How a `datetime` stands in the file."""
    return stepped(moment).isoformat(" ", "milliseconds")


def stored(value: Value) -> str | int | bytes | None:
    """How a value stands in the file."""
    how = _STORED.get(type(value))
    return how(value) if how else cast("str | int | bytes | None", value)


_STORED: Mapping[type, Callable[[Any], str | int]] = {
    datetime: time_text,
    date: date.isoformat,
    time: time.isoformat,
    Decimal: lambda value: int(value * SCALE),
    bool: int,
}


def read(column: Column, value: Any) -> Any:
    """The value that stands in the file, in Python's types."""
    if value is None:
        return None
    match column.type:
        case "datetime":
            return datetime.fromisoformat(value)
        case "date":
            return date.fromisoformat(value)
        case "time":
            return time.fromisoformat(value)
        case "bit":
            return bool(value)
        case "decimal(28,10)":
            return Decimal(value) / SCALE
    return value
