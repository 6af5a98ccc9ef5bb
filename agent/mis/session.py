"""One connection to a SQL Server, used by one thread. It stands in `master`, and enters the database only where that is in nobody's way."""

import contextlib
import importlib
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from agent.mis import decoding, drivers, installed, native
from agent.mis.port import Columns, Look, MisBusy, MisConfig, MisDown, MisError, MisRefused, Server
from wire import log

logger = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT_SECONDS = 5
"""Of a login and of a statement."""
_WINDOWS = sys.platform == "win32"


class Session:
    """Everything here blocks; errors come out as `MisError`s. `stays`: it does not leave a database that would close itself behind it."""

    def __init__(self, config: MisConfig, *, stays: bool = False) -> None:
        self._config, self._may_stay = config, stays
        self._odbc: Any = None
        self._connection: Any = None
        self._cursor: Any = None
        self._has_looked = self._stays = self._was_cancelled = self._is_left_over = False
        self.is_inside = False
        """Whether our seat in the database may be taken: from before we step in until we know that we are out."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    def work(self, do: "Callable[[Session], T]") -> T:
        """Connect where needed and do it."""
        self._odbc = self._odbc or _pyodbc()

        def connected() -> T:
            self._connect()
            return do(self)

        return self._told(connected)

    def leave(self, *, for_long: bool = False) -> None:
        """Back to `master`. A database that closes itself behind its last guest would open and close at each step: one of us stays
        there, unless it is for long."""
        self._has_looked = False
        if for_long:
            self.close()
        elif self.is_inside and not self._stays:
            self._told(self._step_out)

    def server(self) -> Server:
        """The clock, and the rowversions in a statement of its own: one may be refused without the other."""
        self.enter()
        ((now,),) = self.rows("SELECT GETDATE()", ())
        found = self._unless_refused("SELECT MIN_ACTIVE_ROWVERSION() AS bound, @@DBTS AS last")
        bound, last = found[0] if found else (None, None)
        return Server(now, bound, last)

    def look(self) -> Look:
        """Which database this is, and a digest of what it shows us."""
        self.enter()
        found = self._unless_refused(native.NAMES)
        server, name, created = found[0] if found else (None, None, None)
        indexed = frozenset(f"{table}.{column}".lower() for table, column in self._unless_refused(native.INDEXES))
        shape = native.digest((table, column) for table, column in self._listed())
        return Look(server, name, created, shape, indexed)

    def columns(self, wanted: Mapping[str, set[str]]) -> Columns:
        """Which of the wanted columns are there and open to the login: what is listed may still be closed."""
        self.enter()
        listed: dict[str, set[str]] = {}
        for table, column in self._listed():
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
        try:
            return [tuple(row) for row in self._cursor.execute(text, *values).fetchall()]
        except UnicodeDecodeError:  # rare enough to ask twice
            with decoding.handed_over(self._odbc, self._connection):
                return [decoding.texts(row) for row in self._cursor.execute(text, *values).fetchall()]

    def enter(self) -> None:
        """Into the database, if it stands open for everybody; once in a step. Looked at again from inside: whoever came in between has
        the right of way, and the error that says so drops the connection."""
        if self._has_looked:
            return
        database = self._look_first()
        if not self.is_inside:
            self.is_inside = True
            self._cursor.execute(native.use(self._config.database))
            database = self._look()
        self._stays = self._may_stay and database is not None and database.auto_close
        self._has_looked = True

    def cancel(self) -> None:
        """End the running statement; from another thread."""
        cursor, self._was_cancelled = self._cursor, True
        if cursor is not None:
            with contextlib.suppress(self._odbc.Error):  # it may be closed by now
                cursor.cancel()

    def close(self) -> None:
        """Drop the connection."""
        connection, self._connection, self._cursor = self._connection, None, None
        self.is_inside = self._has_looked = False
        if connection is not None:
            try:
                connection.close()
            except self._odbc.Error:
                return  # it was gone already

    def _told(self, call: Callable[[], T]) -> T:
        """Its result or a `MisError`. After one the connection is dropped, unless somebody merely held a row."""
        self._was_cancelled = False
        try:
            try:
                return call()
            except MisError:
                raise
            except self._odbc.Error as error:
                raise self._meaning(error) from None
            except Exception as error:  # noqa: BLE001 a driver fails in ways of its own; the next start would meet the same row
                log.defect(logger, "driver.failed", error)
                raise MisDown("driver") from None
        except MisError as error:
            if type(error) is not MisBusy or error.after is not None:
                self.close()
            raise

    def _meaning(self, error: Any) -> MisError:
        where: native.Where = "inside" if self.is_inside else "outside" if self.is_open else "knocking"
        meaning = native.told(error.args, where=where, windows=_WINDOWS)
        if self._was_cancelled and where != "knocking" and type(meaning) is MisDown and meaning.after is None:
            return MisBusy(meaning.code)  # each driver has a number of its own for what we did ourselves
        return meaning

    def _connect(self) -> None:
        self._is_left_over = self._connection is not None
        if self._is_left_over:
            return
        driver = drivers.choose(
            self._odbc.drivers(), installed.driver_files(), windows=_WINDOWS, wanted=self._config.driver
        )
        text = drivers.connection_string(self._config, driver, self._config.password())
        connection = self._odbc.connect(text, timeout=TIMEOUT_SECONDS, autocommit=True)
        self._connection, self._cursor = connection, connection.cursor()
        with contextlib.suppress(self._odbc.Error):  # a driver that knows no such thing: our own deadline holds
            connection.timeout = TIMEOUT_SECONDS
        for statement in native.FIRST_STATEMENTS:
            self._unless_refused(statement)

    def _look_first(self) -> native.Database | None:
        """A connection left over from an earlier question may have died outside, as all do when the server is restarted: that alone is no
        reason to fail. Whoever was inside was thrown out, and stays out; and whoever stays, the scan, hears of it: another database may
        be there now."""
        try:
            return self._look()
        except self._odbc.Error as error:
            meaning, is_idle = self._meaning(error), self._is_left_over and not self.is_inside
            if self._may_stay or not is_idle or type(meaning) is not MisDown or meaning.after is not None:
                raise
        self.close()
        self._connect()
        return self._look()

    def _look(self) -> native.Database | None:
        """How the database stands, as far as the server says; raises where we may not be inside."""
        found = self._unless_refused(native.LOOK, self._config.database)
        known = bool(found) and None not in found[0]
        database = native.Database(int(found[0][0]), int(found[0][1]), bool(found[0][2])) if known else None
        if refusal := native.entry(database):
            raise refusal
        return database

    def _step_out(self) -> None:
        self._cursor.execute(native.use(native.OUT))
        self.is_inside = False

    def _unless_refused(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Its rows, if it has any; none where the server would not: only what it feeds is off."""
        try:
            cursor = self._cursor.execute(text, *values)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        except self._odbc.Error as error:
            if not native.is_refusal(error.args):
                raise
            return []

    def _listed(self) -> list[tuple[Any, ...]]:
        """All tables and columns that the login is shown."""
        return self.rows(native.LISTED, ())

    def _opens(self, table: str, columns: Sequence[str]) -> bool:
        """Whether these columns may be read; nothing is."""
        if not columns:
            return False
        try:
            self.rows(native.peek(table, columns), ())
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
        raise MisRefused(drivers.no_driver(windows=_WINDOWS), "pyodbc") from None
    odbc.pooling = False
    return odbc
