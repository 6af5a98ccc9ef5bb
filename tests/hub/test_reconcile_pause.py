"""The pause switch: it stops all writing at once, also in the middle of a step, and loses nothing."""

from collections.abc import Sequence

import pytest

from hub.crm import Created
from hub.reconcile.delivery import Paused
from hub.rules.model import CreateDeal
from hub.store.engine import Store
from tests.hub.clinic_day import PRESET, Day, at, begun, patient, visit

MANY = 120


@pytest.fixture
async def busy_day(store: Store) -> Day:
    """So many patients that one step takes three batches."""
    day = await begun(store)
    people = range(1, MANY + 1)
    await day.tell(
        *(patient(str(n), name=f"Пациент {n}", phones=(f"+7999000{n:04}",)) for n in people),
        *(visit(str(1000 + n), at(14, 30), patient=str(n)) for n in people),
    )
    return day


async def test_a_pause_stops_a_step_after_the_batch_that_is_under_way(
    busy_day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = busy_day.crm.create_deals

    async def pausing(commands: Sequence[CreateDeal]) -> list[Created]:
        made = await create(commands)
        await busy_day.configure(PRESET.model_copy(update={"paused": True}))
        return made

    monkeypatch.setattr(busy_day.crm, "create_deals", pausing)
    with pytest.raises(Paused):
        await busy_day.settle()
    made = len(busy_day.deals)
    asked = len(busy_day.crm.requests)
    await busy_day.settle()

    assert 0 < made <= 50
    assert len(busy_day.crm.requests) == asked

    monkeypatch.undo()
    await busy_day.configure(PRESET)
    await busy_day.settle()

    assert len(busy_day.deals) == MANY
