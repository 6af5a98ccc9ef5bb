"""From what was found out to what the card shows: whose card it is, in which state, and what this user may see of it. Pure."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hub.panel import compose_money, compose_visits
from hub.panel.facts import Answers, Site, Somebody, Subject, age_on
from hub.panel.freshness import freshness, worst
from hub.panel.model import Asked, CheckupCard, Freshness, Panel, PatientCard, Person, Relative, Rights, Why
from hub.rules.confirmed import Confirmation
from hub.rules.model import PatientKey
from hub.rules.names import same_name
from hub.rules.settings import Settings

NAMELESS = "Имя не указано"
REPRESENTATIVE = "представитель"
SAME_PHONE = "на том же номере"
CHECKUP_AFTER_MONTHS = 6


@dataclass(frozen=True)
class Facts:
    """All that a card is made of. `people`: whoever was found, as the clinics say or, where one is silent, as the hub knows."""

    subject: Subject
    settings: Settings
    sites: Mapping[str, Site]
    answers: Answers
    people: Sequence[Somebody] = field(repr=False)
    rights: Rights
    now: datetime
    why: Why | None = None
    asks: Asked | None = None
    confirmation: Confirmation | None = None


@dataclass(frozen=True)
class Composed:
    """The card, and whose data it shows: for the journal and for the freshness that follows it."""

    panel: Panel
    patients: tuple[PatientKey, ...]
    database: str | None
    """Of the patient who is shown."""


def shown_of(subject: Subject, people: Sequence[Somebody], silent: frozenset[str]) -> Somebody | None:
    """Who is the patient of this card: chosen or linked, else the only one. An archived card beside a living one is no other person."""
    wanted = next((one for one in people if one.key == subject.wanted), None)
    if wanted or (subject.wanted and subject.wanted.database in silent):
        return wanted
    living = [one for one in people if not one.patient.archived] or people
    return living[0] if len(living) == 1 else None


def compose(facts: Facts) -> Composed:
    """The card."""
    shown = shown_of(facts.subject, facts.people, facts.answers.silent)
    others = _in_order(one for one in facts.people if one is not shown)
    is_waited_for = facts.subject.wanted is not None and facts.subject.wanted.database in facts.answers.silent
    if shown:
        panel = _card(facts, shown, others)
    elif others and not is_waited_for:
        panel = _panel(facts, "several", persons=tuple(person(one, facts.now) for one in others))
    elif facts.answers.silent:
        panel, others = _panel(facts, "offline"), []
    else:
        panel = _panel(facts, "nobody", typed_name=facts.subject.typed_name, typed_phone=facts.subject.typed_phone)
    keys = tuple(one.key for one in ([shown] if shown else []) + others)
    return Composed(panel, keys, shown.key.database if shown else None)


def person(one: Somebody, now: datetime) -> Person:
    """Of somebody who is not the one: name, age, day of the next visit, and nothing else."""
    day = compose_visits.next_day(one.visits, now)
    return Person(
        id=str(one.key),
        name=one.patient.name or NAMELESS,
        age=age_on(one.patient.birth_date, one.site.today(now)),
        next_visit_on=day.isoformat() if day else None,
    )


def _card(facts: Facts, shown: Somebody, others: Sequence[Somebody]) -> Panel:
    is_chosen = facts.subject.chosen and shown.key == facts.subject.wanted
    return _panel(
        facts,
        "offline" if shown.key.database in facts.answers.silent else "found",
        shown.key.database,
        patient=_patient(facts, shown, others),
        chosen=is_chosen,
        asked=None if is_chosen else facts.asks,
        others=tuple(person(one, facts.now) for one in others),
    )


def _panel(
    facts: Facts, state: Literal["found", "several", "nobody", "offline"], of: str | None = None, **told: Any
) -> Panel:
    return Panel(
        state=state,
        now=facts.now.astimezone(ZoneInfo(facts.settings.zone)),
        freshness=_freshness(facts, of),
        why=facts.why,
        rights=facts.rights,
        **told,
    )


def _freshness(facts: Facts, of: str | None) -> Freshness | None:
    """Of the patient's clinic; where nobody is shown, of the one that is worst off."""
    return worst(
        freshness(site.stand, facts.now, facts.answers.heard(database), named=len(facts.sites) > 1)
        for database, site in facts.sites.items()
        if of in (None, database)
    )


def _patient(facts: Facts, shown: Somebody, others: Sequence[Somebody]) -> PatientCard:
    value, visits = shown.patient, compose_visits.shown(shown, facts.settings, facts.now, facts.confirmation)
    representatives, family = _relatives(facts, shown, others) if facts.rights.family else ((), ())
    return PatientCard(
        id=str(shown.key),
        name=value.name or NAMELESS,
        age=age_on(value.birth_date, shown.site.today(facts.now)),
        card_number=value.card_number,
        do_not_message=value.do_not_message,
        archived=bool(value.archived),
        next_visit=visits.next_visit,
        cancelled_today=visits.cancelled_today,
        last_visit=visits.last_visit,
        future=visits.future,
        past=visits.past,
        more_past=visits.more_past,
        balance=compose_money.balance(shown, facts.settings) if facts.rights.money else None,
        representatives=representatives,
        family=family,
        checkup=_checkup(shown),
        plan=compose_money.plan(shown.known.plans) if facts.rights.money else None,
    )


def _relatives(
    facts: Facts, shown: Somebody, others: Sequence[Somebody]
) -> tuple[tuple[Relative, ...], tuple[Relative, ...]]:
    """A representative who is a patient on the same phone stands once, as what he is."""
    text = shown.patient.representative
    named = next((one for one in others if same_name(one.patient.name, text)), None)
    family = tuple(_relative(one, SAME_PHONE, facts.now) for one in others if one is not named)
    if named:
        return (_relative(named, REPRESENTATIVE, facts.now),), family
    return ((Relative(name=text, relation=REPRESENTATIVE),) if text else ()), family


def _relative(one: Somebody, relation: str, now: datetime) -> Relative:
    return Relative(relation=relation, **person(one, now).model_dump())


def _checkup(shown: Somebody) -> CheckupCard | None:
    """R6: the date that IDENT gives, else half a year after the last visit."""
    due = min((one.due_on for one in shown.known.checkups if one.due_on and not one.closed), default=None)
    if due:
        return CheckupCard(due_on=due, basis="ident")
    last = compose_visits.last_visited(shown.visits)
    return (
        CheckupCard(due_on=_months_after(last.day, CHECKUP_AFTER_MONTHS).isoformat(), basis="last_visit")
        if last
        else None
    )


def _months_after(day: date, months: int) -> date:
    """The last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _in_order(people: Iterable[Somebody]) -> list[Somebody]:
    """Who is archived comes last."""
    return sorted(people, key=lambda one: (bool(one.patient.archived), one.patient.name or "", str(one.key)))
