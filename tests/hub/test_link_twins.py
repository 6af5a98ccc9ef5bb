"""Two agents with one identity, as after a PC was copied with its agent: shown, then put aside until a person decides."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from hub import agents
from hub.link.twins import RETURNS, WITHIN, Twins
from hub.store import tables
from hub.store.engine import Store
from tests.hub.linked import Agent, Hub, Talk, eventually, serving
from tests.hub.pushes import visit

KEY = (1, "db_1")


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    async with serving(store) as running:
        yield running


@dataclass
class Pair:
    """Two processes with one identity; each keeps its instance, as a process does."""

    agent: Agent
    stack: AsyncExitStack
    talks: list[Talk] = field(default_factory=list)

    async def dials(self, computer: str) -> Talk:
        """The process on this computer says hello."""
        talk = await self.stack.enter_async_context(self.agent.dialled())
        await talk.hello(instance=f"i-{computer}", computer=computer)
        self.talks.append(talk)
        return talk

    async def takes_over(self, computer: str) -> Talk:
        """And is welcomed."""
        talk = await self.dials(computer)
        welcome = await talk.welcomed()
        self.agent.generation = welcome.generation
        return talk


@pytest.fixture
async def pair(hub: Hub) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        yield Pair(await Agent(hub).enrol(), stack)


async def nobody_is_connected(hub: Hub) -> None:
    async def gone() -> bool:
        return not hub.registry.connected()

    await eventually(gone)


async def test_a_superseded_one_hears_on_which_computer_the_other_runs(pair: Pair) -> None:
    first = await pair.takes_over("PC-1")
    await pair.takes_over("PC-2")

    while (frame := await first.next()).t != "goaway":
        pass
    assert (frame.reason, frame.computer) == ("superseded", "PC-2")


async def test_a_restart_ends_the_matter(hub: Hub, pair: Pair) -> None:
    for number in range(2 * RETURNS):
        await pair.takes_over(f"PC-1 start {number}")

    assert hub.registry.doubled() == {}
    assert hub.registry.connected() == {KEY}


async def test_one_that_comes_back_shows_that_there_are_two_and_where(hub: Hub, pair: Pair) -> None:
    for computer in ("PC-1", "PC-2", "PC-1"):
        await pair.takes_over(computer)

    assert hub.registry.doubled() == {KEY: ("PC-1", "PC-2")}
    assert hub.registry.connected() == {KEY}  # it goes on working: the clinic must not stand still for it


async def test_one_that_comes_back_when_the_other_was_stopped_is_welcome(hub: Hub, pair: Pair) -> None:
    await pair.takes_over("PC-1")
    second = await pair.takes_over("PC-2")
    await second.socket.close()
    await nobody_is_connected(hub)
    await pair.takes_over("PC-1")

    assert hub.registry.doubled() == {}


async def test_after_three_returns_neither_speaks_until_a_person_decides(hub: Hub, pair: Pair) -> None:
    for computer in ("PC-1", "PC-2", "PC-1"):
        await pair.takes_over(computer)
    living = await pair.takes_over("PC-2")
    third = await pair.dials("PC-1")

    assert (await third.closed(), await third.reason()) == (4403, "suspended")
    assert await living.goaway() == "suspended"
    assert await living.closed() == 4403
    for computer in ("PC-1", "PC-2", "PC-3"):
        assert await (await pair.dials(computer)).closed() == 4403
    assert [row.suspended_at is not None for row in await hub.rows(tables.agents)] == [True]

    async with hub.store.writing(hub.account) as unit:
        assert await agents.resume(unit, "ag_1")
        assert not await agents.resume(unit, "ag_1")
    resumed = await pair.takes_over("PC-1")
    pair.agent.lanes.generation = resumed.welcome.generation
    await resumed.acked(await resumed.push("live", visit("1")))


async def test_an_agent_that_another_process_suspended_is_cut_off(hub: Hub, pair: Pair) -> None:
    talk = await pair.takes_over("PC-1")
    async with hub.store.writing(hub.account) as unit:
        await agents.suspend(unit, "ag_1")
    await hub.server.cut_revoked()

    assert await talk.goaway() == "suspended"
    assert await talk.closed() == 4403


@pytest.mark.parametrize(("every", "counted"), [(300.0, 3), (WITHIN / 3 + 1, 3), (WITHIN / 2 + 1, 2), (WITHIN, 0)])
def test_only_returns_of_twenty_minutes_count(every: float, counted: int) -> None:
    twins, at, living, waiting = Twins(), 0.0, "a", "b"
    returns = 0
    twins.superseded(KEY, "b", at)
    for _ in range(3):
        at += every
        returns = twins.returned(KEY, waiting, ("", ""), at)
        twins.superseded(KEY, living, at)
        living, waiting = waiting, living

    assert returns == counted


def test_what_was_long_ago_is_forgotten() -> None:
    twins = Twins()
    twins.superseded(KEY, "a", 0)
    twins.returned(KEY, "a", ("PC-1", "PC-2"), 300)

    assert twins.now(300) == {KEY: ("PC-1", "PC-2")}
    assert twins.now(300 + WITHIN) == {}


def test_databases_are_told_apart() -> None:
    twins = Twins()
    twins.superseded(KEY, "a", 0)

    assert twins.returned((1, "db_2"), "a", ("", ""), 1) == 0
