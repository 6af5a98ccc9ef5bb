"""What a clinic's system says, as frozen values. Knows nothing of IDENT's tables or of amoCRM.

A field that is absent is unknown (a lost column, a field that may not leave the clinic, an older agent) and
never clears anything; `None` means empty in the clinic's system. `known()` tells the two apart, so values are
always built with the fields that were read and dumped with `dump()`.

Money is `Decimal` in roubles with at most two places, a string on the wire. Times are aware. Phones are E.164.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from wire.errors import InvalidChange, place

MODEL_VERSION = 1
"""Part of every digest: a new version sends everything again as backfill."""


def _no_float(value: object) -> object:
    if isinstance(value, float | bool):
        raise ValueError("money travels as a string, never as a float")  # noqa: TRY004 pydantic wants ValueError
    return value


def _in_the_calendar(value: str) -> str:
    date.fromisoformat(value)
    return value


Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
Phone: TypeAlias = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Sum: TypeAlias = Annotated[Decimal, BeforeValidator(_no_float), Field(max_digits=16, decimal_places=2)]
Amount: TypeAlias = Annotated[Sum, Field(ge=0)]
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=500)]
BirthDate: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_in_the_calendar)
]

Kind: TypeAlias = Literal["visit", "patient", "balance", "checkup", "plan"]
Status: TypeAlias = Literal["booked", "arrived", "started", "fulfilled", "cancelled"]


class Value(BaseModel):
    """The base of everything here. An unknown field is refused: the hub is always upgraded first."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def dump(self) -> dict[str, Any]:
        """The value as JSON data, without the fields that are unknown."""
        return self.model_dump(mode="json", exclude_unset=True)


def known(value: Value, field: str) -> bool:
    """Whether the field was read at all (its value may still be None: empty)."""
    return field in value.model_fields_set


class Practitioner(Value):
    """Who treats. `id` is the clinic system's staff id."""

    id: Id
    name: Text | None = Field(None, repr=False)


class Staff(Value):
    """Who booked or cancelled."""

    id: Id
    name: Text | None = Field(None, repr=False)


class Branch(Value):
    """One site of the clinic."""

    id: Id
    name: Text | None = None


class Reason(Value):
    """An entry of one of the clinic's own dictionaries, e.g. of cancel reasons."""

    id: Id
    name: Text | None = None


class Sums(Value):
    """A visit's money, from its order. `planned` is what the order's lines come to, billed or not; `gross` is the
    issued bill before discount, `billed` after it, `debt` what the patient still owes of it, `insurance` the
    insurer's share. `paid` may exceed `billed` (overpaid)."""

    planned: Amount | None = None
    billed: Amount | None = None
    gross: Amount | None = None
    discount: Amount | None = None
    paid: Sum | None = None
    debt: Amount | None = None
    insurance: Amount | None = None


class Visit(Value):
    """One booked or happened attendance, from being booked to its end. `start` and `end` carry the branch's offset.
    No-show and "moved" are not statuses: the hub's rules derive them."""

    id: Id
    patient_id: Id | None = None
    status: Status
    billed: bool = False
    start: AwareDatetime
    end: AwareDatetime
    practitioner: Practitioner | None = None
    branch: Branch | None = None
    booked_by: Staff | None = None
    booked_at: AwareDatetime | None = None
    source: Reason | None = None
    moved_from: Id | None = None
    arrived_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    billed_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None
    cancelled_by: Staff | None = None
    cancel_reason: Reason | None = None
    notified_at: AwareDatetime | None = None
    comment: Text | None = Field(None, repr=False)
    sums: Sums | None = None


class Patient(Value):
    """Who is treated. `name` is surname, given name and patronymic; `representative` is free text."""

    id: Id
    name: Text | None = Field(None, repr=False)
    birth_date: BirthDate | None = Field(None, repr=False)
    phones: tuple[Phone, ...] = Field((), repr=False)
    card_number: Text | None = Field(None, repr=False)
    representative: Text | None = Field(None, repr=False)
    practitioner: Practitioner | None = None
    source: Reason | None = None
    do_not_message: bool | None = None
    archived: bool | None = None
    staff: bool | None = None


class Balance(Value):
    """A patient's money as one person: `debt` (owes) and `advance` (paid ahead) are never netted here; where only
    the net is known, `net` stands alone (positive: advance)."""

    patient_id: Id
    debt: Amount | None = None
    advance: Amount | None = None
    net: Sum | None = None


class Checkup(Value):
    """A routine check-up that is due for a patient."""

    id: Id
    patient_id: Id
    due_on: BirthDate | None = None
    branch: Branch | None = None
    closed: bool = False


class Plan(Value):
    """A treatment plan: what was agreed, what is done, what is not yet booked."""

    id: Id
    patient_id: Id
    active: bool = True
    agreed: Amount | None = None
    done: Amount | None = None
    unscheduled: Amount | None = None


Entity: TypeAlias = Visit | Patient | Balance | Checkup | Plan
ENTITIES: dict[Kind, type[Visit | Patient | Balance | Checkup | Plan]] = {
    "visit": Visit,
    "patient": Patient,
    "balance": Balance,
    "checkup": Checkup,
    "plan": Plan,
}


def entity(kind: Kind, value: object) -> Entity:
    """Read an entity; raises `InvalidChange` with the names of the bad fields, never with their contents."""
    try:
        return ENTITIES[kind].model_validate(value)
    except ValidationError as error:
        places = sorted({place(e["loc"]) or "value" for e in error.errors(include_input=False)})
        raise InvalidChange(kind, tuple(places)) from None
