"""What goes on by itself in an account, as its admin has set it up: webhooks, duplicate control, robots; and what they hear of."""

from dataclasses import dataclass, field
from typing import Literal

from demo.amocrm.model import Card, Json, Note, Task


@dataclass(frozen=True)
class DuplicateControl:
    """What amoCRM does with a lead that comes by complex to a pipeline and looks like one that is there."""

    pipeline_id: int
    by: Literal["phone", "email"] | int = "phone"
    """By what contacts are the same; a number is a text or numeric field of theirs."""
    statuses: tuple[int, ...] = ()
    """Where such a lead is looked for."""
    update: bool = True
    """Whether what comes replaces what is there, or fills only what is empty."""
    several: Literal["all", "newest", "new"] = "newest"
    """What becomes of two or three: all are updated, or the newest, or a new lead is made. More than three are ignored."""
    task: str = ""
    """What whoever is responsible is told to do after a merge, if anything."""


@dataclass
class Webhook:
    """Where the account tells of changes, and of which."""

    id: int
    destination: str
    settings: list[str]
    sort: int
    created_by: int
    created_at: int
    updated_at: int
    disabled: bool = False


@dataclass(frozen=True)
class Signal:
    """Something that webhooks and robots hear of, by the name that a webhook's settings give it."""

    setting: str
    subject: Card | Task | Note
    was: Json = field(default_factory=dict)
    """What only this signal tells: where a lead stood before, that a task was closed."""


@dataclass(frozen=True)
class Robot:
    """A robot of the digital pipeline: what it does to a lead that comes to this stage, and how long after."""

    pipeline_id: int
    status_id: int
    body: Json
    """As of `PATCH /leads/{id}`: to another stage, another value of a field."""
    seconds: float = 0.0
