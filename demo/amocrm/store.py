"""One account in memory: its cards, its set-up and its ids; knows no request."""

import contextlib
import copy
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeAlias

from demo.amocrm.automation import DuplicateControl, Signal, Webhook
from demo.amocrm.model import (
    UNSORTED,
    Card,
    Catalog,
    Company,
    Contact,
    Entity,
    Event,
    Field,
    Group,
    Lead,
    LossReason,
    Note,
    Pipeline,
    SortedOut,
    Source,
    Status,
    Tag,
    Task,
    Unsorted,
    User,
    Values,
)
from demo.amocrm.search import Search

_SPARE = 10
"""Something done later may need more ids than when it was tried."""
Watcher: TypeAlias = Callable[[Entity, int], None]
"""Is told which card changed."""
Listener: TypeAlias = Callable[[Signal], None]
"""Hears what webhooks and robots hear."""
ENTITIES: tuple[Entity, ...] = ("leads", "contacts", "companies")
SINGULAR: dict[Entity, str] = {"leads": "lead", "contacts": "contact", "companies": "company"}
"""What events call a card."""
Subject: TypeAlias = Entity | Literal["tasks"]
SUBJECTS: dict[Subject, str] = {**{entity: SINGULAR[entity] for entity in ENTITIES}, "tasks": "task"}
"""And whatever else events are about."""
_FIRST_IDS = {
    "user": 9_000_001,
    "pipeline": 3_000_001,
    "status": 40_000_001,
    "field": 500_001,
    "choice": 600_001,
    "group": 700_001,
    "loss_reason": 800_001,
    "tag": 900_001,
    "lead": 10_000_001,
    "contact": 20_000_001,
    "company": 30_000_001,
    "task": 70_000_001,
    "source": 80_000_001,
    "catalog": 850_001,
    "element": 90_000_001,
    "note": 50_000_001,
    "webhook": 60_001,
    "event": 1,
}
"""Each kind counts in a range of its own, so that an id used for the wrong kind is never a valid one."""


class Account:
    """Everything of one amoCRM account. `now` gives business time in unix seconds."""

    def __init__(
        self,
        account_id: int,
        subdomain: str,
        timezone: str,
        now: Callable[[], int],
        *,
        filters: bool,
        has_webhooks: bool = True,
        steady: Callable[[], float] = time.monotonic,
        index_delay: float = 0.0,
    ) -> None:
        self.id = account_id
        self.subdomain = subdomain
        self.timezone = timezone
        self.now = now
        self.filters = filters
        """Whether the paid option is on; without it `filter` is ignored."""
        self.has_webhooks = has_webhooks
        """Whether the plan is one of those that webhooks come with."""
        self.users: dict[int, User] = {}
        self.pipelines: dict[int, Pipeline] = {}
        self.loss_reasons: dict[int, LossReason] = {}
        self.fields: dict[Entity, dict[int, Field]] = {entity: {} for entity in ENTITIES}
        self.groups: dict[Entity, dict[str, Group]] = {entity: {} for entity in ENTITIES}
        self.tags: dict[Entity, dict[int, Tag]] = {entity: {} for entity in ENTITIES}
        self.leads: dict[int, Lead] = {}
        self.deleted_leads: dict[int, Lead] = {}
        self.unsorted: dict[str, Unsorted] = {}
        self.sorted_out: list[SortedOut] = []
        self.gone: set[int] = set()
        """Cards that a person has deleted or merged: a client that still names one has done nothing wrong."""
        self.contacts: dict[int, Contact] = {}
        self.companies: dict[int, Company] = {}
        self.tasks: dict[int, Task] = {}
        self.sources: dict[int, Source] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.duplicate_control: dict[int, DuplicateControl] = {}
        """By pipeline, where an admin has switched it on."""
        self.catalogs: dict[int, Catalog] = {}
        self.notes: dict[Entity, dict[int, Note]] = {entity: {} for entity in ENTITIES}
        self.events: list[Event] = []
        self.next_ids = dict(_FIRST_IDS)
        self.index_delay = index_delay
        """By how many seconds the full-text search is behind."""
        self._search = {entity: Search(steady) for entity in ENTITIES}
        self.requires_fields = False
        """Whether a required field stops a move by the API, too; the documentation speaks of the interface."""
        self.by_integration = False
        """Whether what happens now comes through the API, and not of a person or of a robot of the account's own."""
        self._watchers: list[Watcher] = []
        self._listeners: list[Listener] = []

    @contextlib.contextmanager
    def watched(self, watcher: Watcher) -> Iterator[None]:
        """Tell the watcher of each change until the block ends."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    def changed(self, entity: Entity, card_id: int) -> None:
        """Whoever writes a card says so here."""
        for watcher in self._watchers:
            watcher(entity, card_id)

    def listen(self, listener: Listener) -> None:
        """Let it hear all that happens from now on."""
        self._listeners.append(listener)

    def announce(self, setting: str, subject: Card | Task | Note, **was: int) -> None:
        """Whoever did it says so here, when it is done."""
        for listener in self._listeners:
            listener(Signal(setting, subject, was))

    @contextlib.contextmanager
    def through_the_api(self) -> Iterator[None]:
        """What happens until the block ends is an integration's doing."""
        self.by_integration = True
        try:
            yield
        finally:
            self.by_integration = False

    def next_id(self, kind: str) -> int:
        self.next_ids[kind] += 1
        return self.next_ids[kind] - 1

    def copied(self) -> "Account":
        """A copy to try something on: nobody watches it, nobody listens."""
        return copy.deepcopy(self, {id(self._watchers): [], id(self._listeners): []})

    def keep_free(self, ids: Mapping[str, int]) -> None:
        """Leave out what was given away up to these ids, and some more."""
        for kind, number in ids.items():
            if number > self.next_ids[kind]:
                self.next_ids[kind] = number + _SPARE

    @contextlib.contextmanager
    def counting_from(self, ids: Mapping[str, int]) -> Iterator[None]:
        """Give out ids that were kept free, until the block ends. Events always get the next one."""
        behind = self.next_ids
        self.next_ids = {**behind, **ids, "event": behind["event"]}
        try:
            yield
        finally:
            self.next_ids = {kind: max(number, behind[kind]) for kind, number in self.next_ids.items()}

    def cards(self, entity: Entity) -> dict[int, Lead] | dict[int, Contact] | dict[int, Company]:
        if entity == "leads":
            return self.leads
        return self.contacts if entity == "contacts" else self.companies

    def card(self, entity: Entity, card_id: int) -> Card | None:
        return self.cards(entity).get(card_id)

    def sees(self, user: User, card: Card | Task) -> bool:
        """Whether the card, or the task, is this user's to see and to write."""
        if user.is_admin or user.view == "A":
            return True
        owner = self.users.get(card.responsible_user_id)
        if user.view == "G":
            return owner is not None and owner.group_id == user.group_id
        return user.view == "M" and owner is user

    def main_pipeline(self) -> Pipeline:
        return next(pipeline for pipeline in self.pipelines.values() if pipeline.is_main)

    def first_stage(self, pipeline: Pipeline) -> Status:
        """Where a lead starts that names no stage."""
        return min((s for s in pipeline.statuses.values() if s.type != UNSORTED), key=lambda status: status.sort)

    def tag_named(self, entity: Entity, name: str) -> Tag:
        """The tag of that name; made when there is none."""
        tags = self.tags[entity]
        for tag in tags.values():
            if tag.name == name:
                return tag
        tag = Tag(self.next_id("tag"), name)
        tags[tag.id] = tag
        return tag

    def happened(self, kind: str, entity: Subject, entity_id: int, by: int, before: Values, after: Values) -> None:
        """Remember what happened to a card or to a task."""
        number = self.next_id("event")
        which, at = f"01{number:024d}", self.now()
        self.events.append(Event(which, kind, SUBJECTS[entity], entity_id, by, at, before, after, self.by_integration))

    def index(self, entity: Entity, card: Card) -> None:
        """Put what stands on a card into the search index."""
        filled = [card.name, *(str(value["value"]) for values in card.values.values() for value in values)]
        if isinstance(card, Contact):
            filled += [card.first_name, card.last_name]
        if isinstance(card, Lead) and card.price:
            filled.append(str(card.price))
        self._search[entity].put(card.id, filled)

    def found(self, entity: Entity, text: str | None) -> list[int]:
        """Ids of the cards that the full-text search finds; of all where nothing is asked for."""
        cards = self.cards(entity)
        if text is None:
            return list(cards)
        return [card_id for card_id in self._search[entity].find(text, delay=self.index_delay) if card_id in cards]
