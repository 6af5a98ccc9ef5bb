"""Whole days of made-up clinics, played and followed in one process: each seed ends as the oracle says."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from demo.clinic.database import Database
from demo.clinic.day import Player
from demo.clinic.facts import facts
from demo.clinic.leads import GivenDeal, given
from demo.clinic.make import OPENS, create
from demo.clinic.oracle import Expected, expected_of
from tests.demo.clinic.little import DAY, ZONE, moment
from tests.demo.clinic.whole import followed

SEVEN, NIGHT = datetime.combine(DAY, OPENS, ZONE), datetime.combine(DAY, time(23), ZONE)


@dataclass
class Made:
    """A clinic of the maker's, to be followed as the little ones are."""

    path: Path
    database: Database
    given: list[GivenDeal] = field(default_factory=list)

    def expect(self, now: str) -> dict[str, Expected]:
        return expected_of(
            facts(self.database, ZONE),
            database="db_1",
            live_since=SEVEN,
            now=moment(now),
            zone=ZONE,
            given=self.given,
        )


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
@pytest.mark.timeout(60)
async def test_a_day_ends_as_the_oracle_says(tmp_path: Path, migrated_sqlite: bytes, seed: int) -> None:
    path = tmp_path / "clinic.db"
    create(path, seed=seed, visits=40, day=DAY, zone=str(ZONE))
    leads = given(path, seed)
    with Database(path) as database, Player(path, seed) as player:
        async with followed(Made(path, database, leads), tmp_path, migrated_sqlite, haste=False) as whole:
            now = SEVEN
            while now < NIGHT:
                now = player.advance(min(now + timedelta(minutes=30), NIGHT)).reached
                await whole.catch_up(now)
            verdict = await whole.judged()

    assert verdict.good, ([str(difference) for difference in verdict.differences], verdict)
    assert verdict.visits > 40
