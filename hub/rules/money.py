"""R3: what the visits of a deal cost, and what its budget should be. Sums are Decimal; a budget is whole roubles, half up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, TypeAlias

from hub.rules.fields import DealField
from hub.rules.model import WON, Deal, Written
from hub.rules.settings import Budget
from hub.rules.visits import VisitNow
from wire.model import Visit, known

Totals: TypeAlias = Mapping[DealField, Decimal]

_PARTS = {
    DealField.PLANNED: "planned",
    DealField.BILLED: "billed",
    DealField.GROSS: "gross",
    DealField.DISCOUNT: "discount",
    DealField.PAID: "paid",
    DealField.DEBT: "debt",
}
_BASIS: dict[Literal["bills", "payments", "plan"], DealField] = {
    "bills": DealField.BILLED,
    "payments": DealField.PAID,
    "plan": DealField.PLANNED,
}


@dataclass(frozen=True)
class Price:
    """What the budget should be, None: as it is; and the figure that a person had typed before winning."""

    price: int | None = None
    typed: int | None = None


def totals(visits: Iterable[VisitNow]) -> dict[DealField, Decimal]:
    """The sums of the visits; one with an unknown term is absent, and so is one below zero."""
    sums = {field: [_term(visit.visit, part) for visit in visits] for field, part in _PARTS.items()}
    found = {field: sum(filter(None, terms), Decimal()) for field, terms in sums.items() if None not in terms}
    return {field: total for field, total in found.items() if total >= 0}


def _term(visit: Visit, part: str) -> Decimal | None:
    """None is unknown; empty is 0."""
    if not known(visit, "sums"):
        return None
    if visit.sums is None:
        return Decimal()
    return (getattr(visit.sums, part) or Decimal()) if known(visit.sums, part) else None


def followed(budget: Budget) -> str:
    """The settings by which a budget is reckoned, as they are remembered."""
    return budget.basis if budget.people_win else f"{budget.basis} always"


def figure(sums: Totals, budget: Budget) -> int | None:
    """What the budget of an open deal follows: the basis, and while that is 0 the plan; None where it is unknown."""
    basis = sums.get(_BASIS[budget.basis])
    chosen = sums.get(DealField.PLANNED) if basis == 0 else basis
    return None if chosen is None else _roubles(chosen)


def price_of_new(sums: Totals, budget: Budget, *, winning: bool) -> int:
    """The budget of a deal that is created."""
    return (_fact(sums, budget) if winning else figure(sums, budget)) or 0


def price_of(
    deal: Deal, written: Written, sums: Totals, budget: Budget, *, winning: bool, frozen_at: datetime
) -> Price:
    """What the budget of a deal should be; `frozen_at`: deals that were closed before it are left alone."""
    if deal.price_by_robot:
        return Price(typed=written.typed_price)
    typed = deal.price not in (0, written.price)
    if winning or (deal.stage.stage_id == WON and (deal.closed_at is None or deal.closed_at > frozen_at)):
        return Price(_fact(sums, budget), deal.price if typed and written.typed_price is None else written.typed_price)
    if not deal.stage.open:
        return Price(typed=written.typed_price)
    return Price() if typed and budget.people_win else Price(figure(sums, budget))


def frozen_before(now: datetime, days: int) -> datetime:
    """Deals that were closed earlier keep their budget."""
    return now - timedelta(days=days)


def _fact(sums: Totals, budget: Budget) -> int | None:
    fact = sums.get(_BASIS[budget.basis])
    return None if fact is None else _roubles(fact)


def _roubles(total: Decimal) -> int:
    return int(total.to_integral_value(ROUND_HALF_UP))
