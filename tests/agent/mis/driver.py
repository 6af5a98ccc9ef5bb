"""Stands in for the module `pyodbc` and a SQL Server behind it: one database PZ, a few tables, errors on demand. What it cannot show is
what a real server does with these texts."""

import asyncio
import re
import threading
from collections.abc import Callable
from datetime import datetime
from types import ModuleType
from typing import Any

NOW = datetime(2026, 11, 24, 9)  # noqa: DTZ001 IDENT's times have no zone
MS = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"


class Error(Exception):
    """As pyodbc raises it: SQLSTATE, and a text with the number in it."""


def error(number: int, state: str = "42000") -> Error:
    """What a server says."""
    return Error(state, f"[{state}] {MS}Канарейкин ({number}) (SQLExecDirectW)")


CLOSED = {1: 927, 2: 922, 3: 926, 4: 926, 6: 942, 7: 927}
"""State of a database -> what a server says to `USE` then."""


class SqlServer(ModuleType):
    """The module, and what happened behind it."""

    Error = Error
    SQL_CHAR, SQL_WCHAR = 1, -8

    def __init__(self) -> None:
        super().__init__("pyodbc")
        self.pooling = True
        self.installed = ["ODBC Driver 18 for SQL Server"]
        self.logins: list[tuple[str, dict[str, Any]]] = []
        self.connections: list[Connection] = []
        self.log: list[str] = []
        self.tables: dict[str, set[str]] = {}
        self.closed_columns: set[str] = set()
        self.database: tuple[int, int, bool] | None = (0, 0, False)
        self.rows: list[tuple[Any, ...]] = []
        self.fails: Callable[[str], Exception | None] = lambda text: None
        self.stuck: threading.Event | None = None
        self.before: Callable[[str, Connection], None] = lambda text, connection: None
        """What happens in the clinic just before a statement."""
        self.seat_is_taken = False
        """Whether the one who wants a database for himself sits in it already."""
        self.knows_timeout = True
        self.indexed: set[tuple[str, str]] = set()

    def drivers(self) -> list[str]:
        return self.installed

    def connect(self, text: str, **options: Any) -> "Connection":
        self.logins.append((text, options))
        if failure := self.fails("login"):
            raise failure
        self.connections.append(Connection(self))
        return self.connections[-1]

    @property
    def inside(self) -> list["Connection"]:
        """Which of ours sit in the database."""
        return [each for each in self.connections if each.at == "PZ" and not each.is_closed]

    def throw_out(self) -> None:
        """Everybody who is inside: WITH ROLLBACK IMMEDIATE."""
        for each in self.inside:
            each.at = "nowhere"

    def restart(self) -> None:
        """The server itself: nobody's connection lives on, those that stand in `master` neither."""
        self.throw_out()
        for each in self.connections:
            each.at = "gone" if each.at == "master" else each.at

    def answer(self, text: str, connection: "Connection") -> list[tuple[Any, ...]]:
        self.before(text, connection)
        self.log.append(text)
        if connection.at in ("nowhere", "gone"):
            raise error(10054, "08S01")
        if failure := self.fails(text):
            raise failure
        if self.stuck is not None and text.startswith("SELECT r."):
            self.stuck.wait(5)
            raise error(0, "HY008")
        if text.startswith("USE "):
            self._let_in(text, connection)
            return []
        return self._rows(text)

    def _let_in(self, text: str, connection: "Connection") -> None:
        name = text.removeprefix("USE [").removesuffix("]")
        if name == "master":
            connection.at = name
            return
        if self.database is None:
            raise error(911)
        if number := CLOSED.get(self.database[0]):
            raise error(number)
        if self.database[1] == 1 and (self.seat_is_taken or self.inside):
            raise error(924)
        connection.at = name  # into a single-user database, too: the seat is taken then

    def _rows(self, text: str) -> list[tuple[Any, ...]]:
        if "sys.indexes" in text:
            return list(self.indexed)
        if "@@SERVERNAME" in text:
            return [("РЕЦЕПЦИЯ\\PZSQLSERVER", "PZ", NOW)]
        if "sys.databases" in text:
            return [self.database] if self.database else []
        if "INFORMATION_SCHEMA" in text:
            return [(table, column) for table, of in self.tables.items() for column in of]
        if "GETDATE" in text:
            return [(NOW,)]
        if "MIN_ACTIVE_ROWVERSION" in text:
            return [(b"\0" * 7 + b"\2", b"\0" * 7 + b"\1")]
        if text.startswith("SELECT TOP 0"):
            if any(f"[{column}]" in text for column in self.closed_columns):
                raise error(230)
            return []
        return self.rows if re.match(r"SELECT (TOP \d+ )?[a-z]\w*\.|SELECT MAX", text) else []


class Connection:
    """One login."""

    def __init__(self, server: SqlServer) -> None:
        self.server, self._timeout, self._closed = server, 0, threading.Event()
        self.at = "master"
        self.decoding = {SqlServer.SQL_CHAR: "utf-16-le", SqlServer.SQL_WCHAR: "utf-16-le"}

    @property
    def timeout(self) -> int:
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: int) -> None:
        if not self.server.knows_timeout:
            raise Error("HY000", "[HY000] Couldn't set unsupported connect attribute 113 (216) (SQLSetConnectAttr)")
        self._timeout = seconds

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    async def closed(self) -> None:
        """Another thread closes it."""
        await asyncio.to_thread(self._closed.wait, 5)

    def setdecoding(self, kind: int, encoding: str, ctype: int) -> None:
        known = ("utf-16-le", "latin-1")
        assert (ctype, encoding in known) == (SqlServer.SQL_WCHAR, True), "pyodbc would ask for bytes of some code page"
        self.decoding[kind] = encoding

    def cursor(self) -> "Cursor":
        return Cursor(self)

    def close(self) -> None:
        self._closed.set()


class Cursor:
    """Its one cursor."""

    def __init__(self, connection: Connection) -> None:
        self.server, self.connection = connection.server, connection
        self.found, self.cancelled = list[tuple[Any, ...]](), 0
        self.description: tuple[str, ...] | None = None

    def execute(self, text: str, *values: Any) -> "Cursor":
        self.found = self.server.answer(text, self.connection)
        self.description = ("column",) if text.startswith("SELECT") else None
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [tuple(map(self._read, row)) for row in self.found]

    def _read(self, cell: Any) -> Any:
        """As pyodbc does: UTF-16 comes over the wire, and is read strictly."""
        if not isinstance(cell, str):
            return cell
        return cell.encode("utf-16-le", "surrogatepass").decode(self.connection.decoding[SqlServer.SQL_WCHAR], "strict")

    def cancel(self) -> None:
        self.cancelled += 1
        self.server.log.append("cancel")
        if self.server.stuck is not None and not self.server.installed[0].startswith("deaf"):
            self.server.stuck.set()
