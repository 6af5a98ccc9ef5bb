"""A visit's sums from its orders, the journal and the lines."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mis.money import rounded, sums_of

ZERO = Decimal()
ZEROS = dict.fromkeys(("gross", "billed", "discount", "debt", "paid", "insurance"), ZERO)


def order(**cells: Any) -> dict[str, Any]:
    """An order without a bill."""
    empty = dict.fromkeys(
        ("DateTimeBillFormed", "JournalID", "JournalIsBillFormed", "Amount", "AmountWithDiscount", "Debt")
    )
    return {"ID": 1, "IsBillFormed": False, "InsuranceAmount": None, **empty, **cells}


def billed(amount: str, net: str, debt: str, insurance: str = "0", **cells: Any) -> dict[str, Any]:
    """An order with a bill in the journal."""
    figures = {"Amount": amount, "AmountWithDiscount": net, "Debt": debt, "InsuranceAmount": insurance}
    journal = {name: Decimal(value) for name, value in figures.items()}
    return order(IsBillFormed=True, JournalID=1, JournalIsBillFormed=True, **{**journal, **cells})


def line(count: int | None, price: str | None, discount: str | None = None) -> dict[str, Any]:
    return {
        "ID_Orders": 1,
        "CountService": count,
        "Price": None if price is None else Decimal(price),
        "DiscountSum": None if discount is None else Decimal(discount),
    }


def check(orders: list[dict[str, Any]], lines: list[dict[str, Any]] | None, told: dict[str, Any], *wrong: str) -> None:
    """`told` in short: text for a sum."""
    expected = {name: Decimal(value) if isinstance(value, str) else value for name, value in told.items()}
    assert sums_of(orders, lines) == (expected, wrong)


def test_a_visit_without_an_order_costs_nothing() -> None:
    check([], [], {**ZEROS, "planned": "0"})


def test_a_plan_is_the_sum_of_the_lines_less_their_discounts() -> None:
    lines = [line(2, "1500.50", "100"), line(1, "0.005"), line(3, "10", None)]
    check([order()], lines, {**ZEROS, "planned": "2931.01"})


def test_the_bill_comes_from_the_journal() -> None:
    told = {
        "planned": "900.00",
        "gross": "1000.00",
        "billed": "900.00",
        "discount": "100.00",
        "debt": "300.00",
        "paid": "550.00",
        "insurance": "50.00",
    }
    check([billed("1000", "900", "300", "50")], [line(1, "1000", "100")], told)


def test_who_paid_too_much_owes_nothing() -> None:
    sums, _ = sums_of([billed("100", "100", "-20.004")], None)
    assert sums is not None
    assert (sums["debt"], sums["paid"]) == (ZERO, Decimal("120.00"))


def test_halves_go_up() -> None:
    assert [rounded(Decimal(text)) for text in ("0.005", "0.0149999999", "2.675")] == [
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal("2.68"),
    ]


def test_lines_that_cannot_be_read_leave_the_plan_unknown() -> None:
    check([order()], None, ZEROS)


def test_a_journal_that_cannot_be_read_leaves_a_bill_unknown() -> None:
    closed = {"ID": 1, "IsBillFormed": True, "DateTimeBillFormed": None}
    check([closed], [], {"planned": "0"})


def test_without_the_journal_no_bill_is_still_no_bill() -> None:
    check([{"ID": 1, "IsBillFormed": False}], [], {**ZEROS, "planned": "0"})
    check([{"ID": 1, "DateTimeBillFormed": None}], [], {**ZEROS, "planned": "0"})


def test_where_nothing_says_whether_a_bill_is_formed_all_of_it_is_unknown() -> None:
    check([{"ID": 1}], [], {"planned": "0"})


def test_a_bill_that_the_journal_does_not_show_is_unknown() -> None:
    check([order(IsBillFormed=True)], [], {"planned": "0"})


def test_a_lost_column_of_the_journal_takes_only_what_it_feeds() -> None:
    bill = billed("1000", "900", "300", "50")
    del bill["Amount"]
    sums, _ = sums_of([bill], None)
    assert sums is not None
    assert sorted(sums) == ["billed", "debt", "insurance", "paid"]


def test_an_empty_cell_of_the_journal_is_empty() -> None:
    sums, _ = sums_of([billed("1000", "900", "300", InsuranceAmount=None)], None)
    assert sums is not None
    assert sums["insurance"] is None


def test_several_orders_of_one_visit_add_up() -> None:
    sums, _ = sums_of([billed("1000", "900", "300"), billed("100", "100", "0"), order()], None)
    assert sums is not None
    assert (sums["billed"], sums["paid"], sums["debt"]) == (Decimal("1000.00"), Decimal("700.00"), Decimal("300.00"))


@pytest.mark.parametrize("bill", [billed("-1", "0", "0"), billed("0", "-0.01", "0")])
def test_a_negative_bill_is_not_told(bill: dict[str, Any]) -> None:
    assert sums_of([bill], []) == (None, ("negative_bill",))


def test_a_plan_without_a_price_is_not_told() -> None:
    check([order()], [line(1, None)], ZEROS, "no_planned")


def test_a_negative_plan_discount_or_share_is_not_told() -> None:
    sums, wrong = sums_of([billed("100", "120", "0", "-5")], [line(1, "1", "2")])
    assert wrong == ("negative_planned", "negative_discount", "negative_insurance")
    assert sums is not None
    assert sorted(sums) == ["billed", "debt", "gross", "paid"]


@given(st.lists(st.tuples(*[st.decimals(0, 10**6, places=10)] * 3), min_size=1, max_size=4))
def test_what_is_owed_and_what_is_paid_make_the_bill(figures: list[tuple[Decimal, Decimal, Decimal]]) -> None:
    orders = [billed(str(net + cut), str(net), str(min(debt, net))) for net, cut, debt in figures]
    sums, wrong = sums_of(orders, None)
    assert not wrong
    assert sums is not None
    known = {name: value for name, value in sums.items() if value is not None}
    assert known["paid"] + known["debt"] == known["billed"]
    assert known["gross"] - known["discount"] == known["billed"]
