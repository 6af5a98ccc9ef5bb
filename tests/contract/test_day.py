"""A day at the clinic, played act by act, through agent and hub into a CRM: what stands there at night is what the oracle says."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from demo.clinic import leads
from demo.clinic.database import Database
from demo.clinic.day import Player
from demo.clinic.make import create
from tests.contract.conftest import Open
from tests.demo.clinic import whole as whole_module
from tests.demo.clinic.little import DAY, ZONE, Little, moment
from tests.demo.clinic.whole import Whole, followed

pytestmark = pytest.mark.timeout(300)

SEED, VISITS = 11, 20
TICK = timedelta(minutes=30)


@dataclass
class Made(Little):
    """A clinic as the maker makes it, with what stood in amoCRM before."""

    def __post_init__(self) -> None:
        create(self.path, seed=SEED, visits=VISITS, day=DAY, zone=str(ZONE))
        self.given = leads.given(self.path, SEED)
        self.database = Database(self.path)


async def arrives(whole: Whole, now: datetime) -> None:
    """What was done at the clinic until now is in the CRM."""
    await whole.day.go(now)
    await whole.scan.step()
    await whole._deliver()
    await whole.day.settle()


async def test_a_played_day_ends_as_the_oracle_says(tmp_path: Path, at: Open, migrated_sqlite: bytes) -> None:
    clinic = Made(tmp_path / "clinic.db")
    with clinic.database, at(clinic.path) as place, patch.object(whole_module, "open_sqlite", place.open):
        async with followed(clinic, tmp_path, migrated_sqlite) as whole:
            with Player(clinic.path, SEED) as player:
                now = moment("07:00")
                while now < moment("23:00"):
                    done = player.advance(min(now + TICK, moment("23:00")))
                    now = done.reached
                    if done.events:
                        await arrives(whole, now)
                assert player.left() == 0

            verdict = await whole.judged("23:00")

    assert verdict.good, [str(difference) for difference in verdict.differences] or verdict
    assert verdict.deals > 10
