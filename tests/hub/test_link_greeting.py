"""Who may open a link, and from where its lanes go on."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from hub.clock import machine_now
from hub.store import tables
from hub.store.engine import Store
from tests.hub.linked import NOON, Agent, Hub, eventually, serving
from tests.hub.pushes import visit
from wire.frames import DatabaseName, PassBegin, Position
from wire.lanes import START


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    async with serving(store) as running:
        yield running


@pytest.fixture
async def agent(hub: Hub) -> Agent:
    return await Agent(hub).enrol()


# The upgrade


async def test_an_agent_of_another_protocol_is_refused_before_the_upgrade(agent: Agent) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with agent.dialled("ident-link.v0"):
            pass

    assert refused.value.response.status_code == 400


async def test_of_several_protocols_the_known_one_is_taken_without_compression(agent: Agent) -> None:
    known, other = Subprotocol("ident-link.v1"), Subprotocol("ident-link.v9")
    async with connect(agent.url, subprotocols=[other, known], compression="deflate", proxy=None) as socket:
        assert socket.subprotocol == known
        assert socket.response
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_the_hub_speaks_first_and_never_twice_the_same(agent: Agent) -> None:
    async with agent.dialled() as one, agent.dialled() as other:
        first, second = await one.challenged(), await other.challenged()

    assert first.hub == "hub_1"
    assert abs(machine_now() - first.time) < timedelta(seconds=60)
    assert first.nonce != second.nonce


# Who it is


async def test_a_first_hello_begins_generation_1_and_the_life_of_the_database(hub: Hub, agent: Agent) -> None:
    async with agent.dialled() as talk:
        await talk.hello()
        welcome = await talk.welcomed()

    assert (welcome.generation, {lane: start.seq for lane, start in welcome.lanes.items()}) == (
        1,
        {"live": 0, "backfill": 0},
    )
    assert welcome.credit == 128 << 10
    row = await hub.database()
    assert (row.generation, row.live_since) == (1, NOON)


async def test_a_false_signature_is_refused(agent: Agent) -> None:
    agent.key = Ed25519PrivateKey.generate()
    async with agent.dialled() as talk:
        await talk.hello()

        assert (await talk.closed(), await talk.reason()) == (4401, "unauthorised")


async def test_a_signature_over_another_nonce_is_refused(agent: Agent) -> None:
    async with agent.dialled() as other:
        stolen = agent.hello(await other.challenged())
    async with agent.dialled() as talk:
        await talk.challenged()
        await talk.say(stolen)

        assert await talk.closed() == 4401


async def test_a_signature_for_another_hub_is_refused(agent: Agent) -> None:
    async with agent.dialled() as talk:
        challenge = await talk.challenged()
        await talk.say(agent.hello(challenge.model_copy(update={"hub": "hub_2"})))

        assert await talk.closed() == 4401


@pytest.mark.parametrize("signature", ["", "!", "AAAA", "Канарейкин"])
async def test_what_is_no_signature_is_refused(agent: Agent, signature: str) -> None:
    async with agent.dialled() as talk:
        await talk.hello(signature=signature)

        assert await talk.closed() == 4401


async def test_an_unknown_agent_is_refused_in_the_same_words(hub: Hub) -> None:
    async with Agent(hub, "ag_unknown").dialled() as talk:
        await talk.hello()

        assert (await talk.closed(), await talk.reason()) == (4401, "unauthorised")


async def test_a_revoked_agent_is_refused_in_the_same_words(hub: Hub, agent: Agent) -> None:
    await hub.write(update(tables.agents).values(revoked_at=machine_now()))
    async with agent.dialled() as talk:
        await talk.hello()

        assert (await talk.closed(), await talk.reason()) == (4401, "unauthorised")


async def test_an_agent_speaks_for_its_own_database_only(agent: Agent) -> None:
    async with agent.dialled() as talk:
        await talk.hello(database=DatabaseName(id="db_2", fingerprint=""))

        assert (await talk.closed(), await talk.reason()) == (4403, "not_its_database")


async def test_an_agent_belongs_to_its_account(hub: Hub, agent: Agent) -> None:
    """db_1 exists in both accounts; what this agent pushes must land in the account that enrolled it."""
    stranger = await Agent(hub, "ag_2").enrol(account=2)
    async with stranger.linked() as talk:
        await talk.acked(await talk.push("live", visit("1")))

    assert [row.account_id for row in await hub.rows(tables.records)] == [2]
    assert hub.registry.connected() <= {(2, "db_1")}


async def test_a_frame_before_the_hello_closes(agent: Agent) -> None:
    async with agent.dialled() as talk:
        await talk.challenged()
        await talk.socket.send('{"t":"state","mis":"ok"}')

        assert await talk.closed() == 4409


async def test_what_is_no_frame_instead_of_the_hello_closes(agent: Agent) -> None:
    async with agent.dialled() as talk:
        await talk.challenged()
        await talk.socket.send('{"t":"hello","agent":7}')

        assert await talk.closed() == 4400


async def test_who_says_nothing_is_let_go(agent: Agent) -> None:
    async with agent.dialled() as talk:
        await talk.challenged()

        assert await talk.closed() == 1013


# Which database it reads


async def test_a_database_that_lost_some_old_rows_is_known_again(hub: Hub, agent: Agent) -> None:
    agent.fingerprint = "a b c d"
    async with agent.linked():
        pass
    agent.fingerprint = "c d e f"
    async with agent.linked():
        assert (await hub.database()).fingerprint == "a b c d"


async def test_the_first_known_fingerprint_is_kept(hub: Hub, agent: Agent) -> None:
    async with agent.linked():
        assert (await hub.database()).fingerprint is None
    agent.fingerprint = "abc"
    async with agent.linked():
        assert (await hub.database()).fingerprint == "abc"


async def test_another_database_behind_the_same_agent_is_refused(agent: Agent) -> None:
    agent.fingerprint = "abc"
    async with agent.linked():
        pass
    agent.fingerprint = "xyz"
    async with agent.dialled() as talk:
        await talk.hello()

        assert (await talk.closed(), await talk.reason()) == (4403, "another_database_than_before")


async def test_a_database_under_a_second_record_is_refused_by_name(hub: Hub, agent: Agent) -> None:
    agent.fingerprint = "abc"
    async with agent.linked():
        pass
    second = await Agent(hub, "ag_2", "db_2").enrol()
    second.fingerprint = "abc"
    async with second.dialled() as talk:
        await talk.hello()

        assert (await talk.closed(), await talk.reason()) == (4403, "known_as_db_1")


async def test_a_database_of_another_account_is_refused_without_its_name(hub: Hub, agent: Agent) -> None:
    agent.fingerprint = "abc"
    async with agent.linked():
        pass
    stranger = await Agent(hub, "ag_2").enrol(account=2)
    stranger.fingerprint = "abc"
    async with stranger.dialled() as talk:
        await talk.hello()

        assert (await talk.closed(), await talk.reason()) == (4403, "known_elsewhere")


async def test_a_refused_greeting_leaves_the_open_link_alone(hub: Hub, agent: Agent) -> None:
    agent.fingerprint = "abc"
    async with agent.linked() as talk:
        impostor = Agent(hub)
        async with impostor.dialled() as other:
            await other.hello()
            await other.closed()
        replaced = Agent(hub)
        replaced.key, replaced.fingerprint = agent.key, "xyz"
        async with replaced.dialled() as other:
            await other.hello()
            assert await other.closed() == 4403

        await talk.acked(await talk.push("live", visit("1")))


# From where


async def test_a_link_goes_on_where_the_hub_stands(agent: Agent) -> None:
    async with agent.linked() as talk:
        seq = await talk.push("live", visit("1"), visit("2"))
        await talk.acked(seq)
    async with agent.linked() as talk:
        assert talk.welcome.generation == 1
        assert talk.welcome.lanes["live"].seq == seq


async def test_a_push_whose_ack_was_lost_is_found_among_the_unacked(agent: Agent) -> None:
    async with agent.linked() as talk:
        first = await talk.push("live", visit("1"))
        await talk.acked(first)
        acked = agent.lanes.sent["live"]
        await talk.acked(await talk.push("live", visit("2")))
        durable = agent.lanes.sent["live"]
    agent.lanes.push("live", visit("3"))  # sent into a broken connection
    lost = agent.lanes.sent["live"]
    async with agent.dialled() as talk:
        await talk.hello(lanes={"live": (acked, durable, lost), "backfill": (START,)})
        welcome = await talk.welcomed()

    assert (welcome.generation, welcome.lanes["live"].seq) == (1, durable.seq)


async def test_an_older_copy_of_the_outbox_begins_a_new_generation(hub: Hub, agent: Agent) -> None:
    async with agent.linked() as talk:
        await talk.acked(await talk.push("live", visit("1")))
        older = agent.lanes.sent["live"]
        await talk.acked(await talk.push("live", visit("2")))
    async with agent.dialled() as talk:
        await talk.hello(lanes={"live": (older,), "backfill": (START,)})
        welcome = await talk.welcomed()

    assert (welcome.generation, welcome.lanes["live"].seq) == (2, 0)
    assert {row.lane: (row.seq, row.digest) for row in await hub.rows(tables.lanes)} == {
        "live": (0, ""),
        "backfill": (0, ""),
    }


async def test_another_history_at_the_same_seq_begins_a_new_generation(agent: Agent) -> None:
    async with agent.linked() as talk:
        seq = await talk.push("live", visit("1"))
        await talk.acked(seq)
    async with agent.dialled() as talk:
        await talk.hello(lanes={"live": (Position(seq=seq, digest="0" * 32),), "backfill": (START,)})

        assert (await talk.welcomed()).generation == 2


async def test_an_older_copy_of_the_hub_begins_a_generation_above_both(hub: Hub, agent: Agent) -> None:
    async with agent.linked():
        pass
    agent.generation = 7
    async with agent.dialled() as talk:
        await talk.hello()

        assert (await talk.welcomed()).generation == 8
    assert (await hub.database()).generation == 8


async def test_a_new_generation_forgets_passes_and_keeps_the_day_of_the_first_welcome(hub: Hub, agent: Agent) -> None:
    async with agent.linked() as talk:
        await talk.socket.send(agent.lanes.mark(PassBegin, "visit").text)
        await talk.acked(1, "backfill")
    before = NOON - timedelta(days=3)
    await hub.write(update(tables.databases).values(live_since=before))
    agent.generation = 0
    async with agent.linked():
        assert await hub.rows(tables.passes) == []
        assert (await hub.database()).live_since == before


# Several at once


async def test_the_same_instance_dials_again_and_takes_over(hub: Hub, agent: Agent) -> None:
    async with agent.linked() as old:
        await old.push("live", visit("1"))
        await old.acked(1)
        async with agent.linked() as new:
            assert await old.closed() == 1000
            await new.acked(await new.push("live", visit("2")))
        assert [row.key for row in await hub.rows(tables.records)] == ["1", "2"]


async def test_another_instance_supersedes(hub: Hub, agent: Agent) -> None:
    async with agent.linked() as old:
        agent.instance = "another"
        async with agent.linked() as new:
            assert await old.goaway() == "superseded"
            assert await old.closed() == 4408
            await new.acked(await new.push("live", visit("1")))
            assert hub.registry.connected() == {(1, "db_1")}


async def test_an_agent_on_a_new_pc_ends_the_older_one_for_good(hub: Hub, agent: Agent) -> None:
    newer = await Agent(hub, "ag_2").enrol(at=machine_now() + timedelta(seconds=1))
    async with agent.linked() as old:
        async with newer.linked() as new:
            assert await old.closed() == 4408
            assert new.welcome.generation == 2  # another outbox: everything is read again
            async with agent.dialled() as back:
                await back.hello()
                assert await back.closed() == 4401
            await new.acked(await new.push("live", visit("1")))


async def test_an_older_agent_does_not_end_a_newer_one(hub: Hub, agent: Agent) -> None:
    newer = await Agent(hub, "ag_2").enrol(at=machine_now() + timedelta(seconds=1))
    async with agent.linked():
        pass
    async with newer.linked():
        rows = {row.id: row.revoked_at for row in await hub.rows(tables.agents)}

    assert (rows["ag_1"] is None, rows["ag_2"]) == (False, None)


async def test_greetings_of_one_database_come_one_after_another(hub: Hub, agent: Agent) -> None:
    """Many connections of one instance at once: the last to be greeted holds the link, and no push is stored twice."""

    async def one() -> None:
        async with agent.dialled() as talk:
            await talk.hello()
            await talk.welcomed()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(10):
            tasks.create_task(one())
    agent.generation = (await hub.database()).generation
    async with agent.linked() as talk:
        await talk.acked(await talk.push("live", visit("1")))

    async def gone() -> bool:
        return not hub.registry.connected()

    await eventually(gone)


# Privacy


async def test_a_refused_greeting_repeats_nothing_of_what_came(agent: Agent, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with agent.dialled() as talk:
        await talk.challenged()
        await talk.socket.send('{"t":"hello","Канарейкин":1,"lanes":{"+79990001234":[]}}')
        reason = await talk.reason()

    told = reason + "".join(str(vars(record)) for record in caplog.records if not record.name.startswith("websockets"))
    assert "Канарейкин" not in told
    assert "79990001234" not in told


async def test_a_plain_request_is_no_link(hub: Hub) -> None:
    host, port = hub.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /agent/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 400")
