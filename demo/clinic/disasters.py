"""What befalls the clinic's database on its first day: updates of the program, and an older backup that is put back. Drafts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from demo.clinic.scripts import Draft

_TOUCHES, _DROP = (time(11, 17, 30), time(18, 10, 5)), time(17, 3, 20)
_DROPPED = {"table": "Patients", "column": "CardNumber"}
_FROM, _TO, _LONG = time(12, 20), time(15, 0), timedelta(minutes=12)
_MAY_BE_LOST = {"book", "move", "cancel", "transfer", "restore", "appear", "start", "end", "bill", "pay"}
"""Work on visits. What became of cards in that time would be lost too; but a card whose key is given out again takes a person's look."""
_MARKS = ("appear", "start", "end", "bill")
_NOTICED, _A_MARK = timedelta(seconds=40), timedelta(seconds=2)


def updates(midnight: datetime) -> list[Draft]:
    """The program is updated: rows look changed, and one update drops a column."""
    touches = [_draft(datetime.combine(midnight, at), "touch") for at in _TOUCHES]
    return [*touches, _draft(datetime.combine(midnight, _DROP), "drop column", **_DROPPED)]


def backup(midnight: datetime, drafts: Sequence[Draft]) -> list[Draft]:
    """Some minutes' work is lost: those around noon in which most is booked, and nothing but work on visits is done; none where
    there is no such time. Who is in the clinic is marked again at once; what was booked is forgotten."""
    starts = [datetime.combine(midnight, _FROM) + timedelta(minutes=n) for n in range(160)]
    losses = {start: _loss(start, drafts) for start in starts if start + _LONG < datetime.combine(midnight, _TO)}
    start = max(losses, key=lambda start: losses[start])
    if losses[start] <= 0:
        return []
    back = start + _LONG
    marks = [
        draft for draft in sorted(drafts, key=lambda draft: draft.at) if start <= draft.at < back and draft.do in _MARKS
    ]
    again = [replace(draft, at=back + _NOTICED + n * _A_MARK) for n, draft in enumerate(marks)]
    return [_draft(start, "backup"), _draft(back, "roll back"), *again]


def _loss(start: datetime, drafts: Sequence[Draft]) -> int:
    """How many visits booked then would be lost; -1 where more than visits would."""
    lost = [draft for draft in drafts if start <= draft.at < start + _LONG]
    if any("new" in draft.values or draft.do not in _MAY_BE_LOST for draft in lost):
        return -1
    return sum(draft.do in ("book", "transfer") for draft in lost)


def _draft(at: datetime, do: str, **values: str) -> Draft:
    return Draft(at, do, None, None, dict(values))
