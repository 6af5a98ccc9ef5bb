"""SQLite without needless ways between threads. aiosqlite has a thread for each connection and goes there for every call of the driver:
one statement is four ways (cursor, execute, fetch, close), its transaction four more. Here a statement is one way, a transaction begins on
that of its first statement, and nobody waits for its rollback. Knows nothing of tables."""

import sqlite3
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

from aiosqlite import Connection

T = TypeVar("T")
Rows: TypeAlias = list[Any]
_CHUNK = 64


class OneWay(Connection):
    """A connection of which a statement is one way."""

    def __init__(self, path: str) -> None:
        super().__init__(lambda: sqlite3.connect(path, check_same_thread=False), _CHUNK)
        self._thread.daemon = True
        self._begin: str | None = None
        """Said, and not done yet."""
        self._used = False
        """Since the last end; a statement that nobody waited for may still run, so the driver is not asked."""

    def begin(self, how: str) -> None:
        """With the first statement: the moment of the database is chosen by the first look at it anyway."""
        self._begin = how

    def cursor(self) -> "_Cursor":  # type: ignore[override]  # what SQLAlchemy wants of it, and no more
        """Costs nothing."""
        return _Cursor(self)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One way to the thread and back, within the transaction that was said."""
        begin, self._begin, self._used = self._begin, None, True

        def whole() -> T:
            if begin:
                self._conn.execute(begin)
            return work(self._conn)

        found: T = await self._execute(whole)  # type: ignore[no-untyped-call]
        return found

    async def commit(self) -> None:
        """Where nothing was begun there is nothing to commit."""
        if self._ended():
            await super().commit()

    async def rollback(self) -> None:
        """The same. Nobody waits for it: whatever is asked next waits behind it."""
        if self._ended():
            self._tx.put_nowait((None, self._conn.rollback))

    def _ended(self) -> bool:
        used, self._begin, self._used = self._used, None, False
        return used


class _Cursor:
    """As SQLAlchemy uses one: a statement is run, its rows are read, and it is closed, all on one way."""

    arraysize = 1

    def __init__(self, connection: OneWay) -> None:
        self._connection = connection
        self._rows: Rows = []
        self.description: Any = None
        self.rowcount, self.lastrowid = -1, 0

    async def __aenter__(self) -> "_Cursor":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows = []

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        """One statement."""
        await self._run(lambda cursor: cursor.execute(operation, parameters))

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> None:
        """The same for each."""
        await self._run(lambda cursor: cursor.executemany(operation, parameters))

    async def fetchall(self) -> Rows:
        """They are here already."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """It is."""

    async def _run(self, statement: Callable[[sqlite3.Cursor], sqlite3.Cursor]) -> None:
        def work(connection: sqlite3.Connection) -> Rows:
            cursor = connection.cursor()
            try:
                statement(cursor)
                self.description, self.rowcount, self.lastrowid = (
                    cursor.description,
                    cursor.rowcount,
                    cursor.lastrowid or 0,
                )
                return cursor.fetchall() if cursor.description else []
            finally:
                cursor.close()

        self._rows = await self._connection.run(work)
