"""What an amoCRM account holds, as the stand-in keeps it; knows nothing of requests and answers."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
Entity: TypeAlias = Literal["leads", "contacts", "companies"]
View: TypeAlias = Literal["A", "G", "M", "D"]
"""Which cards are a user's to see and to write: all, those of the own group, of the own responsibility, none."""
Values: TypeAlias = list[Json]
"""The values of one custom field, as they are read back."""

WON, LOST = 142, 143
UNSORTED = 1
"""The `type` of the status «Неразобранное»; all others are 0."""


@dataclass
class Choice:
    """An option (enum) of a custom field."""

    id: int
    value: str
    sort: int
    code: str | None = None


@dataclass
class Field:
    """A custom field."""

    id: int
    entity: Entity
    name: str
    type: str
    sort: int = 0
    code: str | None = None
    group_id: str | None = None
    is_api_only: bool = False
    is_predefined: bool = False
    choices: list[Choice] = field(default_factory=list)
    required_statuses: list[Json] = field(default_factory=list)
    hidden_statuses: list[Json] = field(default_factory=list)


@dataclass
class Group:
    """A tab of custom fields."""

    id: str
    entity: Entity
    name: str
    sort: int
    is_predefined: bool = False


@dataclass
class Status:
    """A stage; 142 and 143 exist once in every pipeline."""

    id: int
    pipeline_id: int
    name: str
    sort: int
    color: str
    type: int = 0
    is_editable: bool = True


@dataclass
class Pipeline:
    """A pipeline with its statuses in their order."""

    id: int
    name: str
    sort: int
    is_main: bool
    is_unsorted_on: bool
    statuses: dict[int, Status] = field(default_factory=dict)


@dataclass
class User:
    """Somebody who works in the account; id 0 is the robot and is no user."""

    id: int
    name: str
    email: str
    is_admin: bool = False
    is_active: bool = True
    is_free: bool = False
    group_id: int = 0
    view: View = "A"
    """Of leads and contacts alike; an admin sees all."""


@dataclass
class LossReason:
    """Why a lead was lost."""

    id: int
    name: str
    sort: int
    created_at: int


@dataclass
class Tag:
    """A tag of one kind of entity."""

    id: int
    name: str


@dataclass
class Card:
    """What leads, contacts and companies have in common."""

    id: int
    name: str
    responsible_user_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    values: dict[int, Values] = field(default_factory=dict)
    tags: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)
    closest_task_at: int | None = None
    """When the next of its open tasks is due."""


@dataclass
class Company(Card):
    """A firm's card; `leads` and `contacts` mirror their `companies`."""

    leads: list[int] = field(default_factory=list)
    contacts: list[int] = field(default_factory=list)


@dataclass
class Contact(Card):
    """A person's card; `leads` mirrors `Lead.contacts`."""

    first_name: str = ""
    last_name: str = ""
    leads: list[int] = field(default_factory=list)
    companies: list[int] = field(default_factory=list)
    """None or one, as of leads."""


@dataclass
class Lead(Card):
    """A deal, in amoCRM's word. Of several contacts one is the main one."""

    price: int = 0
    pipeline_id: int = 0
    status_id: int = 0
    loss_reason_id: int | None = None
    source_id: int | None = None
    closed_at: int | None = None
    is_price_modified_by_robot: bool = False
    contacts: list[int] = field(default_factory=list)
    main_contact: int | None = None
    companies: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Unsorted:
    """What waits in «Неразобранное»: the body of a complex lead, and the ids that were given out for what it will make."""

    uid: str
    source_uid: str
    source_name: str
    pipeline_id: int
    created_at: int
    metadata: Json
    raw: Json
    ids: dict[str, int]
    category: str = "forms"
    tells_call: bool = False
    """Whether the deal that comes of it is told of the call."""


@dataclass(frozen=True)
class SortedOut:
    """What waited in «Неразобранное», and for how many seconds."""

    uid: str
    category: str
    pipeline_id: int
    created_at: int
    took: int
    is_accepted: bool


@dataclass
class Task:
    """Something that a person is to do by a moment; at a card, or at none."""

    id: int
    text: str
    complete_till: int
    responsible_user_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    entity_type: Entity | None = None
    entity_id: int | None = None
    task_type_id: int = 1
    duration: int = 0
    is_completed: bool = False
    result: str | None = None


@dataclass
class Source:
    """Where leads come from, as an integration names it; `external_id` never changes."""

    id: int
    name: str
    external_id: str
    pipeline_id: int
    is_default: bool = False
    origin_code: str | None = None


@dataclass
class Element:
    """One of a list's elements."""

    id: int
    name: str
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int


@dataclass
class Catalog:
    """A list, as amoCRM calls it in Russian: of goods, of invoices, of anything."""

    id: int
    name: str
    kind: str
    sort: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    can_add_elements: bool = False
    can_link_multiple: bool = False
    elements: dict[int, Element] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A line in the feed of a card."""

    id: int
    entity: Entity
    entity_id: int
    note_type: str
    params: Json
    created_by: int
    created_at: int
    responsible_user_id: int
    triggers: bool
    """Whether it may start robots of the digital pipeline."""
    updated_by: int
    updated_at: int
    by_integration: bool = False
    """Whether it came through the API; `created_by` is whose token, or whom the integration named."""


@dataclass(frozen=True)
class Event:
    """What happened to a card."""

    id: str
    type: str
    entity_type: str
    entity_id: int
    created_by: int
    created_at: int
    value_before: Values
    value_after: Values
    by_integration: bool = False
