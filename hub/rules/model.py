"""Deals and contacts as the rules see them, what we remember of a deal, and what may be wanted of it. Frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub.rules.fields import ContactField, DealField, FieldValue

WON, LOST = 142, 143

Target: TypeAlias = Literal[
    "booked", "rescheduled", "cancelled", "arrived", "in_progress", "visited", "not_marked", "left"
]
Role: TypeAlias = Literal["primary", "repeat"]


@dataclass(frozen=True)
class VisitKey:
    """A visit of one database; `str()` is the form of the field «IDENT: приёмы», e.g. `db_1:81234`."""

    database: str
    visit: str

    def __str__(self) -> str:
        return f"{self.database}:{self.visit}"


@dataclass(frozen=True)
class PatientKey:
    """A patient of one database; `str()` is the form of the field «IDENT: пациент»."""

    database: str
    patient: str

    def __str__(self) -> str:
        return f"{self.database}:{self.patient}"


@dataclass(frozen=True)
class Stage:
    """A step of a pipeline; 142 (won) and 143 (lost) exist in each pipeline."""

    pipeline_id: int
    stage_id: int

    @property
    def open(self) -> bool:
        return self.stage_id not in (WON, LOST)


@dataclass(frozen=True)
class Deal:
    """A deal as it was read. `fields` holds only ours; a field that is not filled is absent. `price` in whole roubles."""

    id: int
    stage: Stage
    name: str = field(default="", repr=False)
    price: int = 0
    price_by_robot: bool = False
    responsible_id: int | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None
    contact_ids: tuple[int, ...] = ()
    main_contact_id: int | None = None
    fields: Mapping[DealField, FieldValue] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Contact:
    """A contact as it was read. `phones` are E.164 in the order of the card; `raw_phones` as people typed them; `phone_kinds`: which kind
    people gave to what they typed, by the CRM's id of it."""

    id: int
    name: str = field(default="", repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    raw_phones: tuple[str, ...] = field(default=(), repr=False)
    deal_ids: tuple[int, ...] = ()
    fields: Mapping[ContactField, FieldValue] = field(default_factory=dict, repr=False)
    phone_kinds: Mapping[str, int] = field(default_factory=dict, repr=False)


class SeenVisit(BaseModel):
    """How a visit stood when we last looked: a difference is a move (R2). A cancellation counts as seen when its grace is over."""

    model_config = ConfigDict(frozen=True)

    start: AwareDatetime
    practitioner: str | None = None
    branch: str | None = None
    cancelled: bool = False


class Explanation(BaseModel):
    """Why a deal stands where it stands: what happened in IDENT, and where the deal stood before (None: it did not move)."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(repr=False)
    rule: str
    at: AwareDatetime
    """Business time, when we brought it about."""
    left_pipeline_id: int | None = None
    left_stage_id: int | None = None


class Written(BaseModel):
    """What we last wrote where people write too."""

    model_config = ConfigDict(frozen=True)

    target: Target | None = None
    won: bool = False
    """Winning (R10) was asked for."""
    pipeline_id: int | None = None
    stage_id: int | None = None
    left_stage_id: int | None = None
    """Where the deal stood before our last move; None once others put it back there."""
    remembered_stage_id: int | None = None
    """Where the deal stood before a cancellation moved it."""
    price: int | None = None
    typed_price: int | None = None
    """The budget that a person typed, as it stood at winning."""
    followed: str | None = None
    """By which settings the budget was reckoned."""
    name: str | None = Field(None, repr=False)
    """While the deal still bears it, the name is ours."""
    why: Explanation | None = None


class Pending(BaseModel):
    """A request that changes a deal, stored before it is sent and forgotten after its answer. None: the request leaves that alone."""

    model_config = ConfigDict(frozen=True)

    written: Written
    """What is remembered once the request is seen to have been applied."""
    stage_id: int | None = None
    price: int | None = None
    name: str | None = Field(None, repr=False)


class Memory(BaseModel):
    """Our memory of one deal: the only past that the rules may use (rules.md, ground rules). Kept sealed in the store."""

    model_config = ConfigDict(frozen=True)

    written: Written = Written()
    pending: Pending | None = None
    """Where an answer was lost, the deal as read says whether the request was applied."""
    first_visit_at: AwareDatetime | None = None
    seen: dict[str, SeenVisit] = {}
    """By visit id."""
    moves: int = 0
    moved_back_at: tuple[AwareDatetime, ...] = ()
    """When we saw that others had put the deal back."""
    settled: str | None = None
    """A digest of how the deal should stand, as it was last brought about: the same again needs no request. Or the mark of a refusal."""
    refused: str | None = None
    """The code with which the CRM refused it."""
    gone: bool = False
    """The CRM no longer knew the deal (R16)."""
    created_by_us: bool = False
    chosen: bool = False
    """An operator's choice made it the patient's (R11); stays when the choice is taken back."""


class ContactMemory(BaseModel):
    """Our memory of one contact."""

    model_config = ConfigDict(frozen=True)

    name: str | None = Field(None, repr=False)
    pending_name: str | None = Field(None, repr=False)
    """Stored before a request, as `Memory.pending`."""
    phones: tuple[str, ...] = Field((), repr=False)
    """The phones that we wrote: only these may we remove (R9)."""
    settled: str | None = None
    refused: str | None = None


@dataclass(frozen=True)
class DesiredDeal:
    """How a deal should stand. `stage` None: no move; `price` and `name` None: as they are. A field that is absent from `fields` is left
    alone; None empties it. `memory` is what we shall remember once it stands so; `rule` names why, for the log."""

    stage: Stage | None
    price: int | None
    fields: Mapping[DealField, FieldValue] = field(repr=False)
    name: str | None = field(default=None, repr=False)
    note: str | None = field(default=None, repr=False)
    memory: Memory = field(default_factory=Memory, repr=False)
    rule: str = ""


@dataclass(frozen=True)
class DesiredContact:
    """How a patient's contact should stand; `phones` is the full list as the card shall show it, None leaves the phones alone."""

    name: str | None = field(default=None, repr=False)
    phones: tuple[str, ...] | None = field(default=None, repr=False)
    fields: Mapping[ContactField, FieldValue] = field(default_factory=dict, repr=False)
    memory: ContactMemory = field(default_factory=ContactMemory, repr=False)


@dataclass(frozen=True)
class NewContact:
    """A contact to be created together with its deal."""

    name: str = field(repr=False)
    phones: tuple[str, ...] = field(repr=False)
    fields: Mapping[ContactField, FieldValue] = field(repr=False)


@dataclass(frozen=True)
class CreateDeal:
    """Create a deal and link (or create) its main contact, in one request. `key` is ours, unique, and written to the deal's
    fields, so that a lost answer can be resolved by reading."""

    key: str
    stage: Stage
    name: str = field(repr=False)
    price: int
    fields: Mapping[DealField, FieldValue] = field(repr=False)
    contact: int | NewContact
    responsible_id: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class PatchDeal:
    """Change a deal; what is None or absent stays as it is."""

    deal_id: int
    stage: Stage | None = None
    name: str | None = field(default=None, repr=False)
    price: int | None = None
    fields: Mapping[DealField, FieldValue] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class PatchContact:
    """Change a contact; `phones` replaces the whole list, and each keeps its kind of `phone_kinds`."""

    contact_id: int
    name: str | None = field(default=None, repr=False)
    phones: tuple[str, ...] | None = field(default=None, repr=False)
    fields: Mapping[ContactField, FieldValue] = field(default_factory=dict, repr=False)
    phone_kinds: Mapping[str, int] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class CreateContact:
    """Create a contact that will be linked to an existing deal as a further one."""

    key: str
    contact: NewContact


@dataclass(frozen=True)
class LinkContact:
    """Link a contact to a deal, beside its main contact, which is never changed."""

    deal_id: int
    contact_id: int


@dataclass(frozen=True)
class AddNote:
    """Tell in the deal's feed what happened in IDENT. `key` is unique for the story that is told."""

    key: str
    deal_id: int
    text: str = field(repr=False)


Command: TypeAlias = CreateDeal | PatchDeal | PatchContact | CreateContact | LinkContact | AddNote
