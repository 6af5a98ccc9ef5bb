"""What a card is about: the amoCRM card as this user sees it, and the patient who is linked to it or was chosen for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.panel.facts import Subject
from hub.panel.known import known_phones, linked_to_contact, whose_deal
from hub.panel.rights import Rights, SeenContact
from hub.panel.streams import StreamKey
from hub.panel.visitor import Told, Visitor
from hub.rules.names import is_blank
from hub.store.engine import Unit
from wire.lookup import MAX_ASKED

MAX_CONTACTS = 10
"""Of a deal: the main one first."""


@dataclass(frozen=True)
class Seen:
    """A card as the user may see it."""

    key: StreamKey
    contacts: tuple[SeenContact, ...] = field(default=(), repr=False)


async def see(rights: Rights, visitor: Visitor, key: StreamKey) -> Seen:
    """Raises `Told` where the user may not see the card. A contact of a deal that he may not see is no contact of it for him."""
    if key.kind == "contact":
        return Seen(key, (await rights.seen_contact(visitor, key.id),))
    deal = await rights.seen_deal(visitor, key.id)
    main = [deal.main_contact_id] if deal.main_contact_id else []
    ids = list(dict.fromkeys([*main, *deal.contact_ids]))[:MAX_CONTACTS]
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(_contact(rights, visitor, contact_id)) for contact_id in ids]
    found = [task.result() for task in asking]
    if postponed := [told for told in found if isinstance(told, Told)]:
        raise postponed[0]
    return Seen(key, tuple(contact for contact in found if isinstance(contact, SeenContact)))


async def _contact(rights: Rights, visitor: Visitor, contact_id: int) -> SeenContact | Told | None:
    """A refusal ends nothing but this question: a group of tasks would cut off the others."""
    try:
        return await rights.seen_contact(visitor, contact_id)
    except Told as told:
        return None if told.status in (403, 404) else told


async def read_subject(unit: Unit, seen: Seen) -> Subject:
    """With what the hub knows of it. An operator's choice counts more than the link."""
    is_deal = seen.key.kind == "deal"
    choice, link = await whose_deal(unit, seen.key.id) if is_deal else (None, None)
    named = () if is_deal else await linked_to_contact(unit, seen.key.id)
    wanted = choice or link or (named[0] if len(named) == 1 else None)
    own = await known_phones(unit, wanted) if wanted else ()
    phones = [phone for contact in seen.contacts for phone in contact.phones]
    typed_name, typed_phone = _typed(seen.contacts)
    return Subject(
        name=f"{seen.key.kind}:{seen.key.id}",
        deal_id=seen.key.id if is_deal else None,
        wanted=wanted,
        chosen=choice is not None,
        named=named if wanted is None else (),
        phones=tuple(dict.fromkeys([*phones, *own]))[:MAX_ASKED],
        typed_name=typed_name,
        typed_phone=typed_phone,
    )


def _typed(contacts: Sequence[SeenContact]) -> tuple[str | None, str | None]:
    """Name and phone of one person, as IDENT's form takes them: of the first who has a phone. A name is borrowed from another contact
    only where no second one has a phone: else it would be somebody else's."""
    reachable = [contact for contact in contacts if contact.phones or contact.raw_phones]
    first = reachable[:1]
    name = _name(first) or (None if len(reachable) > 1 else _name(contacts))
    phone = next((phone for one in first for phone in (*one.phones, *one.raw_phones)), None)
    return name, phone


def _name(contacts: Sequence[SeenContact]) -> str | None:
    return next((contact.name for contact in contacts if not is_blank(contact.name)), None)
