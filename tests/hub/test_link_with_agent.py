"""The agent's real link and outbox against the hub's real link and inbox, over a network that is cut and that hangs."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agent import identity
from agent.link import Link
from agent.outbox import Outbox, Reading, open_outbox
from agent.standing import Standing
from hub import agents
from hub.inbox import record_place
from hub.link.times import Times
from hub.store import tables
from hub.store.engine import Store
from tests.hub.linked import NOON, PATIENCE, Hub, eventually, serving
from tests.hub.relay import Relay, Way, relaying
from wire.model import Patient

FIELDS = ("patient.name",)
BRISK = Times(silence=1, greeting=1, closing=0.3, draining=1, state_every=0.05, revoked_every=0.05, leaving=0.1)
SLACK = 0.6
"""For a machine that is busy."""
KEYS = [str(number) for number in range(1, 13)]


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    async with serving(store, BRISK) as running:
        yield running


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with open_outbox(tmp_path / "outbox.db", secrets.token_bytes(32), FIELDS) as opened:
        yield opened


@pytest.fixture
async def relay(hub: Hub) -> AsyncIterator[Relay]:
    async with relaying(urlsplit(hub.address).port or 0) as between:
        yield between


async def enrolled(hub: Hub, folder: Path, at: str) -> identity.Identity:
    """As the clinic does it: the agent's own code, over HTTP."""
    async with hub.store.writing(hub.account) as unit:
        code = await agents.new_code(unit, "db_1")
    who = await asyncio.to_thread(identity.enroll, folder, hub.address, code)
    who.link = who.link.replace(urlsplit(hub.address).netloc, at)
    return who


@asynccontextmanager
async def an_agent(who: identity.Identity, outbox: Outbox) -> AsyncIterator[Link]:
    """It dials again at once, and hears silence in a second."""
    link = Link(who, outbox, Standing(), fields=FIELDS, state_every=0.2, software="1", unit=0.2, luck=lambda: 0.05)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(link.run())
        await eventually(outbox.generation)  # what was recorded before the first welcome is read again, by a scan
        try:
            yield link
        finally:
            running.cancel()


async def record(outbox: Outbox, key: str, version: int) -> None:
    await outbox.record([Reading("patient", key, NOON, Patient(id=key, name=f"v{version}"))], lane="live")


async def held(hub: Hub) -> dict[str, int]:
    async with hub.store.reading(hub.account) as unit:
        rows = await unit.execute(tables.records.select())
        found = {}
        for row in rows:
            text = unit.vault.open(row.sealed_value, record_place(row.database, (row.kind, row.key)))
            found[row.key] = int((Patient.model_validate_json(text).name or "").removeprefix("v"))
        return found


async def comes_to_hold(hub: Hub, outbox: Outbox, expected: dict[str, int]) -> None:
    async def settled() -> bool:
        depth = await outbox.depth()
        return depth.live + depth.backfill == 0

    async with asyncio.timeout(4 * PATIENCE):
        await eventually(settled)
    assert await held(hub) == expected


async def test_an_agent_enrols_and_what_it_records_becomes_durable(
    hub: Hub, outbox: Outbox, relay: Relay, tmp_path: Path
) -> None:
    async with an_agent(await enrolled(hub, tmp_path, relay.address), outbox):
        for key in KEYS:
            await record(outbox, key, int(key))

        await comes_to_hold(hub, outbox, {key: int(key) for key in KEYS})
        assert hub.registry.connected() == {(1, "db_1")}


@pytest.mark.parametrize("seed", range(2))
async def test_a_network_that_is_cut_again_and_again_loses_nothing_and_repeats_nothing(
    hub: Hub, outbox: Outbox, relay: Relay, tmp_path: Path, seed: int
) -> None:
    luck = random.Random(seed)  # noqa: S311 seeded chance
    last: dict[str, int] = {}
    async with an_agent(await enrolled(hub, tmp_path, relay.address), outbox):
        for version in range(1, 201):
            key = luck.choice(KEYS)
            await record(outbox, key, version)
            last[key] = version
            if luck.random() < 0.1:
                await asyncio.sleep(luck.random() / 20)
                relay.cut()

        await comes_to_hold(hub, outbox, last)
    assert relay.connections > 1
    assert (await hub.database()).generation == 1


async def test_a_network_that_hangs_is_noticed_by_both_ends(
    hub: Hub, outbox: Outbox, relay: Relay, tmp_path: Path
) -> None:
    async with an_agent(await enrolled(hub, tmp_path, relay.address), outbox) as link:
        await record(outbox, "1", 1)
        await comes_to_hold(hub, outbox, {"1": 1})
        relay.hang()
        await record(outbox, "1", 2)

        async def both_gave_up() -> bool:
            return link.stand.phase != "open" and not hub.registry.connected()

        await eventually(both_gave_up)
        relay.flow()
        relay.cut()

        await comes_to_hold(hub, outbox, {"1": 2})
    assert (await hub.database()).generation == 1


@pytest.mark.parametrize("ways", [("there", "back"), ("there",), ("back",)], ids=" and ".join)
async def test_a_line_that_is_half_open_is_found_by_whoever_hears_nothing_within_the_silence_allowed(
    hub: Hub, outbox: Outbox, relay: Relay, tmp_path: Path, ways: tuple[Way, ...]
) -> None:
    """Both ends allow 1 s here, the product's 5: all of it is scaled alike."""
    loop = asyncio.get_running_loop()
    async with an_agent(await enrolled(hub, tmp_path, relay.address), outbox) as link:
        relay.swallow(*ways)
        begun, found = loop.time(), dict[str, float]()

        async def both_found() -> bool:
            if link.stand.phase != "open":
                found.setdefault("agent", loop.time() - begun)
            if not hub.registry.connected():
                found.setdefault("hub", loop.time() - begun)
            return len(found) == 2

        await eventually(both_found)

    hears_nothing = [*(["hub"] if "there" in ways else []), *(["agent"] if "back" in ways else [])]
    for end in hears_nothing:
        assert 0.5 < found[end] < BRISK.silence + SLACK
    assert max(found.values()) < 2 * BRISK.silence + SLACK  # the other one hears of it, or nothing any more


async def test_a_restarted_agent_takes_the_place_of_its_dead_connection(
    hub: Hub, outbox: Outbox, relay: Relay, tmp_path: Path
) -> None:
    who = await enrolled(hub, tmp_path, relay.address)
    async with an_agent(who, outbox):
        await record(outbox, "1", 1)
        await comes_to_hold(hub, outbox, {"1": 1})
        relay.strand()
    (dead,) = hub.registry.links()
    async with an_agent(who, outbox):
        await record(outbox, "1", 2)
        await comes_to_hold(hub, outbox, {"1": 2})

        assert hub.registry.links() != [dead]
    assert (await hub.database()).generation == 1


async def test_a_stopping_hub_leaves_nothing_behind_and_the_agent_waits_for_the_next(
    hub: Hub, outbox: Outbox, relay: Relay, tmp_path: Path
) -> None:
    async with an_agent(await enrolled(hub, tmp_path, relay.address), outbox) as link:
        await record(outbox, "1", 1)
        await comes_to_hold(hub, outbox, {"1": 1})
        await hub.server.leave()
        await record(outbox, "1", 2)

        async def waits() -> bool:
            return link.stand.phase == "waiting"

        await eventually(waits)
        assert (await outbox.depth()).live == 1
        hub.server._leaving = False  # the next process

        await comes_to_hold(hub, outbox, {"1": 2})
