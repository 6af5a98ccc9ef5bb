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

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._left: Future[Any] = Future()
        """The call whose caller left while it ran; it still has its own time, until `_left_until`."""
        self._left.cancel()
        self._left_until = 0.0
        self._cancelling: threading.Thread | None = None
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def run(self, call: Callable[[], T], *, seconds: float, grace: float, cancel: Callable[[], None]) -> T:
        """The call's result. After `seconds` it is cancelled; does it not come back in `grace` seconds then, its thread is lost
        (`Late`). A caller that is cancelled cancels the call and goes; whether the thread is lost then, the next one finds out."""
        began = asyncio.get_running_loop().time()
        if not self._left.done() and began >= self._left_until:
            raise Late
        future: Future[T] = Future()
        self._jobs.put((call, future))
        waiting = asyncio.wrap_future(future)
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it any more
        try:
            done, _ = await asyncio.wait({waiting}, timeout=seconds)
        except asyncio.CancelledError:
            if not future.cancel() and not future.done():  # it runs, and the next caller wants the thread
                self._left, self._left_until = future, began + seconds + grace
                self._cancel(cancel)
            raise
        if not done:
            self._cancel(cancel)
            done, _ = await asyncio.wait({waiting}, timeout=grace)
        if not done:
            raise Late
        return waiting.result()

    @property
    def is_left(self) -> bool:
        """Whether a call still runs whose caller left."""
        return not self._left.done()

    def put(self, call: Callable[[], Any]) -> Future[Any]:
        """Do it when the thread is free; nobody has to wait."""
        done: Future[Any] = Future()
        self._jobs.put((call, done))
        return done

    def end(self) -> None:
        """Let the thread end when it is free."""
        self._jobs.put(None)

    def _cancel(self, cancel: Callable[[], None]) -> None:
        """On a thread of its own: a driver may wait for its server even to cancel, and the loop must not."""
        self._cancelling = threading.Thread(target=cancel, daemon=True)
        self._cancelling.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._cancelling is not None:
                self._cancelling.join()  # it is meant for the call before
                self._cancelling = None
            call, future = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 it belongs to whoever waits for the call
                    future.set_exception(error)
