"""Debt, advance, bills and the plan of treatment, as the card shows them to who may see money. Pure."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from hub.panel.facts import Somebody
from hub.panel.model import BalanceCard, Bill, PlanCard
from hub.rules.settings import Settings
from wire import lookup
from wire.model import Balance, Plan

_NOTHING = Decimal(0)


def balance(somebody: Somebody, settings: Settings) -> BalanceCard | None:
    """None where nothing is known. What a clinic confirmed of one way to reckon says nothing of the other."""
    known = somebody.known
    bills = tuple(bill for one in reversed(somebody.bills or ()) if (bill := _bill(one)))
    debt, advance = _figures(known.balance) if known.balance else (_unpaid(somebody), None)
    at = _newest(known.balance_at, somebody.site.stand.read_through) if known.balance else somebody.data_at
    if at is None or (debt is None and advance is None and not bills):
        return None
    is_net = known.balance is not None and _is_net(known.balance)
    confirmed = settings.money_verified.get(somebody.key.database)
    return BalanceCard(
        debt=_sum(debt),
        advance=_sum(advance),
        net=is_net,
        verified=known.balance is not None and confirmed == ("net" if is_net else "journal"),
        at=at.astimezone(somebody.site.stand.zone),
        bills=bills,
    )


def plan(plans: Iterable[Plan]) -> PlanCard | None:
    """The active plans together, where all their figures are known."""
    figures = [(one.agreed, one.done, one.unscheduled) for one in plans if one.active]
    known = [(agreed, done, left) for agreed, done, left in figures if None not in (agreed, done, left)]
    if not figures or len(known) < len(figures):
        return None
    agreed, done, left = (sum((one or _NOTHING for one in column), _NOTHING) for column in zip(*known, strict=True))
    return PlanCard(agreed=f"{agreed:.2f}", done=f"{done:.2f}", unscheduled=f"{left:.2f}")


def _figures(held: Balance) -> tuple[Decimal | None, Decimal | None]:
    """Where only the net is known, it says one of the two; of the other nothing."""
    if held.net is None or not _is_net(held):
        return held.debt, held.advance
    if held.net == 0:
        return _NOTHING, _NOTHING
    return (-held.net, None) if held.net < 0 else (None, held.net)


def _is_net(held: Balance) -> bool:
    return held.net is not None and held.debt is None and held.advance is None


def _unpaid(somebody: Somebody) -> Decimal | None:
    """Where the clinic tells no balance: what is unpaid of the bills, or, as far as the hub knows, of the visits. None: not known."""
    if somebody.bills is not None:
        bills = [_bill(one) for one in somebody.bills]
        return sum((Decimal(bill.debt) for bill in bills if bill), _NOTHING) if all(bills) else None
    debts = [visit.visit.sums.debt for visit in somebody.visits if visit.visit.sums]
    known = [debt for debt in debts if debt is not None]
    return sum(known, _NOTHING) if known else None


def _bill(one: lookup.Bill) -> Bill | None:
    """What can be computed is; a bill of which that is not enough is left out."""
    billed = one.billed if one.billed is not None else _less(one.gross, one.discount)
    paid = one.paid if one.paid is not None else _less(billed, one.debt)
    debt = one.debt if one.debt is not None else _less(billed, paid)
    if billed is None or paid is None or debt is None:
        return None
    gross = one.gross if one.gross is not None else billed + (one.discount or _NOTHING)
    discount = one.discount if one.discount is not None else gross - billed
    return Bill(
        date=one.date,
        gross=f"{gross:.2f}",
        discount=f"{discount:.2f}",
        billed=f"{billed:.2f}",
        paid=f"{paid:.2f}",
        debt=f"{max(debt, _NOTHING):.2f}",
    )


def _less(whole: Decimal | None, part: Decimal | None) -> Decimal | None:
    return None if whole is None or part is None else whole - part


def _sum(figure: Decimal | None) -> str | None:
    return None if figure is None else f"{figure:.2f}"


def _newest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)
