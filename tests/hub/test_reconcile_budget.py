"""R3: the budget of open deals follows the settings when these change, though nothing changed in IDENT."""

from typing import Any

import pytest

from hub.panel.settings_store import save_settings
from hub.rules.settings import Settings
from hub.store.engine import Store
from tests.hub.clinic_day import PRESET, Day, at, begun, patient, sums, visit

MONEY = sums(planned="5000.00", billed="4000.00", gross="4000.00", paid="1500.00", debt="2500.00")


@pytest.fixture
async def day(store: Store) -> Day:
    """A clinic that is followed since seven in the morning."""
    return await begun(store)


async def reckon(day: Day, version: int = 2, **budget: Any) -> None:
    """An admin changed how budgets in «Первичные» are reckoned."""
    value: dict[str, Any] = PRESET.model_dump(by_alias=True)
    value["pipelines"]["primary"]["budget"] |= budget
    async with day.store.writing(day.account) as unit:
        settings = Settings.model_validate(value | {"version": version})
        await save_settings(unit, settings, 7, day.clock.now())
    await day.settle()


async def test_an_open_deal_follows_another_basis(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30), sums=MONEY))
    await day.settle()
    assert day.deal.price == 4000

    await reckon(day, basis="payments")
    assert day.deal.price == 1500

    day.crm.forget_requests()
    await reckon(day, 3, basis="payments")
    assert day.crm.requests == []


async def test_a_typed_figure_stays_until_the_basis_is_to_win(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30), sums=MONEY))
    await day.settle()
    day.crm.edit(day.deal.id, price=9000)

    await reckon(day, basis="payments")
    assert day.deal.price == 9000

    await reckon(day, 3, basis="payments", people_win=False)
    assert day.deal.price == 1500


async def test_a_won_deal_keeps_the_basis_by_which_it_was_won(day: Day) -> None:
    day.clock.moment = at(16)
    await day.tell(
        patient(),
        visit("81234", at(14, 30), sums=MONEY, status="fulfilled", ended_at=at(15)),
        visit("81300", at(10, day=3), booked_at=at(15)),
    )
    await day.settle()
    assert [deal.price for deal in day.deals] == [4000, 0]
    day.crm.forget_requests()

    await reckon(day, basis="payments")

    assert (day.deals[0].price, day.crm.requests) == (4000, [])
