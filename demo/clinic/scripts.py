"""What may become of a visit on the day: stories of booking, moving, cancelling and coming, as drafts of events. Writes nothing."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from demo.clinic import bills
from demo.clinic.database import Row
from demo.clinic.people import People, Person
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
        at = self.call()
        if fate == "cancelled":
            self._cancelled(upcoming, at)
        elif fate == "taken back":
            self._taken_back(upcoming, at)
        elif fate != "stays":
            self._goes_elsewhere(fate, upcoming, at)

    def newcomer(self) -> None:
        """Somebody who was never here calls and books."""
        person = self._people.adult(self._midnight.date())
        self._calls(Ref(), {"new": as_json(person)})

    def caller(self, patient: Ref) -> None:
        """A patient with nothing booked calls and books."""
        self._calls(patient, {})

    def _calls(self, patient: Ref, values: dict[str, Any]) -> None:
        """Books for the same day or a later one; whoever comes the same day comes."""
        at = self.call()
        slot = self._slot(at) if self._random.random() < 0.5 else self.slot_later()
        self.follow(self.book(at, patient, slot, **values))

    def _comes(self, upcoming: Upcoming, *, at: datetime | None = None) -> None:
        """Appears, is treated, gets a bill, mostly pays, and sometimes books the next visit."""
        came = at or max(upcoming.start + self.minutes(-12, 4), self._midnight + _CALLS_FROM)
        began = came + (timedelta(seconds=3) if at else self.minutes(6, 12))
        ended = began + self.minutes(18, 32)
        billed, bill = ended + self.minutes(6, 10), bills.as_json(bills.made_up(self._random))
        self._mark(came, "appear", upcoming)
        self._mark(began, "start", upcoming)
        self._mark(ended, "end", upcoming, **({"order": bill} if self._random.random() < 0.5 else {}))
        self._mark(billed, "bill", upcoming, bill=bill)
        paid = billed + self.minutes(6, 10)
        share = self._random.choices(("1", "0.3333", None), (80, 10, 10))[0]
        if share:
            self._mark(paid, "pay", upcoming, share=share)
        leaves = paid + self.minutes(6, 12)
        self._next_steps(upcoming, ended, billed, bill)
        if self._random.random() < 0.14 and leaves < self._midnight + _CLOSES:
            self.book(leaves, upcoming.patient, self.slot_later())

    def _next_steps(self, upcoming: Upcoming, ended: datetime, billed: datetime, bill: Row) -> None:
        """Some leave with a plan of what is to be done, of which what was done today is a part; some with a day for a check-up."""
        if self._random.random() < 0.06:
            services = [price for price, *_ in (*bill["lines"], *bills.as_json(bills.made_up(self._random))["lines"])]
            self._mark(ended + timedelta(minutes=1), "plan", upcoming, services=services)
            self._mark(billed + timedelta(minutes=1), "do planned", upcoming)
        if self._random.random() < 0.08:
            due = self._midnight + timedelta(days=self._random.randint(150, 200))
            self._mark(billed + timedelta(minutes=3), "checkup", upcoming, due=due.isoformat())

    def _late_mark(self, upcoming: Upcoming) -> None:
        """Nobody marks the patient until long after the planned time."""
        self._comes(upcoming, at=upcoming.start + self.minutes(40, 60))

    def _cancelled(self, upcoming: Upcoming, at: datetime, *, reason: int | None = None) -> None:
        """By the patient or the clinic; whoever did it is not always known."""
        reasons = CLINICS_REASONS if self._random.random() < 0.3 else PATIENTS_REASONS
        self._mark(at, "cancel", upcoming, reason=reason or self._random.choice(reasons), by=self._staff(0.2))

    def _taken_back(self, upcoming: Upcoming, at: datetime) -> bool:
        """Cancelled, and taken back within the grace time or after it, if the visit is still to come by then."""
        self._cancelled(upcoming, at)
        back = at + (self.minutes(4, 12) if self._random.random() < 0.5 else self.minutes(25, 60))
        if back + _BEFORE_START > upcoming.start:
            return False
        self._mark(back, "restore", upcoming)
        return True

    def _goes_elsewhere(self, fate: str, upcoming: Upcoming, at: datetime) -> None:
        """The visit is moved in one of the ways that IDENT has; what comes of the new time follows."""
        if fate == "moved":
            self.follow(self._moved(upcoming, at))
        elif fate == "transferred":
            self.follow(self._transferred(upcoming, at))
        else:
            self._cancelled(upcoming, at)
            wait = self.minutes(2, 13) if self._random.random() < 0.75 else self.minutes(40, 120)
            self.follow(self.book(at + wait, upcoming.patient, self._some_slot(at + wait)))

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
            self.add(at, "transfer", upcoming.patient, visit, **at_once)
        else:
            self._cancelled(upcoming, at, reason=MOVE_REASON)
            later = at + timedelta(seconds=self._random.randint(4, 20))
            self.add(
                later, "book", upcoming.patient, visit, moved_from=upcoming.visit, by=self._staff(0.1), **_place(slot)
            )
        return Upcoming(visit, upcoming.patient, slot.start, slot.chair)

    def book(self, at: datetime, patient: Ref, slot: Slot, **values: Any) -> Upcoming:
        """A new visit."""
        visit = Ref()
        self.booked += 1
        self.add(at, "book", patient, visit, by=self._staff(0.1), **values, **_place(slot))
        return Upcoming(visit, patient, slot.start, slot.chair)

    def follow(self, upcoming: Upcoming) -> None:
        """Whoever comes the same day comes."""
        if upcoming.start.date() == self._midnight.date() and self._random.random() < 0.94:
            self._comes(upcoming)

    def _mark(self, at: datetime, do: str, upcoming: Upcoming, **values: Any) -> None:
        self.add(at, do, upcoming.patient, upcoming.visit, **values)

    def add(self, at: datetime, do: str, patient: Ref, visit: Ref | None, **values: Any) -> None:
        """Note a draft."""
        self.drafts.append(Draft(at + timedelta(milliseconds=self._random.randint(0, 999)), do, patient, visit, values))

    def call(self) -> datetime:
        """Some time when the telephone is answered."""
        return self._between(self._midnight + _CALLS_FROM, self._midnight + _CALLS_TO)

    def _call_before(self, start: datetime) -> datetime | None:
        """Some time of the day before a visit begins; None where the visit is too early."""
        first, last = self._midnight + _CALLS_FROM, min(start - _BEFORE_START, self._midnight + _CALLS_TO)
        return self._between(first, last) if last > first else None

    def _between(self, first: datetime, last: datetime) -> datetime:
        return first + timedelta(seconds=self._random.randint(0, int((last - first).total_seconds())))

    def minutes(self, least: int, most: int) -> timedelta:
        """Some time between so many minutes."""
        return timedelta(seconds=self._random.randint(least * 60, most * 60))

    def _some_slot(self, at: datetime) -> Slot:
        return self._slot(at) if self._random.random() < 0.4 else self.slot_later()

    def _slot(self, at: datetime) -> Slot:
        """Later today, where there is still time."""
        slot = self._calendar.take(self._midnight.date(), at + timedelta(minutes=45))
        return slot or self.slot_later()

    def slot_later(self) -> Slot:
        """A free slot of the weeks after."""
        slot = None
        while slot is None:
            slot = self._calendar.take(self._some_day())
        return slot

    def _some_day(self) -> date:
        return (self._midnight + timedelta(days=self._random.randint(1, 40))).date()

    def _staff(self, nobody: float) -> int | None:
        return None if self._random.random() < nobody else self._random.choice(RECEPTIONISTS)


def as_json(person: Person) -> dict[str, Any]:
    """Somebody new, for the plan."""
    return {
        "name": [person.name.surname, person.name.given, person.name.patronymic],
        "birthday": person.birthday and person.birthday.isoformat(),
        "phone": person.phone,
        "mobile": person.mobile,
        "parent": person.parent,
        "card_number": person.card_number,
    }


def _place(slot: Slot) -> dict[str, Any]:
    return {"start": slot.start.isoformat(), "chair": slot.chair.id, "doctor": slot.chair.doctor}
