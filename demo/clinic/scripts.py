"""What may become of a visit on the day: stories of booking, moving, cancelling and coming, as drafts of events. Writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from demo.clinic import bills
from demo.clinic.database import Row
from demo.clinic.people import CANARY_SURNAME, Name, People
from demo.clinic.premises import CLINICS_REASONS, MOVE_REASON, PATIENTS_REASONS, RECEPTIONISTS, Calendar, Chair, Slot

_CALLS_FROM, _CALLS_TO = timedelta(hours=7, minutes=4), timedelta(hours=19, minutes=45)
_LAST_LATE_MARK, _CLOSES = timedelta(hours=19), timedelta(hours=22)
_BEFORE_START = timedelta(minutes=20)


@dataclass
class Ref:
    """The id of a patient or a visit; 0 until it is known (a patient's stays 0 where the visit has no patient)."""

    number: int = 0


@dataclass
class Upcoming:
    """A visit that is booked."""

    visit: Ref
    patient: Ref
    start: datetime
    chair: Chair


@dataclass
class Draft:
    """An event to be."""

    at: datetime
    do: str
    patient: Ref | None
    visit: Ref | None
    values: dict[str, Any]


class Scripts:
    """Collects the drafts of a day. `booked` counts the visits that the day brings."""

    def __init__(self, random: Random, calendar: Calendar, people: People, midnight: datetime) -> None:
        self.drafts: list[Draft] = []
        self.booked = 0
        self._random, self._calendar, self._people, self._midnight = random, calendar, people, midnight

    def on_the_day(self, upcoming: Upcoming) -> None:
        """A visit that was booked for the day before it began."""
        at = self._call_before(upcoming.start)
        fate = self._random.choices(
            ("comes", "no show", "late mark", "cancelled", "taken back", "moved", "transferred", "booked again"),
            (70, 5, 3, 5, 3, 6, 4, 4),
        )[0]
        if fate == "no show":
            return
        if at is None or fate == "comes":
            self._comes(upcoming)
        elif fate == "late mark" and upcoming.start < self._midnight + _LAST_LATE_MARK:
            self._late_mark(upcoming)
        elif fate == "cancelled":
            self._cancelled(upcoming, at)
        elif fate == "taken back":
            if self._taken_back(upcoming, at):
                self._comes(upcoming)
        else:
            self._goes_elsewhere(fate, upcoming, at)

    def some_other_day(self, upcoming: Upcoming) -> None:
        """A visit of the weeks after: mostly nobody calls."""
        fate = self._random.choices(
            ("stays", "cancelled", "taken back", "moved", "transferred", "booked again"), (80, 4, 3, 6, 4, 3)
        )[0]
        at = self._call()
        if fate == "cancelled":
            self._cancelled(upcoming, at)
        elif fate == "taken back":
            self._taken_back(upcoming, at)
        elif fate != "stays":
            self._goes_elsewhere(fate, upcoming, at)

    def newcomer(self) -> None:
        """Somebody who was never here calls and books."""
        person = self._people.adult(self._midnight.date())
        new = {
            "name": [person.name.surname, person.name.given, person.name.patronymic],
            "birthday": person.birthday and person.birthday.isoformat(),
            "phone": person.phone,
            "mobile": person.mobile,
            "card_number": person.card_number,
        }
        self._calls(Ref(), {"new": new})

    def caller(self, patient: Ref) -> None:
        """A patient with nothing booked calls and books."""
        self._calls(patient, {})

    def edits(self, persons: Iterable[Row], coming: set[int]) -> None:
        """Some cards of those who come are edited: another phone, another surname."""
        known = [row for row in persons if row["ID"] in coming and row["Surname"] not in (None, CANARY_SURNAME)]
        for row in self._random.sample(known, k=min(len(known), 1 + len(known) // 60)):
            at, patient = self._call(), Ref(row["ID"])
            if row["Surname"].endswith("а") and self._random.random() < 0.5:
                name = self._people.renamed(Name(row["Surname"], row["Name"], row["Patronymic"]))
                self._add(at, "rename", patient, None, surname=name.surname)
            else:
                self._add(at, "phone", patient, None, phone=self._people.typed(self._people.number()))

    def _calls(self, patient: Ref, values: dict[str, Any]) -> None:
        """Books for the same day or a later one; whoever comes the same day comes."""
        at = self._call()
        slot = self._slot(at) if self._random.random() < 0.5 else self._slot_later()
        self._follow(self._book(at, patient, slot, **values))

    def _comes(self, upcoming: Upcoming, *, at: datetime | None = None) -> None:
        """Appears, is treated, gets a bill, mostly pays, and sometimes books the next visit."""
        came = at or max(upcoming.start + self._minutes(-12, 4), self._midnight + _CALLS_FROM)
        began = came + (timedelta(seconds=3) if at else self._minutes(6, 12))
        ended = began + self._minutes(18, 32)
        billed, bill = ended + self._minutes(6, 10), bills.as_json(bills.made_up(self._random))
        self._mark(came, "appear", upcoming)
        self._mark(began, "start", upcoming)
        self._mark(ended, "end", upcoming, **({"order": bill} if self._random.random() < 0.5 else {}))
        self._mark(billed, "bill", upcoming, bill=bill)
        paid = billed + self._minutes(6, 10)
        share = self._random.choices(("1", "0.3333", None), (80, 10, 10))[0]
        if share:
            self._mark(paid, "pay", upcoming, share=share)
        leaves = paid + self._minutes(6, 12)
        if self._random.random() < 0.14 and leaves < self._midnight + _CLOSES:
            self._book(leaves, upcoming.patient, self._slot_later())

    def _late_mark(self, upcoming: Upcoming) -> None:
        """Nobody marks the patient until long after the planned time."""
        self._comes(upcoming, at=upcoming.start + self._minutes(40, 60))

    def _cancelled(self, upcoming: Upcoming, at: datetime, *, reason: int | None = None) -> None:
        """By the patient or the clinic; whoever did it is not always known."""
        reasons = CLINICS_REASONS if self._random.random() < 0.3 else PATIENTS_REASONS
        self._mark(at, "cancel", upcoming, reason=reason or self._random.choice(reasons), by=self._staff(0.2))

    def _taken_back(self, upcoming: Upcoming, at: datetime) -> bool:
        """Cancelled, and taken back within the grace time or after it, if the visit is still to come by then."""
        self._cancelled(upcoming, at)
        back = at + (self._minutes(4, 12) if self._random.random() < 0.5 else self._minutes(25, 60))
        if back + _BEFORE_START > upcoming.start:
            return False
        self._mark(back, "restore", upcoming)
        return True

    def _goes_elsewhere(self, fate: str, upcoming: Upcoming, at: datetime) -> None:
        """The visit is moved in one of the ways that IDENT has; what comes of the new time follows."""
        if fate == "moved":
            self._follow(self._moved(upcoming, at))
        elif fate == "transferred":
            self._follow(self._transferred(upcoming, at))
        else:
            self._cancelled(upcoming, at)
            wait = self._minutes(2, 13) if self._random.random() < 0.75 else self._minutes(40, 120)
            self._follow(self._book(at + wait, upcoming.patient, self._some_slot(at + wait)))

    def _moved(self, upcoming: Upcoming, at: datetime) -> Upcoming:
        """The same row: another doctor at the same time, or another time, perhaps in the other branch."""
        chair = self._calendar.chair_at(upcoming.start, upcoming.chair.id) if self._random.random() < 0.25 else None
        slot = Slot(chair, upcoming.start) if chair else self._some_slot(at)
        moved = Upcoming(upcoming.visit, upcoming.patient, slot.start, slot.chair)
        self._mark(at, "move", moved, **_place(slot))
        return moved

    def _transferred(self, upcoming: Upcoming, at: datetime) -> Upcoming:
        """The old row is cancelled and a new one names it: at once, or some seconds later."""
        slot, visit = self._some_slot(at), Ref()
        self.booked += 1
        if self._random.random() < 0.5:
            at_once = {"moved_from": upcoming.visit, "reason": MOVE_REASON, "by": self._staff(0.2), **_place(slot)}
            self._add(at, "transfer", upcoming.patient, visit, **at_once)
        else:
            self._cancelled(upcoming, at, reason=MOVE_REASON)
            later = at + timedelta(seconds=self._random.randint(4, 20))
            self._add(
                later, "book", upcoming.patient, visit, moved_from=upcoming.visit, by=self._staff(0.1), **_place(slot)
            )
        return Upcoming(visit, upcoming.patient, slot.start, slot.chair)

    def _book(self, at: datetime, patient: Ref, slot: Slot, **values: Any) -> Upcoming:
        visit = Ref()
        self.booked += 1
        self._add(at, "book", patient, visit, by=self._staff(0.1), **values, **_place(slot))
        return Upcoming(visit, patient, slot.start, slot.chair)

    def _follow(self, upcoming: Upcoming) -> None:
        if upcoming.start.date() == self._midnight.date() and self._random.random() < 0.94:
            self._comes(upcoming)

    def _mark(self, at: datetime, do: str, upcoming: Upcoming, **values: Any) -> None:
        self._add(at, do, upcoming.patient, upcoming.visit, **values)

    def _add(self, at: datetime, do: str, patient: Ref, visit: Ref | None, **values: Any) -> None:
        self.drafts.append(Draft(at + timedelta(milliseconds=self._random.randint(0, 999)), do, patient, visit, values))

    def _call(self) -> datetime:
        """Some time when the telephone is answered."""
        return self._between(self._midnight + _CALLS_FROM, self._midnight + _CALLS_TO)

    def _call_before(self, start: datetime) -> datetime | None:
        """Some time of the day before a visit begins; None where the visit is too early."""
        first, last = self._midnight + _CALLS_FROM, min(start - _BEFORE_START, self._midnight + _CALLS_TO)
        return self._between(first, last) if last > first else None

    def _between(self, first: datetime, last: datetime) -> datetime:
        return first + timedelta(seconds=self._random.randint(0, int((last - first).total_seconds())))

    def _minutes(self, least: int, most: int) -> timedelta:
        return timedelta(seconds=self._random.randint(least * 60, most * 60))

    def _some_slot(self, at: datetime) -> Slot:
        return self._slot(at) if self._random.random() < 0.4 else self._slot_later()

    def _slot(self, at: datetime) -> Slot:
        """Later today, where there is still time."""
        slot = self._calendar.take(self._midnight.date(), at + timedelta(minutes=45))
        return slot or self._slot_later()

    def _slot_later(self) -> Slot:
        slot = None
        while slot is None:
            slot = self._calendar.take(self._some_day())
        return slot

    def _some_day(self) -> date:
        return (self._midnight + timedelta(days=self._random.randint(1, 40))).date()

    def _staff(self, nobody: float) -> int | None:
        return None if self._random.random() < nobody else self._random.choice(RECEPTIONISTS)


def _place(slot: Slot) -> dict[str, Any]:
    return {"start": slot.start.isoformat(), "chair": slot.chair.id, "doctor": slot.chair.doctor}
