"""What a reader meets while somebody's transaction is open: a wait that ends, a way past, and a bound that stands still."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from agent.mis.port import Mis, MisBusy
from tests.agent.mis.clinic import NOW, Clinic
from tests.contract.conftest import Begin, Open

KEYS = (1, 2, 3)


@dataclass
class Held:
    """A clinic of three visits, and a reader."""

    clinic: Clinic
    mis: Mis
    begin: Begin

    async def visits(self, query: str, *params: int | tuple[int, ...]) -> list[object]:
        return [row["ID"] for row in await self.mis.fetch(query, *params)]


@pytest.fixture
async def held(tmp_path: Path, at: Open) -> AsyncIterator[Held]:
    clinic = Clinic(tmp_path / "clinic.db")
    for key in KEYS:
        clinic.visit(key)
    with at(clinic.path) as place:
        async with place.open() as mis:
            await mis.columns()
            yield Held(clinic, mis, place.begin)
    clinic.close()


@pytest.fixture
def begin(held: Held) -> Begin:
    """Somebody at the clinic begins a transaction."""
    return held.begin


async def test_whoever_wants_a_held_row_is_told_that_somebody_holds_it(held: Held, begin: Begin) -> None:
    transaction = begin()
    transaction.put("Receptions", 2, Comment="written")

    with pytest.raises(MisBusy) as raised:
        await held.visits("visits_by_key", KEYS)
    assert "1222" in raised.value.code
    assert raised.value.after is None  # nobody is thrown out for it
    assert await held.visits("visits_by_key", (1, 3)) == [1, 3]

    transaction.roll_back()
    assert await held.visits("visits_by_key", KEYS) == [1, 2, 3]


async def test_the_way_past_leaves_out_what_is_held_and_nothing_else(held: Held, begin: Begin) -> None:
    transaction = begin()
    transaction.put("Receptions", 2, Comment="written")
    transaction.put("Receptions", 4, PlanStart=NOW, PlanEnd=NOW + timedelta(minutes=30))

    with pytest.raises(MisBusy):
        await held.visits("visit_versions", 0)
    assert sorted(map(str, await held.visits("visit_versions/unlocked", 0))) == ["1", "3"]
    assert await held.visits("visit_versions_by_key/unlocked", (1, 2)) == [1]

    transaction.commit()
    assert await held.visits("visits_by_key", (*KEYS, 4)) == [1, 2, 3, 4]


async def test_the_bound_stands_still_while_a_transaction_is_open(held: Held, begin: Begin) -> None:
    before = await held.mis.server()
    assert not before.open_transaction
    transaction = begin()
    transaction.put("Receptions", 2, Comment="written")
    while_open = await held.mis.server()
    held.clinic.put("Receptions", 3, Comment="meanwhile")
    later = await held.mis.server()

    assert while_open.open_transaction
    assert later.bound == while_open.bound
    assert later.last is not None
    assert while_open.last is not None
    assert later.last > while_open.last

    transaction.commit()
    after = await held.mis.server()
    assert not after.open_transaction


async def test_a_row_that_is_being_taken_away_is_held_until_it_is_gone(held: Held, begin: Begin) -> None:
    transaction = begin()
    transaction.delete("Receptions", 2)
    with pytest.raises(MisBusy):
        await held.visits("visits_by_key", (2,))

    transaction.commit()
    assert await held.visits("visits_by_key", KEYS) == [1, 3]
