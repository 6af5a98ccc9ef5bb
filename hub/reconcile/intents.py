"""What must not happen twice: an intent is stored before each request that creates or tells something, and deleted when its answer is
stored. What stays open after a crash or a lost answer is resolved by reading, before anything is created again."""

from collections.abc import AsyncIterable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import delete, select

from hub.crm import Created
from hub.links import own
from hub.links.columns import in_account
from hub.reconcile.delivery import Delivery, in_batches, refused_apart
from hub.rules.commands import same
from hub.rules.fields import ContactField, DealField
from hub.rules.model import AddNote, Contact, ContactMemory, Deal, LinkContact, Memory, PatientKey, Stage
from hub.rules.plan import OwnContact, OwnDeal
from hub.store.dialect import upsert
from hub.store.engine import Unit
from hub.store.tables import intents

MARGIN = timedelta(minutes=2)
"""By so much the CRM's clock may differ from ours."""


class _Intent(BaseModel):
    model_config = ConfigDict(frozen=True)

    key: str
    started_at: datetime


class _OfPatient(_Intent):
    database: str
    patient: str

    @property
    def of(self) -> PatientKey:
        return PatientKey(self.database, self.patient)


class DealIntent(_OfPatient):
    """A deal is being created; `contact_memory` where its contact is created, or becomes the patient's own, with it."""

    kind: Literal["create_deal"] = "create_deal"
    visits: tuple[str, ...]
    visits_text: str
    pipeline_id: int
    stage_id: int
    memory: Memory = Field(repr=False)
    contact_id: int | None = None
    contact_memory: ContactMemory | None = Field(None, repr=False)


class ContactIntent(_OfPatient):
    """The patient's own contact is being created, and will be linked to these deals."""

    kind: Literal["create_contact"] = "create_contact"
    memory: ContactMemory = Field(repr=False)
    deal_ids: tuple[int, ...]


class LinkIntent(_Intent):
    """A contact is being linked to a deal."""

    kind: Literal["link_contact"] = "link_contact"
    deal_id: int
    contact_id: int


class NoteIntent(_Intent):
    """Something is being told."""

    kind: Literal["add_note"] = "add_note"
    deal_id: int
    text: str = Field(repr=False)


Intent: TypeAlias = DealIntent | ContactIntent | LinkIntent | NoteIntent
_INTENT: TypeAdapter[Intent] = TypeAdapter(Annotated[Intent, Field(discriminator="kind")])


async def keep(unit: Unit, of: Iterable[_Intent]) -> None:
    """Store intents; the requests may be sent once this is committed."""
    rows = [_row(unit, intent) for intent in of]
    if rows:
        await unit.execute(upsert(unit, intents, ("kind", "digest", "started_at", "sealed_command")), rows)


async def forget(unit: Unit, of: Iterable[_Intent]) -> None:
    """They are answered."""
    keys = [intent.key for intent in of]
    if keys:
        await unit.execute(delete(intents).where(in_account(unit, intents), intents.c.key.in_(keys)))


async def created(unit: Unit, intent: DealIntent, answer: Created) -> None:
    """The deal is there: it belongs to the patient, and so does its contact."""
    stage = Stage(intent.pipeline_id, intent.stage_id)
    await own.save_deal(unit, intent.of, answer.deal_id, OwnDeal(stage, intent.memory), None)
    await own.save_links(unit, intent.of, intent.visits, answer.deal_id)
    if intent.contact_memory is not None:
        await own.save_contact(unit, intent.of, OwnContact(answer.contact_id, intent.contact_memory))


async def contact_created(unit: Unit, intent: ContactIntent, contact_id: int) -> list[LinkIntent]:
    """The contact is there: it is the patient's own, and is still to be linked."""
    await own.save_contact(unit, intent.of, OwnContact(contact_id, intent.memory))
    links = [
        LinkIntent(
            key=f"link_contact:{deal_id}:{contact_id}",
            started_at=intent.started_at,
            deal_id=deal_id,
            contact_id=contact_id,
        )
        for deal_id in intent.deal_ids
    ]
    await keep(unit, links)
    return links


async def send_links(to: Delivery, links: Sequence[LinkIntent]) -> None:
    """Link contacts to deals, beside the main ones. A refusal is final: the contact may be gone."""
    for batch in in_batches(links):
        await refused_apart(to.crm.link_contacts, [LinkContact(link.deal_id, link.contact_id) for link in batch])
        async with to.store.writing(to.account) as unit:
            await forget(unit, batch)


async def send_notes(to: Delivery, notes: Sequence[NoteIntent]) -> None:
    """Tell. A refusal is final: the deal may be gone."""
    for batch in in_batches(notes):
        await refused_apart(to.crm.add_notes, [AddNote(note.key, note.deal_id, note.text) for note in batch])
        async with to.store.writing(to.account) as unit:
            await forget(unit, batch)


async def open_ones(unit: Unit) -> list[Intent]:
    """Those whose answers are missing."""
    rows = await unit.execute(select(intents).where(in_account(unit, intents)).order_by(intents.c.key))
    return [_INTENT.validate_json(unit.vault.open(row.sealed_command, _place(row.key))) for row in rows]


async def resolve(to: Delivery, found: Sequence[Intent]) -> None:
    """Find out what became of each request whose answer is missing."""
    await _resolve_deals(to, [intent for intent in found if isinstance(intent, DealIntent)])
    links = await _resolve_contacts(to, [intent for intent in found if isinstance(intent, ContactIntent)])
    await _resolve_links(to, [*links, *(intent for intent in found if isinstance(intent, LinkIntent))])
    await _resolve_notes(to, [intent for intent in found if isinstance(intent, NoteIntent)])


async def _resolve_deals(to: Delivery, open_ones: Sequence[DealIntent]) -> None:
    if not open_ones:
        return
    found = await _among_new_deals(to, open_ones)
    left = [intent for intent in open_ones if intent.key not in found and intent.contact_id is not None]
    if left:
        found |= await _among_deals_of_contacts(to, left)
    async with to.store.writing(to.account) as unit:
        for intent in open_ones:
            if deal := found.get(intent.key):
                await created(unit, intent, Created(deal.id, deal.main_contact_id or deal.contact_ids[0]))
        await forget(unit, open_ones)


async def _among_new_deals(to: Delivery, open_ones: Sequence[DealIntent]) -> dict[str, Deal]:
    return await _matched(to, open_ones, to.crm.deals_created_since(_since(open_ones)))


async def _among_deals_of_contacts(to: Delivery, left: Sequence[DealIntent]) -> dict[str, Deal]:
    contacts = await to.crm.contacts(sorted({intent.contact_id for intent in left if intent.contact_id is not None}))
    deals = await to.crm.deals(sorted({deal_id for contact in contacts.values() for deal_id in contact.deal_ids}))
    return await _matched(to, left, _each(deals.values()))


async def _matched(to: Delivery, open_ones: Sequence[DealIntent], deals: AsyncIterable[Deal]) -> dict[str, Deal]:
    """Deals that bear our fields and that we do not know yet."""
    left = {intent.key: intent for intent in open_ones}
    found: dict[str, Deal] = {}
    async for deal in deals:
        match = next((intent for intent in left.values() if _is_the_deal(intent, deal)), None)
        if match and deal.contact_ids and not await _is_known(to, deal.id):
            found[match.key] = deal
            del left[match.key]
        if not left:
            break
    return found


async def _is_known(to: Delivery, deal_id: int) -> bool:
    async with to.store.reading(to.account) as unit:
        return bool((await own.taken(unit, (), [deal_id]))[1])


def _is_the_deal(intent: DealIntent, deal: Deal) -> bool:
    return same(deal.fields.get(DealField.PATIENT_KEY), str(intent.of)) and same(
        deal.fields.get(DealField.VISITS), intent.visits_text
    )


async def _resolve_contacts(to: Delivery, open_ones: Sequence[ContactIntent]) -> list[LinkIntent]:
    if not open_ones:
        return []
    left = {str(intent.of): intent for intent in open_ones}
    found: dict[str, Contact] = {}
    async for contact in to.crm.contacts_changed_since(_since(open_ones)):
        if intent := left.pop(str(contact.fields.get(ContactField.PATIENT_KEY) or ""), None):
            found[intent.key] = contact
        if not left:
            break
    links: list[LinkIntent] = []
    async with to.store.writing(to.account) as unit:
        for intent in open_ones:
            if intent.key in found:
                links += await contact_created(unit, intent, found[intent.key].id)
        await forget(unit, open_ones)
    return links


async def _resolve_links(to: Delivery, open_ones: Sequence[LinkIntent]) -> None:
    if not open_ones:
        return
    deals = await to.crm.deals(sorted({link.deal_id for link in open_ones}))
    missing = [
        link for link in open_ones if link.deal_id in deals and link.contact_id not in deals[link.deal_id].contact_ids
    ]
    async with to.store.writing(to.account) as unit:
        await forget(unit, [link for link in open_ones if link not in missing])
    await send_links(to, missing)


async def _resolve_notes(to: Delivery, open_ones: Sequence[NoteIntent]) -> None:
    missing = [note for note in open_ones if not await _is_told(to, note)]
    async with to.store.writing(to.account) as unit:
        await forget(unit, [note for note in open_ones if note not in missing])
    await send_notes(to, missing)


async def _is_told(to: Delivery, note: NoteIntent) -> bool:
    return any(same(text, note.text) for text in await to.crm.notes_of(note.deal_id))


def _since(open_ones: Collection[_Intent]) -> datetime:
    return min(intent.started_at for intent in open_ones) - MARGIN


async def _each(deals: Iterable[Deal]) -> AsyncIterable[Deal]:
    for deal in deals:
        yield deal


def _row(unit: Unit, intent: _Intent) -> dict[str, object]:
    command = intent.model_dump_json()
    return {
        "account_id": unit.account.id,
        "key": intent.key,
        "kind": intent.key.partition(":")[0],
        "digest": sha256(command.encode()).hexdigest()[:32],
        "started_at": intent.started_at,
        "sealed_command": unit.vault.seal(command, _place(intent.key)),
    }


def _place(key: str) -> str:
    return f"intents:{key}"
