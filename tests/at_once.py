"""For tests that play a thousand histories in one process: a statement takes less time than handing it to a thread and waiting for it,
so here statements run where they are asked for. Nothing else may want the loop meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple

import aiosqlite
import pytest

from hub.store.sqlite import OneWay

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _NoQueue:
    """What nobody waits for (a rollback) is not left to a thread either: there is none."""

    def put_nowait(self, work: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = work
        done = function()
        if future:
            future.set_result(done)


@contextmanager
def statements_at_once() -> Iterator[None]:
    """aiosqlite, under the hub's store, without its threads."""

    async def execute(self: aiosqlite.Connection, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return function(*args, **named)

    async def connect(self: aiosqlite.Connection) -> aiosqlite.Connection:
        self._connection = self._connector()
        self._tx = _NoQueue()  # type: ignore[assignment]  # as much of one as is asked for
        return self

    async def rollback(self: OneWay) -> None:
        if self._ended():
            self._conn.rollback()  # in the thread it would meet the next statement, which does not go there

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiosqlite.Connection, "_execute", execute)
        patch.setattr(aiosqlite.Connection, "_connect", connect)
        patch.setattr(OneWay, "rollback", rollback)
        yield


class LoopAtOnce(asyncio.SelectorEventLoop):
    """A loop whose executors are itself, for the agent's outbox."""

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """The result, as something that can be awaited."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 it is the caller's
            done.set_exception(error)
        return done
