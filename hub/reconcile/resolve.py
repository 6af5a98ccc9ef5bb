"""What became of requests whose answers are missing: found out by reading, before anything is created again. What is not found may still
come: it is asked for again only when it cannot come late any more."""

from collections.abc import AsyncIterable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from hub.crm import LATE, Created
from hub.links import own
from hub.reconcile.delivery import Delivery
from hub.reconcile.intents import (
    ContactIntent,
    DealIntent,
    Intent,
    LinkIntent,
    NoteIntent,
    contact_created,
    created,
    forget,
    open_ones,
    send_links,
    send_notes,
)
from hub.rules.commands import same
from hub.rules.fields import ContactField, DealField
from hub.rules.model import Contact, Deal
from wire.errors import Retry

MARGIN = timedelta(minutes=2)
"""By so much the CRM's clock may differ from ours."""


class UnderWay(Retry):
    """What was asked for is not there, and may still come: `after` so many seconds it will not any more."""


async def resolve(to: Delivery, found: Sequence[Intent]) -> None:
    """Find out what became of each request whose answer is missing."""
    if not found:
        return
    now = to.machine_now()  # asked before anything is read: else what comes in between would be missed
    await _resolve_deals(to, [intent for intent in found if isinstance(intent, DealIntent)], now)
    links = await _resolve_contacts(to, [intent for intent in found if isinstance(intent, ContactIntent)], now)
    await _resolve_links(to, [*links, *(intent for intent in found if isinstance(intent, LinkIntent))], now)
    await _resolve_notes(to, [intent for intent in found if isinstance(intent, NoteIntent)], now)
    async with to.store.reading(to.account) as unit:
        left = await open_ones(unit)
    if left:
        raise UnderWay(max(_left(intent, to.machine_now()) for intent in left).total_seconds())


def _left(intent: Intent, now: datetime) -> timedelta:
    """For how long it may still come."""
    gone_by = LATE if intent.sent_at is None else abs(now - intent.sent_at)  # clocks are set back, too
    return max(LATE - gone_by, timedelta(0))


async def _resolve_deals(to: Delivery, open_ones: Sequence[DealIntent], now: datetime) -> None:
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
        await forget(unit, [intent for intent in open_ones if intent.key in found or not _left(intent, now)])


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


async def _resolve_contacts(to: Delivery, open_ones: Sequence[ContactIntent], now: datetime) -> list[LinkIntent]:
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
        await forget(unit, [intent for intent in open_ones if intent.key in found or not _left(intent, now)])
    return links


async def _resolve_links(to: Delivery, open_ones: Sequence[LinkIntent], now: datetime) -> None:
    if not open_ones:
        return
    deals = await to.crm.deals(sorted({link.deal_id for link in open_ones}))
    missing = [
        link for link in open_ones if link.deal_id in deals and link.contact_id not in deals[link.deal_id].contact_ids
    ]
    async with to.store.writing(to.account) as unit:
        await forget(unit, [link for link in open_ones if link not in missing])
    await send_links(to, [link for link in missing if not _left(link, now)])


async def _resolve_notes(to: Delivery, open_ones: Sequence[NoteIntent], now: datetime) -> None:
    missing = [note for note in open_ones if not await _is_told(to, note)]
    async with to.store.writing(to.account) as unit:
        await forget(unit, [note for note in open_ones if note not in missing])
    await send_notes(to, [note for note in missing if not _left(note, now)])


async def _is_told(to: Delivery, note: NoteIntent) -> bool:
    return any(same(text, note.text) for text in await to.crm.notes_of(note.deal_id))


def _since(open_ones: Collection[Intent]) -> datetime:
    return min(intent.started_at for intent in open_ones) - MARGIN


async def _each(deals: Iterable[Deal]) -> AsyncIterable[Deal]:
    for deal in deals:
        yield deal
