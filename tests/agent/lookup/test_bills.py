"""What an order says of its bill, as a table."""
# ruff: noqa: DTZ001 - IDENT's times have no zone

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from agent.mis import rows

NOON = datetime(2026, 11, 2, 12)
ORDER: dict[str, Any] = {
    "ID": 5,
    "ID_Receptions": 80110,
    "ID_Patients": 4410,
    "IsBillFormed": True,
    "DateTimeBillFormed": datetime(2026, 11, 1),
    "JournalID": 5,
    "DateTimeBill": NOON,
    "JournalIsBillFormed": True,
    "Amount": Decimal(15000),
    "AmountWithDiscount": Decimal(12500),
    "InsuranceAmount": Decimal(500),
    "Debt": Decimal(2000),
}
TOLD = {
    "date": "2026-11-02",
    "visit_id": "80110",
    "gross": "15000.00",
    "discount": "2500.00",
    "billed": "12500.00",
    "paid": "10000.00",
    "debt": "2000.00",
}


def bill(*lost: str, **cells: Any) -> dict[str, Any] | None:
    told = rows.bill({name: cell for name, cell in {**ORDER, **cells}.items() if name not in lost})
    return None if told is None else told.dump()


def test_a_bill_is_told_whole() -> None:
    assert bill() == TOLD


@pytest.mark.parametrize(
    "cells",
    [
        {"JournalIsBillFormed": False},
        {"JournalIsBillFormed": None, "IsBillFormed": False},
        {"JournalID": None},
        {"Amount": Decimal(-1)},
        {"AmountWithDiscount": Decimal(-1)},
        {"DateTimeBill": None, "DateTimeBillFormed": None},
        {"DateTimeBill": datetime(1900, 1, 1), "DateTimeBillFormed": None},
        {"Amount": Decimal(10) ** 17},
    ],
)
def test_what_is_no_bill_or_makes_no_sense_is_not_told(cells: dict[str, Any]) -> None:
    assert bill(**cells) is None


@pytest.mark.parametrize(
    ("lost", "absent"),
    [
        (("Debt",), {"debt", "paid"}),
        (("Amount",), {"gross", "discount"}),
        (("InsuranceAmount",), {"paid"}),
        (("AmountWithDiscount",), {"billed", "discount", "paid"}),
    ],
)
def test_a_lost_column_leaves_what_it_feeds_unknown(lost: tuple[str, ...], absent: set[str]) -> None:
    assert bill(*lost) == {name: cell for name, cell in TOLD.items() if name not in absent}


def test_a_discount_below_nothing_is_unknown_and_the_rest_is_told() -> None:
    told = bill(AmountWithDiscount=Decimal(16000))
    assert told is not None
    assert "discount" not in told
    assert told["billed"] == "16000.00"


def test_the_orders_own_day_stands_in_for_the_journals() -> None:
    told = bill("DateTimeBill")
    assert told is not None
    assert told["date"] == "2026-11-01"


def test_an_overpaid_bill_owes_nothing() -> None:
    told = bill(Debt=Decimal(-100))
    assert told is not None
    assert (told["debt"], told["paid"]) == ("0.00", "12100.00")
