"""A clinic's database with a stopwatch."""

from collections.abc import Callable

from agent.mis.port import Answers, Param, Row


class Timed:
    """Asks, and knows how long the statements took since it was started last."""

    def __init__(self, mis: Answers, clock: Callable[[], float]) -> None:
        self._mis, self._clock = mis, clock
        self.total = self.slowest = 0.0

    def start(self) -> None:
        """Count from here."""
        self.total = self.slowest = 0.0

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        """With its time."""
        began = self._clock()
        try:
            return await self._mis.fetch(query, *params)
        finally:
            took = self._clock() - began
            self.total, self.slowest = self.total + took, max(self.slowest, took)
