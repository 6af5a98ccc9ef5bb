"""The made-up clinic itself: branches, chairs, staff, prices, reasons, and which chair is free when. Knows no patients, no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from demo.clinic.database import Row
from demo.clinic.people import Name

LENGTH = timedelta(minutes=30)
_FIRST_SLOT, _SLOTS = 16, 25
"""Half hours of the day: the first visit begins at 8:00, the last at 20:00."""

BRANCHES = ((1, "ООО «Зубная фея»", "На Ленина"), (2, "Филиал на Садовой", None))
"""The second has no BranchName: its name is what people see."""

REASONS = ((1, "Пациент заболел", False), (2, "Передумал", False), (3, "Врач заболел", True), (4, "Перенос", False))
"""(id, name, by the clinic)."""
PATIENTS_REASONS, CLINICS_REASONS, MOVE_REASON = (1, 2), (3,), 4

PRICES = tuple(
    (10 + n, name, Decimal(price))
    for n, (name, price) in enumerate(
        (
            ("Консультация", "800"),
            ("Профессиональная гигиена", "5499.50"),
            ("Лечение кариеса", "6333.33"),
            ("Лечение пульпита", "14750"),
            ("Снимок", "450.40"),
            ("Удаление зуба", "3999.99"),
            ("Коронка", "28500"),
            ("Отбеливание", "17250.25"),
        )
    )
)
"""(id of the current price, service, price)."""

_DIRECTOR, _FIRST_RECEPTIONIST, _FIRST_DOCTOR = 11, 21, 31
RECEPTIONISTS = tuple(range(_FIRST_RECEPTIONIST, _FIRST_RECEPTIONIST + 4))
STAFF_PATIENT = _FIRST_RECEPTIONIST
"""The receptionist who is a patient of the clinic too."""

_STAFF_SURNAMES = (
    "Пинцетов",
    "Зеркалов",
    "Пломбин",
    "Эмалев",
    "Дентинов",
    "Коронкин",
    "Мостов",
    "Резцов",
    "Премоляров",
    "Халатов",
)
_STAFF_GIVEN = (
    "Алла",
    "Борис",
    "Вадим",
    "Галина",
    "Денис",
    "Елена",
    "Жанна",
    "Захар",
    "Инна",
    "Карина",
    "Леонид",
    "Марк",
)


@dataclass(frozen=True)
class Chair:
    """A chair, its branch, and the doctor who works there."""

    id: int
    branch: int
    doctor: int


@dataclass(frozen=True)
class Slot:
    """Half an hour at a chair."""

    chair: Chair
    start: datetime


def chairs(visits: int) -> tuple[Chair, ...]:
    """As many as a day of so many visits needs; each branch has the same number."""
    pairs = 2 + visits * 3 // (4 * _SLOTS)
    return tuple(Chair(n + 1, BRANCHES[n % len(BRANCHES)][0], _FIRST_DOCTOR + n) for n in range(len(BRANCHES) * pairs))


class Calendar:
    """What is still free; a slot is given away once."""

    def __init__(self, random: Random, visits: int) -> None:
        self._random, self._chairs = random, chairs(visits)
        self._taken: set[tuple[int, datetime]] = set()

    def chair(self, key: int) -> Chair:
        """The chair with this id."""
        return self._chairs[key - 1]

    def occupy(self, chair: int, start: datetime) -> None:
        """A visit that stands there already."""
        self._taken.add((chair, start))

    def take(self, day: date, after: datetime | None = None, *, other_than: Chair | None = None) -> Slot | None:
        """A free slot of that day, not before `after`; None where the day is full."""
        starts = [start for start in _starts(day) if after is None or start >= after]
        here = [chair for chair in self._chairs if other_than is None or chair != other_than]
        for _ in range(50 if starts else 0):
            slot = Slot(self._random.choice(here), self._random.choice(starts))
            if (slot.chair.id, slot.start) not in self._taken:
                self.occupy(slot.chair.id, slot.start)
                return slot
        return None

    def chair_at(self, start: datetime, other_than: int) -> Chair | None:
        """Another chair that is free at the same time."""
        free = [c for c in self._chairs if c.id != other_than and (c.id, start) not in self._taken]
        if not free:
            return None
        chair = self._random.choice(free)
        self.occupy(chair.id, start)
        return chair


def rows(visits: int, opened: datetime) -> Iterator[tuple[str, list[Row]]]:
    """The rows of all tables that a clinic has before its first patient."""
    staff = [*range(_DIRECTOR, _DIRECTOR + 1), *RECEPTIONISTS, *(chair.doctor for chair in chairs(visits))]
    former = max(staff) + 1
    yield "OwnCompanies", [{"ID": key, "Name": name, "BranchName": branch} for key, name, branch in BRANCHES]
    yield "Persons", [_staff_person(key) for key in (*staff, former)]
    yield "Staffs", [{"ID_Persons": key, "Archive": key == former} for key in (*staff, former)]
    yield "Armchairs", [_chair_row(chair) for chair in chairs(visits)]
    yield "ReceptionCancelReasons", [{"ID": key, "Name": name} for key, name, _ in REASONS]
    yield "ServiceItems", [{"ID": key, "Name": name, "NotAService": False} for key, name, _ in PRICES]
    yield "ServiceItemPrices", _price_rows(opened)


def doctor_name(key: int) -> Name:
    """Staff names follow from the id."""
    surname = _STAFF_SURNAMES[key % len(_STAFF_SURNAMES)]
    given = _STAFF_GIVEN[key % len(_STAFF_GIVEN)]
    woman = given[-1] in "ая"
    return Name(surname + ("а" if woman else ""), given, ("Юрьевна" if woman else "Юрьевич") if key % 3 else "")


def _staff_person(key: int) -> Row:
    name = doctor_name(key)
    return {"ID": key, "Surname": name.surname, "Name": name.given, "Patronymic": name.patronymic or None}


def _chair_row(chair: Chair) -> Row:
    return {"ID": chair.id, "NameArmchair": f"Кресло {chair.id}", "ID_OwnCompanies": chair.branch, "Archive": False}


def _price_rows(opened: datetime) -> list[Row]:
    """Prices are slices of time: the id of a former price differs from that of the current one."""
    now: list[Row] = [
        {"ID": key, "ID_ServiceItems": key, "ID_ServicePriceGroups": 1, "Price": price, "DateTimeFrom": opened}
        for key, _, price in PRICES
    ]
    before = [
        {**row, "ID": row["ID"] - 9, "Price": row["Price"] - 300, "DateTimeFrom": None, "DateTimeTo": opened}
        for row in now
    ]
    return [*before, *now]


def _starts(day: date) -> list[datetime]:
    midnight = datetime.combine(day, time())
    return [midnight + LENGTH * (_FIRST_SLOT + n) for n in range(_SLOTS)]
