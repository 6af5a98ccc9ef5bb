"""What the hub asks of a clinic and what the clinic answers, as frozen values: the `args` of `ask` and the `value` of `answer`.

As in `wire.model`, a field that is absent is unknown and `None` is empty in the clinic's system. Nothing here is wider than
what the pushes may carry: a field that may not leave the clinic is absent.
"""

from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from wire.model import Amount, Balance, BirthDate, Checkup, Id, Patient, Phone, Plan, Sum, Text, Value, Visit

MAX_ASKED = 20
"""Phones, and patients by id, of one question."""
MAX_PATIENTS = 12
"""On one card: who shares a phone with more people than that shares it with nobody."""
MAX_PAST = 20
"""Past visits and bills of each patient."""
MAX_FUTURE = 100
MAX_FOUND = 10
LEAST_LETTERS = 4
"""Letters or digits that a search must have."""

Day: TypeAlias = BirthDate


def _says_enough(text: str) -> str:
    if sum(letter.isalnum() for letter in text) < LEAST_LETTERS:
        raise ValueError("too few letters or digits")
    return text


class Question(Value):
    """The base of both. An unknown field is ignored: a newer hub may ask more precisely than an older agent understands."""

    model_config = ConfigDict(extra="ignore")


class CardQuestion(Question):
    """`card`: the patients with any of these phones, and those with these ids."""

    phones: tuple[Phone, ...] = Field((), max_length=MAX_ASKED, repr=False)
    patient_ids: tuple[Id, ...] = Field((), max_length=MAX_ASKED)

    @model_validator(mode="after")
    def _asks_for_somebody(self) -> Self:
        if not self.phones and not self.patient_ids:
            raise ValueError("nobody is asked for")
        return self


class Bill(Value):
    """One issued bill, as in `wire.model.Sums`; `visit_id` is None for a sale without a visit."""

    date: Day
    visit_id: Id | None = None
    gross: Amount | None = None
    discount: Amount | None = None
    billed: Amount | None = None
    paid: Sum | None = None
    debt: Amount | None = None


class CardPatient(Patient):
    """A patient with all future visits, the last past ones and the last bills, each in the order of time. What comes after
    `more_past` is absent where it cannot be read, or where an older agent does not tell it; `checkups` are those that are not closed,
    `plans` those that are active."""

    visits: tuple[Visit, ...] = ()
    more_past: bool = False
    bills: tuple[Bill, ...] = ()
    balance: Balance | None = None
    checkups: tuple[Checkup, ...] = ()
    plans: tuple[Plan, ...] = ()


class CardAnswer(Value):
    """`read_at` is by the clinic server's clock. `more`: there are further patients on these phones. `partial`: the agent still reads
    the clinic for the first time, so that somebody may be missing who is found later."""

    patients: tuple[CardPatient, ...]
    read_at: AwareDatetime
    more: bool = False
    partial: bool = False


class SearchQuestion(Question):
    """`search`: what an operator typed. A phone, its last digits, the beginnings of names, or a card number."""

    text: Annotated[str, StringConstraints(max_length=100), AfterValidator(_says_enough)] = Field(repr=False)


class FoundPatient(Value):
    """Enough to choose by. `next_visit_on` is absent where it is not known yet."""

    id: Id
    name: Text | None = Field(None, repr=False)
    birth_date: BirthDate | None = Field(None, repr=False)
    card_number: Text | None = Field(None, repr=False)
    archived: bool | None = None
    next_visit_on: Day | None = None


class SearchAnswer(Value):
    """At most `MAX_FOUND`; `more`: others fit too. `partial` as on a card."""

    patients: tuple[FoundPatient, ...]
    more: bool = False
    partial: bool = False
