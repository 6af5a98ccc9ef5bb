"""Makes in an empty database of a SQL Server what stands in the clinic's file, and brings there whatever is done in the file later,
by whomever: triggers note it. Needs a driver; knows neither people nor visits."""

import importlib
from collections.abc import Callable, Iterable, Iterator
from datetime import time
from itertools import islice
from types import TracebackType
from typing import Any, Literal, TypeAlias

from demo.clinic import tsql
from demo.clinic.database import Database
from demo.clinic.make import nobody
from demo.clinic.schema import STAFFS_VIEW, TABLES, Column
from demo.clinic.values import Value

Noted: TypeAlias = tuple[str, int, str]
"""Table, key, and `I`, `U` or `D`."""
Deed: TypeAlias = tuple[Literal["insert", "update", "delete"], str, int]

_AT_ONCE = 1000
_NOTED = {"I": "INSERT", "U": "UPDATE", "D": "DELETE"}


def deeds(noted: Iterable[Noted]) -> Iterator[Deed]:
    """What has to be done for all of it together, each row in the place of its last change. A key that was taken away and given out
    again is another row."""
    last: dict[tuple[str, int], str] = {}
    for table, key, what in noted:
        before = last.pop((table, key), "")
        became = _TOGETHER[before, what]
        if became:
            last[table, key] = became
    for (table, key), became in last.items():
        if became in ("delete", "replace"):
            yield "delete", table, key
        if became in ("insert", "replace"):
            yield "insert", table, key
        if became == "update":
            yield "update", table, key


_TOGETHER = {
    ("", "I"): "insert",
    ("", "U"): "update",
    ("", "D"): "delete",
    ("insert", "U"): "insert",
    ("insert", "D"): "",
    ("update", "U"): "update",
    ("update", "D"): "delete",
    ("delete", "I"): "replace",
    ("replace", "U"): "replace",
    ("replace", "D"): "delete",
}


class Follower:
    """One database on a SQL Server, which is as the file is after each `bring`."""

    def __init__(self, database: Database, connection: str) -> None:
        odbc: Any = importlib.import_module("pyodbc")
        odbc.pooling = False
        self._database = database
        self._connection: Any = odbc.connect(connection, autocommit=False)
        self._cursor: Any = self._connection.cursor()
        self._is_fast = "tdsodbc" not in connection.lower() and "freetds" not in connection.lower()
        self._there: dict[str, tuple[Column, ...]] = {}
        self._indexed = self._has_view = False

    def __enter__(self) -> "Follower":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def make(self, tell: Callable[[str], None] = nobody) -> None:
        """Everything that stands in the file, in a database that is empty; from now on what is done there is noted."""
        self._indexed = bool(self._database.execute("SELECT 1 FROM sqlite_master WHERE type = 'index' LIMIT 1"))
        self._there = self._in_the_file()
        for table, columns in self._there.items():
            self._all(tsql.created(table, columns, indexed=self._indexed))
        if self._file_has_view():
            self._all([tsql.view(STAFFS_VIEW)])
            self._has_view = True
        with self._database.transaction():
            self._note()
            for table in self._there:
                tell(table)
                self._insert(table, self._database.rows(table))
            self._connection.commit()

    def bring(self) -> None:
        """What was done in the file since, as one transaction. Whatever fails is brought the next time."""
        if not self._something_was_done():
            return
        self._connection.rollback()
        with self._database.transaction():
            noted = self._database.execute("SELECT tab, key, what FROM _noted ORDER BY n")
            self._lose()
            for what, table, key in deeds(noted):
                if table in self._there:
                    self._do(what, table, key)
            self._connection.commit()
            self._database.execute("DELETE FROM _noted")

    def _something_was_done(self) -> bool:
        return bool(self._database.execute("SELECT 1 FROM _noted LIMIT 1")) or self._in_the_file() != self._there

    def _do(self, what: str, table: str, key: int) -> None:
        columns, own = self._there[table], TABLES[table].key
        match what:
            case "insert":
                self._insert(table, [self._database.row(table, key)])
            case "update":
                row = self._database.row(table, key)
                values = [_sent(row[column.name]) for column in tsql.written(columns) if column.name != own]
                self._cursor.execute(tsql.update(table, columns), *values, key)
            case "delete":
                self._cursor.execute(tsql.delete(table), key)

    def _insert(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Many at once where the driver can."""
        columns, lines = self._there[table], iter(rows)
        names = [column.name for column in tsql.written(columns)]
        is_fast = self._is_fast and not any(column.type == "xml" for column in columns)
        self._all(filter(None, [tsql.keys_are_given(table, on=True)]))
        while chunk := [[_sent(row[name]) for name in names] for row in islice(lines, _AT_ONCE)]:
            self._cursor.fast_executemany = is_fast and len(chunk) > 1
            self._cursor.executemany(tsql.insert(table, columns), chunk)
        self._all(filter(None, [tsql.keys_are_given(table, on=False)]))

    def _lose(self) -> None:
        """Tables and columns that are not in the file any more."""
        now = self._in_the_file()
        if self._has_view and not self._file_has_view():
            self._all([tsql.view_dropped(STAFFS_VIEW)])
            self._has_view = False
        for table, columns in self._there.items():
            if table not in now:
                self._all(tsql.dropped(table, None, indexed=self._indexed))
            for column in columns if table in now else ():
                if column not in now[table]:
                    self._all(tsql.dropped(table, column, indexed=self._indexed))
        self._there = now

    def _note(self) -> None:
        """From now on the file notes what is done to it."""
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS _noted (n INTEGER PRIMARY KEY, tab TEXT NOT NULL, key INTEGER NOT NULL, what TEXT NOT NULL)"
        )
        self._database.execute("DELETE FROM _noted")
        for table in self._there:
            for what, done in _NOTED.items():
                key = f"{'OLD' if what == 'D' else 'NEW'}.{TABLES[table].key}"
                self._database.execute(
                    f"CREATE TRIGGER IF NOT EXISTS _note_{table}_{what} AFTER {done} ON {table} "  # noqa: S608 our own names
                    f"BEGIN INSERT INTO _noted (tab, key, what) VALUES ('{table}', {key}, '{what}'); END"
                )

    def _in_the_file(self) -> dict[str, tuple[Column, ...]]:
        return {table: columns for table in TABLES if (columns := self._database.columns(table))}

    def _file_has_view(self) -> bool:
        return bool(self._database.execute("SELECT 1 FROM sqlite_master WHERE type = 'view'"))

    def _all(self, statements: Iterable[str]) -> None:
        for statement in statements:
            self._cursor.execute(statement)


def _sent(value: Value) -> Value:
    """Not every driver has a type for a time of the day; each server reads it from a text."""
    return value.isoformat() if isinstance(value, time) else value
