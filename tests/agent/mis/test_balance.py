"""What a patient owes and has paid ahead, case by case."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mis import rows
from agent.mis.balance import ADVANCE, DEBT, NET, Account, has_money, terms_of
from agent.mis.money import kopecks

WITH_JOURNAL = {DEBT: True, ADVANCE: True, NET: True}
WITHOUT = {DEBT: False, ADVANCE: False, NET: True}
Lines = Mapping[object, Sequence[dict[str, Any]]]


def order(key: int, net: str, debt: str, insurance: str = "0", **cells: Any) -> dict[str, Any]:
    """A bill as the journal shows it."""
    return {
        "ID": key,
        "IsBillFormed": True,
        "JournalID": key,
        "JournalIsBillFormed": True,
        "AmountWithDiscount": Decimal(net),
        "InsuranceAmount": Decimal(insurance),
        "Debt": Decimal(debt),
        **cells,
    }


def bare(key: int, *, formed: bool = True) -> dict[str, Any]:
    """An order where no journal can be read."""
    return {"ID": key, "IsBillFormed": formed}


def line(price: str, count: int = 1, discount: str | None = None, **cells: Any) -> dict[str, Any]:
    taken = None if discount is None else Decimal(discount)
    free = {"ID_Companies": None, "ID_Returns": None, "IsWarranty": False, "DeferredDiscountSum": Decimal()}
    return {"Price": Decimal(price), "CountService": count, "DiscountSum": taken, **free, **cells}


def account(
    *orders: dict[str, Any],
    paid: Sequence[str] = (),
    opening: str | None = "0",
    lines: Lines | None = None,
    lost: Sequence[str] = (),
) -> Account:
    row = {"ID_Persons": 7, "InitialBalance": None if opening is None else Decimal(opening)}
    return Account(
        row={name: cell for name, cell in row.items() if name not in lost},
        payments=None if "payments" in lost else [{"Payment": Decimal(payment)} for payment in paid],
        orders=None if "orders" in lost else list(orders),
        lines=lines,
    )


def told(of: Account, can: Mapping[str, bool] = WITH_JOURNAL) -> dict[str, str]:
    """The figures, and what is not known, as `no_...`."""
    found = rows.balance(of, can)
    assert found.entity is not None
    figures = {name: text for name, text in found.entity.dump().items() if name != "patient_id"}
    return {**figures, **dict.fromkeys(found.skipped, "")}


def both(debt: str, advance: str) -> dict[str, str]:
    return {"debt": debt, "advance": advance}


NO_FIGURES = {"no_debt": "", "no_advance": ""}
PAID = ("1000",)
CASES: list[tuple[str, Account, dict[str, str]]] = [
    ("nothing at all", account(), both("0.00", "0.00")),
    ("paid in full", account(order(1, "1000", "0"), paid=PAID), both("0.00", "0.00")),
    ("paid in part", account(order(1, "1000", "400"), paid=("600",)), both("400.00", "0.00")),
    ("paid ahead", account(paid=("5000",)), both("0.00", "5000.00")),
    ("an advance is used up by a bill", account(order(1, "5000", "0"), paid=("5000",)), both("0.00", "0.00")),
    ("and what is left of it stays", account(order(1, "1200", "0"), paid=("5000",)), both("0.00", "3800.00")),
    ("a debt does not eat the advance", account(order(1, "1000", "1000"), paid=("300",)), both("1000.00", "300.00")),
    (
        "two bills, one overpaid: what is too much is an advance and lowers no other debt",
        account(order(1, "1000", "-200"), order(2, "500", "500"), paid=("1200",)),
        both("500.00", "200.00"),
    ),
    ("a refund takes the advance back", account(paid=("5000", "-5000")), both("0.00", "0.00")),
    ("a refund in part", account(paid=("5000", "-1999.99")), both("0.00", "3000.01")),
    (
        "the bill is after discount",
        account(order(1, "900", "0", Amount=Decimal(1000)), paid=("950",)),
        both("0.00", "50.00"),
    ),
    (
        "the insurer's share is not the patient's",
        account(order(1, "1000", "0", "600"), paid=("500",)),
        both("0.00", "100.00"),
    ),
    ("nor is it owed by him", account(order(1, "1000", "400", "600")), both("400.00", "0.00")),
    ("an empty share is none", account(order(1, "10", "0", InsuranceAmount=None), paid=("10",)), both("0.00", "0.00")),
    ("money from the former program", account(opening="3500.50"), both("0.00", "3500.50")),
    (
        "a debt from there is in no bill and in no advance",
        account(opening="-1200", paid=("1000",)),
        both("0.00", "0.00"),
    ),
    ("an empty opening is none", account(paid=PAID, opening=None), both("0.00", "1000.00")),
    ("noise is no debt", account(order(1, "10", "-0.0000000001"), paid=("10",)), both("0.00", "0.00")),
    ("nor an advance", account(order(1, "10", "0.0000000001"), paid=("10",)), both("0.00", "0.00")),
    ("halves of kopecks go up", account(order(1, "10", "0.005"), paid=("10",)), both("0.01", "0.01")),
    (
        "a bill that is not issued is not owed",
        account(order(1, "1000", "1000", JournalIsBillFormed=False), paid=("100",)),
        both("0.00", "100.00"),
    ),
    (
        "a bill that the journal does not show",
        account({**order(1, "1", "1"), "JournalID": None}, paid=PAID),
        NO_FIGURES,
    ),
    ("a bill of which nobody says whether it is issued", account({"ID": 1}, paid=PAID), NO_FIGURES),
    ("a negative bill", account(order(1, "-1", "0"), paid=PAID), NO_FIGURES),
    (
        "a bill without an amount",
        account(order(1, "1", "1", AmountWithDiscount=None)),
        {"debt": "1.00", "no_advance": ""},
    ),
    (
        "payments that cannot be read",
        account(order(1, "9", "4"), lost=["payments"]),
        {"debt": "4.00", "no_advance": ""},
    ),
    ("a lost opening", account(order(1, "9", "4"), lost=["InitialBalance"]), {"debt": "4.00", "no_advance": ""}),
    ("orders that cannot be read", account(paid=PAID, lost=["orders"]), NO_FIGURES),
]


@pytest.mark.parametrize(("of", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_debt_and_advance_by_the_journal(of: Account, expected: dict[str, str]) -> None:
    assert told(of) == expected


def net(*lines: dict[str, Any], paid: Sequence[str] = PAID, formed: bool = True) -> dict[str, str]:
    return told(account(bare(1, formed=formed), paid=paid, opening="-50", lines={1: lines}), WITHOUT)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (net(line("600")), {"net": "350.00"}),
        (net(line("600", 2, "100.50")), {"net": "-149.50"}),
        (net(line("600"), line("600", IsWarranty=True)), {"net": "350.00"}),
        (net(line("600"), formed=False), {"net": "950.00"}),
        (net(), {"net": "950.00"}),
        (net(line("600", ID_Companies=1)), {"no_net": ""}),
        (net(line("600", ID_Returns=1)), {"no_net": ""}),
        (net(line("600", DeferredDiscountSum=Decimal(60))), {"no_net": ""}),
        (net({**line("600"), "Price": None}), {"no_net": ""}),
    ],
)
def test_without_the_journal_only_the_net_is_known(found: dict[str, str], expected: dict[str, str]) -> None:
    assert found == expected


def test_what_the_map_says_is_off_is_not_told_though_it_could_be_computed() -> None:
    assert told(account(order(1, "10", "4"), paid=("6",)), {**WITH_JOURNAL, ADVANCE: False}) == {"debt": "4.00"}
    assert told(account(paid=PAID), {**WITHOUT, NET: False}) == {}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (account(), False),
        (account(order(1, "10", "0", JournalIsBillFormed=False)), False),
        (account(opening="0.01"), True),
        (account(paid=("1",)), True),
        (account(order(1, "10", "0")), True),
        (account({"ID": 1}), True),
    ],
)
def test_who_has_money_here(of: Account, *, expected: bool) -> None:
    assert has_money(of) is expected


sums = st.decimals(0, 10**6, places=2)
signed = st.decimals(-(10**6), 10**6, places=2)
exact = st.decimals(-(10**4), 10**6, places=10)
"""As the clinic's columns hold money: ten places."""


@given(st.lists(st.tuples(sums, sums, sums), max_size=5), st.lists(sums, max_size=5), sums)
def test_advance_less_debt_is_the_net_wherever_the_journal_adds_up(
    bills: list[tuple[Decimal, Decimal, Decimal]], ahead: list[Decimal], opening: Decimal
) -> None:
    """Of each bill the patient paid what he does not owe; what he paid beside the bills is his advance."""
    orders = [
        order(key, str(net + share), str(min(debt, net)), str(share)) for key, (net, debt, share) in enumerate(bills)
    ]
    paid = [str(net - min(debt, net)) for net, debt, _ in bills]
    of = account(*orders, paid=[*paid, *map(str, ahead)], opening=str(opening))
    figures = {name: Decimal(text) for name, text in told(of).items()}
    left = terms_of(of, WITH_JOURNAL).net

    assert figures["advance"] == opening + sum(ahead)
    assert figures["advance"] - figures["debt"] == left


@given(st.lists(st.tuples(exact, exact, exact), max_size=5), st.lists(signed, max_size=5), signed, st.randoms())
def test_debt_is_what_is_owed_of_each_bill_whatever_else_there_is(
    bills: list[tuple[Decimal, Decimal, Decimal]], payments: list[Decimal], opening: Decimal, random: Random
) -> None:
    """In kopecks, neither below zero, in whatever order the rows come; what another bill is overpaid by lowers nothing."""
    orders = [order(key, str(abs(net)), str(debt), str(abs(share))) for key, (net, debt, share) in enumerate(bills)]
    paid = list(map(str, payments))
    figures = told(account(*orders, paid=paid, opening=str(opening)))
    owed = sum((max(kopecks({"Debt": debt}, "Debt") or Decimal(), Decimal()) for _, debt, _ in bills), Decimal())
    random.shuffle(orders)
    random.shuffle(paid)

    assert Decimal(figures["debt"]) == owed
    assert Decimal(figures["advance"]) >= 0
    assert all(text == f"{Decimal(text):.2f}" for text in figures.values())
    assert told(account(*orders, paid=paid, opening=str(opening))) == figures


@given(st.lists(st.tuples(sums, st.integers(1, 9), sums), max_size=5), st.lists(signed, max_size=5), signed)
def test_without_the_journal_a_kopeck_more_paid_is_a_kopeck_more_left(
    served: list[tuple[Decimal, int, Decimal]], payments: list[Decimal], opening: Decimal
) -> None:
    rows_of: Lines = {1: [line(str(price), count, str(discount)) for price, count, discount in served]}
    billed = sum((price * count - discount for price, count, discount in served), Decimal())
    paid = list(map(str, payments))
    left = told(account(bare(1), paid=paid, opening=str(opening), lines=rows_of), WITHOUT)
    more = told(account(bare(1), paid=[*paid, "0.01"], opening=str(opening), lines=rows_of), WITHOUT)

    assert left.keys() == {"net"}
    assert Decimal(left["net"]) == opening + sum(payments, Decimal()) - billed
    assert Decimal(more["net"]) - Decimal(left["net"]) == Decimal("0.01")


@given(st.lists(st.tuples(sums, sums), max_size=5), st.lists(sums, max_size=5))
def test_both_ways_agree_where_the_journal_adds_up(bills: list[tuple[Decimal, Decimal]], ahead: list[Decimal]) -> None:
    """A clinic that loses its journal in an update sees no other balance: only no longer of what it is made."""
    orders = [order(key, str(net), str(min(debt, net))) for key, (net, debt) in enumerate(bills)]
    lines: Lines = {key: [line(str(net))] for key, (net, _) in enumerate(bills)}
    paid = [str(net - min(debt, net)) for net, debt in bills] + list(map(str, ahead))
    both_told = {name: Decimal(text) for name, text in told(account(*orders, paid=paid)).items()}
    left = told(account(*map(bare, range(len(bills))), paid=paid, lines=lines), WITHOUT)

    assert Decimal(left["net"]) == both_told["advance"] - both_told["debt"]
