"""What happened at the clinic before the day: rows of visits as they came to stand. Knows no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from demo.clinic.premises import LENGTH, PATIENTS_REASONS, RECEPTIONISTS, Calendar, Slot
from demo.clinic.values import Row

VISITED = "visited"
"""The fate of a visit that counts as visited; all other fates leave the patient as new as before."""


@dataclass
class PastVisit:
    """A visit's row to be; it gets its id when all are known. `after` is the visit that it was moved from."""

    patient: int | None
    slot: Slot
    booked: datetime
    row: Row
    fate: str = "booked"
    after: "PastVisit | None" = None
    id: int = 0

    def finished(self) -> Row:
        """The row as it is stored."""
        return {
            "ID": self.id,
            "ID_Patients": self.patient,
            "PlanStart": self.slot.start,
            "PlanEnd": self.slot.start + LENGTH,
            "ID_Staffs": self.slot.chair.doctor,
            "ID_Armchairs": self.slot.chair.id,
            "ReceptionAdded": self.booked,
            "DateTimeAdded": self.booked + timedelta(milliseconds=500),
            "DateTimeChanged": self.booked,
            "IsNotified": False,
            "NeedHandReminder": False,
            "ID_ReceptionsTransferFrom": self.after.id if self.after else None,
            **self.row,
        }


class Past:
    """Makes visits up. `day` is the midnight of the day that is going to be played."""

    def __init__(self, random: Random, calendar: Calendar, day: datetime, *, days: int = 700) -> None:
        self._random, self._calendar, self._day, self._days = random, calendar, day, days

    def booked(self, patient: int | None, slot: Slot) -> PastVisit:
        """A visit that is still to come, booked some days ago."""
        earliest = self._day - timedelta(days=30)
        booked = earliest + timedelta(
            seconds=self._random.randint(0, 29 * 86400), milliseconds=self._random.randint(0, 999)
        )
        staff = self._random.choice(RECEPTIONISTS) if self._random.random() < 0.9 else None
        return PastVisit(patient, slot, booked, {"ID_StaffsReceptionAdded": staff, "ID_StaffsAdded": staff})

    def cancelled_before(self, patient: int, slot: Slot) -> PastVisit:
        """A visit of the day or later that was cancelled before the day."""
        made = self.booked(patient, slot)
        self._cancel(made, made.booked + timedelta(hours=self._random.randint(1, 20)))
        return made

    def moved_before(self, patient: int, former: Slot, slot: Slot) -> list[PastVisit]:
        """A visit that was moved before the day: the former row is cancelled, the new one names it."""
        old = self.cancelled_before(patient, former)
        new = self.booked(patient, slot)
        new.after, new.booked = old, old.row["ReceptionCanceled"] + timedelta(seconds=5)
        return [old, new]

    def history(self, patient: int, visited: int) -> Iterator[PastVisit]:
        """Visits of the last two years: so many that count as visited, and some that do not."""
        for _ in range(visited):
            yield self._visited(patient)
        for _ in range(self._random.choice((0, 0, 1, 1, 2)) if visited else self._random.choice((1, 1, 2))):
            yield from self._missed(patient)

    def moved_again_and_again(self, patient: int) -> list[PastVisit]:
        """A chain of moves, each row naming the one before; at the last of them the patient came."""
        slots = sorted((self._some_time_ago(patient).slot for _ in range(3)), key=lambda slot: slot.start)
        chain: list[PastVisit] = []
        for slot in slots:
            made = self.booked(patient, slot)
            made.booked = slots[0].start - timedelta(days=3 - len(chain))
            made.after = chain[-1] if chain else None
            chain.append(made)
        for made, following in pairwise(chain):
            self._cancel(made, following.booked)
        self._come(chain[-1])
        return chain

    def touched(self, visits: list[PastVisit]) -> None:
        """What an update of the program left long ago: many rows that nobody changed have one changed-time."""
        at = self._day - timedelta(days=100, hours=3)
        for made in visits:
            if made.fate == "cancelled" and made.row["DateTimeChanged"] < at and self._random.random() < 0.5:
                made.row |= {"DateTimeChanged": at, "ID_StaffsChanged": None}

    def _visited(self, patient: int) -> PastVisit:
        made = self._some_time_ago(patient)
        self._come(made)
        return made

    def _come(self, made: PastVisit) -> None:
        """The patient was there."""
        made.fate = VISITED
        came = made.slot.start + timedelta(
            minutes=self._random.randint(-10, 15), milliseconds=self._random.randint(0, 999)
        )
        began, ended = came + timedelta(minutes=5), came + timedelta(minutes=self._random.randint(20, 50))
        made.row |= {"PatientAppeared": came, "ReceptionStarted": began, "DateTimeChanged": began}
        if self._random.random() < 0.04:
            return  # nobody marked the end: on a later day it counts as visited
        made.row |= {"ReceptionEnded": ended, "DateTimeChanged": ended}
        if self._random.random() < 0.9:
            made.row["CheckIssued"] = ended + timedelta(minutes=self._random.randint(0, 15))

    def _missed(self, patient: int) -> Iterator[PastVisit]:
        """Not marked, cancelled, or moved and then cancelled again."""
        made = self._some_time_ago(patient)
        chance = self._random.random()
        if chance > 0.3:
            self._cancel(made, made.booked + timedelta(hours=self._random.randint(1, 12)))
        if 0.3 < chance < 0.37:
            made.row |= {"ReceptionCanceled": None, "ID_ReceptionCancelReasons": PATIENTS_REASONS[0]}
        yield made
        if chance > 0.8:
            again = self._some_time_ago(patient)
            again.after, again.booked = made, made.row["ReceptionCanceled"] + timedelta(seconds=7)
            if again.slot.start > again.booked:
                yield again

    def _cancel(self, made: PastVisit, at: datetime) -> None:
        chance = self._random.random()
        staff = None if chance < 0.2 else self._random.choice(RECEPTIONISTS)
        reason = None if chance > 0.9 else self._random.choice(PATIENTS_REASONS)
        made.fate = "cancelled"
        made.row |= {
            "ReceptionCanceled": at,
            "ID_ReceptionCancelReasons": reason,
            "CancelReasonComment": "позвонил сам" if chance > 0.95 else None,
            "ID_StaffsReceptionCanceled": staff,
            "DateTimeChanged": at - timedelta(milliseconds=500),
        }

    def _some_time_ago(self, patient: int) -> PastVisit:
        slot = None
        while slot is None:
            slot = self._calendar.take((self._day - timedelta(days=self._random.randint(2, self._days))).date())
        made = self.booked(patient, slot)
        made.booked = slot.start - timedelta(seconds=self._random.randint(86400, 20 * 86400))
        made.row["DateTimeChanged"] = made.booked
        return made


def in_order_of_starts(visits: list[PastVisit]) -> None:
    """Let one patient's visits be booked in the order of their starts: whoever sees only the first of them sees the nearest."""
    moments = sorted(made.booked for made in visits)
    for made, booked in zip(sorted(visits, key=lambda made: made.slot.start), moments, strict=True):
        made.booked = booked
