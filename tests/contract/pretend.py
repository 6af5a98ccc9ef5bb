"""A module that looks like pyodbc before a SQL Server, on SQLite: it shows that the suite's own way of making a database, a login and
tables holds together. It knows the statements that are sent to it by their form, refuses all others, and proves nothing of a real server.
Its files hold one writer: tests with open transactions cannot be played in it. As a pytest plugin it takes pyodbc's place."""

import atexit
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from agent.mis import native
from demo.clinic.schema import Column
from demo.clinic.values import read, stored
from tests.contract import dsn

NO_LOGINS = "PRETENDED_WITHOUT_LOGINS"
"""Set: the one who makes databases may make no logins."""
DSN = "DRIVER={ODBC Driver 18 for SQL Server};SERVER=pretended,1433;UID=sa;PWD={a;b}}c};Encrypt=no;"
_NOW = datetime(2026, 11, 24, 9)  # noqa: DTZ001 IDENT's times have no zone


class Error(Exception):
    """As pyodbc raises it."""


def refused(number: int, state: str = "42000") -> Error:
    """What a server says."""
    return Error(state, f"[{state}] [pretended] ({number}) (SQLExecDirectW)")


class Pretended(ModuleType):
    """The module, and the server behind it."""

    Error = Error

    def __init__(self, folder: Path) -> None:
        super().__init__("pyodbc")
        self.pooling = True
        self.folder = folder
        self.logins = {"sa": "a;b}c"}
        self.databases = {"master"}
        self.readers: set[tuple[str, str]] = set()

    def drivers(self) -> list[str]:
        return ["ODBC Driver 18 for SQL Server"]

    def connect(self, text: str, *, autocommit: bool = False, timeout: int = 0) -> "Connection":
        known = dsn.parts(text)
        if self.logins.get(known["uid"]) != known["pwd"]:
            raise refused(18456, "28000")
        return Connection(self, known["uid"], known["database"], autocommit=autocommit)


class Connection:
    """One login, in one database at a time."""

    def __init__(self, server: Pretended, login: str, database: str, *, autocommit: bool) -> None:
        self.server, self.login, self.autocommit = server, login, autocommit
        self.timeout = 0
        self.given: str | None = None
        """The table whose keys are given."""
        self.db = sqlite3.connect(":memory:", isolation_level=None, timeout=0.5, check_same_thread=False)
        self.at = ""
        self._version: object = None
        self._types: dict[tuple[str, str], str] = {}
        self.use(database)

    def use(self, database: str) -> None:
        """Step into a database."""
        if database not in self.server.databases:
            raise refused(911)
        if self.login != "sa" and database != "master" and (database, self.login) not in self.server.readers:
            raise refused(916)
        if self.at:
            self.db.execute("DETACH dbo")
        self.db.execute("ATTACH ? AS dbo", (str(self.server.folder / database),))
        self.db.execute("CREATE TABLE IF NOT EXISTS dbo._dbts (n INTEGER)")
        self.db.execute("INSERT INTO dbo._dbts SELECT 2000 WHERE NOT EXISTS (SELECT 1 FROM dbo._dbts)")
        self.db.execute("CREATE TABLE IF NOT EXISTS dbo._types (tab TEXT, col TEXT, kind TEXT)")
        self.at = database

    def types(self) -> dict[tuple[str, str], str]:
        """(table, column) -> type, in small letters, of all that are there."""
        version = self.at, self.db.execute("PRAGMA dbo.schema_version").fetchone()
        if version != self._version:
            self._version, self._types = version, self._looked_up()
        return self._types

    def _looked_up(self) -> dict[tuple[str, str], str]:
        there = {
            (table.lower(), name.lower())
            for (table,) in self.db.execute(
                "SELECT name FROM dbo.sqlite_master WHERE type IN ('table', 'view')"
            ).fetchall()
            for _, name, *_ in self.db.execute(f"PRAGMA dbo.table_info([{table}])")
        }
        known = self.db.execute("SELECT tab, col, kind FROM dbo._types").fetchall()
        return {(t.lower(), c.lower()): kind for t, c, kind in known if (t.lower(), c.lower()) in there}

    def cursor(self) -> "Cursor":
        return Cursor(self)

    def execute(self, text: str, *values: Any) -> "Cursor":
        return self.cursor().execute(text, *values)

    def commit(self) -> None:
        if self.db.in_transaction:
            self.db.execute("COMMIT")

    def rollback(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def close(self) -> None:
        self.rollback()
        self.db.close()


class Cursor:
    """Its statements."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.fast_executemany = False
        self.rowcount = -1
        self.description: Sequence[str] | None = None
        self.found: list[tuple[Any, ...]] = []

    def execute(self, text: str, *values: Any) -> "Cursor":
        self.description, self.found = None, []
        for form, do in _FORMS:
            if match := re.match(form, text, re.DOTALL):
                do(self, match, text, values)
                return self
        raise AssertionError(f"nobody has said what this is: {text}")

    def executemany(self, text: str, lines: Sequence[Sequence[Any]]) -> None:
        for line in lines:
            self.execute(text, *line)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.found

    def cancel(self) -> None: ...

    def answer(self, *rows: tuple[Any, ...]) -> None:
        """Some rows."""
        self.description, self.found = ("column",), list(rows)

    def run(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        """On SQLite."""
        try:
            done = self.connection.db.execute(text, [stored(value) for value in values])
        except sqlite3.OperationalError as error:
            raise _told(error) from None
        self.rowcount = done.rowcount
        return done.fetchall()


def _told(error: sqlite3.OperationalError) -> Exception:
    words = str(error)
    if words.startswith("no such column"):
        return refused(207, "42S22")
    return refused(208, "42S02") if words.startswith("no such table") else error


def _nothing(_cursor: Cursor, _match: re.Match[str], _text: str, _values: Any) -> None:
    """It is taken note of."""


def _created_database(cursor: Cursor, match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.connection.server.databases.add(match[1])


def _dropped_database(cursor: Cursor, match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.connection.server.databases.remove(match[1])


def _created_login(cursor: Cursor, match: re.Match[str], _text: str, _values: Any) -> None:
    if NO_LOGINS in os.environ:
        raise refused(15247)
    cursor.connection.server.logins[match[1]] = match[2]


def _dropped_login(cursor: Cursor, match: re.Match[str], _text: str, _values: Any) -> None:
    del cursor.connection.server.logins[match[1]]


def _created_user(cursor: Cursor, match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.connection.server.readers.add((cursor.connection.at, match[1]))


def _used(cursor: Cursor, match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.connection.use(match[1])


def _keys_given(cursor: Cursor, match: re.Match[str], _text: str, _values: Any) -> None:
    assert match[2] == "OFF" or cursor.connection.given is None, "of one table at a time"
    cursor.connection.given = match[1] if match[2] == "ON" else None


def _created_table(cursor: Cursor, match: re.Match[str], text: str, _values: Any) -> None:
    table, lines = match[1], match[2].strip().split(",\n")
    names = [re.match(r"\s*\[(\w+)\] ([\w(,)]+)", line) for line in lines]
    columns = [(found[1], found[2]) for found in names if found]
    key = re.search(r"PRIMARY KEY CLUSTERED \(\[(\w+)\]\)", text)
    declared = ", ".join(f"[{name}] {kind.split('(')[0]}" for name, kind in columns if kind)
    cursor.run(f"CREATE TABLE dbo.[{table}] ({declared}" + (f", PRIMARY KEY ([{key[1]}]))" if key else ")"))
    for name, kind in columns:
        identity = f" IDENTITY {name}" if f"[{name}] {kind} IDENTITY(1,1)" in text else ""
        cursor.run("INSERT INTO dbo._types VALUES (?, ?, ?)", (table, name, kind + identity))
    if key and any(kind == "rowversion" for _, kind in columns):
        others = ", ".join(f"[{name}]" for name, kind in columns if kind != "rowversion")
        for when in ("INSERT", f"UPDATE OF {others}"):
            number = "UPDATE _dbts SET n = n + 1"
            taken = f"UPDATE [{table}] SET RowVersion = (SELECT n FROM _dbts) WHERE [{key[1]}] = NEW.[{key[1]}]"  # noqa: S608
            name = f"dbo._rv_{table}_{when[:6]}"
            cursor.run(f"CREATE TRIGGER {name} AFTER {when} ON [{table}] BEGIN {number}; {taken}; END")


def _dropped_column(cursor: Cursor, match: re.Match[str], text: str, _values: Any) -> None:
    for when in ("INSERT", "UPDATE"):
        cursor.run(f"DROP TRIGGER IF EXISTS dbo._rv_{match[1]}_{when}")
    cursor.run(text)


def _created_index(cursor: Cursor, match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.run(f"CREATE INDEX dbo.{match[1]} ON {match[2]}")


def _written(cursor: Cursor, match: re.Match[str], text: str, values: Any) -> None:
    connection = cursor.connection
    if connection.login != "sa":
        raise refused(229)
    kinds = [kind for (table, _), kind in connection.types().items() if table == match[2].lower()]
    has_identity = any("IDENTITY" in kind for kind in kinds)
    if match[1] == "INSERT INTO" and has_identity and "([ID]" in text and connection.given != match[2]:
        raise refused(544)
    if not connection.autocommit and not connection.db.in_transaction:
        connection.db.execute("BEGIN")
    cursor.run(text, values)


def _altered(cursor: Cursor, _match: re.Match[str], text: str, values: Any) -> None:
    if cursor.connection.login != "sa":
        raise refused(229)
    cursor.run(text, values)


def _selected(cursor: Cursor, _match: re.Match[str], text: str, values: Any) -> None:
    tree, translated = _translated(text)
    found = cursor.run(translated, [_number(value) if isinstance(value, bytes) else value for value in values])
    types, tables = cursor.connection.types(), {t.alias_or_name: t.name for t in tree.find_all(exp.Table)}
    readers = [_reader(output, tables, types) for output in tree.expressions]
    cursor.answer(*(tuple(read_it(cell) for read_it, cell in zip(readers, row, strict=True)) for row in found))


def _number(version: bytes) -> int:
    """Rowversions stand as numbers here."""
    return min(int.from_bytes(version, "big"), 2**63 - 1)


@cache
def _translated(text: str) -> tuple[exp.Select, str]:
    tree = sqlglot.parse_one(text, read="tsql")
    assert isinstance(tree, exp.Select)
    return tree, tree.sql(dialect="sqlite")


def _reader(output: exp.Expr, tables: dict[str, str], types: dict[tuple[str, str], str]) -> Callable[[Any], Any]:
    column = output.find(exp.Column)
    assert column is not None
    table = tables[column.table] if column.table else next(iter(tables.values()))
    kind = types[table.lower(), column.name.lower()].split(" ")[0]
    if kind == "rowversion":
        return lambda number: None if number is None else int(number).to_bytes(8, "big")
    return lambda cell: read(Column(column.name, kind), cell)


def _listed_columns(cursor: Cursor, _match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.answer(*cursor.connection.types())


def _listed_tables(cursor: Cursor, _match: re.Match[str], _text: str, _values: Any) -> None:
    kinds = {"table": "BASE TABLE", "view": "VIEW"}
    found = cursor.run("SELECT name, type FROM dbo.sqlite_master WHERE substr(name, 1, 1) <> '_'")
    cursor.answer(*((name, kinds[kind]) for name, kind in found if kind in kinds))


def _now(cursor: Cursor, _match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.answer((_NOW,))


def _versions(cursor: Cursor, _match: re.Match[str], _text: str, _values: Any) -> None:
    ((last,),) = cursor.run("SELECT n FROM dbo._dbts")
    cursor.answer(((last + 1).to_bytes(8, "big"), last.to_bytes(8, "big")))


def _stands(cursor: Cursor, _match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.answer((0, 0, False))


def _names(cursor: Cursor, _match: re.Match[str], _text: str, _values: Any) -> None:
    cursor.answer(("pretended", cursor.connection.at, _NOW))


def _indexes(cursor: Cursor, _match: re.Match[str], _text: str, _values: Any) -> None:
    rows = "SELECT tbl_name, 'RowVersion' FROM dbo.sqlite_master WHERE name = 'IX_Receptions_RowVersion'"
    cursor.answer(*cursor.run(rows))


_FORMS: Sequence[tuple[str, Callable[[Cursor, re.Match[str], str, Any], None]]] = (
    (r"CREATE DATABASE \[(\w+)\]", _created_database),
    (r"ALTER DATABASE \[(\w+)\] SET", _nothing),
    (r"DROP DATABASE \[(\w+)\]", _dropped_database),
    (r"CREATE LOGIN \[(\w+)\] WITH PASSWORD = N'([^']+)', CHECK_POLICY = OFF", _created_login),
    (r"DROP LOGIN \[(\w+)\]", _dropped_login),
    (r"CREATE USER \[(\w+)\] FOR LOGIN \[\1\]", _created_user),
    (r"GRANT SELECT ON SCHEMA::dbo TO", _nothing),
    (r"USE \[(\w+)\]", _used),
    (r"SET IDENTITY_INSERT dbo\.\[(\w+)\] (ON|OFF)", _keys_given),
    (r"SET \w+", _nothing),
    (r"CREATE TABLE dbo\.\[(\w+)\] \((.*)\)$", _created_table),
    (r"CREATE INDEX (\[\w+\]) ON dbo\.(.*)$", _created_index),
    (r"ALTER TABLE dbo\.\[(\w+)\] DROP CONSTRAINT", _nothing),
    (r"ALTER TABLE dbo\.\[(\w+)\] DROP COLUMN", _dropped_column),
    (r"DROP INDEX", _nothing),
    (r"(INSERT INTO|UPDATE|DELETE FROM) dbo\.\[?(\w+)\]?", _written),
    (r"(CREATE VIEW|CREATE TABLE|DROP TABLE|DROP VIEW) dbo\.", _altered),
    (r"SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA", _listed_columns),
    (r"SELECT TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA", _listed_tables),
    (r"SELECT GETDATE\(\)", _now),
    (r"SELECT MIN_ACTIVE_ROWVERSION", _versions),
    (re.escape(native.LOOK), _stands),
    (re.escape(native.NAMES), _names),
    (re.escape(native.INDEXES), _indexes),
    (r"SELECT ", _selected),
)


def pytest_configure(config: pytest.Config) -> None:
    """Before anybody asks for pyodbc."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sys.modules["pyodbc"] = Pretended(folder)
    os.environ[dsn.ENV] = DSN


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without those that hold a transaction open, and without those that want the real thing."""
    items[:] = [item for item in items if not {"begin", "real"} & set(getattr(item, "fixturenames", ()))]
