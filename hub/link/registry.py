"""The links that are open in this process, by database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from hub.link.connection import Connection
from hub.link.twins import Key, Twins
from hub.metrics import AGENTS_CONNECTED

__all__ = ["Key", "Registry"]


class Registry:
    """One link a database: greetings of one database come one after another, so that a new link finds the old one drained."""

    def __init__(self) -> None:
        self._open: dict[Key, Connection] = {}
        self._turns: dict[Key, asyncio.Lock] = {}
        self._lost: dict[Key, float] = {}
        self._left: dict[Key, datetime] = {}
        self._awaited: dict[Key, asyncio.Event] = {}
        self.twins = Twins()
        self._since = asyncio.get_running_loop().time()

    def connected(self) -> frozenset[Key]:
        """The databases whose agent is connected to this process."""
        return frozenset(self._open)

    def doubled(self) -> dict[Key, tuple[str, ...]]:
        """The databases that have two agents with one identity, and on which computers these run."""
        return self.twins.now(asyncio.get_running_loop().time())

    def links(self) -> list[Connection]:
        """All of them, as of now."""
        return list(self._open.values())

    def find(self, key: Key) -> Connection | None:
        """The link of one database."""
        return self._open.get(key)

    def lost_at(self, key: Key) -> float:
        """When, by the loop's time, the link of a database was lost: now, while it closes; when we began, where there was none yet."""
        return asyncio.get_running_loop().time() if key in self._open else self._lost.get(key, self._since)

    def left_at(self, key: Key) -> datetime | None:
        """When, in business time, this process lost the link of a database that has none now."""
        return None if key in self._open else self._left.get(key)

    async def awaited(self, key: Key) -> Connection:
        """The link of one database that takes questions, as soon as there is one."""
        while (found := self._open.get(key)) is None or found.asks.closed:
            await self._awaited.setdefault(key, asyncio.Event()).wait()
        return found

    @asynccontextmanager
    async def turn(self, key: Key) -> AsyncIterator[None]:
        """The turn of one greeting."""
        async with self._turns.setdefault(key, asyncio.Lock()):
            yield

    def add(self, connection: Connection) -> None:
        """The link is open; it stands in place of an older one."""
        self._open[connection.key] = connection
        if awaited := self._awaited.pop(connection.key, None):
            awaited.set()
        AGENTS_CONNECTED.set(len(self._open))

    def remove(self, connection: Connection, now: datetime) -> None:
        """The link is gone; a newer one stays. `now` is business time."""
        if self._open.get(connection.key) is connection:
            del self._open[connection.key]
            self._lost[connection.key], self._left[connection.key] = asyncio.get_running_loop().time(), now
        AGENTS_CONNECTED.set(len(self._open))
