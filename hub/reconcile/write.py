"""Changes what stands already: deals first, then contacts, notes last. A deal is read right before it is written."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.links import own
from hub.links.confirmations import forget_confirmation
from hub.reconcile import intents
from hub.reconcile.delivery import Codes, Delivery, Desk, in_batches, looked, refused_apart
from hub.reconcile.intents import NoteIntent
from hub.rules.commands import add_note, patch_contact, patch_deal, pending
from hub.rules.confirmed import without_confirmation
from hub.rules.contact import ContactCore, before_request, desired_contact
from hub.rules.deals import ABANDONED, Scene, abandoned, desired
from hub.rules.model import Contact, Deal, DesiredContact, DesiredDeal, Memory, PatchContact, PatchDeal
from hub.rules.plan import DealWork, OwnContact, OwnDeal
from hub.rules.refusals import refusal
from hub.store.engine import Unit
from wire import log

logger = logging.getLogger(__name__)

GONE = "gone"
ANOTHERS = "contact_of_another"


@dataclass(frozen=True)
class DealWrite:
    """A deal as read, how it should stand, and the request that makes it so (None: it stands so)."""

    desk: Desk
    work: DealWork
    deal: Deal
    wanted: DesiredDeal
    patch: PatchDeal | None

    @property
    def memory(self) -> Memory:
        """What we remembered before."""
        return self.desk.case.deals[self.deal.id].memory


@dataclass(frozen=True)
class ContactWrite:
    """The same of a contact. `wanted` None: it is gone, or another patient's by now."""

    desk: Desk
    own: OwnContact
    core: ContactCore = field(repr=False)
    wanted: DesiredContact | None = None
    patch: PatchContact | None = None
    reason: str | None = None


async def write(to: Delivery, desks: Sequence[Desk]) -> None:
    """Bring the deals and contacts of these patients to where they should be."""
    deal_ids = {work.deal_id for desk in desks for work in desk.plan.deals}
    desks, deals = await looked(to, desks, deal_ids)
    works = [
        (desk, desk.plan.scene, work)
        for desk in desks
        for work in desk.plan.deals
        if desk.plan.scene and work.deal_id in deal_ids
    ]
    await _forget_gone(to, [(desk, work) for desk, _, work in works if work.deal_id not in deals])
    there = [(desk, scene, work, deals[work.deal_id]) for desk, scene, work in works if work.deal_id in deals]
    notes: list[NoteIntent] = []
    for batch in in_batches(_deal_write(desk, scene, work, deal) for desk, scene, work, deal in there):
        notes += await _write_deals(to, batch)
    for contacts in in_batches(desk for desk in desks if desk.plan.contact_due):
        await _write_contacts(to, contacts)
    await intents.send_notes(to, notes)


def _deal_write(desk: Desk, scene: Scene, work: DealWork, deal: Deal) -> DealWrite:
    memory = desk.case.deals[deal.id].memory
    if work.core is None:
        wanted = abandoned(deal, memory, scene.now, visits_elsewhere=work.visits_elsewhere)
    else:
        wanted = desired(scene, work.core, deal, work.pipeline, memory)
    if work.unconfirmed:
        wanted = without_confirmation(wanted)
    return DealWrite(desk, work, deal, wanted, patch_deal(deal, wanted))


async def _forget_gone(to: Delivery, gone: Sequence[tuple[Desk, DealWork]]) -> None:
    """R16: a deal that was deleted is not made again; an operator sees it."""
    if gone:
        async with to.store.writing(to.account) as unit:
            for desk, work in gone:
                memory = desk.case.deals[work.deal_id].memory
                await own.save_memory(unit, work.deal_id, _put_aside(memory, _digest(work), GONE))


def _put_aside(memory: Memory, settled: str, code: str) -> Memory:
    return memory.model_copy(update={"settled": settled, "refused": code, "pending": None})


def _digest(work: DealWork) -> str:
    return work.core.digest if work.core else ABANDONED


async def _write_deals(to: Delivery, writes: Sequence[DealWrite]) -> list[NoteIntent]:
    sent = [(write, write.patch) for write in writes if write.patch]
    if sent:
        async with to.store.writing(to.account) as unit:
            for write, patch in sent:
                before = write.memory.model_copy(update={"pending": pending(patch, write.wanted)})
                await own.save_memory(unit, write.deal.id, before)
    _, refused = await refused_apart(to.crm.patch_deals, [patch for _, patch in sent])
    codes = {sent[place][0].deal.id: found for place, found in refused.items()}
    notes: list[NoteIntent] = []
    async with to.store.writing(to.account) as unit:
        for write in writes:
            notes += await _remember(to, unit, write, codes.get(write.deal.id))
        await intents.keep(unit, notes)
    for write in writes:
        _say(to, write, codes.get(write.deal.id))
    return notes


async def _remember(to: Delivery, unit: Unit, write: DealWrite, refused: Codes | None) -> list[NoteIntent]:
    """The answer, the links and what is to be told stand together or not at all."""
    deal, wanted, now = write.deal, write.wanted, to.clock.now()
    links = write.desk.case.links
    await own.save_links(unit, write.desk.key, [v.id for v in write.work.visits if links.get(v.id) != deal.id], deal.id)
    if refused is not None:
        mark = refusal(_digest(write.work), to.settings, now)
        await own.save_memory(unit, deal.id, _put_aside(write.memory, mark, ", ".join(refused)))
        return []
    stage = wanted.stage or deal.stage
    closed_at = deal.closed_at if deal.stage == stage else (None if stage.open else now)
    await own.save_deal(unit, write.desk.key, deal.id, OwnDeal(stage, wanted.memory), closed_at)
    if write.work.unconfirmed:
        await forget_confirmation(unit, write.work.unconfirmed)
    if wanted.note is None:
        return []
    note = add_note(deal.id, wanted.note)
    return [NoteIntent(key=note.key, started_at=now, deal_id=deal.id, text=note.text)]


def _say(to: Delivery, write: DealWrite, refused: Codes | None) -> None:
    if refused is not None:
        log.warning(logger, "deal.refused", account=to.account.id, deal=write.deal.id, code=", ".join(refused))
    elif write.patch and write.patch.stage:
        target = write.wanted.memory.written.target or ""
        log.info(logger, "deal.moved", account=to.account.id, deal=write.deal.id, rule=write.wanted.rule, target=target)


async def _write_contacts(to: Delivery, desks: Sequence[Desk]) -> None:
    known = [(desk, desk.case.contact, desk.plan.contact) for desk in desks]
    mine = [(desk, contact, core) for desk, contact, core in known if contact and core]
    there = await to.crm.contacts(sorted({contact.contact_id for _, contact, _ in mine}))
    writes = [_contact_write(desk, contact, core, there.get(contact.contact_id)) for desk, contact, core in mine]
    sent = [(write, write.patch, write.wanted) for write in writes if write.patch and write.wanted]
    async with to.store.writing(to.account) as unit:
        for write, _, wanted in sent:
            before = before_request(wanted, write.own.memory)
            await own.save_contact(unit, write.desk.key, OwnContact(write.own.contact_id, before))
    _, refused = await refused_apart(to.crm.patch_contacts, [patch for _, patch, _ in sent])
    codes = {sent[place][0].own.contact_id: found for place, found in refused.items()}
    async with to.store.writing(to.account) as unit:
        for write in writes:
            await _remember_contact(to, unit, write, codes.get(write.own.contact_id))


def _contact_write(desk: Desk, mine: OwnContact, core: ContactCore, there: Contact | None) -> ContactWrite:
    if there is None:
        return ContactWrite(desk, mine, core, reason=GONE)
    wanted = desired_contact(core, there, mine.memory)
    if wanted is None:
        return ContactWrite(desk, mine, core, reason=ANOTHERS)
    return ContactWrite(desk, mine, core, wanted, patch_contact(there, wanted))


async def _remember_contact(to: Delivery, unit: Unit, write: ContactWrite, refused: Codes | None) -> None:
    reason = ", ".join(refused) if refused is not None else write.reason
    if write.wanted is not None and reason is None:
        memory = write.wanted.memory
    else:
        digest = write.core.digest
        settled = digest if refused is None else refusal(digest, to.settings, to.clock.now())
        memory = write.own.memory.model_copy(update={"settled": settled, "refused": reason, "pending_name": None})
    await own.save_contact(unit, write.desk.key, OwnContact(write.own.contact_id, memory))
