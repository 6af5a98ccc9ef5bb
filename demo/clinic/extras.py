"""What stands in a clinic's tables beside visits and money, and what must not confuse anybody who reads them. Knows no database."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from demo.clinic.past import PastVisit
from demo.clinic.premises import BRANCHES, LENGTH, RECEPTIONISTS, Chair
from demo.clinic.values import Row

INFO_SOURCES = ((1, "Рекомендация знакомых"), (2, "Яндекс Карты"), (3, "Вывеска"), (4, ""))
APPOINTMENT_SOURCES = ((1, "Звонок"), (2, "Сайт"), (3, "Агрегатор"))
_LOST_SOURCE = 9
"""Named by a card and in no dictionary."""

_GRID = timedelta(minutes=15)
_FIRST_CELL, _LAST_CELL = 32, 82
"""Quarters of an hour: from 8:00 to 20:30."""
_CELLS_BEFORE, _CELLS_AFTER = 1, 14
"""Days of which the grid is there."""
_LUNCH = 52
_FORMS = ("Запись с сайта", "Обратный звонок")


def sources() -> Iterator[tuple[str, list[Row]]]:
    """How patients came to know of the clinic, and how visits came to be booked."""
    yield "InfoSources", [{"ID": key, "Name": name} for key, name in INFO_SOURCES]
    yield "AppointmentSources", [{"ID": key, "Name": name} for key, name in APPOINTMENT_SOURCES]


def info_source(random: Random) -> int | None:
    """Of a patient: mostly known, now and then by a key that means nothing any more."""
    return random.choice((*(key for key, _ in INFO_SOURCES), _LOST_SOURCE)) if random.random() < 0.6 else None


def booking(random: Random, visit: PastVisit) -> Row:
    """How it came to be booked is seldom known; of what is to come, some were reminded."""
    source = random.choice(APPOINTMENT_SOURCES)[0] if random.random() < 0.15 else None
    if visit.fate != "booked" or random.random() > 0.2:
        return {"ID_AppointmentSources": source}
    at = visit.booked + timedelta(hours=1)
    return {"ID_AppointmentSources": source, "IsNotified": True, "DateTimeNotified": at}


def ladder(random: Random, first: datetime | None) -> Row:
    """A patient who was treated stands on the third step of `Status`; some cards from a former program say that it was long ago."""
    long_ago = random.random() < 0.02
    if first is None:
        return {"FirstVisit": date(1900, 1, 1)} if long_ago else {}
    since = date(1905, 6, 1) if long_ago else first.date()
    return {"FirstVisit": since, "FirstConsultation": first, "FirstTreat": first, "Status": 3}


def times() -> Iterator[tuple[str, list[Row]]]:
    """The quarters of a day."""
    quarters = [time(n // 4, n % 4 * 15) for n in range(96)]
    ends = [*quarters[1:], time(23, 59, 59)]
    rows: list[Row] = [
        {"ID": n + 1, "TimeStartValue": start, "TimeEndValue": end}
        for n, (start, end) in enumerate(zip(quarters, ends, strict=True))
    ]
    yield "Times", rows


def cells(chairs: Sequence[Chair], visits: Iterable[PastVisit], midnight: datetime) -> Iterator[Row]:
    """One row for each chair and quarter of an hour of the days around the day; a cancelled visit has lost its cells."""
    first, last = midnight - timedelta(days=_CELLS_BEFORE), midnight + timedelta(days=_CELLS_AFTER)
    held = {
        (visit.slot.chair.id, visit.slot.start + _GRID * n): visit.id
        for visit in visits
        if first <= visit.slot.start < last and visit.fate != "cancelled"
        for n in range(LENGTH // _GRID)
    }
    key = 0
    for day in range((last - first).days):
        for chair in chairs:
            for quarter in (None, *range(_FIRST_CELL, _LAST_CELL)):
                key += 1
                yield _cell(key, chair, first + timedelta(days=day), quarter, held)


def _cell(key: int, chair: Chair, day: datetime, quarter: int | None, held: dict[tuple[int, datetime], int]) -> Row:
    """`quarter`: None is the header of the column."""
    visit = None if quarter is None else held.get((chair.id, day + _GRID * quarter))
    return {
        "ID": key,
        "DateOfWork": day.date(),
        "ID_Times": None if quarter is None else quarter + 1,
        "ID_Armchairs": chair.id,
        "ID_Staffs": chair.doctor,
        "ID_Receptions": visit,
        "ID_TimeReserves": 1 if quarter == _LUNCH and visit is None else None,
        "IsWorkingTime": day.weekday() != 6,
        "IsHeaderCell": quarter is None,
    }


def tickets(random: Random, count: int, first_number: int, midnight: datetime) -> list[Row]:
    """Requests that the clinic's program fetched from outside: some thrown away, some without a name, one with a doctor's."""
    return [_ticket(random, n, first_number + n, midnight) for n in range(count)]


def _ticket(random: Random, n: int, number: int, midnight: datetime) -> Row:
    created = midnight - timedelta(minutes=random.randint(10, 60 * 24 * 30))
    whole = random.random() < 0.6
    start = (midnight + timedelta(days=random.randint(1, 9), hours=10)) if random.random() < 0.4 else None
    return {
        "ID": 2001 + n,
        "ID_OwnCompanies": random.choice((BRANCHES[0][0], None)),
        "SourceProviderUid": f"lead-{7000 + n}",
        "DateTimeCreated": created,
        "PhoneSource": f"8{number}",
        "PhoneOutInt": str(number),
        "PatientFullName": "Заявкин Игнат" if whole else None,
        "SurName": None if whole else "Заявкин",
        "Name": None if whole else random.choice(("Игнат", None)),
        "PlanStart": start,
        "PlanEnd": start and start + LENGTH,
        "FormName": random.choice(_FORMS),
        "StaffName": "Зеркалова" if n == 0 else None,
        "IsTrash": random.random() < 0.15,
        "DateTimeInserted": created + timedelta(minutes=2),
    }


def desk_expenses(random: Random, count: int, midnight: datetime) -> list[Row]:
    """What was taken out of the cash desks: no patient's money."""
    return [_expense(random, n, (midnight - timedelta(days=random.randint(1, 300))).date()) for n in range(count)]


def _expense(random: Random, n: int, day: date) -> Row:
    at, branch = datetime.combine(day, time(19)), random.choice(BRANCHES)[0]
    return {
        "ID": 801 + n,
        "DateTimePayment": at,
        "ID_OwnCompanies": branch,
        "ID_StaffsCanTakeMoney": RECEPTIONISTS[0],
        "IsKontragent": False,
        "ID_CashDescs": branch,
        "Payment": Decimal(random.choice(("1500", "320.50"))),
        "Comment": "вода",
        "DateTimeAdded": at,
        "DateTimeChanged": at,
        "DatePayment": day,
    }


def deferred_discounts(random: Random, orders: Sequence[Row]) -> list[Row]:
    """Discounts that are granted later, of some orders; one in four was taken back."""
    chosen = random.sample(orders, k=min(len(orders), max(1, len(orders) // 100))) if orders else []
    return [
        {
            "ID": 901 + n,
            "DateTimePayment": order["DateTimeOrder"],
            "ID_Orders": order["ID"],
            "ID_SanationTypes": random.choice((2, 3, 5)),
            "IsCanceled": random.random() < 0.25,
        }
        for n, order in enumerate(chosen)
    ]


def diagnoses() -> Iterator[tuple[str, list[Row]]]:
    """A dictionary that nobody of ours reads."""
    yield (
        "Diagnoses",
        [
            {"ID": 1, "Name": "Кариес", "RefToMkb": True, "Archive": False},
            {"ID": 2, "ID_Parent": 1, "Name": "Кариес дентина", "RefToMkb": True, "Archive": False},
            {"ID": 3, "Name": "Прочее", "Text": "до 2015 года", "RefToMkb": False, "Archive": True},
        ],
    )
