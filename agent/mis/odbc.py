"""IDENT's SQL Server as a clinic's database: a session on a thread of its own, with deadlines that hold."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from agent.mis.book import SHIPPED, Book
from agent.mis.door import Door
from agent.mis.port import Columns, Look, Mis, MisConfig, MisDown, Param, Row, Server
from agent.mis.session import TIMEOUT_SECONDS, Session
from agent.mis.statements import Statement, written
from agent.mis.worker import Late, Worker

T = TypeVar("T")

DIALECT = "tsql"
CALL_SECONDS = 2.0 * TIMEOUT_SECONDS
"""A login and a statement. Our own deadline: not every driver keeps to the one that it was told."""
LOOK_SECONDS = 60.0
"""For looking through all tables."""
GRACE_SECONDS = 2.0


class OdbcMis:
    """One connection to one clinic's database. `keeps_open`: it stays in a database that closes itself behind its last guest."""

    def __init__(
        self,
        config: MisConfig,
        door: Door,
        *,
        keeps_open: bool = False,
        book: Book = SHIPPED,
        seconds: float = CALL_SECONDS,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._config, self._door, self._keeps_open, self._book = config, door, keeps_open, book
        self._seconds, self._grace = seconds, grace
        self._columns: Columns = {}
        self._statements: dict[str, Statement] = {}
        self._begin()

    async def server(self) -> Server:
        """The server's clock and rowversions."""
        return await self._ask(Session.server)

    async def look(self) -> Look:
        """Which database this is, and in what shape."""
        return await self._ask(Session.look)

    async def columns(self) -> Columns:
        """What the login may read of that which our statements name."""
        wanted = self._book.wanted()
        columns = await self._ask(lambda session: session.columns(wanted), LOOK_SECONDS)
        if columns != self._columns:
            self._statements.clear()
        self._columns = columns
        return columns

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        """Run `queries/<query>.sql`."""
        if not self._columns:
            await self.columns()
        statement = self._statement(query)
        text, values = statement.bind(params)
        found = await self._ask(lambda session: session.fetch(text, values))
        labels = [name for name, _ in statement.outputs]
        return [dict(zip(labels, row, strict=True)) for row in found]

    async def leave(self) -> None:
        """Stand out of the way: nothing is read until the next step."""
        session, for_long = self._session, self._door.is_shut
        if self._worker.is_left:  # whoever asked went away; his call may yet step inside, and nobody waits for it here
            self._worker.put(lambda: session.leave(for_long=for_long))
        elif session.is_inside or (for_long and session.is_open):
            await self._run(lambda: session.leave(for_long=for_long), self._seconds)

    def close(self) -> None:
        """Drop the connection when its thread is free."""
        self._worker.put(self._session.close)
        self._worker.end()

    def _statement(self, name: str) -> Statement:
        if name not in self._statements:
            self._statements[name] = written(self._book.query(name), self._columns, DIALECT)
        return self._statements[name]

    def _begin(self) -> None:
        self._session, self._worker = Session(self._config, stays=self._keeps_open), Worker("mis")

    async def _ask(self, do: Callable[[Session], T], seconds: float | None = None) -> T:
        self._door.check()
        session = self._session
        return await self._run(lambda: session.work(do), seconds or self._seconds)

    async def _run(self, call: Callable[[], T], seconds: float) -> T:
        session, worker = self._session, self._worker
        try:
            return await worker.run(call, seconds=seconds, grace=self._grace, cancel=session.cancel)
        except MisDown as error:
            self._door.shut(error)
            raise
        except Late:
            self._begin()
            comes_back = worker.put(session.close)  # should it ever return, it shall not stay in the way
            worker.end()
            self._door.lost(comes_back)
            raise MisDown("late") from None


@asynccontextmanager
async def open_odbc(
    config: MisConfig, door: Door, *, keeps_open: bool = False, book: Book = SHIPPED
) -> AsyncIterator[Mis]:
    """Connect when something is first asked."""
    mis = OdbcMis(config, door, keeps_open=keeps_open, book=book)
    try:
        yield mis
    finally:
        mis.close()
