"""One long history in a large clinic: a million edits on half a million rows, with transactions, a scan that goes on beside them, a line
that breaks and power cuts. What stands there in the end is with the hub, and nothing that was rolled back ever was."""

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from itertools import islice
from random import Random

import pytest

from agent.deleted import Word
from tests.agent.scan.histories import BETRAYED, SILENT, STEPS, TROUBLE, Player, Size, told
from tests.agent.scan.world import Hub, World, world
from wire.frames import PassBegin, PassEnd, Push

FROM = int(os.environ.get("SEED", "0"))
EDITS_BETWEEN_STEPS = 400
NEVER = 999_999_999
"""The patient of visits whose transaction is rolled back."""
EDITS = tuple(kind for kind in (*BETRAYED, *SILENT) if kind != "touch")
BETWEEN = (*STEPS, "push", "lose push", "lose ack")
ACCIDENTS = tuple(kind for kind in TROUBLE if kind not in BETWEEN)


@dataclass(frozen=True)
class Scale:
    """A clinic and a history; a person is two rows, a bill as well."""

    patients: int
    visits: int
    bills: int
    edits: int

    @property
    def rows(self) -> int:
        """Before the first edit."""
        return 2 * self.patients + self.visits + 2 * self.bills


SHARE = Scale(patients=150, visits=600, bills=50, edits=4_000)
WHOLE = Scale(patients=60_000, visits=300_000, bills=40_000, edits=1_000_000)


class Suspicious(Hub):
    """Notices what was never committed."""

    def _apply(self, frame: Push | PassBegin | PassEnd) -> None:
        if isinstance(frame, Push):
            for change in frame.changes:
                assert (change.value or {}).get("patient_id") != str(NEVER), (
                    f"{change.kind} {change.key} was rolled back"
                )
        super()._apply(frame)
        self.told.clear()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scale", [SHARE, pytest.param(WHOLE, marks=pytest.mark.long)])
def test_a_long_history_in_a_large_clinic(scale: Scale) -> None:
    asyncio.run(play(scale, FROM))


async def play(scale: Scale, seed: int) -> None:
    """Raises `AssertionError` where the hub is wrong. Tells how far it is on stderr."""
    async with world(start=False) as here:
        here.hub = Suspicious()
        size = Size(keys=scale.visits, owners=scale.patients, days=3650)
        await here.start()
        furnish(here, scale, size)
        say(f"{scale.rows} rows")
        await here.load(scale.rows)
        say("loaded")
        player = Player(here, size)
        history = told(seed, EDITS, scale.edits, 10 * scale.visits)
        luck = Random(seed)  # noqa: S311 a history, no secret
        for done in range(0, scale.edits, EDITS_BETWEEN_STEPS):
            for event in islice(history, EDITS_BETWEEN_STEPS):
                await player.play(event)
            await look(player, luck)
            if done * 10 // scale.edits != (done + EDITS_BETWEEN_STEPS) * 10 // scale.edits:
                say(f"{done + EDITS_BETWEEN_STEPS} edits")
            if done == scale.edits // 2:
                await player.play(("touch", 0, 0))
        player.commit_all()
        here.mis.after.clear()
        Word(here.clinic.path.parent).give()
        await here.verify(scale.rows)
        say("verified")
        await here.check()


def furnish(here: World, scale: Scale, size: Size) -> None:
    """What was there before."""
    player = Player(here, size)
    for number in range(scale.patients):
        player.edit("quiet patient", number + 1, number)
    for number in range(scale.visits):
        player.edit("visit", number + 1, 7919 * number)
    for number in range(scale.bills):
        player.edit("quiet bill", number + 1, number)
    here.clinic.pass_time(3600)


async def look(player: Player, luck: Random) -> None:
    """A transaction that will be rolled back is open meanwhile; now and then something happens on the way."""
    clinic, mis = player.here.clinic, player.here.mis
    key = luck.randrange(player.size.keys) + 1
    never = mis.begin(lambda version: clinic.visit(key, NEVER, version=version))
    kinds = BETWEEN if luck.random() < 0.95 else ACCIDENTS
    await player.play((luck.choice(kinds), luck.randrange(1000), luck.randrange(1000)))
    player.here.mis.open.pop(never)


def say(text: str) -> None:
    print(f"{time.monotonic() - BEGUN:7.1f} s  {text}", file=sys.stderr, flush=True)


BEGUN = time.monotonic()

if __name__ == "__main__":
    asyncio.run(play(WHOLE, int(sys.argv[1])))
