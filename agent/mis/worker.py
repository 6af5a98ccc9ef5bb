"""A thread of its own for calls that may never return: each has a deadline, and a thread that misses it is left behind."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Late(Exception):
    """The call did not return in time, not even after it was cancelled: its thread is lost."""


class Worker:
    """Runs one call after another on one daemon thread: a lost one must not keep the process from ending."""

    is_lost = False
    """Whether a call did not come back."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def run(self, call: Callable[[], T], *, seconds: float, grace: float, cancel: Callable[[], None]) -> T:
        """The call's result. After `seconds`, or when its caller is cancelled, it is cancelled; does it not come back in `grace`
        seconds then, its thread is lost (`Late`)."""
        future: Future[T] = Future()
        self._jobs.put((call, future))
        waiting = asyncio.wrap_future(future)
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it any more
        try:
            done, _ = await asyncio.wait({waiting}, timeout=seconds)
        except asyncio.CancelledError:
            if not future.cancel():  # it runs, and the next caller wants the thread
                await self._end(waiting, grace, cancel)
            raise
        if not done and not await self._end(waiting, grace, cancel):
            raise Late
        return waiting.result()

    async def _end(self, waiting: "asyncio.Future[T]", grace: float, cancel: Callable[[], None]) -> bool:
        """Cancel the running call; whether it came back."""
        if waiting.done():
            return True
        cancel()
        done, _ = await asyncio.wait({waiting}, timeout=grace)
        self.is_lost = not done
        return bool(done)

    def put(self, call: Callable[[], Any]) -> None:
        """Do it when the thread is free; nobody waits."""
        self._jobs.put((call, Future()))

    def end(self) -> None:
        """Let the thread end when it is free."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            call, future = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 it belongs to whoever waits for the call
                    future.set_exception(error)
