"""What a visit's orders come to. Pure.

`planned` is the sum of the order's lines, billed or not. The rest stands in IDENT's journal of orders once the bill is formed and is
zero before; where the journal cannot be read it is unknown. The insurer's share is billed, but the patient neither owes nor pays it.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

from agent.mis.port import Cell, Row

Amounts: TypeAlias = dict[str, Decimal | None]
"""Field of `wire.model.Sums` -> its value; absent: unknown."""

_KOPECK = Decimal("0.01")
_ZERO = Decimal()
_BILL = ("gross", "billed", "discount", "debt", "paid", "insurance")
_FIGURES = ("Amount", "AmountWithDiscount", "Debt", "InsuranceAmount")
_NEVER_NEGATIVE = ("planned", "discount", "insurance")


def sums_of(orders: Sequence[Row], lines: Sequence[Row] | None) -> tuple[Amounts | None, tuple[str, ...]]:
    """The sums of one visit, and what was wrong with them; None where a bill is negative. `lines` is None where they
    cannot be read."""
    sums = _total([_bill(order) for order in orders])
    if lines is not None:
        sums["planned"] = total(line_sum(row) for row in lines)
    if any((sums.get(name) or _ZERO) < 0 for name in ("gross", "billed")):
        return None, ("negative_bill",)
    wrong = [name for name in _NEVER_NEGATIVE if (sums.get(name) or _ZERO) < 0]
    if lines is not None and sums["planned"] is None:
        wrong.append("planned")
    told = {name: value if value is None else rounded(value) for name, value in sums.items() if name not in wrong}
    return told, tuple(f"no_{name}" if sums[name] is None else f"negative_{name}" for name in wrong)


def bill_of(order: Row) -> Amounts | None:
    """One order's bill; None where none was issued, or it is negative, or that cannot be read."""
    if is_formed(order) is not True:
        return None
    amounts = _bill(order)
    if not amounts or any((amounts.get(name) or _ZERO) < 0 for name in ("gross", "billed")):
        return None
    return {
        name: value if value is None else rounded(value)
        for name, value in amounts.items()
        if name not in _NEVER_NEGATIVE or (value or _ZERO) >= 0
    }


def rounded(value: Decimal) -> Decimal:
    """To kopecks, half up."""
    return value.quantize(_KOPECK, ROUND_HALF_UP)


def _total(bills: list[Amounts]) -> Amounts:
    """A visit has one order as far as is known; if it has more, a sum is known if it is known of each."""
    return {name: total(bill[name] for bill in bills) for name in _BILL if all(name in bill for bill in bills)}


def _bill(order: Row) -> Amounts:
    formed = is_formed(order)
    if formed is False:
        return dict.fromkeys(_BILL, _ZERO)
    if formed is None or order.get("JournalID") is None:
        return {}
    gross, billed, debt, insurance = (kopecks(order, name) for name in _FIGURES)  # first, so that they add up as shown
    amounts: Mapping[str, tuple[tuple[str, ...], Decimal | None]] = {
        "gross": (("Amount",), gross),
        "billed": (("AmountWithDiscount",), billed),
        "discount": (("Amount", "AmountWithDiscount"), _difference(gross, billed)),
        "debt": (("Debt",), None if debt is None else max(debt, _ZERO)),
        "paid": (("AmountWithDiscount", "Debt", "InsuranceAmount"), _difference(billed, debt, insurance or _ZERO)),
        "insurance": (("InsuranceAmount",), insurance),
    }
    return {name: value for name, (columns, value) in amounts.items() if all(column in order for column in columns)}


def kopecks(row: Row, column: str) -> Decimal | None:
    """A cell in kopecks; None where it is empty or lost."""
    amount = amount_of(row, column)
    return None if amount is None else rounded(amount)


def is_formed(order: Row) -> bool | None:
    """Whether the order's bill was issued; None where nothing says so."""
    for column in ("JournalIsBillFormed", "IsBillFormed"):
        if order.get(column) is not None:
            return bool(order[column])
    return order["DateTimeBillFormed"] is not None if "DateTimeBillFormed" in order else None


def line_sum(row: Row) -> Decimal | None:
    """What a line of an order comes to; None where its price is not known."""
    count, price = amount_of(row, "CountService"), amount_of(row, "Price")
    if count is None or price is None:
        return None
    return count * price - (amount_of(row, "DiscountSum") or _ZERO)


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """None where one of them is."""
    total = _ZERO
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _difference(one: Decimal | None, *others: Decimal | None) -> Decimal | None:
    known = [other for other in others if other is not None]
    return None if one is None or len(known) < len(others) else one - sum(known)


def amount_of(row: Row, column: str) -> Decimal | None:
    """A cell; None where it is empty or lost."""
    cell: Cell = row.get(column)
    return Decimal(cell) if isinstance(cell, Decimal | int) else None
