"""R26: whether what an operator confirmed still holds. The field belongs to the CRM: we only empty it, and only when the visit is not what
was confirmed any more."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hub.rules.fields import DealField
from hub.rules.model import DesiredDeal
from hub.rules.visits import VisitNow

AS_GOOD_AS_SAME = timedelta(minutes=15)
"""Who promised to come at half past two comes also at a quarter to three."""


@dataclass(frozen=True)
class Confirmation:
    """A visit, its start and branch when it was confirmed; `text` says who, when and what, as the card shows it."""

    deal_id: int
    database: str
    visit: str
    start: datetime
    branch: str | None
    user_id: int
    text: str = field(repr=False)
    at: datetime


def holds(confirmation: Confirmation, database: str, visits: Sequence[VisitNow]) -> bool:
    """`visits`: those of the deal. While a grace time runs a cancellation may still be taken back."""
    mine = [visit for visit in visits if visit.id == confirmation.visit and confirmation.database == database]
    return any(_is_cancelled_for_now(visit) or _is_as_confirmed(confirmation, visit) for visit in mine)


def _is_cancelled_for_now(visit: VisitNow) -> bool:
    return visit.word == "cancelled" and visit.in_grace


def _is_as_confirmed(confirmation: Confirmation, visit: VisitNow) -> bool:
    branch = visit.visit.branch.id if visit.visit.branch else None
    return (
        visit.word != "cancelled"
        and _is_same_time(confirmation.start, visit.start, visit.zone)
        and (None in (branch, confirmation.branch) or branch == confirmation.branch)
    )


def _is_same_time(one: datetime, other: datetime, zone: ZoneInfo) -> bool:
    same_day = one.astimezone(zone).date() == other.astimezone(zone).date()
    return same_day and abs(one - other) <= AS_GOOD_AS_SAME


def without_confirmation(wanted: DesiredDeal) -> DesiredDeal:
    """The same deal with the field emptied."""
    return replace(wanted, fields={**wanted.fields, DealField.CONFIRMED: None})
