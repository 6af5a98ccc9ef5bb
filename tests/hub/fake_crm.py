"""A CRM in memory behind the port, with faults on demand: before a call was applied, after it, when only the answer is lost, or long before
it is applied."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from hub.clock import Clock
from hub.crm import Created, CrmRejected
from hub.rules.commands import filled
from hub.rules.fields import ContactField, DealField, FieldValue
from hub.rules.model import (
    AddNote,
    Command,
    Contact,
    CreateContact,
    CreateDeal,
    Deal,
    LinkContact,
    NewContact,
    PatchContact,
    PatchDeal,
    Stage,
)
from wire.phone import phones_in

AT_ONCE = 50
Key = TypeVar("Key", DealField, ContactField)
Sent = TypeVar("Sent", bound=Command)
Answer = TypeVar("Answer")


@dataclass
class FakeCrm:
    """One account. `requests` is what went over the line: the call, and how many items one request held."""

    clock: Clock
    deal_cards: dict[int, Deal] = field(default_factory=dict)
    contact_cards: dict[int, Contact] = field(default_factory=dict)
    notes: dict[int, list[str]] = field(default_factory=dict)
    requests: list[tuple[str, int]] = field(default_factory=list)
    changed_fields: int = 0
    stage_moves: int = 0
    refuse: Callable[[Command], tuple[str, ...] | None] = lambda _: None
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None
    late: Callable[[str], None] = lambda _: None
    """Where it fails, what should be created is on its way, until `arrive`."""
    index_is_behind: bool = False
    """Whether the search finds what people made long ago, and nothing that came over the line."""
    reads_at_once: int = AT_ONCE
    _last_id: int = 1000
    _made_here: set[int] = field(default_factory=set)
    _order: list[int] = field(default_factory=list)
    _on_the_way: list[Callable[[], object]] = field(default_factory=list)

    # What people do.

    def lead(
        self,
        *,
        name: str = "Новая заявка",
        contact: int | None = None,
        phone: str = "",
        stage: Stage,
        price: int = 0,
        created_at: datetime | None = None,
        **more: Any,
    ) -> int:
        """Someone (telephony, a form, a person) made a deal; the contact with it, where none is named."""
        contact_id = contact if contact is not None else self.person(name=name, phone=phone)
        deal_id = self._new_id()
        self.deal_cards[deal_id] = Deal(
            deal_id,
            stage,
            name=f"Сделка #{deal_id}",
            price=price,
            created_at=created_at or self._now(),
            contact_ids=(contact_id,),
            main_contact_id=contact_id,
            **more,
        )
        return deal_id

    def person(self, *, name: str = "", phone: str = "", **more: Any) -> int:
        """Someone made a contact."""
        contact_id = self._new_id()
        raw = (phone,) if phone else ()
        self.contact_cards[contact_id] = Contact(contact_id, name, phones_in(phone), raw, **more)
        self._order.append(contact_id)
        return contact_id

    def edit(self, deal_id: int, **changes: Any) -> None:
        """A person or a robot changed a deal."""
        deal = replace(self.deal_cards[deal_id], **changes)
        self.deal_cards[deal_id] = self._closed(self.deal_cards[deal_id], deal)

    def edit_contact(self, contact_id: int, **changes: Any) -> None:
        """A person changed a contact."""
        self.contact_cards[contact_id] = replace(self.contact_cards[contact_id], **changes)

    # The port.

    async def at_once(self) -> int:
        return self.reads_at_once

    async def deals(self, ids: Sequence[int]) -> dict[int, Deal]:
        self._ask("deals", len(ids))
        return {deal_id: self.deal_cards[deal_id] for deal_id in ids if deal_id in self.deal_cards}

    async def contacts(self, ids: Sequence[int]) -> dict[int, Contact]:
        self._ask("contacts", len(ids))
        return {contact_id: self._card(contact_id) for contact_id in ids if contact_id in self.contact_cards}

    async def contacts_with_phone(self, phone: str) -> list[Contact]:
        self._ask("contacts_with_phone", 1)
        unknown = self._made_here if self.index_is_behind else ()
        return [
            self._card(contact_id)
            for contact_id, card in self.contact_cards.items()
            if phone in card.phones and contact_id not in unknown
        ]

    async def contacts_with_key(self, key: str) -> list[Contact]:
        self._ask("contacts_with_key", 1)
        cards = self.contact_cards.items()
        return [self._card(who) for who, card in cards if card.fields.get(ContactField.PATIENT_KEY) == key]

    async def deals_created_since(self, moment: datetime) -> AsyncIterator[Deal]:
        self._ask("deals_created_since", 1)
        for deal in sorted(self.deal_cards.values(), key=lambda deal: deal.id, reverse=True):
            if deal.created_at is not None and deal.created_at >= moment:
                yield deal

    async def contacts_changed_since(self, moment: datetime) -> AsyncIterator[Contact]:
        self._ask("contacts_changed_since", 1)
        for contact_id in reversed(self._order):
            yield self._card(contact_id)

    async def notes_of(self, deal_id: int) -> list[str]:
        self._ask("notes_of", 1)
        return list(reversed(self.notes.get(deal_id, [])))

    async def create_deals(self, commands: Sequence[CreateDeal]) -> list[Created]:
        assert len(commands) <= AT_ONCE
        return self._created("create_deals", commands, self._create)

    async def create_contacts(self, commands: Sequence[CreateContact]) -> list[int]:
        assert len(commands) <= AT_ONCE
        return self._created("create_contacts", commands, lambda command: self._create_contact(command.contact))

    async def add_notes(self, commands: Sequence[AddNote]) -> None:
        assert len(commands) <= AT_ONCE
        self._created("add_notes", commands, self._tell)

    async def link_contacts(self, commands: Sequence[LinkContact]) -> None:
        self._created("link_contacts", commands, self._link)

    async def patch_deals(self, commands: Sequence[PatchDeal]) -> None:
        self._applied("patch_deals", commands, self._patch)

    async def patch_contacts(self, commands: Sequence[PatchContact]) -> None:
        self._applied("patch_contacts", commands, self._patch_contact)

    def arrive(self) -> None:
        """What was on its way is applied."""
        while self._on_the_way:
            self._on_the_way.pop(0)()

    # How.

    def count(self, *calls: str) -> int:
        """Requests of these kinds; all where none is named."""
        return len([call for call, _ in self.requests if not calls or call in calls])

    def forget_requests(self) -> None:
        """Count anew."""
        self.requests.clear()
        self.changed_fields = self.stage_moves = 0

    def _ask(self, call: str, items: int) -> None:
        self._note(call, items)
        self.before(call)  # for a reader it is the same whether the question or the answer was lost

    def _created(self, call: str, commands: Sequence[Sent], make: Callable[[Sent], Answer]) -> list[Answer]:
        try:
            self.late(call)
        except Exception:
            self._note(call, len(commands))
            self._on_the_way.append(lambda: [make(command) for command in commands])
            raise
        return self._applied(call, commands, make)

    def _applied(self, call: str, commands: Sequence[Sent], make: Callable[[Sent], Answer]) -> list[Answer]:
        assert commands, f"{call} without anything to do"
        self._note(call, len(commands))
        self.before(call)
        refused = {
            place: codes
            for place, command in enumerate(commands)
            if (codes := self.refuse(command) or self._without_contact(command))
        }
        answers = {place: make(command) for place, command in enumerate(commands) if place not in refused}
        self.after(call)
        if refused:
            raise CrmRejected(refused, answers)
        return list(answers.values())

    def _note(self, call: str, items: int) -> None:
        self.requests += [(call, min(AT_ONCE, items - at)) for at in range(0, items, AT_ONCE)]

    def _tell(self, command: AddNote) -> None:
        self.notes.setdefault(command.deal_id, []).append(command.text)

    def _link(self, command: LinkContact) -> None:
        deal = self.deal_cards[command.deal_id]
        linked = tuple(dict.fromkeys((*deal.contact_ids, command.contact_id)))
        self.deal_cards[deal.id] = replace(deal, contact_ids=linked)

    def _without_contact(self, command: Command) -> tuple[str, ...] | None:
        """Nothing is made with a contact that is gone."""
        contact = command.contact if isinstance(command, CreateDeal) else None
        contact = command.contact_id if isinstance(command, LinkContact) else contact
        return ("NotSupportedChoice",) if isinstance(contact, int) and contact not in self.contact_cards else None

    def _create(self, command: CreateDeal) -> Created:
        contact = command.contact
        contact_id = self._create_contact(contact) if isinstance(contact, NewContact) else contact
        deal_id = self._new_id()
        assert None not in command.fields.values()
        self.deal_cards[deal_id] = Deal(
            deal_id,
            command.stage,
            name=command.name,
            price=command.price,
            created_at=self._now(),
            closed_at=None if command.stage.open else self._now(),
            contact_ids=(contact_id,),
            main_contact_id=contact_id,
            fields=_kept(command.fields),
        )
        return Created(deal_id, contact_id)

    def _create_contact(self, made: NewContact) -> int:
        contact_id = self._new_id()
        self._made_here.add(contact_id)
        self.contact_cards[contact_id] = Contact(
            contact_id, made.name, made.phones, made.phones, (), _kept(made.fields)
        )
        self._order.append(contact_id)
        return contact_id

    def _patch(self, command: PatchDeal) -> None:
        deal = self.deal_cards[command.deal_id]
        self.changed_fields += len(command.fields)
        self.stage_moves += command.stage is not None
        changed = replace(
            deal,
            stage=command.stage or deal.stage,
            name=deal.name if command.name is None else command.name,
            price=deal.price if command.price is None else command.price,
            fields=filled({**deal.fields, **_kept(command.fields)}),
        )
        self.deal_cards[deal.id] = self._closed(deal, changed)

    def _patch_contact(self, command: PatchContact) -> None:
        card = self.contact_cards[command.contact_id]
        self.changed_fields += len(command.fields)
        phones = card.raw_phones if command.phones is None else command.phones
        kinds = card.phone_kinds if command.phones is None else command.phone_kinds
        self.contact_cards[card.id] = replace(
            card,
            name=card.name if command.name is None else command.name,
            raw_phones=phones,
            phones=tuple(phone for text in phones for phone in phones_in(text)),
            phone_kinds={text: kind for text, kind in kinds.items() if text in phones},
            fields=filled({**card.fields, **_kept(command.fields)}),
        )
        self._order.remove(card.id)
        self._order.append(card.id)

    def _closed(self, before: Deal, after: Deal) -> Deal:
        if after.stage == before.stage:
            return after
        return replace(after, closed_at=None if after.stage.open else self._now())

    def _card(self, contact_id: int) -> Contact:
        deals = tuple(deal.id for deal in self.deal_cards.values() if contact_id in deal.contact_ids)
        return replace(self.contact_cards[contact_id], deal_ids=deals)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)


def _kept(fields: Mapping[Key, FieldValue]) -> dict[Key, FieldValue]:
    """Whole seconds, as the CRM keeps them."""
    return {
        name: value.replace(microsecond=0) if isinstance(value, datetime) else value for name, value in fields.items()
    }
