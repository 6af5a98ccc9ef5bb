"""When a question that a person is to answer is asked of the CRM again: an answer that was given there tells nobody of itself. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.rules.visits import VisitNow

_WHILE_AHEAD = timedelta(minutes=30)
_WHEN_OVER = timedelta(days=1)
_FOR_DAYS = 30
"""After that only a change or a choice asks anew: what nobody answers may not be asked for ever."""


def asked_again(visits: Sequence[VisitNow], now: datetime) -> datetime | None:
    """`visits`: those that wait for the answer."""
    over = min(visit.days_over(now) for visit in visits)
    if over >= _FOR_DAYS:
        return None
    return now + (_WHEN_OVER if over else _WHILE_AHEAD)
