"""The demo clinic's file as a clinic's database: the same T-SQL, translated, with SQL Server's types given back. Read-only."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from agent.mis.book import SHIPPED, Book
from agent.mis.door import Door
from agent.mis.native import digest
from agent.mis.port import Cell, Columns, Look, Mis, MisBusy, MisChanged, MisDown, Param, Row, Server
from agent.mis.statements import Source, Statement, written

T = TypeVar("T")
DIALECT = "sqlite"
_DECIMAL_SCALE = 10**10
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


class SqliteMis:
    """One connection on a thread of its own."""

    def __init__(self, path: Path, thread: ThreadPoolExecutor, door: Door, book: Book) -> None:
        self._path, self._thread, self._door, self._book = path, thread, door, book
        self._wait_seconds = 5.0
        self._db: sqlite3.Connection | None = None
        self._types: Mapping[Source, str] = {}
        self._columns: Columns = {}
        self._statements: dict[str, Statement] = {}

    async def server(self) -> Server:
        """What the clinic's program says of its server. With no transaction open the bound lies just above the last rowversion."""
        rows = await self._run(lambda db: db.execute("SELECT now, dbts FROM dbo._server").fetchall())
        now, last = rows[0]
        return Server(datetime.fromisoformat(now), _rowversion(last + 1), _rowversion(last))

    async def look(self) -> Look:
        """The file, and its tables."""
        types = await self._run(_declared)
        return Look("sqlite", self._path.name, None, digest(types), await self._run(_indexed))

    async def columns(self) -> Columns:
        """All tables and views that are IDENT's."""
        types = await self._run(_declared)
        columns: dict[str, set[str]] = {}
        for table, column in types:
            columns.setdefault(table, set()).add(column)
        self._types = {(table.lower(), column.lower()): kind for (table, column), kind in types.items()}
        found = {table: frozenset(of) for table, of in columns.items()}
        if found != self._columns:
            self._statements.clear()
        self._columns = found
        return self._columns

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        """Run `queries/<query>.sql`."""
        if not self._columns:
            await self.columns()
        statement = self._statement(query)
        text, values = statement.bind(params)
        stored = [_stored(value) for value in values]
        rows = await self._run(lambda db: db.execute(text, stored).fetchall())
        readers = [(name, _READERS.get(self._type(source), _as_it_is)) for name, source in statement.outputs]
        return [
            {name: None if cell is None else read(cell) for (name, read), cell in zip(readers, row, strict=True)}
            for row in rows
        ]

    async def leave(self) -> None:
        """Nobody is in the way of a file."""

    def _statement(self, name: str) -> Statement:
        if name not in self._statements:
            self._statements[name] = written(self._book.query(name), self._columns, DIALECT)
        return self._statements[name]

    def _type(self, source: Source | None) -> str:
        return "" if source is None else self._types[source[0].lower(), source[1].lower()]

    def close(self) -> None:
        """Let the file go; on the thread."""
        if self._db is not None:
            self._db.close()
            self._db = None

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._door.check()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._db is None:
                self._db = _attached(self._path, self._wait_seconds)
            return work(self._db)
        except sqlite3.Error as error:
            raise _told(error) from None


def _attached(path: Path, wait_seconds: float) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, uri=True, timeout=wait_seconds)
    try:
        db.execute("ATTACH ? AS dbo", (f"file:{quote(str(path))}?mode=ro",))
        db.execute("SELECT 1 FROM dbo.sqlite_master").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _told(error: sqlite3.Error) -> MisDown | MisChanged:
    code = getattr(error, "sqlite_errorname", "SQLITE")
    if code.startswith(_BUSY):
        return MisBusy(code)
    if code == "SQLITE_ERROR":  # no such table, no such column
        return MisChanged("Файл демонстрационной клиники изменился: перезапустите агент.", code=code)
    return MisDown(code)


def _declared(db: sqlite3.Connection) -> dict[Source, str]:
    tables = db.execute(
        "SELECT name FROM dbo.sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 1) <> '_' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return {
        (table, column): kind.lower().partition("(")[0]
        for (table,) in tables
        for _, column, kind, *_ in db.execute(f'PRAGMA dbo.table_info("{table}")')
    }


def _indexed(db: sqlite3.Connection) -> frozenset[str]:
    tables = "dbo.sqlite_master AS t, pragma_index_list(t.name, 'dbo') AS i, pragma_index_info(i.name, 'dbo') AS c"
    rows = db.execute(f"SELECT t.name, c.name FROM {tables} WHERE t.type = 'table' AND c.seqno = 0").fetchall()  # noqa: S608 our own words
    return frozenset(f"{table}.{column}".lower() for table, column in rows)


def _rowversion(number: int) -> bytes:
    return int(number).to_bytes(8, "big")


def _stored(value: Param) -> Any:
    return value.isoformat(" ", "milliseconds") if isinstance(value, datetime) else value


def _as_it_is(value: Any) -> Cell:
    cell: Cell = value
    return cell


_READERS: Mapping[str, Callable[[Any], Cell]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bit": bool,
    "decimal": lambda scaled: Decimal(scaled) / _DECIMAL_SCALE,
}
"""Declared type -> how the stored value is read; all others stand as they are."""


@asynccontextmanager
async def open_sqlite(path: Path, door: Door | None = None, book: Book = SHIPPED) -> AsyncIterator[Mis]:
    """Open the file when it is first read: it may come later than we."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="mis") as thread:
        mis = SqliteMis(path, thread, door or Door(), book)
        try:
            yield mis
        finally:
            thread.submit(mis.close)
