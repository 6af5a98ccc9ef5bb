"""What stood in amoCRM before the day: requests and contacts that people and forms made for patients who were never here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from demo.clinic.database import Database
from demo.clinic.facts import Facts, Patient, Visit, facts, phones_in
from demo.clinic.make import OPENS
from demo.clinic.people import CANARY_SURNAME
from demo.clinic.plan import Event, planned
from demo.clinic.rulebook import Is, Rulebook, left_out

PRIMARY, REPEAT = "Первичные", "Повторные"
NEW, BOOKED, LOST_AGAIN, WAS_HERE = "Новое обращение", "Записан", "Отменил — вернуть", "Был на приёме"
WON, LOST = "Успешно реализовано", "Закрыто и не реализовано"
"""Stages 142 and 143, whatever an account calls them."""

_SHARE = 8
"""Of a hundred patients, so many have something in amoCRM."""
_YOUNG, _OLD = timedelta(days=3), timedelta(days=75)
_TYPED_BUDGETS = (5000, 12345, 40000)
_STRANGER = "Случайный Прохожий"
_WEIGHTS = {
    "form": 30,
    "typed budget": 14,
    "same name": 14,
    "same name without deal": 8,
    "old": 8,
    "lost": 6,
    "won": 4,
    "stranger without deal": 6,
    "representative": 200,
    "stranger": 8,
    "two": 4,
}
_FORM_NAMES = ("Заявка с сайта", "Новая заявка", "Заявка №{0}", "Без имени", "Имя не указано", "{1}")


@dataclass(frozen=True)
class GivenDeal:
    """A contact that stood in amoCRM before the day, with its deal (`stage` None: without one). The ids are known once it is
    there; two with the same `contact` number are deals of one contact."""

    contact: int
    phone: str = field(repr=False)
    contact_name: str = field(repr=False)
    deal_name: str = field(default="", repr=False)
    pipeline: str = PRIMARY
    stage: str | None = NEW
    created_at: datetime | None = None
    price: int = 0
    deal_id: int | None = None
    contact_id: int | None = None


def given(path: Path, seed: int) -> list[GivenDeal]:
    """What to put into the account before the day; this plans the day, if it was not planned yet."""
    with Database(path) as database:
        plan, made = planned(database, seed), database.made()
        zone = ZoneInfo(made.zone)
        known = facts(database, zone)
    opens = datetime.combine(made.day, OPENS, zone)
    patients = _Patients(known, plan, Rulebook(opens, opens, zone))
    random, maker = Random(f"leads {seed}"), _Leads(opens)
    suitable = patients.suitable()
    chosen = random.sample(suitable, k=min(len(suitable), max(1, made.visits * _SHARE // 100)))
    return [lead for patient in chosen for lead in maker.about(patient, random, simple=patients.visits(patient) == 1)]


class _Leads:
    """Makes up what people and forms have typed: each way at least once before any comes again."""

    def __init__(self, opens: datetime) -> None:
        self._opens, self._contact = opens, 0
        self._used: set[str] = set()

    def about(self, patient: Patient, random: Random, *, simple: bool) -> Sequence[GivenDeal]:
        """One contact about a patient, mostly with a deal; what must be asked only where nothing else happens."""
        self._contact += 1
        ways = self._ways(patient, random, simple=simple)
        fresh = [way for way in ways if way not in self._used]
        way = random.choices(fresh or list(ways), [_WEIGHTS[way] for way in fresh or ways])[0]
        self._used.add(way)
        return ways[way]

    def _ways(self, patient: Patient, random: Random, *, simple: bool) -> dict[str, Sequence[GivenDeal]]:
        form = random.choice(_FORM_NAMES).format(1000 + self._contact, patient.phones[0])
        same = random.choice((patient.name, patient.name.upper().replace("Ё", "Е")))
        phone, young = _typed(patient.phones[0], random), self._opens - _YOUNG
        deal = GivenDeal(self._contact, phone, form, "Заявка", created_at=young)
        theirs, others = replace(deal, contact_name=same), replace(deal, contact_name=_STRANGER, deal_name="Звонок")
        ways: dict[str, Sequence[GivenDeal]] = {
            "form": (deal,),
            "typed budget": (replace(deal, price=random.choice(_TYPED_BUDGETS)),),
            "same name": (replace(theirs, deal_name="Консультация"),),
            "same name without deal": (replace(theirs, stage=None),),
            "old": (replace(deal, created_at=self._opens - _OLD),),
            "lost": (replace(deal, stage=LOST),),
            "won": (replace(deal, stage=WON, price=7000),),
            "stranger without deal": (replace(others, stage=None),),
        }
        if patient.parent:
            ways["representative"] = (replace(deal, contact_name=patient.parent, deal_name="Звонок"),)
        if simple:
            ways |= {"stranger": (others,), "two": (deal, replace(deal, price=100))}
        return ways


class _Patients:
    """Who may be given a lead: patients who were never here, whose phones nobody shares who comes too, whose cards nobody edits."""

    def __init__(self, known: Facts, plan: Sequence[Event], book: Rulebook) -> None:
        self._known, self._plan, self._book = known, plan, book
        cards = [card for states in known.patients.values() if (card := states[-1][1])]
        self._cards = [*cards, *(_newcomer(event) for event in plan if "new" in event.values)]
        self._booked = Counter(event.values["patient"] for event in plan if event.do in ("book", "transfer"))
        self._bearers = Counter(phone for card in self._cards if self.visits(card) for phone in card.phones)

    def visits(self, patient: Patient) -> int:
        """How many visits of the patient the day may concern."""
        upcoming = [visit for visit in self._before(patient) if not self._book.is_history(visit)]
        return len(upcoming) + self._booked[patient.id]

    def suitable(self) -> list[Patient]:
        """In the order of their ids."""
        edited = [event.values for event in self._plan if event.do in ("phone", "rename", "merge")]
        people = {values[name] for values in edited for name in ("patient", "dead") if name in values}
        handed = {p for values in edited for name in ("phone", "landline") for p in phones_in(values.get(name))}
        return [c for c in self._cards if c.id not in people and not handed & set(c.phones) and self._is_suitable(c)]

    def _is_suitable(self, card: Patient) -> bool:
        return (
            bool(card.name and card.phones)
            and not card.name.startswith(CANARY_SURNAME)  # the other branch knows the same person
            and not left_out(card)
            and self.visits(card) > 0
            and not self._book.of(self._before(card), Is.VISITED)
            and all(self._bearers[phone] == 1 for phone in card.phones)
        )

    def _before(self, patient: Patient) -> list[Visit]:
        return self._known.visits_of(patient.id, self._book.now)


def _newcomer(event: Event) -> Patient:
    """Whom nobody knows yet, not even the clinic."""
    new = event.values["new"]
    return Patient(
        event.values["patient"], " ".join(new["name"]), (*phones_in(new["mobile"]), *phones_in(new["phone"]))
    )


def _typed(phone: str, random: Random) -> str:
    return random.choice((phone, "8" + phone[2:]))
