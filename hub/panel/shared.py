"""Answers that are worth keeping for a while, asked for once however many want them at the same time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from wire.errors import Retry

K = TypeVar("K")
V = TypeVar("V")

_MOST_HELD = 10_000
_PATIENCE_SECONDS = 1.0
"""For a newer answer, where the one that is held will do: a card is not kept waiting for it."""


class _AskerLeft(Exception):
    """Whoever asked for all is gone: the next one asks."""


class Shared(Generic[K, V]):
    """By key. `holds` says for how many seconds an answer is good; `in_need`, for how many it counts where no newer one can be had just
    then. A failure is told to all who wait for it and not kept."""

    def __init__(
        self,
        holds: Callable[[V], float],
        now: Callable[[], float] = time.monotonic,
        in_need: Callable[[V], float] | None = None,
    ) -> None:
        self._holds, self._now, self._in_need = holds, now, in_need or holds
        self._held: dict[K, tuple[float, V]] = {}
        """When each was told."""
        self._under_way: dict[K, asyncio.Future[V]] = {}

    async def get(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """The answer that is held, or that is under way, or that `ask` brings."""
        while True:
            if (held := self._held.get(key)) and self._counts(held, self._holds):
                return held[1]
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
            value = await self._newer(key, ask)
        except BaseException as error:
            told.set_exception(error if isinstance(error, Exception) else _AskerLeft())
            told.exception()  # looked at: perhaps nobody waits
            raise
        else:
            told.set_result(value)
            return value
        finally:
            del self._under_way[key]

    async def _newer(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        held = self._held.get(key)
        will_do = held is not None and self._counts(held, self._in_need)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS if will_do else None):
                value = await ask()
        except (Retry, TimeoutError):
            if held is None or not will_do:
                raise
            return held[1]
        self._keep(key, value)
        return value

    def _counts(self, held: tuple[float, V], holds: Callable[[V], float]) -> bool:
        told_at, value = held
        return told_at + holds(value) > self._now()

    def _keep(self, key: K, value: V) -> None:
        self._held.pop(key, None)
        if len(self._held) >= _MOST_HELD:
            self._held.pop(next(iter(self._held)))
        self._held[key] = (self._now(), value)
