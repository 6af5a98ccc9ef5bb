"""The SQL Server that MIS_TEST_DSN names: a database of the suite's own, and a login that may only read in it."""

import contextlib
import importlib
import os
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

from agent.mis import drivers, installed
from agent.mis.port import MisConfig
from demo.clinic import tsql
from demo.clinic.database import Database
from demo.clinic.pending import OpenTransaction
from demo.clinic.schema import TABLES
from tests.contract import dsn

LISTED = "SELECT TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'dbo'"


class SqlServer:
    """The suite's own database there; `name` is that of the login, too."""

    def __init__(self, text: str, name: str, password: str) -> None:
        self.text = dsn.in_database(text, name)
        self.reader: MisConfig = dsn.config(text, name, name, password)
        self.name = name
        self._connection: Any = None

    def empty(self) -> None:
        """No table, no view."""
        for name, kind in self.ask(LISTED):
            self.ask(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} dbo.[{name}]")

    def reader_text(self) -> str:
        """How the login that reads would be let into the database itself."""
        driver = drivers.choose(
            odbc().drivers(), installed.driver_files(), windows=os.name == "nt", wanted=self.reader.driver
        )
        text = drivers.connection_string(self.reader, driver, self.reader.password())
        return dsn.in_database(text, self.name)

    def ask(self, text: str, *values: Any) -> list[Any]:
        """Run a statement as the one who made the database."""
        if self._connection is None:
            self._connection = connect(self.text)
            _run(self._connection, "SET LOCK_TIMEOUT 10000")  # somebody may hold a table: say so, do not wait for ever
        return _run(self._connection, text, *values)

    def close(self) -> None:
        """Leave it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def serving() -> Iterator[SqlServer]:
    """Make database and login, and take both away at the end, also where the second could not be made."""
    text, name = os.environ[dsn.ENV], f"ident_contract_{secrets.token_hex(4)}"
    server = SqlServer(text, name, f"Aa1-{secrets.token_urlsafe(18)}")
    master = connect(dsn.in_database(text, "master"))
    try:
        _all(master, dsn.database_made(name))
        try:
            _all(master, dsn.login_made(name, server.reader.password()))
        except odbc().Error as error:
            raise dsn.NoLogin from error
        for statement in dsn.rights_given(name):
            server.ask(statement)
        yield server
    finally:
        server.close()
        for statement in dsn.gone(name):
            with contextlib.suppress(odbc().Error):  # it may never have been made
                _run(master, statement)
        master.close()


def connect(text: str, *, autocommit: bool = True) -> Any:
    """A connection of the one who made the database."""
    return odbc().connect(text, autocommit=autocommit)


def odbc() -> Any:
    """The driver's module."""
    module: Any = importlib.import_module("pyodbc")
    module.pooling = False
    return module


class ServerTransaction:
    """An open transaction on the server, and its twin in the file, which is the truth that answers are held against."""

    def __init__(self, server: SqlServer, database: Database, twin: OpenTransaction) -> None:
        self._connection = connect(server.text, autocommit=False)
        self._database, self._twin = database, twin

    def put(self, table: str, key: int, **cells: Any) -> None:
        """Insert or change a row."""
        self._twin.put(table, key, **cells)
        own = TABLES[table].key
        columns = [column for column in TABLES[table].columns if column.name in {own, *cells}]
        values = [cells[column.name] for column in columns if column.name != own]
        if self._cursor(tsql.update(table, columns), *values, key).rowcount == 0:
            for on in (True, False):
                if statement := tsql.keys_are_given(table, on=on):
                    self._cursor(statement)
                if on:
                    self._cursor(tsql.insert(table, columns), *({**cells, own: key}[c.name] for c in columns))

    def delete(self, table: str, key: int) -> None:
        """Take a row away."""
        self._twin.delete(table, key)
        self._cursor(tsql.delete(table), key)

    def commit(self) -> None:
        """On the server, and in the file, where nobody notes it: it is there already."""
        self._connection.commit()
        noted = self._database.execute("SELECT COALESCE(MAX(n), 0) FROM _noted")[0][0]
        self._twin.commit()
        self._database.execute("DELETE FROM _noted WHERE n > ?", (noted,))

    def roll_back(self) -> None:
        """Nothing of it ever was."""
        self._connection.rollback()
        self._twin.roll_back()

    def end(self) -> None:
        """Whatever a test left open must hold nothing that the next one wants."""
        self._connection.rollback()
        self._connection.close()

    def _cursor(self, text: str, *values: Any) -> Any:
        return self._connection.execute(text, *values)


def _all(connection: Any, statements: Iterable[str]) -> None:
    for statement in statements:
        _run(connection, statement)


def _run(connection: Any, text: str, *values: Any) -> list[Any]:
    cursor = connection.execute(text, *values)
    return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
