"""`kill -9` at the awaits of scan, outbox, send and ack: whatever the agent was about to do, the next one brings the hub to the truth."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.agent.kills.awaits import PARTS, Place, places
from tests.agent.kills.day import Victim, clinic_and_hub, dies, victims

SHARE = 20
"""`make test` kills at one await of so many; `make test-long` at each, there the first time and the third."""
UNREACHED = {
    "_talk": "the hub speaks another language",
    "last": "a person asks for the journal of answers",
    "depth": "only tests ask",
    "times": "only tests ask",
    "_live": "a database without rowversions",
    "_indexed": "an index on rowversions",
    "_since": "an index on rowversions",
}
"""Functions with awaits to which this day does not lead, and what would. What they do is read-only, or is done elsewhere too."""
FIRST = int(os.environ.get("SEED", "7")) % SHARE


async def deaths(chosen: list[Place], after: int) -> list[Place]:
    """Let an agent die at each of these; returns those that it never came to."""
    unreached: list[Place] = []
    async with victims() as process:
        for place in chosen:
            with tempfile.TemporaryDirectory() as folder:
                async with clinic_and_hub(Path(folder)) as (here, hub, address):
                    victim = Victim(process, Path(folder), address)
                    if not await dies(victim, here, hub, place.number, after):
                        unreached.append(place)
    return unreached


def test_the_list_holds_every_part() -> None:
    found = places()

    assert [place.number for place in found] == list(range(len(found)))
    assert {place.module.split(".")[1] for place in found} == set(PARTS)
    named = {(place.module, place.function) for place in found}
    assert {
        ("agent.scan.scan", "_live"),
        ("agent.outbox.outbox", "record"),
        ("agent.link.conversation", "_push"),
    } <= named


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_a_share_of_all_awaits() -> None:
    chosen = places()[FIRST::SHARE]
    print(f"SEED={FIRST}: {', '.join(map(str, chosen))}")

    unreached = await deaths(chosen, after=1)

    assert [place.function for place in unreached if place.function not in UNREACHED] == []
    assert len(unreached) < len(chosen) / 2


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("after", [1, 3])
async def test_every_await(after: int) -> None:
    unreached = await deaths(places(), after)

    assert after > 1 or {place.function for place in unreached} <= UNREACHED.keys()
