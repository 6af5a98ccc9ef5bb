"""An open link: what is pushed is committed, then acked; silence, broken rules and a stopping hub end it."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update

from hub import agents
from hub.link.standing import put_state
from hub.link.times import TIMES
from hub.store import tables
from hub.store.engine import Store, Unit
from tests.hub.linked import PATIENCE, QUICK, Agent, Hub, Talk, eventually, named, serving
from tests.hub.pushes import AT, change, patient, visit
from wire.frames import MAX_FRAME_BYTES, OutboxDepth, State
from wire.lanes import START


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    async with serving(store) as running:
        yield running


@pytest.fixture
async def agent(hub: Hub) -> Agent:
    return await Agent(hub).enrol()


@pytest.fixture
async def talk(agent: Agent) -> AsyncIterator[Talk]:
    async with agent.linked() as open_link:
        yield open_link


@asynccontextmanager
async def a_busy_store(hub: Hub) -> AsyncIterator[None]:
    """Nothing can be committed for the account inside."""
    async with hub.store.writing(hub.account):
        yield


@pytest.fixture
def gate(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """The inbox takes nothing until it is set; everything else goes on."""
    opened, take = asyncio.Event(), hub.inbox.take

    async def gated(*args: Any) -> Any:
        await opened.wait()
        return await take(*args)

    monkeypatch.setattr(hub.inbox, "take", gated)
    return opened


async def nothing_comes(talk: Talk, seconds: float = 0.2) -> bool:
    """No frame within a while."""
    try:
        async with asyncio.timeout(seconds):
            await talk.socket.recv()
    except TimeoutError:
        return True
    return False


# Push and ack


async def test_an_ack_means_that_the_change_is_durable(hub: Hub, talk: Talk) -> None:
    await talk.acked(await talk.push("live", visit("1"), patient("4410")))

    assert [(row.kind, row.key) for row in await hub.rows(tables.records)] == [("patient", "4410"), ("visit", "1")]


async def test_nothing_is_acked_before_it_is_durable(hub: Hub, talk: Talk) -> None:
    async with a_busy_store(hub):
        seq = await talk.push("live", visit("1"))
        assert await nothing_comes(talk)

    await talk.acked(seq)


async def test_all_that_waits_is_committed_together(hub: Hub, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    take = hub.inbox.take

    async def counted(*args: Any) -> Any:
        taken.append(len(args[3]))
        return await take(*args)

    monkeypatch.setattr(hub.inbox, "take", counted)
    async with a_busy_store(hub):
        for key in range(10):
            await talk.push("live" if key % 2 else "backfill", visit(str(key)))
        await (await talk.socket.ping())  # the pong comes after all of it was read

    await talk.acked(9, "backfill")
    await talk.acked(10, "live")
    assert (sum(taken), len(taken) <= 2) == (10, True)


async def test_the_hub_hears_and_answers_while_its_store_is_busy(hub: Hub, talk: Talk) -> None:
    async with a_busy_store(hub):
        await talk.push("live", visit("1"))
        for _ in range(3):
            async with asyncio.timeout(PATIENCE):
                await (await talk.socket.ping())


async def test_what_was_received_before_a_drop_is_committed(hub: Hub, agent: Agent) -> None:
    async with agent.linked() as talk:
        async with a_busy_store(hub):
            await talk.push("live", visit("1"))
            await (await talk.socket.ping())
            talk.socket.transport.abort()
        await eventually(lambda: hub.rows(tables.records))


async def test_a_link_that_takes_over_waits_until_the_old_one_has_committed(
    agent: Agent, talk: Talk, gate: asyncio.Event
) -> None:
    seq = await talk.push("live", visit("1"))
    await (await talk.socket.ping())
    before = named(START, agent.lanes.sent["live"])
    async with agent.dialled() as new:
        await new.hello(lanes=before)
        assert await nothing_comes(new)
        gate.set()

        assert (await new.welcomed()).lanes["live"].seq == seq


async def test_a_push_that_comes_twice_is_stored_once_and_acked(hub: Hub, agent: Agent, talk: Talk) -> None:
    received = agent.lanes.push("live", visit("1"))
    await talk.socket.send(received.text)
    await talk.acked(1)
    await talk.socket.send(received.text)

    await talk.acked(1)
    assert [row.arrival for row in await hub.rows(tables.records)] == [1]


async def test_a_push_that_skips_one_closes(agent: Agent, talk: Talk) -> None:
    agent.lanes.push("live", visit("1"))  # never sent
    await talk.push("live", visit("2"))

    assert await talk.closed() == 4409


async def test_a_bad_change_is_acked(hub: Hub, talk: Talk) -> None:
    await talk.acked(await talk.push("live", change("visit", "1", {"id": "1", "status": "asleep"})))

    assert [row.key for row in await hub.rows(tables.parked)] == ["1"]


async def test_more_than_the_credit_closes(hub: Hub, talk: Talk) -> None:
    big = visit("1", comment="x" * 60_000)
    async with a_busy_store(hub):
        for _ in range(6):  # one may be under way to the store, three may wait
            await talk.push("backfill", big)
        assert await nothing_comes(talk)
    assert await talk.closed() == 4409


async def test_a_push_larger_than_the_credit_may_come_alone(agent: Agent, talk: Talk) -> None:
    await talk.acked(await talk.push("backfill", visit("1", comment="x" * 300_000)), "backfill")


# Broken rules


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 4400),
        ("[]", 4400),
        ('{"t":"dance"}', 4400),
        ('{"t":"push","lane":"live","prev":0,"changes":[]}', 4400),
        ('{"t":"welcome","generation":1,"lanes":{}}', 4409),
        ('{"t":"ack","lane":"live","seq":1}', 4409),
    ],
)
async def test_what_breaks_the_rules_closes_with_its_code(talk: Talk, text: str, code: int) -> None:
    await talk.socket.send(text)

    assert await talk.closed() == code


async def test_bytes_are_no_frame(talk: Talk) -> None:
    await talk.socket.send(b'{"t":"state","mis":"ok"}')

    assert await talk.closed() == 4400


async def test_a_frame_of_just_over_1_mib_closes(hub: Hub, talk: Talk) -> None:
    await talk.push("backfill", visit("1", comment="x" * MAX_FRAME_BYTES))

    assert await talk.closed() == 1009
    assert await hub.rows(tables.records) == []


async def test_a_frame_of_just_under_1_mib_is_taken(agent: Agent, talk: Talk) -> None:
    received = agent.lanes.push("backfill", visit("1", comment="x" * (MAX_FRAME_BYTES - 500)))
    assert MAX_FRAME_BYTES - 500 < len(received.text) < MAX_FRAME_BYTES
    await talk.socket.send(received.text)

    await talk.acked(1, "backfill")


async def test_pushes_before_a_broken_rule_are_committed(hub: Hub, talk: Talk) -> None:
    await talk.push("live", visit("1"))
    await talk.socket.send("no frame")

    assert await talk.closed() == 4400
    assert len(await hub.rows(tables.records)) == 1


# Life


async def test_silence_ends_the_link(hub: Hub, talk: Talk) -> None:
    talk.socket.transport.pause_reading()  # like a PC that lost its power: no pong, no close

    async def forgotten() -> bool:
        return not hub.registry.connected()

    await eventually(forgotten)


async def test_a_beat_keeps_the_link(hub: Hub, talk: Talk) -> None:
    until = asyncio.get_running_loop().time() + 3 * QUICK.silence
    while asyncio.get_running_loop().time() < until:
        await (await talk.socket.ping())
        await asyncio.sleep(QUICK.silence / 6)

    await talk.acked(await talk.push("live", visit("1")))


async def test_every_byte_is_a_sign_of_life(hub: Hub, agent: Agent, talk: Talk) -> None:
    """A frame that takes longer than the allowed silence, on a narrow line: it arrives."""
    text = agent.lanes.push("live", visit("1")).text.encode()
    mask = b"\0\0\0\0"
    header = bytes([0x81, 0x80 | 126]) + struct.pack("!H", len(text)) + mask
    data = header + text
    step = len(data) // 20
    talk.socket.transport.pause_reading()  # no pong either
    for start in range(0, len(data), step):
        talk.socket.transport.write(data[start : start + step])
        await asyncio.sleep(QUICK.silence / 6)

    await eventually(lambda: hub.rows(tables.records))


# State


def state(**fields: Any) -> State:
    return State(**{"mis": "ok", **fields})


async def test_a_state_becomes_the_standing_of_its_database(hub: Hub, talk: Talk) -> None:
    await talk.say(
        state(
            read_through=AT,
            verified_through=AT,
            outbox=OutboxDepth(live=2, backfill=40, oldest_seconds=1.5),
            clock_offset_seconds=0.4,
            capabilities={"order_journal": True},
        )
    )

    async def told() -> Any:
        row = await hub.database()
        return row if row.mis else None

    row = await eventually(told)
    assert (row.mis, row.read_through, row.verified_through, row.outbox_depth) == ("ok", AT, AT, 42)
    assert json.loads(row.state)["capabilities"] == {"order_journal": True}
    assert row.loaded_at is None


async def test_a_first_load_is_known_once_a_whole_pass_was_made_and_nothing_waits(hub: Hub, talk: Talk) -> None:
    async def loaded_after(**fields: Any) -> bool:
        before = (await hub.database()).state_at
        await talk.say(state(**fields))

        async def stored() -> bool:
            return bool((await hub.database()).state_at != before)

        await eventually(stored)
        return (await hub.database()).loaded_at is not None

    assert not await loaded_after(mis="busy")
    assert not await loaded_after(verified_through=AT, outbox=OutboxDepth(live=1))
    assert await loaded_after(mis="busy", verified_through=AT)
    first = (await hub.database()).loaded_at
    assert await loaded_after(verified_through=AT)
    assert (await hub.database()).loaded_at == first


async def test_of_many_states_the_newest_is_stored_and_few_are(
    hub: Hub, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[int] = []

    async def counted(unit: Unit, database: str, told: State) -> None:
        await put_state(unit, database, told)
        assert told.read_through
        stored.append(told.read_through.second)

    monkeypatch.setattr("hub.link.connection.put_state", counted)
    began = asyncio.get_running_loop().time()
    for second in range(30):
        await talk.say(state(read_through=datetime(2026, 11, 23, 12, 0, second, tzinfo=UTC)))
        await (await talk.socket.ping())  # time enough to store each of them

    async def newest() -> bool:
        return stored[-1:] == [29]

    await eventually(newest)
    assert len(stored) <= 2 + (asyncio.get_running_loop().time() - began) / QUICK.state_every


async def test_that_the_mis_went_down_is_stored_at_once(hub: Hub, talk: Talk) -> None:
    await talk.say(state())
    await talk.say(state(mis="down"))

    async def down() -> bool:
        return bool((await hub.database()).mis == "down")

    await eventually(down)


async def test_what_was_pushed_before_a_state_is_durable_before_it(hub: Hub, talk: Talk, gate: asyncio.Event) -> None:
    """With an empty outbox, what `read_through` speaks of is in the hub."""
    await talk.push("live", visit("1"))
    await talk.say(state(read_through=AT))
    assert await nothing_comes(talk)
    assert (await hub.database()).read_through is None
    gate.set()

    async def told() -> bool:
        return (await hub.database()).read_through is not None

    await eventually(told)
    assert len(await hub.rows(tables.records)) == 1


# The store fails


async def test_a_store_that_fails_ends_the_link_and_the_agent_may_come_again(
    hub: Hub, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    async with agent.linked() as talk:
        with monkeypatch.context() as broken:
            broken.setattr(hub.inbox, "take", full)
            await talk.push("live", visit("1"))
            assert await talk.closed() == 1013
    agent.lanes.sent.clear()
    async with agent.linked() as talk:
        await talk.acked(await talk.push("live", visit("1")))


async def test_a_link_whose_lanes_were_moved_by_another_stores_nothing(hub: Hub, talk: Talk) -> None:
    """As by another node of the hub: this process does not know of it."""
    await hub.write(update(tables.databases).values(generation=5))
    await talk.push("live", visit("1"))

    assert await talk.closed() == 1013
    assert await hub.rows(tables.records) == []


# Ending


async def test_a_revoked_agent_is_cut_off(hub: Hub, talk: Talk) -> None:
    async with hub.store.writing(hub.account) as unit:
        assert await agents.revoke(unit, "ag_1")
    await hub.server.cut_revoked()

    assert await talk.goaway() == "revoked"
    assert await talk.closed() == 4401


async def test_the_look_at_the_revoked_leaves_the_others_alone(hub: Hub, agent: Agent) -> None:
    other = await Agent(hub, "ag_2", "db_2").enrol()
    async with agent.linked() as one, other.linked() as two:
        async with hub.store.writing(hub.account) as unit:
            await agents.revoke(unit, "ag_1")
        await hub.server.cut_revoked()

        assert await one.closed() == 4401
        await two.acked(await two.push("live", visit("1")))


async def test_who_is_revoked_is_looked_at_again_and_again(hub: Hub, talk: Talk) -> None:
    watch = asyncio.get_running_loop().create_task(hub.server.watch_revoked())
    async with hub.store.writing(hub.account) as unit:
        await agents.revoke(unit, "ag_1")

    assert await talk.closed() == 4401
    watch.cancel()


async def test_with_the_products_times_a_revoked_agent_is_cut_off_within_a_second(store: Store) -> None:
    async with serving(store, TIMES) as hub:
        agent = await Agent(hub).enrol()
        async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(hub.server.watch_revoked())
            await asyncio.sleep(0)  # it has just looked: the next look comes as late as it may
            async with hub.store.writing(hub.account) as unit:
                await agents.revoke(unit, "ag_1")
            begun = asyncio.get_running_loop().time()
            assert await talk.goaway() == "revoked"
            took = asyncio.get_running_loop().time() - begun
            watch.cancel()

    assert took < 1


@pytest.mark.parametrize(
    ("links", "all_gone_after"), [(1, 0.01), (100, 1), (1000, 10), (10_000, 10)], ids=lambda given: str(given)
)
def test_a_stopping_hub_spreads_its_agents_over_at_most_ten_seconds(links: int, all_gone_after: float) -> None:
    assert links * TIMES.between(links) == pytest.approx(all_gone_after)


async def test_a_stopping_hub_lets_its_agents_go_one_after_another_and_serves_the_others_meanwhile(
    store: Store,
) -> None:
    async with serving(store, replace(QUICK, leaving=2, leaving_each=0.3)) as hub:
        one, two = await Agent(hub).enrol(), await Agent(hub, "ag_2", "db_2").enrol()
        async with one.linked() as first, two.linked() as second:
            leaving = asyncio.get_running_loop().create_task(hub.server.leave())
            gone = [asyncio.get_running_loop().create_task(talk.closed()) for talk in (first, second)]
            await asyncio.wait(gone, return_when=asyncio.FIRST_COMPLETED)
            (stays,) = [talk for talk, end in zip((first, second), gone, strict=True) if not end.done()]

            await stays.acked(await stays.push("live", visit("1")))
            assert await stays.goaway() == "restart"
            await leaving


async def test_a_stopping_hub_commits_says_goodbye_and_takes_nobody_any_more(hub: Hub, agent: Agent) -> None:
    async with agent.linked() as talk:
        async with a_busy_store(hub):
            seq = await talk.push("live", visit("1"))
            await (await talk.socket.ping())
            leaving = asyncio.get_running_loop().create_task(hub.server.leave())
            await asyncio.sleep(0)
        await leaving
        await talk.acked(seq)

        assert await talk.goaway() == "restart"
        assert await talk.closed() == 1001
        assert len(await hub.rows(tables.records)) == 1


async def test_the_registry_knows_who_is_connected(hub: Hub, agent: Agent) -> None:
    assert hub.registry.connected() == frozenset()
    async with agent.linked():
        assert hub.registry.connected() == {(1, "db_1")}

    async def gone() -> bool:
        return not hub.registry.connected()

    await eventually(gone)


async def test_an_erased_database_is_no_link(hub: Hub, agent: Agent) -> None:
    await hub.write(delete(tables.databases).where(tables.databases.c.id == "db_1"))
    async with agent.dialled() as talk:
        await talk.hello()

        assert (await talk.closed(), await talk.reason()) == (4403, "no_such_database")
