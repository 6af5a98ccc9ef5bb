"""A visit's order, its lines and its bill, as rows. Knows the price list, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from demo.clinic.database import Row
from demo.clinic.premises import PRICES

KOPECK = Decimal("0.01")
_PRICE = {key: price for key, _, price in PRICES}


@dataclass(frozen=True)
class Line:
    """One service of an order."""

    price: int
    count: int
    discount: Decimal

    @property
    def gross(self) -> Decimal:
        """Before the discount."""
        return _PRICE[self.price] * self.count


@dataclass(frozen=True)
class Bill:
    """What an order comes to; `insured` is the insurer's share of it."""

    lines: tuple[Line, ...]
    insured: Decimal

    @property
    def gross(self) -> Decimal:
        """Before discounts."""
        return sum((line.gross for line in self.lines), Decimal())

    @property
    def net(self) -> Decimal:
        """After discounts, the insurer's share included."""
        return self.gross - sum((line.discount for line in self.lines), Decimal())

    @property
    def owed(self) -> Decimal:
        """What is left for the patient."""
        return self.net - self.insured


def made_up(random: Random) -> Bill:
    """One to three services; now and then a discount, seldom an insurer."""
    lines = tuple(_line(random) for _ in range(random.choice((1, 1, 2, 3))))
    bill = Bill(lines, Decimal())
    if random.random() < 0.05:
        return Bill(lines, (bill.net / 2).quantize(KOPECK, ROUND_HALF_UP))
    return bill


def as_json(bill: Bill) -> Row:
    """For the plan."""
    return {
        "lines": [[line.price, line.count, str(line.discount)] for line in bill.lines],
        "insured": str(bill.insured),
    }


def from_json(value: Row) -> Bill:
    """From the plan."""
    lines = tuple(Line(price, count, Decimal(discount)) for price, count, discount in value["lines"])
    return Bill(lines, Decimal(value["insured"]))


def order_row(
    key: int, visit: Row | None, patient: int | None, branch: int, opened: datetime, billed: datetime | None
) -> Row:
    """The order; without a visit it is a sale at the desk or came from a former program."""
    return {
        "ID": key,
        "ID_ReceptionsForUnique": visit["ID"] if visit else -key,
        "DateTimeOrder": opened,
        "ID_OwnCompanies": branch,
        "ID_Receptions": visit["ID"] if visit else None,
        "ID_Patients": patient,
        "ID_Staffs": visit["ID_Staffs"] if visit else None,
        **billed_columns(billed),
    }


def billed_columns(billed: datetime | None) -> Row:
    """The columns that say when the bill was formed."""
    return {"DateTimeBillFormed": billed, "DateTimeBill": billed, "IsBillFormed": billed is not None}


def line_rows(order: int, bill: Bill) -> list[Row]:
    """The order's lines, without their keys."""
    return [
        {
            "ID_Orders": order,
            "ID_ServicePrices": line.price,
            "CountService": line.count,
            "DiscountSum": line.discount,
            "DeferredDiscountSum": Decimal(),
            "IsWarranty": False,
            "ID_Companies": 1 if bill.insured else None,
        }
        for line in bill.lines
    ]


def journal_row(order: int, patient: int | None, doctor: int | None, billed: datetime, bill: Bill) -> Row:
    """The line of the order journal, nothing paid yet."""
    zero = (
        "WarrantyAmount",
        "InsuranceRejectedAmount",
        "InsuranceConfirmedAmount",
        "CouponAmount",
        "CouponRejectedAmount",
    )
    return {
        **dict.fromkeys((*zero, "CouponConfirmedAmount", "PaymentDeferredDiscount"), Decimal()),
        "ID_Orders": order,
        "DateTimeBill": billed,
        "ID_Patients": patient,
        "ID_Staffs": doctor,
        "IsBillFormed": True,
        "IsShop": False,
        "Amount": bill.gross,
        "InsuranceAmount": bill.insured,
        "AmountWithDiscount": bill.net,
        "HasWarranty": False,
        "HasInsurance": bool(bill.insured),
        "HasCoupon": False,
        "HasNotWarranty": True,
        "Debt": bill.owed,
    }


def payment_row(patient: int | None, branch: int, at: datetime, payment: Decimal) -> Row:
    """Money that a patient brought; it names no order."""
    return {
        "DateTimePayment": at,
        "ID_OwnCompanies": branch,
        "ID_Patients": patient,
        "ID_CashDescs": branch,
        "Payment": payment,
        "DatePayment": at.date(),
    }


def share(random: Random, bill: Bill) -> Decimal:
    """How much of a bill is paid: mostly all, sometimes a part, sometimes nothing."""
    chance = random.random()
    if chance < 0.1:
        return Decimal()
    return bill.owed if chance < 0.88 else (bill.owed / 3).quantize(KOPECK, ROUND_HALF_UP)


def brought_over(random: Random) -> Decimal:
    """What the former program said of a patient: mostly nothing, seldom a debt or money that is left."""
    return Decimal(random.choice(("-1200", "3500.50", "999.99"))) if random.random() < 0.03 else Decimal()


def paid_ahead(random: Random) -> list[Decimal]:
    """Payments for no bill: an advance, and now and then a part of it that went back."""
    if random.random() > 0.08:
        return []
    advance = Decimal(random.choice(("5000", "12500", "30000.40")))
    return [advance, -advance / 2] if random.random() < 0.3 else [advance]


def numbered(rows: Sequence[Row], first: int) -> list[Row]:
    """Rows with keys from `first` on."""
    return [{"ID": first + n, **row} for n, row in enumerate(rows)]


def _line(random: Random) -> Line:
    line = Line(random.choice(PRICES)[0], random.choice((1, 1, 1, 2)), Decimal())
    if random.random() < 0.2:
        return Line(line.price, line.count, (line.gross / 10).quantize(KOPECK, ROUND_HALF_UP))
    return line
