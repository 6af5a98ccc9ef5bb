"""The family of the golden answers, as a clinic and the hub's records tell of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.panel.compose import Facts
from hub.panel.facts import Answers, Known, Site, Subject, completed, remembered
from hub.panel.freshness import Stand
from hub.panel.model import Rights, Why
from hub.rules.model import PatientKey
from hub.rules.settings import BranchRoute, Pipeline, Settings
from hub.rules.visits import Clinic, Record
from wire.lookup import Bill, CardAnswer, CardPatient
from wire.model import Balance, Branch, Checkup, Patient, Plan, Practitioner, Reason, Visit

DB = "db_1"
MOSCOW = ZoneInfo("Europe/Moscow")
PETR, ANNA, MARIA = (PatientKey(DB, number) for number in ("4410", "4411", "4400"))
PHONE = "+79990001201"


def at(text: str) -> datetime:
    """In Moscow, of 2026: «11-24 12:42:30»."""
    return datetime.fromisoformat(f"2026-{text}+03:00")


NOW = at("11-24 12:42:30")
FRESH = at("11-24 12:42")
DOCTOR = Practitioner(id="31", name="Иванова Мария Петровна")
BRANCH = Branch(id="2", name="На Ленина")
ILL = Reason(id="7", name="Заболел")
PIPELINES = {"primary": Pipeline(pipeline_id=101), "repeat": Pipeline(pipeline_id=102)}
SETTINGS = Settings(pipelines=PIPELINES)
ALL = Rights(money=True, family=True, search=True)


def visit(key: str, start: datetime, status: Any = "booked", **more: Any) -> Visit:
    """Of Пётр, with his doctor."""
    told = {"id": key, "patient_id": PETR.patient, "status": status, "practitioner": DOCTOR, "branch": BRANCH}
    return Visit(**{**told, "start": start, "end": start + timedelta(hours=1), **more})


BOOKED_BEFORE = at("10-01 10:00")
NEXT = visit("81234", at("12-03 14:30"), booked_at=BOOKED_BEFORE, notified_at=at("11-24 10:05"))
AFTER = visit("81300", at("12-17 14:30"), booked_at=BOOKED_BEFORE)
VISITED = visit("80110", at("11-02 11:00"), "fulfilled", booked_at=BOOKED_BEFORE)
CANCELLED = visit(
    "79800", at("10-12 11:00"), "cancelled", cancelled_at=at("10-11 18:20"), cancel_reason=ILL, booked_at=BOOKED_BEFORE
)
BILL = Bill(
    date="2026-11-02",
    visit_id="80110",
    gross=Decimal("15000"),
    discount=Decimal("2500"),
    billed=Decimal("12500"),
    paid=Decimal(0),
    debt=Decimal("12500"),
)


def patient(key: PatientKey, name: str, birth_date: str, visits: Sequence[Visit] = (), **more: Any) -> CardPatient:
    """As the clinic's answer tells of somebody."""
    told = {"id": key.patient, "name": name, "birth_date": birth_date, "visits": tuple(visits), "bills": ()}
    return CardPatient(**{**told, **more})


def petr(*visits: Visit, **more: Any) -> CardPatient:
    """Nine years old, with a mother who speaks for him."""
    told = {
        "card_number": "1187",
        "representative": "Петрова Мария Ивановна",
        "do_not_message": False,
        "archived": False,
        "more_past": True,
        "bills": (BILL,),
    }
    return patient(
        PETR, "Петров Пётр Ильич", "2017-03-08", visits or (CANCELLED, VISITED, NEXT, AFTER), **{**told, **more}
    )


def anna() -> CardPatient:
    """His sister."""
    booked = visit("81250", at("12-05 10:00"), patient_id=ANNA.patient)
    return patient(ANNA, "Петрова Анна Ильинична", "2014-02-11", [booked])


def maria() -> CardPatient:
    """His mother, a patient too."""
    return patient(MARIA, "Петрова Мария Ивановна", "1988-06-30")


def known(**more: Any) -> Known:
    """What only the hub knows of Пётр."""
    told: dict[str, Any] = {
        "balance": Balance(patient_id=PETR.patient, debt=Decimal("12500"), advance=Decimal(0)),
        "balance_at": at("11-20 15:00"),
        "checkups": (Checkup(id="5", patient_id=PETR.patient, due_on="2026-12-20"),),
        "plans": (
            Plan(
                id="9",
                patient_id=PETR.patient,
                agreed=Decimal(60000),
                done=Decimal(12500),
                unscheduled=Decimal(47500),
            ),
        ),
    }
    return Known(**{**told, **more})


def as_known(one: CardPatient, beside: Known | None = None) -> Known:
    """The same person in the hub's records."""
    told = {name: value for name in Patient.model_fields if (value := getattr(one, name)) is not None}
    return replace(beside or Known(), patient=Patient(**told), visits=tuple(map(Record, one.visits)))


def site(name: str = "На Ленина", database: str = DB, zone: ZoneInfo = MOSCOW, **more: Any) -> Site:
    """A clinic that is well."""
    stand = {"connected": True, "mis": "ok", "read_through": FRESH}
    return Site(Clinic(database, zone.key, at("11-01 00:00")), Stand(name, zone, **{**stand, **more}))


HERE = site()
AWAY = site(connected=False, read_through=at("11-23 19:58"), left_at=at("11-23 20:05"))
WHY = Why(
    text="Записан на приём чт 3 дек, 14:30. В IDENT 24 ноя, 12:41, Орлова Анна",
    at=at("11-24 12:41:09"),
    rule="R10",
    stage_before="Новое обращение",
)
LINKED = Subject("deal:1", deal_id=1, wanted=PETR, phones=(PHONE,))
UNLINKED = Subject("deal:1", deal_id=1, phones=(PHONE,), typed_name="Сидорова Ольга", typed_phone="+79990000199")


def answered(*people: CardPatient, read_at: datetime = FRESH, **more: Any) -> CardAnswer:
    return CardAnswer(patients=people, read_at=read_at, **more)


def facts(
    *people: CardPatient,
    subject: Subject = LINKED,
    beside: Known | None = None,
    settings: Settings = SETTINGS,
    here: Site = HERE,
    now: datetime = NOW,
    read_at: datetime = FRESH,
    **more: Any,
) -> Facts:
    """The clinic of the family has answered; of whom the card is about, the hub knows the rest."""
    answers = Answers({DB: answered(*people, read_at=read_at)})
    sites = {DB: here}
    told = answers.people(sites, settings, now)
    own = [one if one.key != subject.wanted else completed(one, beside or known(), settings, now) for one in told]
    given = {"people": own, "rights": ALL, "now": now, **more}
    return Facts(subject=subject, settings=settings, sites=sites, answers=answers, **given)


def silent(*people: Known, subject: Subject = LINKED, here: Site = AWAY, now: datetime = NOW, **more: Any) -> Facts:
    """The clinic of the family did not answer; what the hub knows."""
    kept = [remembered(here, one.patient.id, one, SETTINGS, now) for one in people if one.patient]
    given: dict[str, Any] = {"people": [one for one in kept if one], "rights": ALL, "now": now, **more}
    return Facts(subject=subject, settings=SETTINGS, sites={DB: here}, answers=Answers({DB: None}), **given)


def routed(zone: str) -> Settings:
    """The branch's own zone and name."""
    route = BranchRoute(database=DB, branch=BRANCH.id, name="Филиал на Ленина", zone=zone)
    return SETTINGS.model_copy(update={"branches": (route,)})
