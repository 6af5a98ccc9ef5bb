"""A clinic's database with a stopwatch."""

from collections.abc import Callable

from agent.mis.port import Columns, Look, Mis, Param, Row, Server


class Timed(Mis):
    """Passes everything on, and knows how long the statements took since it was asked last."""

    def __init__(self, mis: Mis, clock: Callable[[], float]) -> None:
        self._mis, self._clock = mis, clock
        self.total = self.slowest = 0.0

    def start(self) -> None:
        """Count from here."""
        self.total = self.slowest = 0.0

    async def server(self) -> Server:
        """As it is."""
        return await self._mis.server()

    async def look(self) -> Look:
        """As it is."""
        return await self._mis.look()

    async def columns(self) -> Columns:
        """As they are."""
        return await self._mis.columns()

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        """With its time."""
        began = self._clock()
        try:
            return await self._mis.fetch(query, *params)
        finally:
            took = self._clock() - began
            self.total, self.slowest = self.total + took, max(self.slowest, took)

    async def leave(self) -> None:
        """As it is."""
        await self._mis.leave()
