"""The clinic's file: IDENT's tables in SQLite, and transactions that leave the traces a SQL Server leaves.

Times are the clinic's wall clock, without a zone, in SQL Server's steps. Beside IDENT's tables stand five of ours: `_server` (what the
server would say of itself), `_made` (how the file was made), `_plan` (what is still to happen), `_log` (what happened, with what stood
there before) and `_pending` (what somebody has written and not committed yet). Knows nothing of what the rows mean."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from demo.clinic.schema import INDEXED, STAFFS_VIEW, TABLES, Column, Table, quoted
from demo.clinic.values import SCALE, Row, Value, read, stepped, stored, time_text

__all__ = ["SCALE", "Act", "Database", "Made", "Row", "Value", "read", "stepped", "stored", "time_text"]


_LOGGED = ("Receptions", "Persons", "Patients")
"""The tables whose former values the log keeps: the oracle asks what was visible when."""

_OF_VIEW = ("ID", "Surname", "Name", "Patronymic", "ID_Persons", "Archive")

_OURS = """
CREATE TABLE _server (now TEXT NOT NULL, dbts INTEGER NOT NULL);
CREATE TABLE _made (seed INTEGER NOT NULL, visits INTEGER NOT NULL, day TEXT NOT NULL, zone TEXT NOT NULL, next_number INTEGER NOT NULL);
CREATE TABLE _plan (n INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE _log (n INTEGER PRIMARY KEY, at TEXT NOT NULL, act TEXT NOT NULL, who TEXT NOT NULL, before TEXT NOT NULL);
CREATE TABLE _pending (tab TEXT, key INTEGER, held INTEGER NOT NULL, number INTEGER, image TEXT, PRIMARY KEY (tab, key)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Made:
    """How a file was made; `next_number` is the first phone number that nobody has."""

    seed: int
    visits: int
    day: date
    zone: str
    next_number: int


class Database:
    """The clinic's open file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._columns: dict[str, tuple[Column, ...]] = {}
        self._schema = -1

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def create(self, opens: datetime, *, indexed: bool = False) -> None:
        """Make all tables, empty; the server's clock stands at `opens`. `indexed`: the variant that finds changes by an index."""
        for table in TABLES.values():
            self._connection.execute(_ddl(table))
            for name in INDEXED if indexed else ():
                if table.has(name):
                    self._connection.execute(f"CREATE INDEX IX_{table.name}_{name} ON {table.name} ({name})")
        self._connection.execute(f"CREATE VIEW {STAFFS_VIEW.name} AS {STAFFS_VIEW.text}")
        for statement in _OURS.strip().split("\n"):
            self._connection.execute(statement)
        self._connection.execute("INSERT INTO _server VALUES (?, ?)", (time_text(opens), 2000))

    def drop(self, table: str, column: str | None = None) -> None:
        """Lose a column, or a whole table: this IDENT has it not, or has it no more. What stands on it goes too."""
        if (column is None or column in _OF_VIEW) and table in ("Persons", "Staffs"):
            self._connection.execute(f"DROP VIEW IF EXISTS {STAFFS_VIEW.name}")
        if column is None:
            self._connection.execute(f"DROP TABLE {table}")
        else:
            self._connection.execute(f"DROP INDEX IF EXISTS IX_{table}_{column}")
            self._connection.execute(f"ALTER TABLE {table} DROP COLUMN {quoted(column)}")

    def columns(self, table: str) -> tuple[Column, ...]:
        """Those that the table has in this file; none where there is no such table."""
        schema = self._connection.execute("PRAGMA schema_version").fetchone()[0]
        if schema != self._schema:
            self._schema, self._columns = schema, {}
        if table not in self._columns:
            there = {name for _, name, *_ in self._connection.execute(f"PRAGMA table_info({table})")}
            self._columns[table] = tuple(column for column in TABLES[table].columns if column.name in there)
        return self._columns[table]

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
        """All rows of a table, by key; a lost column reads as empty."""
        columns = self.columns(table)
        if columns:
            for values in self._connection.execute(f"{self._select(table)} ORDER BY {TABLES[table].key}"):
                yield _row(table, columns, values)

    def row(self, table: str, key: int) -> Row:
        """One row by its key."""
        values = self._connection.execute(f"{self._select(table)} WHERE {TABLES[table].key} = ?", (key,)).fetchone()
        return _row(table, self.columns(table), values)

    def _select(self, table: str) -> str:
        return f"SELECT {', '.join(quoted(column.name) for column in self.columns(table))} FROM {table}"  # noqa: S608

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
        """Put in many rows as they are, one after the other; rowversions follow their order. What was lost is left out."""
        columns = [column for column in self.columns(table) if column.type != "rowversion"]
        if not columns:
            return
        if len(columns) == len(self.columns(table)):
            lines = (_line(columns, row) for row in rows)
            self._connection.executemany(_insert(table, columns), lines)
            return
        last = int(self.execute("SELECT dbts FROM _server")[0][0])
        numbers = iter(range(last + 1, 2**63))
        versioned = ([*_line(columns, row), _rowversion(next(numbers))] for row in rows)
        self._connection.executemany(_insert(table, [*columns, Column("RowVersion", "rowversion")]), versioned)
        self._take_rowversions(next(numbers) - last - 1)

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
        names = {column.name for column in self.columns("Receptions")} & {"RowVersion", "DateTimeChanged"}
        keys = self.execute("SELECT ID FROM Receptions ORDER BY ID")
        first = self._take_rowversions(len(keys))
        self._connection.executemany(
            f"UPDATE Receptions SET {', '.join(f'{name} = :{name}' for name in sorted(names))} WHERE ID = :ID",  # noqa: S608
            (
                {"RowVersion": _rowversion(first + n), "DateTimeChanged": time_text(at), "ID": key}
                for n, (key,) in enumerate(keys if names else ())
            ),
        )

    def take_rowversion(self) -> int:
        """A number that nobody had before; whoever takes it keeps it, whether he commits or not."""
        return self._take_rowversions(1)

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
        row = {column.name: row[column.name] for column in self._database.columns(table) if column.name in row}
        if any(column.type == "rowversion" for column in self._database.columns(table)):
            row["RowVersion"] = _rowversion(self._database.take_rowversion())
        if not row:
            return
        assignments = ", ".join(f"{quoted(name)} = ?" for name in row)
        self._database.execute(
            f"UPDATE {table} SET {assignments} WHERE {known.key} = ?",  # noqa: S608
            (*(stored(value) for value in row.values()), key),
        )

    def delete(self, table: str, key: int) -> None:
        """Take a row away."""
        if table in _LOGGED:
            former = self._database.row(table, key)
            self.before.append((table, key, _loggable(former)))
        self._database.execute(f"DELETE FROM {table} WHERE {TABLES[table].key} = ?", (key,))  # noqa: S608

    def replace(self, table: str, other: str) -> None:
        """Let a table's rows be those of its copy."""
        known = TABLES[table]
        former = {row[known.key]: _loggable(row) for row in self._database.rows(table)} if table in _LOGGED else {}
        self._database.execute(f"DELETE FROM {table}")  # noqa: S608
        self._database.execute(f"INSERT INTO {table} SELECT * FROM {other}")  # noqa: S608
        now = {row[known.key]: _loggable(row) for row in self._database.rows(table)} if table in _LOGGED else {}
        changed = (key for key in sorted(former.keys() | now.keys()) if former.get(key) != now.get(key))
        self.before += [(table, key, former.get(key)) for key in changed]

    def _changed(self, table: Table) -> Row:
        changed = {"ID_StaffsChanged": self.staff, "DateTimeChanged": self.at}
        return {name: value for name, value in changed.items() if table.has(name)}


def _ddl(table: Table) -> str:
    lines = [f"{quoted(c.name)} {c.type}{' NOT NULL' if c.required else ''}" for c in table.columns]
    return f"CREATE TABLE {table.name} ({', '.join(lines)}, PRIMARY KEY ({table.key})) WITHOUT ROWID"


def _insert(table: str, columns: Sequence[Column]) -> str:
    names = ", ".join(quoted(column.name) for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


def _line(columns: Iterable[Column], row: Mapping[str, Value]) -> list[str | int | bytes | None]:
    return [stored(row.get(column.name)) for column in columns]


def _loggable(row: Row) -> Row:
    """A row for the log; its rowversion means nothing once it has gone."""
    return {name: stored(value) for name, value in row.items() if not isinstance(value, bytes)}


def _row(table: str, columns: Sequence[Column], values: Sequence[Any]) -> Row:
    """A column that is not there any more reads as nothing."""
    there = {column.name: read(column, value) for column, value in zip(columns, values, strict=True)}
    return {name: there.get(name) for name in TABLES[table].names}


def _rowversion(number: int) -> bytes:
    return number.to_bytes(8, "big")
