"""The clinic's file: how IDENT's values stand in SQLite, and transactions that leave the traces a SQL Server leaves.

Times are the clinic's wall clock, without a zone, in SQL Server's steps. Beside IDENT's tables stand four of ours: `_server`
(what the server would say of itself), `_made` (how the file was made), `_plan` (what is still to happen) and `_log` (what
happened, with what stood there before). Knows nothing of what the rows mean."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from demo.clinic.schema import STAFFS_VIEW, TABLES, Column, Table, quoted

SCALE = 10**10
_LOGGED = ("Receptions", "Persons", "Patients")
"""The tables whose former values the log keeps: the oracle asks what was visible when."""

_OURS = """
CREATE TABLE _server (now TEXT NOT NULL, dbts INTEGER NOT NULL);
CREATE TABLE _made (seed INTEGER NOT NULL, visits INTEGER NOT NULL, day TEXT NOT NULL, zone TEXT NOT NULL, next_number INTEGER NOT NULL);
CREATE TABLE _plan (n INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE _log (n INTEGER PRIMARY KEY, at TEXT NOT NULL, act TEXT NOT NULL, who TEXT NOT NULL, before TEXT NOT NULL);
"""

Value: TypeAlias = str | int | bool | bytes | Decimal | datetime | date | None
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """How a file was made; `next_number` is the first phone number that nobody has."""

    seed: int
    visits: int
    day: date
    zone: str
    next_number: int


def stepped(moment: datetime) -> datetime:
    """The nearest time that SQL Server's `datetime` can hold: milliseconds end in 0, 3 or 7."""
    ticks = round(moment.microsecond * 300 / 1_000_000)
    return moment.replace(microsecond=0) + timedelta(milliseconds=(ticks * 10 + 1) // 3)


def time_text(moment: datetime) -> str:
    """How a `datetime` stands in the file."""
    return stepped(moment).isoformat(" ", "milliseconds")


def stored(value: Value) -> str | int | bytes | None:
    """How a value stands in the file."""
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value * SCALE)
    return int(value) if isinstance(value, bool) else value


def read(column: Column, value: Any) -> Any:
    """The value that stands in the file, in Python's types."""
    if value is None:
        return None
    match column.type:
        case "datetime":
            return datetime.fromisoformat(value)
        case "date":
            return date.fromisoformat(value)
        case "bit":
            return bool(value)
        case "decimal(28,10)":
            return Decimal(value) / SCALE
    return value


class Database:
    """The clinic's open file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def create(self, opens: datetime) -> None:
        """Make all tables, empty; the server's clock stands at `opens`."""
        for table in TABLES.values():
            self._connection.execute(_ddl(table))
        self._connection.execute(f"CREATE VIEW {STAFFS_VIEW.name} AS {STAFFS_VIEW.text}")
        for statement in _OURS.strip().split("\n"):
            self._connection.execute(statement)
        self._connection.execute("INSERT INTO _server VALUES (?, ?)", (time_text(opens), 2000))

    def remember(self, made: Made) -> None:
        """Note how the file was made."""
        values = (made.seed, made.visits, made.day.isoformat(), made.zone, made.next_number)
        self._connection.execute("INSERT INTO _made VALUES (?, ?, ?, ?, ?)", values)

    def made(self) -> Made:
        """How the file was made."""
        seed, visits, day, zone, next_number = self._connection.execute("SELECT * FROM _made").fetchone()
        return Made(seed, visits, date.fromisoformat(day), zone, next_number)

    def execute(self, sql: str, parameters: Iterable[Any] = ()) -> list[Any]:
        """Run one statement, for what is not a row of IDENT's."""
        return self._connection.execute(sql, tuple(parameters)).fetchall()

    def rows(self, table: str) -> Iterator[Row]:
        """All rows of a table, by key."""
        known, columns = TABLES[table], self._columns(table)
        names = ", ".join(quoted(column.name) for column in columns)
        for row in self._connection.execute(f"SELECT {names} FROM {table} ORDER BY {known.key}"):  # noqa: S608
            yield _row(known, columns, row)

    def row(self, table: str, key: int) -> Row:
        """One row by its key."""
        known, columns = TABLES[table], self._columns(table)
        names = ", ".join(quoted(column.name) for column in columns)
        found = self._connection.execute(f"SELECT {names} FROM {table} WHERE {known.key} = ?", (key,)).fetchone()  # noqa: S608
        return _row(known, columns, found)

    def _columns(self, table: str) -> tuple[Column, ...]:
        """Those that are there: an update of the program may have dropped some."""
        there = {name for (name,) in self.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        return tuple(column for column in TABLES[table].columns if column.name in there)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def load(self, table: str, rows: Iterable[Mapping[str, Value]]) -> None:
        """Put in many rows as they are; rowversions follow their order."""
        known, columns = TABLES[table], self._columns(table)
        lines = [{**dict.fromkeys(c.name for c in known.columns), **row} for row in rows]
        if known.has("RowVersion"):
            first = self._take_rowversions(len(lines))
            lines = [{**line, "RowVersion": _rowversion(first + n)} for n, line in enumerate(lines)]
        self._connection.executemany(
            f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",  # noqa: S608
            ([stored(line[c.name]) for c in columns] for line in lines),
        )

    @contextlib.contextmanager
    def act(self, name: str, who: str, at: datetime, staff: int | None) -> Iterator["Act"]:
        """One transaction of somebody at the clinic, written to the log."""
        with self.transaction():
            act = Act(self, at, staff)
            yield act
            self.set_now(at)
            self.execute(
                "INSERT INTO _log (at, act, who, before) VALUES (?, ?, ?, ?)",
                (time_text(at), name, who, json.dumps(act.before, ensure_ascii=False)),
            )

    def set_now(self, moment: datetime) -> None:
        """Turn the server's clock."""
        self.execute("UPDATE _server SET now = ?", (time_text(moment),))

    def now(self) -> datetime:
        """The server's clock."""
        return datetime.fromisoformat(self.execute("SELECT now FROM _server")[0][0])

    def touch_receptions(self, at: datetime) -> None:
        """What an update of the program does: each row gets a rowversion and a changed-time, and nothing else."""
        count = self.execute("SELECT COUNT(*) FROM Receptions")[0][0]
        first = self._take_rowversions(count)
        keys = self.execute("SELECT ID FROM Receptions ORDER BY ID")
        self._connection.executemany(
            "UPDATE Receptions SET RowVersion = ?, DateTimeChanged = ? WHERE ID = ?",
            ((_rowversion(first + n), time_text(at), key) for n, (key,) in enumerate(keys)),
        )

    def _take_rowversions(self, count: int) -> int:
        """The first of `count` numbers that nobody had before."""
        last = int(self.execute("UPDATE _server SET dbts = dbts + ? RETURNING dbts", (count,))[0][0])
        return last - count + 1


class Act:
    """What one transaction writes: rowversions, audit columns, and the former values for the log."""

    def __init__(self, database: Database, at: datetime, staff: int | None) -> None:
        self.at, self.staff = at, staff
        self.before: list[tuple[str, int, Row | None]] = []
        self._database = database

    def insert(self, table: str, key: int | None = None, **values: Value) -> int:
        """Add a row; returns its key."""
        known = TABLES[table]
        if key is None:
            key = int(self._database.execute(f"SELECT COALESCE(MAX({known.key}), 0) + 1 FROM {table}")[0][0])  # noqa: S608
        added = {"ID_StaffsAdded": self.staff, "DateTimeAdded": self.at + timedelta(milliseconds=500)}
        audit = {name: value for name, value in added.items() if known.has(name)}
        self._database.load(table, [{**audit, **self._changed(known), known.key: key, **values}])
        if table in _LOGGED:
            self.before.append((table, key, None))
        return key

    def change(self, table: str, key: int, **values: Value) -> None:
        """Change a row."""
        known = TABLES[table]
        if table in _LOGGED:
            former = self._database.row(table, key)
            self.before.append((table, key, {name: stored(former[name]) for name in values}))
        row = {**self._changed(known), **values}
        if known.has("RowVersion"):
            row["RowVersion"] = _rowversion(self._database._take_rowversions(1))  # noqa: SLF001 one module, one transaction
        assignments = ", ".join(f"{quoted(name)} = ?" for name in row)
        self._database.execute(
            f"UPDATE {table} SET {assignments} WHERE {known.key} = ?",  # noqa: S608
            (*(stored(value) for value in row.values()), key),
        )

    def delete(self, table: str, key: int) -> None:
        """Take a row away."""
        if table in _LOGGED:
            former = self._database.row(table, key)
            self.before.append((table, key, {name: stored(value) for name, value in former.items()}))
        self._database.execute(f"DELETE FROM {table} WHERE {TABLES[table].key} = ?", (key,))  # noqa: S608

    def _changed(self, table: Table) -> Row:
        changed = {"ID_StaffsChanged": self.staff, "DateTimeChanged": self.at}
        return {name: value for name, value in changed.items() if table.has(name)}


def _row(table: Table, columns: tuple[Column, ...], values: Iterable[Any]) -> Row:
    """A column that is not there any more reads as nothing."""
    there = {column.name: read(column, value) for column, value in zip(columns, values, strict=True)}
    return {column.name: there.get(column.name) for column in table.columns}


def _ddl(table: Table) -> str:
    lines = [f"{quoted(c.name)} {c.type}{' NOT NULL' if c.required else ''}" for c in table.columns]
    return f"CREATE TABLE {table.name} ({', '.join(lines)}, PRIMARY KEY ({table.key})) WITHOUT ROWID"


def _rowversion(number: int) -> bytes:
    return number.to_bytes(8, "big")
