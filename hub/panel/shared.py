"""Answers that are worth keeping for a while, asked for once however many want them at the same time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST_HELD = 10_000


class _AskerLeft(Exception):
    """Whoever asked for all is gone: the next one asks."""


class Shared(Generic[K, V]):
    """By key. `holds` says for how many seconds an answer is good. A failure is told to all who wait for it and not kept."""

    def __init__(self, holds: Callable[[V], float], now: Callable[[], float] = time.monotonic) -> None:
        self._holds, self._now = holds, now
        self._held: dict[K, tuple[float, V]] = {}
        self._under_way: dict[K, asyncio.Future[V]] = {}

    async def get(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """The answer that is held, or that is under way, or that `ask` brings."""
        while True:
            until, value = self._held.get(key, (float("-inf"), None))
            if until > self._now():
                return value  # type: ignore[return-value] # the default is over since ever
            waits_for = self._under_way.get(key)
            if waits_for is None:
                return await self._ask(key, ask)
            try:
                return await asyncio.shield(waits_for)
            except _AskerLeft:
                continue

    async def _ask(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        told: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._under_way[key] = told
        try:
            value = await ask()
        except BaseException as error:
            told.set_exception(error if isinstance(error, Exception) else _AskerLeft())
            told.exception()  # looked at: perhaps nobody waits
            raise
        else:
            self._keep(key, value)
            told.set_result(value)
            return value
        finally:
            del self._under_way[key]

    def _keep(self, key: K, value: V) -> None:
        self._held.pop(key, None)
        if len(self._held) >= _MOST_HELD:
            self._held.pop(next(iter(self._held)))
        self._held[key] = (self._now() + self._holds(value), value)
