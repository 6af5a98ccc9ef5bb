"""A call that does not come back is cancelled, and then left behind with its thread."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest

from agent.mis.worker import Late, Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker("test")
    yield worker
    worker.end()


def nothing() -> None:
    pass


async def test_calls_run_one_after_another_on_one_thread(worker: Worker) -> None:
    threads = [await worker.run(threading.get_ident, seconds=5, grace=5, cancel=nothing) for _ in range(3)]
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_errors_come_to_whoever_waits(worker: Worker) -> None:
    def fail() -> None:
        raise LookupError("x")

    with pytest.raises(LookupError):
        await worker.run(fail, seconds=5, grace=5, cancel=nothing)
    assert await worker.run(lambda: 1, seconds=5, grace=5, cancel=nothing) == 1


async def test_a_call_past_its_deadline_is_cancelled(worker: Worker) -> None:
    cancelled = threading.Event()

    def call() -> str:
        assert cancelled.wait(5)
        return "came back"

    assert await worker.run(call, seconds=0.01, grace=5, cancel=cancelled.set) == "came back"


async def test_a_call_that_ignores_its_cancellation_is_late(worker: Worker) -> None:
    stuck = threading.Event()
    with pytest.raises(Late):
        await worker.run(lambda: stuck.wait(5), seconds=0.01, grace=0.01, cancel=nothing)
    stuck.set()


async def test_a_call_that_never_began_is_dropped_with_its_caller(worker: Worker) -> None:
    began, goes_on, ran, cancelled = (threading.Event() for _ in range(4))

    def hold() -> None:
        began.set()
        goes_on.wait(5)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run(hold, seconds=5, grace=5, cancel=nothing))
        assert await asyncio.to_thread(began.wait, 5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await worker.run(ran.set, seconds=5, grace=5, cancel=cancelled.set)
        goes_on.set()
    assert await worker.run(lambda: 1, seconds=5, grace=5, cancel=nothing) == 1
    assert not ran.is_set()
    assert not cancelled.is_set()  # that would have hit another's statement


async def impatiently(worker: Worker) -> None:
    """Ask again and again, without patience."""
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await worker.run(nothing, seconds=5, grace=5, cancel=nothing)


async def test_a_call_whose_caller_left_has_its_own_time_and_no_more(worker: Worker) -> None:
    stuck, began = threading.Event(), asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await worker.run(lambda: stuck.wait(5), seconds=0.2, grace=0.2, cancel=nothing)
    with pytest.raises(Late):
        await impatiently(worker)
    assert asyncio.get_running_loop().time() - began >= 0.4
    stuck.set()
