"""The panel's answers, v1, as the widget reads them. Golden answers of every state stand in tests/panel/golden.

Everything a person reads is Russian text or a plain value here; the widget formats dates and money and decides nothing.
Patient and visit ids are `db_1:4410`, for links and choices, never for showing."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Money: TypeAlias = Annotated[str, Field(pattern=r"^-?\d+\.\d{2}$")]
Day: TypeAlias = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Asked: TypeAlias = Literal["person", "deal"]
"""What a choice is waited for: who the deal's patient is, or whether the patient's new visits go to this deal of several."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Freshness(_Part):
    """How fresh the answer is. `level` green: a dot with `text` as its title; amber and red: `text` as a line in words."""

    level: Literal["green", "amber", "red"]
    text: str
    mis: Literal["ok", "down", "refused", "busy", "offline"]
    read_through: AwareDatetime | None = None


class VisitCard(_Part):
    """One visit, in the branch's own time; `zone_note` names the zone where it differs from the account's."""

    id: str
    status: Literal["future", "moved", "cancelled", "arrived", "in_progress", "visited", "not_marked"]
    status_text: str
    start: AwareDatetime
    zone_note: str | None = None
    practitioner: str | None = Field(None, repr=False)
    branch: str | None = None
    cancelled_at: AwareDatetime | None = None
    cancel_reason: str | None = None
    notified_at: AwareDatetime | None = None
    confirmed: str | None = None
    """R26: who confirmed and when, as text; None: not confirmed."""


class Bill(_Part):
    """One issued bill."""

    date: Day
    gross: Money
    discount: Money
    billed: Money
    paid: Money
    debt: Money


class BalanceCard(_Part):
    """Debt and advance are two figures, never netted, where the clinic's database tells both. `net`: it does not, and the one that is
    there is what the other leaves of it. `verified`: the clinic compared a sample of such figures with IDENT's screen."""

    debt: Money | None = None
    advance: Money | None = None
    net: bool = False
    verified: bool = False
    at: AwareDatetime
    bills: tuple[Bill, ...] = ()


class Relative(_Part):
    """A representative, or a family member on the same phone. No money, no practitioner of other people."""

    name: str = Field(repr=False)
    relation: str
    id: str | None = None
    age: int | None = None
    next_visit_on: Day | None = None


class CheckupCard(_Part):
    """`basis` says where the date comes from."""

    due_on: Day
    basis: Literal["ident", "last_visit"]


class PlanCard(_Part):
    """The active treatment plan in figures."""

    agreed: Money
    done: Money
    unscheduled: Money


class PatientCard(_Part):
    """One patient, in the order in which an operator with the patient on the phone needs it."""

    id: str
    name: str = Field(repr=False)
    age: int | None = None
    card_number: str | None = Field(None, repr=False)
    do_not_message: bool | None = None
    archived: bool = False
    next_visit: VisitCard | None = None
    """Today's, else the nearest future one."""
    cancelled_today: VisitCard | None = None
    last_visit: VisitCard | None = None
    future: tuple[VisitCard, ...] = ()
    past: tuple[VisitCard, ...] = ()
    more_past: bool = False
    balance: BalanceCard | None = None
    representatives: tuple[Relative, ...] = ()
    family: tuple[Relative, ...] = ()
    checkup: CheckupCard | None = None
    plan: PlanCard | None = None


class Person(_Part):
    """One of several on a phone, before the choice: nothing but name, age and the day of the next visit."""

    id: str
    name: str = Field(repr=False)
    age: int | None = None
    next_visit_on: Day | None = None


class Why(_Part):
    """Why the deal stands where it stands, in words; `stage_before` is the name of the stage it came from."""

    text: str = Field(repr=False)
    at: AwareDatetime
    rule: str
    stage_before: str | None = None


class Rights(_Part):
    """What this user may see and do (R25)."""

    money: bool = False
    family: bool = False
    search: bool = False


class Panel(_Part):
    """One answer.

    found            `patient`; `others` on the same phone, to switch to with one click
    several          `persons` to choose from; nothing else of them
    nobody           `typed_name` and `typed_phone` of the contact, ready to copy into IDENT's form
    offline          the clinic does not answer: `patient` is what the hub still knows, `freshness` says of when
    refused          `reason`: why this user sees nothing here
    not_configured   `reason`: what is missing and who can do it
    """

    state: Literal["found", "several", "nobody", "offline", "refused", "not_configured"]
    now: AwareDatetime | None = None
    """The hub's business time: «завтра» counts from it, not from the clock of the operator's computer."""
    freshness: Freshness | None = None
    patient: PatientCard | None = None
    chosen: bool = False
    """An operator chose this person for the deal; the choice can be taken back."""
    asked: Asked | None = None
    """`why` says that somebody is to choose, and nobody has: choosing a patient for this deal is the answer."""
    others: tuple[Person, ...] = ()
    persons: tuple[Person, ...] = ()
    typed_name: str | None = Field(None, repr=False)
    typed_phone: str | None = Field(None, repr=False)
    why: Why | None = None
    reason: str | None = None
    rights: Rights = Rights()
