"""Each row of the clinic's tables at each time of the day, found by undoing the log from its end. Knows nothing of what rows mean."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from demo.clinic.database import Database, Row, read
from demo.clinic.schema import TABLES

T = TypeVar("T")
Key: TypeAlias = tuple[str, int]
States: TypeAlias = Sequence[tuple[datetime, T]]
"""Oldest first, with the time from which each held."""
Lost: TypeAlias = tuple[datetime, Mapping[int, str | None]]
"""Since when a column is not there, and what stood in it by key."""
EVER = datetime.min.replace(tzinfo=UTC)
"""Since when a row's first state holds that was there before the day."""


def read_states(
    database: Database, zone: ZoneInfo
) -> tuple[Mapping[Key, States[Row | None]], list[tuple[datetime, int]]]:
    """Each row's states (None: it was gone from then on); and the times at which something was done about a patient."""
    tables = ("Receptions", "Persons", "Patients")
    now: dict[Key, Row] = {(table, row[TABLES[table].key]): row for table in tables for row in database.rows(table)}
    states: dict[Key, list[tuple[datetime, Row | None]]] = defaultdict(list)
    changes: list[tuple[datetime, int]] = []
    for text, who, before in database.execute("SELECT at, who, before FROM _log ORDER BY n DESC"):
        at = datetime.fromisoformat(text).replace(tzinfo=zone)
        concerned = _patients(who)
        for table, key, former in reversed(json.loads(before)):
            place = (table, key)
            states[place].append((at, now.get(place)))
            concerned |= _owner(place, now.get(place))
            if former is None:
                del now[place]
            else:
                now[place] = now.get(place, {}) | _restored(table, former)
                concerned |= _owner(place, now[place])
        changes += [(at, patient) for patient in sorted(concerned, reverse=True)]
    for place, row in now.items():
        states[place].append((EVER, row))
    return {place: of[::-1] for place, of in states.items()}, changes[::-1]


def read_lost(database: Database, zone: ZoneInfo) -> Mapping[str, Lost]:
    """The columns that an update of the program dropped, as `Table.Column`."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = '_lost'"):
        return {}
    found: dict[str, tuple[datetime, dict[int, str | None]]] = {}
    for at, column, key, value in database.execute("SELECT at, of, key, value FROM _lost ORDER BY key"):
        since = datetime.fromisoformat(at).replace(tzinfo=zone)
        found.setdefault(column, (since, {}))[1][key] = value
    return found


def state_at(states: States[T], moment: datetime) -> T | None:
    """The state that held; None before the first."""
    place = bisect_right(states, moment, key=lambda state: state[0])
    return states[place - 1][1] if place else None


def _patients(who: str) -> set[int]:
    """Whose act it was: `patient 1001`, or of two at once `patient 1001 1002`."""
    kind, *numbers = who.split() or [""]
    return {int(number) for number in numbers} if kind == "patient" else set()


def _owner(place: Key, row: Row | None) -> set[int]:
    """Whom a row is about."""
    table, key = place
    patient = key if table != "Receptions" else (row or {}).get("ID_Patients")
    return set() if patient is None else {patient}


def _restored(table: str, former: Row) -> Row:
    columns = {column.name: column for column in TABLES[table].columns}
    return {name: read(columns[name], value) for name, value in former.items()}
