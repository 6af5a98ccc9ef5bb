"""A command asks, the serving process does it, the command hears how it went."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping

import pytest
from sqlalchemy import select, update

from hub.clock import machine_now
from hub.jobs import ASKED_WITHIN, Args, Handler, JobFailed, Jobs, Patience, Say, ask, follow
from hub.store.engine import Store
from hub.store.tables import jobs
from wire.errors import NeedsOperator, Park, Retry

SHORT = Patience(to_be_taken_seconds=0.3, between_beats_seconds=0.5)


@contextlib.asynccontextmanager
async def serving(store: Store, handlers: Mapping[str, Handler]) -> AsyncIterator[Jobs]:
    """The two loops of a serving process."""
    served = Jobs(store, handlers)
    async with asyncio.TaskGroup() as tasks:
        loops = [tasks.create_task(served.take_all()), tasks.create_task(served.work_at_all())]
        yield served
        for loop in loops:
            loop.cancel()


async def greet(args: Args, say: Say) -> str:
    await say("looking for the clinic")
    await say("found it")
    return f"hello {args['name']}"


async def test_a_command_hears_each_line_and_the_result(store: Store) -> None:
    told: list[str] = []
    async with serving(store, {"greet": greet}):
        result = await follow(store, await ask(store, "greet", {"name": "clinic"}), told.append)

    assert told == ["looking for the clinic", "found it"]
    assert result == "hello clinic"


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (NeedsOperator("Install the integration again."), NeedsOperator("Install the integration again.")),
        (Retry(30), JobFailed("It did not work now (Retry). Try again after 30 s.")),
        (Park("stage 5"), JobFailed("It was refused: stage 5.")),
        (KeyError("+79990001234"), JobFailed("A defect of the hub: look for job.broken in its log (fail).")),
    ],
)
async def test_a_command_hears_why_it_failed(
    store: Store, raised: Exception, expected: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_args: Args, _say: Say) -> str:
        raise raised

    caplog.set_level(logging.CRITICAL)
    async with serving(store, {"fail": fail, "greet": greet}):
        with pytest.raises(type(expected)) as failed:
            await follow(store, await ask(store, "fail", {}), print)
        after = await follow(store, await ask(store, "greet", {"name": "again"}), print)

    assert str(failed.value) == str(expected)
    assert after == "hello again"  # the next one is served as if nothing had been


async def test_a_verb_of_a_newer_release_is_refused(store: Store) -> None:
    async with serving(store, {}):
        with pytest.raises(JobFailed, match="same release"):
            await follow(store, await ask(store, "later", {}), print)


async def test_without_a_hub_the_command_says_so_and_nothing_happens_later(store: Store) -> None:
    done: list[Args] = []

    async def act(args: Args, _say: Say) -> str:
        done.append(args)
        return ""

    with pytest.raises(NeedsOperator, match="Start the hub"):
        await follow(store, await ask(store, "act", {}), print, SHORT)
    await Jobs(store, {"act": act}).take()

    async with store.hub_reading() as connection:
        assert (await connection.execute(select(jobs))).all() == []
    assert done == []


async def test_what_a_killed_command_left_is_not_done_later(store: Store) -> None:
    job = await ask(store, "greet", {"name": "nobody"})
    async with store.hub_writing() as connection:
        await connection.execute(update(jobs).values(asked_at=machine_now() - 2 * ASKED_WITHIN))

    await Jobs(store, {"greet": greet}).take()

    async with store.hub_reading() as connection:
        assert (await connection.execute(select(jobs.c.state).where(jobs.c.id == job))).scalar_one() == "waiting"


async def test_a_command_gives_up_when_the_hub_dies_over_it(store: Store) -> None:
    job = await ask(store, "greet", {"name": "clinic"})
    await Jobs(store, {"greet": greet}).take()  # taken, and never a sign again

    with pytest.raises(JobFailed, match="stopped"):
        await follow(store, job, print, SHORT)


async def test_a_long_job_is_waited_for_as_long_as_the_hub_lives(store: Store) -> None:
    goes_on = asyncio.Event()

    async def wait(_args: Args, _say: Say) -> str:
        await goes_on.wait()
        return "done at last"

    patience = Patience(to_be_taken_seconds=5, between_beats_seconds=1)
    async with serving(store, {"wait": wait}), asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follow(store, await ask(store, "wait", {}), print, patience))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(following), 2 * patience.between_beats_seconds)
        goes_on.set()
        assert await following == "done at last"


async def test_two_serving_processes_do_a_job_once(store: Store) -> None:
    done: list[str] = []

    async def act(args: Args, _say: Say) -> str:
        done.append(args["n"])
        return f"did {args['n']}"

    asked = [await ask(store, "act", {"n": str(n)}) for n in range(10)]
    async with serving(store, {"act": act}), serving(store, {"act": act}):
        results = [await follow(store, job, print) for job in asked]

    assert results == [f"did {n}" for n in range(10)]
    assert sorted(done) == [str(n) for n in range(10)]


async def test_codes_in_arguments_and_results_are_sealed(store: Store) -> None:
    async with serving(store, {"greet": greet}):
        await follow(store, await ask(store, "greet", {"name": "s3cret-code"}), print)

    async with store.hub_reading() as connection:
        (row,) = (await connection.execute(select(jobs))).all()
    assert b"s3cret-code" not in b"".join(
        str(value).encode() if not isinstance(value, bytes) else value for value in row
    )
