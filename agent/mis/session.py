"""One connection to a SQL Server, used by one thread. It stands in `master`, and enters the database only where that is in nobody's way."""

import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from agent.mis import native
from agent.mis.port import Columns, MisBusy, MisConfig, MisError, MisRefused, Server

T = TypeVar("T")

TIMEOUT_SECONDS = 5
"""Of a login and of a statement."""
_WINDOWS = sys.platform == "win32"
_BUNDLED = "mssql-python-odbc"
"""A package that carries Microsoft's driver as a file."""


class Session:
    """Everything here blocks; errors come out as `MisError`s."""

    def __init__(self, config: MisConfig) -> None:
        self._config = config
        self._odbc: Any = None
        self._connection: Any = None
        self._cursor: Any = None
        self._stays = False
        self.is_inside = False

    def work(self, do: "Callable[[Session], T]") -> T:
        """Connect where needed and do it. After an error the connection is dropped, unless somebody merely held a row."""
        worked_before = self._connection is not None
        self._odbc = self._odbc or _pyodbc()
        try:
            try:
                self._connect()
                return do(self)
            except self._odbc.Error as error:
                raise native.told(error.args, inside=worked_before, windows=_WINDOWS) from None
        except MisError as error:
            if type(error) is not MisBusy or error.after is not None:
                self.close()
            raise

    def server(self) -> Server:
        """The clock, and the rowversions in a statement of its own: one may be refused without the other."""
        self.enter()
        ((now,),) = self.rows("SELECT GETDATE()", ())
        try:
            ((bound, last),) = self.rows("SELECT MIN_ACTIVE_ROWVERSION() AS bound, @@DBTS AS last", ())
        except self._odbc.Error as error:
            if not native.is_refusal(error.args):
                raise
            bound = last = None
        return Server(now, bound, last)

    def columns(self, wanted: Mapping[str, set[str]]) -> Columns:
        """Which of the wanted columns are there and open to the login: what is listed may still be closed."""
        self.enter()
        listed: dict[str, set[str]] = {}
        for table, column in self.rows(
            "SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'dbo'", ()
        ):
            listed.setdefault(table.lower(), set()).add(column.lower())
        found: dict[str, frozenset[str]] = {}
        for table, columns in wanted.items():
            there = sorted(column for column in columns if column.lower() in listed.get(table.lower(), ()))
            opened = (
                there if self._opens(table, there) else [column for column in there if self._opens(table, [column])]
            )
            if opened:
                found[table] = frozenset(opened)
        return found

    def fetch(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of the clinic's database."""
        self.enter()
        return self.rows(text, values)

    def rows(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows from wherever we stand."""
        return [tuple(row) for row in self._cursor.execute(text, *values).fetchall()]

    def enter(self) -> None:
        """Into the database, if it stands open for everybody."""
        if self.is_inside:
            return
        found = self.rows(
            "SELECT state, user_access, is_auto_close_on FROM sys.databases WHERE name = ?", (self._config.database,)
        )
        database = native.Database(int(found[0][0]), int(found[0][1]), bool(found[0][2])) if found else None
        if refusal := native.entry(database):
            raise refusal
        self._cursor.execute(f"USE {native.quoted(self._config.database)}")
        self.is_inside, self._stays = True, database is not None and database.auto_close

    def leave(self) -> None:
        """Back to `master`. A database that closes itself behind its last guest would open and close at each step: there we stay."""
        if self.is_inside and not self._stays:
            self._cursor.execute("USE master")
            self.is_inside = False

    def cancel(self) -> None:
        """End the running statement; from another thread."""
        if self._cursor is not None:
            self._cursor.cancel()

    def close(self) -> None:
        """Drop the connection."""
        connection, self._connection, self._cursor, self.is_inside = self._connection, None, None, False
        if connection is not None:
            try:
                connection.close()
            except self._odbc.Error:
                return  # it was gone already

    def _connect(self) -> None:
        if self._connection is not None:
            return
        driver = native.driver(self._odbc.drivers(), windows=_WINDOWS, bundled=_bundled())
        text = native.connection_string(self._config, driver, self._config.password())
        connection = self._odbc.connect(text, timeout=TIMEOUT_SECONDS, autocommit=True)
        connection.timeout = TIMEOUT_SECONDS
        self._connection, self._cursor = connection, connection.cursor()
        self._cursor.execute(native.FIRST_STATEMENT)

    def _opens(self, table: str, columns: Sequence[str]) -> bool:
        """Whether these columns may be read; nothing is."""
        if not columns:
            return False
        try:
            self.rows(f"SELECT TOP 0 {', '.join(map(native.quoted, columns))} FROM dbo.{native.quoted(table)}", ())  # noqa: S608 our own names
        except self._odbc.Error as error:
            if not native.is_refusal(error.args):
                raise
            return False
        return True


def _pyodbc() -> Any:
    """Imported only here: the agent starts without a driver manager, and says what to install."""
    try:
        odbc: Any = importlib.import_module("pyodbc")
    except ImportError:
        raise MisRefused(native.no_driver(windows=_WINDOWS), "pyodbc") from None
    odbc.pooling = False
    return odbc


def _bundled() -> str | None:
    """Microsoft's driver for this computer, where the package is installed."""
    try:
        files = importlib.metadata.files(_BUNDLED) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    machine = platform.machine().lower()
    found = [file for file in files if "libmsodbcsql" in file.name and machine in map(str.lower, file.parts)]
    fitting = [file for file in found if "debian_ubuntu" in file.parts] or found
    return str(fitting[0].locate()) if fitting else None
