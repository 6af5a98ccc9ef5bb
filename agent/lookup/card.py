"""`card`: the patients on some phones, as they stand in the clinic's database now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from agent.lookup.source import Source
from agent.outbox import Outbox, VisitKeys
from agent.outbox.words import phone_token
from wire.lookup import MAX_FUTURE, MAX_PAST, MAX_PATIENTS, Bill, CardAnswer, CardPatient, CardQuestion
from wire.model import Balance, Patient, Visit
from wire.parts import MAX_ANSWER_BYTES, written

_LARGEST_KEY = 2**31 - 1


async def card(question: CardQuestion, source: Source, outbox: Outbox) -> CardAnswer:
    """The outbox's index says whom to read; what is told is what the clinic's database says."""
    whole = await outbox.index.whole()
    asked = [key for key in map(key_of, question.patient_ids) if key is not None]
    sharing = await outbox.index.having([[phone_token(phone)] for phone in question.phones], MAX_PATIENTS + 1)
    async with source.turn() as clinic:
        now = await clinic.now()
        patients = chosen(await clinic.patients(dict.fromkeys([*asked, *sharing])), question)
        shown = patients[:MAX_PATIENTS]
        if whole.visits:
            keys = {patient.id: await _recorded(outbox, patient, now) for patient in shown}
        else:
            starts = await clinic.starts([int(patient.id) for patient in shown])
            keys = {patient.id: nearest(starts, patient.id, now) for patient in shown}
        wanted = {key for of in keys.values() for key in of.future + of.past}
        money = await clinic.money(wanted, [int(patient.id) for patient in shown])
        visits = await clinic.visits(wanted, money)
        balances = await clinic.balances([int(patient.id) for patient in shown], money)
        checkups = await clinic.checkups([int(patient.id) for patient in shown])
        plans = await clinic.plans([int(patient.id) for patient in shown])
    people = [card_patient(each, visits, now, more_past=keys[each.id].more_past) for each in shown]
    if money.bills is not None:
        people = [with_bills(each, money.bills.get(each.id, ())) for each in people]
    people = [with_balance(each, balances.get(each.id)) for each in people]
    if checkups is not None:
        people = [each.model_copy(update={"checkups": tuple(checkups.get(each.id, ()))}) for each in people]
    if plans is not None:
        people = [each.model_copy(update={"plans": tuple(plans.get(each.id, ()))}) for each in people]
    answer = {"patients": people, "read_at": now, "more": len(patients) > MAX_PATIENTS, "partial": not whole.patients}
    return fitting(CardAnswer.model_validate(answer))


async def _recorded(outbox: Outbox, patient: Patient, now: datetime) -> VisitKeys:
    return await outbox.index.visits_of(patient.id, now, future=MAX_FUTURE, past=MAX_PAST)


# What follows is pure


def key_of(patient: str) -> int | None:
    """The clinic's key; None where it can be none."""
    is_key = patient.isascii() and patient.isdigit() and len(patient) <= len(str(_LARGEST_KEY))
    return int(patient) if is_key and int(patient) <= _LARGEST_KEY else None


def chosen(found: Iterable[Patient], question: CardQuestion) -> list[Patient]:
    """Those asked for by id, in that order, then those who do have one of the phones: what the index says may be old."""
    by_id = {patient.id: patient for patient in found}
    asked = [by_id.pop(key) for key in dict.fromkeys(question.patient_ids) if key in by_id]
    sharing = [patient for patient in by_id.values() if not set(question.phones).isdisjoint(patient.phones)]
    return [*asked, *sorted(sharing, key=lambda patient: int(patient.id))]


def nearest(starts: Iterable[tuple[int, str, datetime]], patient: str, now: datetime) -> VisitKeys:
    """Which of a patient's visits to read."""
    own = sorted((start, key) for key, owner, start in starts if owner == patient)
    future = [key for start, key in own if start >= now]
    past = [key for start, key in own if start < now]
    return VisitKeys(tuple(future[:MAX_FUTURE]), tuple(past[-MAX_PAST:]), len(past) > MAX_PAST)


def card_patient(patient: Patient, visits: Iterable[Visit], now: datetime, *, more_past: bool) -> CardPatient:
    """A patient with his visits: by what was read, whatever was recorded of whose they are and when."""
    own = sorted(
        (visit for visit in visits if visit.patient_id == patient.id), key=lambda visit: (visit.start, visit.id)
    )
    past = [visit for visit in own if visit.start < now]
    told = (*past[-MAX_PAST:], *(visit for visit in own if visit.start >= now))
    known: Mapping[str, object] = {name: getattr(patient, name) for name in patient.model_fields_set}
    return CardPatient.model_validate({**known, "visits": told, "more_past": more_past or len(past) > MAX_PAST})


def with_bills(patient: CardPatient, bills: Sequence[Bill]) -> CardPatient:
    """The last ones."""
    last = tuple(sorted(bills, key=lambda bill: (bill.date, bill.visit_id or ""))[-MAX_PAST:])
    return patient.model_copy(update={"bills": last})


def with_balance(patient: CardPatient, balance: Balance | None) -> CardPatient:
    """None: nobody knows."""
    return patient if balance is None else patient.model_copy(update={"balance": balance})


def fitting(answer: CardAnswer, most: int = MAX_ANSWER_BYTES) -> CardAnswer:
    """As much of the answer as may travel: rather fewer patients, rather fewer past visits."""
    while len(written(answer.dump())) > most:
        *others, last = answer.patients
        if others:
            answer = answer.model_copy(update={"patients": tuple(others), "more": True})
        else:
            visits = last.visits[(len(last.visits) + 1) // 2 :]
            less = last.model_copy(update={"visits": visits, "more_past": True})
            answer = answer.model_copy(update={"patients": (less,)})
            if not visits:
                return answer
    return answer
