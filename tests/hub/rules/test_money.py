"""R3: sums and budgets."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.rules.fields import DealField
from hub.rules.model import LOST, WON, Deal, Stage, Written
from hub.rules.money import Price, figure, frozen_before, price_of, price_of_new, totals
from hub.rules.settings import Budget
from tests.hub.clinic_day import BOOKED, PRIMARY, at, sums
from tests.hub.rules.made import NOON, cancelled, deal, future

BILLED, PLANNED, PAID = DealField.BILLED, DealField.PLANNED, DealField.PAID
OPEN = deal(Stage(PRIMARY, BOOKED))
FROZEN = frozen_before(NOON, 30)


def test_sums_of_all_visits_cancelled_ones_too() -> None:
    visits = [future("1", sums=sums(planned="100.50", billed="10.00")), cancelled("2", sums=sums(planned="0.50"))]

    found = totals(visits)

    assert (found[PLANNED], found[BILLED], found[PAID]) == (Decimal("101.00"), Decimal("10.00"), Decimal(0))


@pytest.mark.parametrize(
    ("unknown", "absent"),
    [
        ({"sums": {"planned": "5.00"}}, {BILLED, DealField.GROSS, DealField.DISCOUNT, PAID, DealField.DEBT}),
        ({"sums": sums(paid="-5.00")}, {PAID}),
        ({"sums": None}, set()),
    ],
)
def test_an_unknown_term_makes_an_unknown_sum(unknown: dict[str, Any], absent: set[DealField]) -> None:
    found = totals([future("1", **unknown), future("2")])

    assert set(totals([future("2")])) - set(found) == absent


@pytest.mark.parametrize(
    ("found", "basis", "expected"),
    [
        ({BILLED: "0", PLANNED: "100.50"}, "bills", 101),
        ({BILLED: "100.49", PLANNED: "500"}, "bills", 100),
        ({BILLED: "0"}, "bills", None),
        ({PLANNED: "500"}, "bills", None),
        ({BILLED: "0", PLANNED: "0"}, "bills", 0),
        ({PAID: "70", BILLED: "100", PLANNED: "500"}, "payments", 70),
        ({PAID: "70", BILLED: "100", PLANNED: "500"}, "plan", 500),
    ],
)
def test_the_figure_of_an_open_deal(found: dict[DealField, str], basis: Any, expected: int | None) -> None:
    assert figure({name: Decimal(total) for name, total in found.items()}, Budget(basis=basis)) == expected


def test_a_new_deal_that_is_won_already_costs_what_was_billed() -> None:
    found = {BILLED: Decimal(0), PLANNED: Decimal(500)}

    assert price_of_new(found, Budget(), winning=True) == 0
    assert price_of_new(found, Budget(), winning=False) == 500


def closed(stage_id: int, closed_at: datetime, price: int) -> Deal:
    return replace(OPEN, stage=Stage(PRIMARY, stage_id), closed_at=closed_at, price=price)


@pytest.mark.parametrize(
    ("there", "written", "winning", "expected"),
    [
        (OPEN, Written(), False, Price(300)),
        (replace(OPEN, price=700), Written(), False, Price()),
        (replace(OPEN, price=700), Written(price=700), False, Price(300)),
        (replace(OPEN, price=700), Written(price=800), False, Price()),
        (replace(OPEN, price=700, price_by_robot=True), Written(price=700), True, Price()),
        (replace(OPEN, price=700), Written(price=700), True, Price(200)),
        (replace(OPEN, price=900), Written(price=700), True, Price(200, 900)),
        (closed(WON, at(11), 900), Written(price=700), False, Price(200, 900)),
        (closed(WON, at(11), 200), Written(price=200, typed_price=900), False, Price(200, 900)),
        (closed(WON, at(11, day=-31), 900), Written(price=700, typed_price=5), False, Price(None, 5)),
        (closed(LOST, at(11), 900), Written(price=900), False, Price()),
    ],
)
def test_r3_who_sets_the_budget(there: Deal, written: Written, winning: bool, expected: Price) -> None:
    found = {BILLED: Decimal(200), PLANNED: Decimal(300)} if winning or not there.stage.open else {BILLED: Decimal(300)}

    assert price_of(there, written, found, Budget(), winning=winning, frozen_at=FROZEN) == expected


def test_r3_where_people_do_not_win_the_basis_overwrites() -> None:
    there = replace(OPEN, price=700)

    found = price_of(
        there, Written(), {BILLED: Decimal(300)}, Budget(people_win=False), winning=False, frozen_at=FROZEN
    )

    assert found == Price(300)
