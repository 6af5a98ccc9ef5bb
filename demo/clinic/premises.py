"""The made-up clinic itself: branches, chairs, staff, prices, reasons, and which chair is free when. Knows no patients, no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from demo.clinic.people import Name
from demo.clinic.values import Row

LENGTH = timedelta(minutes=30)
_FIRST_SLOT, _SLOTS = 16, 25
_NUMBERS = range(_SLOTS)
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

PROFESSIONS = (
    (1, "Директор", 9, False),
    (2, "Администратор", 7, False),
    (3, "Стоматолог-терапевт", 8, False),
    (4, "Стоматолог-ортопед", 8, False),
    (5, "Стоматолог-хирург", 8, False),
    (6, "Зубной врач", 8, True),
)
"""(id, name, role, archived)."""
_DIRECTORS, _RECEPTIONISTS, _DOCTORS = 1, 2, (3, 4, 5, 6)

_CATEGORIES = ((1, "Стоматология", False), (2, "Прочее", True))
_FOLDERS = ((1, "Терапия", 1, False), (2, "Ортопедия", 1, False), (3, "Старый прейскурант", 2, True))

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

    def with_another(self, random: Random) -> "Calendar":
        """The same chairs, of which somebody else takes what is free."""
        other = Calendar(random, 0)
        other._chairs, other._taken = self._chairs, self._taken
        return other

    @property
    def chairs(self) -> tuple[Chair, ...]:
        """All of them."""
        return self._chairs

    def chair(self, key: int) -> Chair:
        """The chair with this id."""
        return self._chairs[key - 1]

    def occupy(self, chair: int, start: datetime) -> None:
        """A visit that stands there already."""
        self._taken.add((chair, start))

    def take(self, day: date, after: datetime | None = None, *, other_than: Chair | None = None) -> Slot | None:
        """A free slot of that day, not before `after`; None where the day is full."""
        midnight = datetime.combine(day, time())
        numbers = [n for n in _NUMBERS if _start(midnight, n) >= after] if after else _NUMBERS
        here = [chair for chair in self._chairs if chair != other_than] if other_than else self._chairs
        for _ in range(50 if numbers else 0):
            slot = Slot(self._random.choice(here), _start(midnight, self._random.choice(numbers)))
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
    yield "ProfessionNames", [_profession_row(*profession) for profession in PROFESSIONS]
    yield "Items", list(_positions(visits))
    yield from _price_list(opened)
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


def _profession_row(key: int, name: str, role: int, archived: bool) -> Row:
    return {"ID": key, "NameProfession": name, "ID_Roles": role, "Archive": archived}


def _positions(visits: int) -> Iterator[Row]:
    """Who is what; every second doctor is several things at once."""
    held = [(_DIRECTOR, _DIRECTORS), (_DIRECTOR, _DOCTORS[0]), *((key, _RECEPTIONISTS) for key in RECEPTIONISTS)]
    for chair in chairs(visits):
        held += [(chair.doctor, _DOCTORS[(chair.id + n) % len(_DOCTORS)]) for n in range(1 + chair.id % 2 * 2)]
    for key, (staff, profession) in enumerate(held, start=1):
        yield {"ID": key, "ID_Staffs": staff, "ID_ProfessionNames": profession}


def _price_list(opened: datetime) -> Iterator[tuple[str, list[Row]]]:
    """Where services stand in the price list: the places are slices of time, as the prices are."""
    names = ("ID", "Name", "Archive")
    yield "ServicePriceGroups", [{"ID": 1, "Name": "Основной", "Archive": False}]
    yield "ServiceCategories", [dict(zip(names, category, strict=True)) for category in _CATEGORIES]
    folders = ("ID", "Name", "ID_ServiceCategories", "Archive")
    yield "ServiceFolders", [dict(zip(folders, folder, strict=True)) for folder in _FOLDERS]
    now: list[Row] = [
        {
            "ID": n,
            "ID_ServiceItems": key,
            "ID_ServiceFoldersParent": 1 + n % 2,
            "Code": f"A{key}",
            "DateTimeFrom": opened,
        }
        for n, (key, _, _) in enumerate(PRICES, start=1)
    ]
    before = {"ID": len(now) + 1, "ID_ServiceItems": PRICES[0][0], "ID_ServiceFoldersParent": 3, "DateTimeTo": opened}
    yield "ServiceItemContents", [*now, before]


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


def _start(midnight: datetime, number: int) -> datetime:
    return midnight + LENGTH * (_FIRST_SLOT + number)
