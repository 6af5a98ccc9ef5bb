"""The stand-in's memory as one file: an account that was played with goes on after a restart. Knows the file, not what is in it."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from demo.amocrm.archive import Widget
from demo.amocrm.automation import DuplicateControl, Robot, Webhook
from demo.amocrm.model import (
    Catalog,
    Company,
    Contact,
    Entity,
    Event,
    Field,
    Group,
    Json,
    Lead,
    LossReason,
    Note,
    Pipeline,
    SortedOut,
    Source,
    Tag,
    Task,
    Unsorted,
    User,
)
from demo.amocrm.oauth import Grant, Integration
from demo.amocrm.stand_in import StandIn
from demo.amocrm.store import ENTITIES

_SKIPPED = 1000
"""What people made in the second before a kill is lost, but its ids are never given out again: amoCRM does not do that either."""


class Unreadable(Exception):
    """The file is not what this program has written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} cannot be read; delete it to begin with an empty account"


@dataclass(frozen=True)
class Saved:
    """Everything that outlives a process. `ended`: the process said goodbye, nothing is missing."""

    integration: Integration
    judge: Integration
    grants: dict[str, Grant]
    next_ids: dict[str, int]
    users: dict[int, User]
    pipelines: dict[int, Pipeline]
    loss_reasons: dict[int, LossReason]
    fields: dict[Entity, dict[int, Field]]
    groups: dict[Entity, dict[str, Group]]
    tags: dict[Entity, dict[int, Tag]]
    leads: dict[int, Lead]
    contacts: dict[int, Contact]
    companies: dict[int, Company]
    tasks: dict[int, Task]
    sources: dict[int, Source]
    catalogs: dict[int, Catalog]
    notes: dict[Entity, dict[int, Note]]
    events: list[Event]
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    deleted_leads: dict[int, Lead] = field(default_factory=dict)
    unsorted: dict[str, Unsorted] = field(default_factory=dict)
    sorted_out: list[SortedOut] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    duplicate_control: dict[int, DuplicateControl] = field(default_factory=dict)
    robots: list[Robot] = field(default_factory=list)
    subdomain: str = ""
    moved_to: str = ""
    widget: Json = field(default_factory=dict)
    ended: bool = False


_FORM = TypeAdapter(Saved)
_ACCOUNT = (
    "next_ids", "users", "pipelines", "loss_reasons", "fields", "groups", "tags", "leads", "contacts", "companies",
    "tasks", "sources", "catalogs", "notes", "events", "webhooks",
    "deleted_leads", "unsorted", "sorted_out",
    "gone", "duplicate_control",
)  # fmt: skip
"""What is an attribute of the account under the same name."""


class Keeper:
    """Keeps one stand-in in one file, and what its settings page saved of the widget."""

    def __init__(self, stand_in: StandIn, path: Path, widget: Widget | None = None) -> None:
        self._stand_in, self._path, self._widget = stand_in, path, widget
        self._written = b""

    def restore(self) -> bool:
        """Take over what the file holds; False where there is none."""
        if not self._path.exists():
            return False
        try:
            saved = _FORM.validate_json(self._path.read_bytes())
            _take_over(self._stand_in, saved)
        except (ValidationError, KeyError):
            raise Unreadable(self._path) from None
        if self._widget is not None and saved.widget:
            self._widget.is_active, self._widget.settings = saved.widget["is_active"], saved.widget["settings"]
        return True

    def step(self, *, ended: bool = False) -> bool:
        """Write what changed, all of it or nothing; returns whether anything did."""
        text = _FORM.dump_json(self._saved(ended=ended))
        if text == self._written:
            return False
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.write_bytes(text)
        draft.replace(self._path)
        self._written = text
        return True

    def _saved(self, *, ended: bool) -> Saved:
        stand_in, widget = self._stand_in, self._widget
        return Saved(
            integration=stand_in.integration,
            judge=stand_in.judge,
            grants=stand_in.oauth.living(),
            **{name: getattr(stand_in.account, name) for name in _ACCOUNT},
            robots=stand_in.robots.known,
            subdomain=stand_in.account.subdomain if stand_in.moved_to else "",
            moved_to=stand_in.moved_to,
            widget={"is_active": widget.is_active, "settings": widget.settings} if widget is not None else {},
            ended=ended,
        )


def _take_over(stand_in: StandIn, saved: Saved) -> None:
    account = stand_in.account
    first_ids = account.next_ids
    for name in _ACCOUNT:
        setattr(account, name, getattr(saved, name))
    skipped = 0 if saved.ended else _SKIPPED
    account.next_ids = first_ids | {kind: number + skipped for kind, number in saved.next_ids.items()}
    for entity in ENTITIES:
        for card in account.cards(entity).values():
            account.index(entity, card)
    stand_in.integration, stand_in.judge = saved.integration, saved.judge
    stand_in.robots.known[:] = saved.robots
    if saved.moved_to:
        stand_in.rename(saved.subdomain, saved.moved_to)
    stand_in.oauth.restore((saved.integration, saved.judge), saved.grants)
