"""Where a clinic is read in these tests: from its file, as it stands behind the query border, or from a SQL Server that follows it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from agent.mis.door import Door
from agent.mis.odbc import open_odbc
from agent.mis.port import Columns, Look, Mis, Param, Row, Server
from agent.mis.sqlite import open_sqlite
from demo.clinic.database import Database
from demo.clinic.follow import Follower
from demo.clinic.pending import OpenTransaction
from tests.contract.border import Border
from tests.contract.mssql import ServerTransaction, SqlServer


class Transaction(Protocol):
    """Somebody's transaction that stays open."""

    def put(self, table: str, key: int, **cells: Any) -> None: ...

    def delete(self, table: str, key: int) -> None: ...

    def commit(self) -> None: ...

    def roll_back(self) -> None: ...


class Place:
    """A clinic's file, and how it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = Database(path)

    def begin(self) -> Transaction:
        """A transaction of somebody at the clinic."""
        return OpenTransaction(self.database)

    @asynccontextmanager
    async def open(self, _path: Path | None = None) -> AsyncIterator[Mis]:
        """As an agent reads it. It takes a path where a test's own would open that file."""
        async with open_sqlite(self.path) as mis:
            yield Border(mis, self.path)

    def close(self) -> None:
        """Let the file go."""
        self.database.__exit__(None, None, None)


class PlaceOnServer(Place):
    """The same on a SQL Server. Its clock cannot be turned: the clinic's is told in its place."""

    def __init__(self, path: Path, server: SqlServer) -> None:
        super().__init__(path)
        server.empty()
        self._server = server
        self._follower = Follower(self.database, server.text)
        self._follower.make()
        self._begun: list[ServerTransaction] = []

    def begin(self) -> Transaction:
        self._follower.bring()
        self._begun.append(ServerTransaction(self._server, self.database, OpenTransaction(self.database)))
        return self._begun[-1]

    @asynccontextmanager
    async def open(self, _path: Path | None = None) -> AsyncIterator[Mis]:
        async with open_odbc(self._server.reader, Door()) as mis:
            yield _Followed(mis, self._follower, self.database)

    def close(self) -> None:
        for transaction in self._begun:
            transaction.end()
        self._follower.__exit__(None, None, None)
        super().close()


class _Followed(Mis):
    """What was done in the file is on the server before it is asked."""

    def __init__(self, mis: Mis, follower: Follower, database: Database) -> None:
        self._mis, self._follower, self._database = mis, follower, database

    async def server(self) -> Server:
        self._follower.bring()
        return replace(await self._mis.server(), now=self._database.now())

    async def look(self) -> Look:
        self._follower.bring()
        return await self._mis.look()

    async def columns(self) -> Columns:
        self._follower.bring()
        return await self._mis.columns()

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        self._follower.bring()
        return await self._mis.fetch(query, *params)

    async def leave(self) -> None:
        await self._mis.leave()


@contextmanager
def place(path: Path, server: SqlServer | None) -> Iterator[Place]:
    """A clinic's file, read from there or from the server."""
    made = Place(path) if server is None else PlaceOnServer(path, server)
    try:
        yield made
    finally:
        made.close()
