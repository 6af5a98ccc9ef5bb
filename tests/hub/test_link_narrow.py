"""A first load over 1 Mbit/s, 150 ms each way and 1 % loss, with the product's own times: nobody takes a busy line for a dead one, and
operators are answered meanwhile. How long it takes is for `python -m benchmarks F6`."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from agent.link import Link
from agent.outbox import Outbox, Reading, open_outbox
from agent.standing import Standing
from demo.narrow import Line, Narrow
from demo.relay import Relay
from hub.link.lookups import Lookups
from hub.link.times import TIMES
from hub.store import tables
from hub.store.engine import Store, open_store
from hub.store.vault import KeyFiles
from tests.hub.linked import NOON, Hub, eventually, serving
from tests.hub.test_link_with_agent import enrolled
from wire.frames import Ask
from wire.lookup import CardAnswer, CardQuestion
from wire.model import Patient

PATIENTS = 700
WITHIN_SECONDS = 5.0
"""How quick they are is no matter of a test; a line that is full answers in one or two."""


class Knows:
    """A clinic that knows one patient."""

    async def answer(self, _ask: Ask) -> dict[str, Any]:
        return CardAnswer(patients=(), read_at=NOON).dump()


@pytest.fixture
async def store(sqlite_url: str, keys: KeyFiles) -> AsyncIterator[Store]:
    async with open_store(sqlite_url, keys) as opened:
        yield opened


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    async with serving(store, TIMES) as running:
        yield running


async def load(outbox: Outbox) -> None:
    """What a first reading finds: about 400 bytes each."""
    await outbox.record(
        [
            Reading("patient", str(number), NOON, Patient(id=str(number), name=f"P{number} " + "n" * 250))
            for number in range(PATIENTS)
        ],
        lane="backfill",
    )


async def test_a_first_load_ends_on_its_first_connection_while_cards_are_answered(hub: Hub, tmp_path: Path) -> None:
    answered = 0
    async with (
        Relay(0, urlsplit(hub.address).port or 0, Narrow(Line(), seed=1).pump) as relay,
        open_outbox(tmp_path / "outbox.db", secrets.token_bytes(32), ()) as outbox,
    ):
        who = await enrolled(hub, tmp_path, f"127.0.0.1:{relay.port}")
        link = Link(who, outbox, Standing(), fields=(), state_every=10, software="1", lookup=Knows())
        lookups = Lookups(hub.registry)

        async def is_empty() -> bool:
            return (await outbox.depth()).backfill == 0

        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(link.run())
            await eventually(outbox.generation)
            await load(outbox)
            while not await is_empty():
                await lookups.card(hub.account, "db_1", CardQuestion(patient_ids=("1",)), WITHIN_SECONDS)
                answered += 1
            running.cancel()

    assert relay.connections == 1
    assert len(await hub.rows(tables.records)) == PATIENTS
    assert answered > 1
