"""IDENT's SQL Server as a clinic's database: a session on a thread of its own, with deadlines that hold."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from agent.mis.port import Columns, Mis, MisConfig, MisDown, Param, Row, Server
from agent.mis.session import TIMEOUT_SECONDS, Session
from agent.mis.statements import Statement, names, query, sources_of, written
from agent.mis.worker import Late, Worker

T = TypeVar("T")

DIALECT = "tsql"
CALL_SECONDS = 2.0 * TIMEOUT_SECONDS
"""A login and a statement. Our own deadline: not every driver keeps to the one that it was told."""
LOOK_SECONDS = 60.0
"""For looking through all tables."""
GRACE_SECONDS = 2.0
MAX_LOST_THREADS = 3


class TooManyLostThreads(Exception):
    """Calls to the driver do not return: this process ends, and the service manager starts another."""


class OdbcMis:
    """One clinic's database."""

    def __init__(self, config: MisConfig, *, seconds: float = CALL_SECONDS, grace: float = GRACE_SECONDS) -> None:
        self._config, self._seconds, self._grace = config, seconds, grace
        self._session, self._worker = Session(config), Worker("mis")
        self._lost = 0
        self._columns: Columns = {}
        self._statements: dict[str, Statement] = {}

    async def server(self) -> Server:
        """The server's clock and rowversions."""
        return await self._run(Session.server)

    async def columns(self) -> Columns:
        """What the login may read of that which our statements name."""
        wanted: dict[str, set[str]] = {}
        for name in names():
            for table, column in sources_of(query(name)):
                wanted.setdefault(table, set()).add(column)
        self._columns = await self._run(lambda session: session.columns(wanted), LOOK_SECONDS)
        self._statements.clear()
        return self._columns

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        """Run `queries/<query>.sql`."""
        if not self._columns:
            await self.columns()
        statement = self._statement(query)
        text, values = statement.bind(params)
        found = await self._run(lambda session: session.fetch(text, values))
        labels = [name for name, _ in statement.outputs]
        return [dict(zip(labels, row, strict=True)) for row in found]

    async def leave(self) -> None:
        """Stand out of the way: nothing is read until the next step."""
        if self._session.is_inside:
            await self._run(Session.leave)

    def close(self) -> None:
        """Drop the connection when its thread is free."""
        session = self._session
        self._worker.put(session.close)
        self._worker.end()

    def _statement(self, name: str) -> Statement:
        if name not in self._statements:
            self._statements[name] = written(query(name), self._columns, DIALECT)
        return self._statements[name]

    async def _run(self, do: Callable[[Session], T], seconds: float | None = None) -> T:
        session = self._session
        try:
            return await self._worker.run(
                lambda: session.work(do), seconds=seconds or self._seconds, grace=self._grace, cancel=session.cancel
            )
        except Late:
            self._lost += 1
            if self._lost > MAX_LOST_THREADS:
                raise TooManyLostThreads from None
            self._session, self._worker = Session(self._config), Worker("mis")
            raise MisDown("late") from None


@asynccontextmanager
async def open_odbc(config: MisConfig) -> AsyncIterator[Mis]:
    """Connect when something is first asked."""
    mis = OdbcMis(config)
    try:
        yield mis
    finally:
        mis.close()
