"""Makes the clinic's file: people, years of visits with their money, and what is booked for the day and the weeks after."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from demo.clinic import bills, extras, premises, tasks, treatment
from demo.clinic.database import Database, Made, Row
from demo.clinic.form import MANY, Form
from demo.clinic.past import VISITED, Past, PastVisit, in_order_of_starts
from demo.clinic.people import FIRST_NUMBER, Name, People, Person
from demo.clinic.premises import BRANCHES, Calendar, Slot

OPENS, CLOSES = time(7), time(22)
FIRST_PATIENT, FIRST_VISIT = 1001, 80001
_TWO_YEARS, _BETWEEN = timedelta(days=730), timedelta(hours=2, minutes=30)


@dataclass
class Card:
    """A patient of the clinic, how often he was here, and what he has booked."""

    id: int
    person: Person
    visited: int
    doctor: int | None = None
    upcoming: list[PastVisit] = field(default_factory=list)


def nobody(_said: str) -> None:
    """Whoever does not want to hear how far it is."""


def create(
    path: Path,
    *,
    seed: int,
    day: date,
    zone: str,
    visits: int = MANY,
    form: Form | None = None,
    tell: Callable[[str], None] = nobody,
) -> None:
    """Make the clinic as it stands at seven in the morning of `day`; the same arguments make the same clinic."""
    form, midnight = form or Form(visits), datetime.combine(day, time())
    with Database(path) as database:
        database.execute("PRAGMA journal_mode = MEMORY")  # whoever is stopped now begins anew
        with database.transaction():
            database.create(datetime.combine(day, OPENS), indexed=form.indexed)
            maker = _Maker(seed, form, midnight)
            for table, rows in chain(premises.rows(form.visits, midnight - _TWO_YEARS), maker.rows()):
                tell(table)
                database.load(table, rows)
            for lost in form.without:
                database.drop(*lost.split(".", 1))
            database.remember(Made(seed, form.visits, day, zone, maker.next_number))
        database.execute("PRAGMA journal_mode = WAL")


class _Maker:
    def __init__(self, seed: int, form: Form, midnight: datetime) -> None:
        random = Random(f"clinic {seed}")
        self._random, self._form, self._visits, self._midnight = random, form, form.visits, midnight
        self._calendar = Calendar(random, form.visits)
        self._past = Past(random, self._calendar, midnight)
        self._people = People(random, first_number=form.first_number or FIRST_NUMBER)
        of = ("purses", "tasks", "treatment", "extras")
        self._purse, self._tasks, self._plans, self._extra = (Random(f"{each} {seed}") for each in of)
        self._made: list[PastVisit] = []

    @property
    def next_number(self) -> int:
        """The first phone number that nobody has."""
        return self._people.next_number

    def rows(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """All that is not there before the first patient; a nameless person and a member of staff are patients too."""
        cards = self._cards()
        self._book(cards)
        for card in cards:
            self._made += self._past.history(card.id, card.visited) if card.visited >= 0 else []
        self._longer_past([card.id for card in cards if card.visited >= 0])
        self._made.sort(key=lambda made: (made.booked, made.patient or 0))
        for number, made in enumerate(self._made):
            made.id = FIRST_VISIT + number
        first = {made.patient: made.slot.start for made in reversed(self._made) if made.fate == VISITED}
        yield "Persons", [person_row(card.id, card.person) for card in cards if card.id != premises.STAFF_PATIENT]
        yield (
            "Patients",
            [
                {
                    **patient_row(card.id, card.person, self._midnight, card.doctor),
                    "InitialBalance": bills.brought_over(self._purse),
                    "ID_InfoSources": extras.info_source(self._extra),
                    **extras.ladder(self._extra, first.get(card.id)),
                }
                for card in cards
            ],
        )
        yield "Receptions", (self._reception(made) for made in self._made)
        yield from self._money()
        yield from tasks.rows(self._tasks, self._treated(), self._midnight)
        yield from self._beside()

    def _longer_past(self, patients: list[int]) -> None:
        """What was moved again and again, what an update of the program touched, and as many visits as there shall be."""
        past = Past(self._extra, self._calendar.with_another(self._extra), self._midnight, days=self._form.past_days)
        for patient in patients[: 1 + self._visits // 200]:
            self._made += past.moved_again_and_again(patient)
        while len(self._made) < self._form.receptions:
            self._made += past.history(self._extra.choice(patients), self._extra.choice((1, 2, 3, 5, 8)))
        past.touched(self._made)

    def _reception(self, made: PastVisit) -> Row:
        return {**made.finished(), **extras.booking(self._extra, made)}

    def _beside(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """What is neither people nor visits nor bills."""
        few = max(3, self._visits // 20)
        yield from extras.sources()
        yield from extras.times()
        yield "CurrentTimeTable", extras.cells(self._calendar.chairs, self._made, self._midnight)
        yield "OnlineTickets", extras.tickets(self._extra, few, self._people.next_number - few, self._midnight)
        yield "PaymentsOut", extras.desk_expenses(self._extra, few, self._midnight)
        yield from extras.diagnoses()

    def _cards(self) -> list[Card]:
        """Four in ten were never here; some of those booked before, but did not come."""
        people: list[Person] = [self._people.canary(), Person(Name("", "", ""), None)]
        while len(people) < self._form.cards:
            people += self._household()
        cards = [
            Card(FIRST_PATIENT + n, self._archived(person), self._times_here(), self._own_doctor())
            for n, person in enumerate(people)
        ]
        cards[0].visited = cards[1].visited = -1
        if self._form.patients is not None:
            del cards[max(3, self._form.cards) :]  # no more of the last household
        staff = Person(premises.doctor_name(premises.STAFF_PATIENT), None, card_number="")
        return [*cards, Card(premises.STAFF_PATIENT, staff, 1)]

    def _household(self) -> list[Person]:
        today, chance = self._midnight.date(), self._random.random()
        if chance < 0.12:
            return self._people.family(today)
        return [self._people.child_alone(today) if chance < 0.18 else self._people.adult(today)]

    def _times_here(self) -> int:
        """-1 is no history at all; 0 is history without having been here."""
        chance = self._random.random()
        if chance < 0.36:
            return -1
        return 0 if chance < 0.42 else self._random.choice((1, 2, 3, 4, 5, 6, 8))

    def _own_doctor(self) -> int | None:
        return self._random.choice(premises.chairs(self._visits)).doctor if self._random.random() < 0.3 else None

    def _archived(self, person: Person) -> Person:
        return replace(person, archived=True) if self._random.random() < 0.01 else person

    def _book(self, cards: list[Card]) -> None:
        """Most come on the day, some twice; some come in the weeks after; some have nothing booked and may call."""
        day, count = self._midnight.date(), self._visits * 66 // 100
        callers = self._visits // 10
        special, others = [cards[0], cards[1], cards[-1]], cards[2:-1]
        self._random.shuffle(others)
        coming = special + others[: max(1, len(others) - callers)]
        for card in coming[:count]:
            self._upcoming(card, self._slot(day))
        for card in self._random.sample(coming[:count], k=min(count, max(1, self._visits * 6 // 100))):
            self._second_today(card)
        for card in self._random.choices(coming, k=max(2, self._visits * 12 // 100)):
            self._upcoming(card, self._slot(self._weeks_after()))
        for card in coming:
            in_order_of_starts(card.upcoming)
            self._made += card.upcoming
        self._odd_ones(others)

    def _second_today(self, card: Card) -> None:
        """A second visit of the day, with time between the two."""
        first = card.upcoming[0].slot.start
        slot = self._calendar.take(self._midnight.date(), first + _BETWEEN)
        if slot:
            self._upcoming(card, slot)

    def _odd_ones(self, others: list[Card]) -> None:
        """Visits without a patient card, and visits that were cancelled or moved before the day."""
        few = max(1, self._visits // 80)
        for _ in range(few):
            self._made.append(self._past.booked(None, self._slot(self._midnight.date())))
        for card in others[:few]:
            self._made.append(self._past.cancelled_before(card.id, self._slot(self._weeks_after())))
        for card in others[-few:]:
            former, new = self._slot(self._midnight.date()), self._slot(self._weeks_after())
            self._made += self._past.moved_before(card.id, former, new)

    def _upcoming(self, card: Card, slot: Slot) -> None:
        card.upcoming.append(self._past.booked(card.id, slot))

    def _weeks_after(self) -> date:
        return (self._midnight + timedelta(days=self._random.randint(1, 40))).date()

    def _slot(self, day: date) -> Slot:
        slot = self._calendar.take(day)
        while slot is None:
            slot = self._calendar.take(self._weeks_after())
        return slot

    def _money(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """Bills of the past, plans for some visits to come, orders without a visit, and one row that is broken."""
        orders: list[Row] = []
        lines: list[Row] = []
        journal: list[Row] = []
        payments: list[Row] = []
        for made in self._made:
            billed = made.row.get("CheckIssued")
            planned = made.fate == "booked" and made.patient is not None and self._random.random() < 0.08
            if billed is None and not planned:
                continue
            bill, key, visit = bills.made_up(self._random), 50001 + len(orders), made.finished()
            opened, branch = made.row.get("ReceptionEnded", made.booked), made.slot.chair.branch
            orders.append(bills.order_row(key, visit, made.patient, branch, opened, billed) | _audited(opened, billed))
            lines += [line | _audited(opened) for line in bills.line_rows(key, bill)]
            if billed is not None:
                paid = bills.share(self._random, bill)
                journal.append(_paid(bills.journal_row(key, made.patient, visit["ID_Staffs"], billed, bill), paid))
                payments += [bills.payment_row(made.patient, branch, billed, paid) | _audited(billed)] if paid else []
        journal[:1] = [{**row, "Amount": Decimal(-1), "AmountWithDiscount": Decimal(-1)} for row in journal[:1]]
        orders += self._sold_at_the_desk(50001 + len(orders))
        yield "Orders", orders
        yield "DeferredOrderDiscounts", extras.deferred_discounts(self._extra, orders)
        patient_of = {order["ID"]: order["ID_Patients"] for order in orders}
        yield from treatment.rows(self._plans, patient_of, lines, self._midnight)
        yield "OrderServiceRelation", bills.numbered(lines, 70001)
        yield "OrderPaymentsJournal", journal
        payments += self._paid_ahead()
        yield "PaymentsIn", bills.numbered(payments, 60001)

    def _paid_ahead(self) -> Iterator[Row]:
        """Who was here pays ahead now and then; of these, some take it back."""
        for patient in self._treated():
            for payment in bills.paid_ahead(self._purse):
                at = self._midnight - timedelta(days=3)
                yield bills.payment_row(patient, BRANCHES[0][0], at, payment) | _audited(at)

    def _treated(self) -> list[int]:
        """Who was here."""
        return sorted({made.patient for made in self._made if made.fate == VISITED and made.patient is not None})

    def _sold_at_the_desk(self, first: int) -> list[Row]:
        visited = [made for made in self._made if made.fate == VISITED][: max(1, self._visits // 100)]
        return [
            bills.order_row(first + n, None, made.patient, made.slot.chair.branch, made.slot.start, made.slot.start)
            | _audited(made.slot.start)
            for n, made in enumerate(visited)
        ]


def person_row(key: int, person: Person) -> dict[str, Any]:
    """The row of `Persons`."""
    return {
        "ID": key,
        "Surname": person.name.surname or None,
        "Name": person.name.given or None,
        "Patronymic": person.name.patronymic or None,
        "Birthday": person.birthday,
        "Phone": person.phone,
        "MobilePhone": person.mobile,
    }


def patient_row(key: int, person: Person, at: datetime, doctor: int | None = None) -> dict[str, Any]:
    """The row of `Patients`."""
    return {
        "ID_Persons": key,
        "MinStatus": 1,
        "InitialBalance": Decimal(),
        "InitialTreatmentSum": Decimal(),
        "ParentSNP": person.parent,
        "CardNumber": person.card_number,
        "ID_Staffs": doctor,
        "ID_ArchivingReasons": 1 if person.archived else None,
        "ConformToSending": not person.no_messages,
        "SMSRejection": person.no_messages,
        "PatientNumber": key,
        "DateTimeChanged": at,
        "Status": 1,
    }


def _paid(journal: Row, paid: Decimal) -> Row:
    return {**journal, "Debt": journal["Debt"] - paid}


def _audited(added: datetime, changed: datetime | None = None) -> Row:
    """When the program says that it was written."""
    return {"DateTimeAdded": added, "DateTimeChanged": changed or added}
