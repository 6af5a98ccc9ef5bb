"""What a patient owes and what he has paid ahead, as one person. Pure.

Where IDENT's journal of orders can be read, debt is what it says of each bill, and the advance is what is left of the money when the
bills are paid as far as the journal says. Without it only the net is known, from the lines of the bills. The insurer's share is neither
owed nor paid by the patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agent.mis.money import amount_of, is_formed, kopecks, line_sum, rounded, total
from agent.mis.port import Row

_ZERO = Decimal()
DEBT, ADVANCE, NET = "balance.debt", "balance.advance", "balance.net"
"""As the capability map names them."""


@dataclass(frozen=True)
class Account:
    """What was read of one patient's money. None: it cannot be read. `lines` are those of the bills, where the journal does not say
    what these come to."""

    row: Row
    payments: Sequence[Row] | None
    orders: Sequence[Row] | None
    lines: Mapping[object, Sequence[Row]] | None


@dataclass(frozen=True)
class Terms:
    """What the figures are made of. None: not known. `bills` is the patient's share of all that was issued, `unpaid` what the journal
    says he owes of it."""

    opening: Decimal | None
    payments: Decimal | None
    bills: Decimal | None
    unpaid: Decimal | None

    @property
    def net(self) -> Decimal | None:
        """Positive: there is money left; negative: some is owed."""
        if self.opening is None or self.payments is None or self.bills is None:
            return None
        return self.opening + self.payments - self.bills

    @property
    def advance(self) -> Decimal | None:
        """What is left beside the debt."""
        return None if self.net is None or self.unpaid is None else max(self.net + self.unpaid, _ZERO)


def has_money(account: Account) -> bool:
    """Whether there is anything to tell: most who only called have nothing."""
    bills = [order for order in account.orders or () if is_formed(order) is not False]
    return bool(account.payments or bills or amount_of(account.row, "InitialBalance"))


def terms_of(account: Account, can: Mapping[str, bool]) -> Terms:
    """The terms, from the journal where it can be read."""
    bills = [order for order in account.orders or () if is_formed(order) is not False]
    if can[DEBT]:
        shares = [share_of(order) for order in bills]
        unpaid = total(unpaid_of(order) for order in bills)
    else:
        lines = account.lines or {}
        shares = [share_by_lines(order, lines.get(order["ID"], ())) for order in bills]
        unpaid = None
    return Terms(
        opening=(kopecks(account.row, "InitialBalance") or _ZERO) if "InitialBalance" in account.row else None,
        payments=None
        if account.payments is None
        else total(kopecks(payment, "Payment") for payment in account.payments),
        bills=None if account.orders is None else total(shares),
        unpaid=None if account.orders is None else unpaid,
    )


def figures(terms: Terms, can: Mapping[str, bool]) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """The fields of a balance, and what should be known and is not."""
    if can[DEBT]:
        wanted = {"debt": terms.unpaid, "advance": terms.advance}
        expected = {"debt": can[DEBT], "advance": can[ADVANCE]}
    else:
        wanted, expected = {"net": terms.net}, {"net": can[NET]}
    told = {name: rounded(value) for name, value in wanted.items() if value is not None and expected[name]}
    return told, tuple(f"no_{name}" for name in wanted if expected[name] and name not in told)


def share_of(order: Row) -> Decimal | None:
    """The patient's share of one bill, by the journal."""
    billed, insurance = kopecks(order, "AmountWithDiscount"), kopecks(order, "InsuranceAmount") or _ZERO
    is_told = is_formed(order) and order.get("JournalID") is not None and "InsuranceAmount" in order
    return billed - insurance if is_told and billed is not None and billed >= 0 else None


def unpaid_of(order: Row) -> Decimal | None:
    """What is left to pay of one bill. Whoever paid too much owes nothing, and owes no less elsewhere."""
    debt = kopecks(order, "Debt")
    makes_sense = (amount_of(order, "AmountWithDiscount") or _ZERO) >= 0
    is_told = is_formed(order) and order.get("JournalID") is not None and makes_sense
    return max(debt, _ZERO) if is_told and debt is not None else None


def share_by_lines(order: Row, lines: Sequence[Row]) -> Decimal | None:
    """Without the journal nobody says what an insurer, a return or a later discount leave of a line: then it is not known."""
    if not is_formed(order) or any(map(is_open, lines)):
        return None
    return total(rounded(value) if value is not None else None for value in map(line_sum, _paid_lines(lines)))


def _paid_lines(lines: Sequence[Row]) -> list[Row]:
    return [line for line in lines if not line.get("IsWarranty")]


def is_open(line: Row) -> bool:
    """Whether an insurer, a return or a later discount takes something of it."""
    return any(line.get(column) is not None for column in ("ID_Companies", "ID_Returns")) or bool(
        amount_of(line, "DeferredDiscountSum")
    )
