"""`search`: the patients whom an operator means by what he typed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.lookup.source import Source
from agent.outbox import Outbox
from agent.outbox.words import LEAST, TAIL, card_token, folded, name_token, names_in, plain, tail_token
from wire.lookup import MAX_FOUND, FoundPatient, SearchAnswer, SearchQuestion
from wire.model import Patient, Visit, known

_LOOKED_AT = 50
"""Candidates that are read: the index may find people who do not fit."""
_COMING = 3
"""Visits of each that are read for the next one: the first may be cancelled."""


@dataclass(frozen=True)
class Wanted:
    """What was typed: the beginnings of names and the last digits of a phone together, or a card number."""

    names: tuple[str, ...]
    digits: str
    card: str

    @property
    def alternatives(self) -> list[list[str]]:
        """By which tokens to look; what is too short for one only narrows down."""
        tokens = [name_token(name) for name in self.names if len(name) >= LEAST]
        if len(self.digits) >= TAIL:
            tokens.append(tail_token(self.digits))
        return [tokens, [card_token(self.card)]]


async def search(question: SearchQuestion, source: Source, outbox: Outbox) -> SearchAnswer:
    """The outbox's index says whom to read; each is compared as he stands in the clinic's database now."""
    wanted, whole = wanted_by(question.text), await outbox.index.whole()
    keys = await outbox.index.having(wanted.alternatives, _LOOKED_AT)
    if not keys:
        return SearchAnswer(patients=(), more=False, partial=not whole.patients)
    async with source.turn() as clinic:
        found = sorted((each for each in await clinic.patients(keys) if fits(wanted, each)), key=_order)
        shown = found[:MAX_FOUND]
        now = await clinic.now()
        coming = [key for each in shown for key in await _coming(outbox, each, now)] if whole.visits else []
        visits = await clinic.visits(coming)
    return SearchAnswer(
        patients=tuple(found_patient(each, visits if whole.visits else None, now) for each in shown),
        more=len(found) > MAX_FOUND or len(keys) == _LOOKED_AT,
        partial=not whole.patients,
    )


async def _coming(outbox: Outbox, patient: Patient, now: datetime) -> tuple[int, ...]:
    return (await outbox.index.visits_of(patient.id, now, future=_COMING, past=0)).future


# What follows is pure


def wanted_by(text: str) -> Wanted:
    """Russian numbers are typed with 8, +7 or nothing in front."""
    digits = "".join(letter for letter in folded(text) if letter.isascii() and letter.isdigit())
    if len(digits) == 11 and digits[0] in "78":
        digits = digits[1:]
    return Wanted(names_in(text), digits, plain(text))


def fits(wanted: Wanted, patient: Patient) -> bool:
    """Everything that was typed fits, or it is the number of the card."""
    if wanted.card and plain(patient.card_number or "") == wanted.card:
        return True
    if not wanted.names and len(wanted.digits) < TAIL:
        return False
    has_phone = not wanted.digits or any(phone.endswith(wanted.digits) for phone in patient.phones)
    return has_phone and each_begins_another(wanted.names, names_in(patient.name or ""))


def each_begins_another(words: Sequence[str], names: Iterable[str]) -> bool:
    """Whether every word is the beginning of a name of its own. The longest first: a shorter one has all the same to choose from."""
    left = list(names)
    for word in sorted(words, key=len, reverse=True):
        name = next((name for name in left if name.startswith(word)), None)
        if name is None:
            return False
        left.remove(name)
    return True


def found_patient(patient: Patient, visits: Iterable[Visit] | None, now: datetime) -> FoundPatient:
    """Enough to choose by; `visits` is None where they are not known."""
    names = ("id", "name", "birth_date", "card_number", "archived")
    told = {name: getattr(patient, name) for name in names if known(patient, name)}
    if visits is not None:
        own = [visit.start for visit in visits if _is_ahead(visit, patient, now)]
        told["next_visit_on"] = min(own).date().isoformat() if own else None
    return FoundPatient.model_validate(told)


def _is_ahead(visit: Visit, patient: Patient, now: datetime) -> bool:
    return visit.patient_id == patient.id and visit.status != "cancelled" and visit.start >= now


def _order(patient: Patient) -> tuple[str, int]:
    return folded(patient.name or ""), int(patient.id)
