"""Makes what is missing: finds the lead that a first visit joins, creates deals and contacts."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub.links import own
from hub.links.outcomes import save_outcomes
from hub.reconcile import intents
from hub.reconcile.delivery import Codes, Delivery, Desk, in_batches, looked, refused_apart
from hub.reconcile.intents import ContactIntent, DealIntent, LinkIntent
from hub.rules.commands import create_deal, filled
from hub.rules.contact import ContactCore, new_contact
from hub.rules.deals import Scene
from hub.rules.fields import DealField
from hub.rules.join import Answer, Ask, Found, Join, Make, join
from hub.rules.model import Contact, ContactMemory, CreateContact, CreateDeal, Deal, Memory, NewContact, PatientKey
from hub.rules.plan import Outcome, OwnContact, OwnDeal, SlotWork
from hub.store.engine import Unit
from wire import log

logger = logging.getLogger(__name__)


async def create(to: Delivery, desks: Sequence[Desk]) -> dict[PatientKey, Outcome]:
    """One deal or contact for each patient that lacks one; returns those about whom a person is asked."""
    desks, _ = await looked(to, desks, {deal_id for desk in desks for deal_id in desk.case.deals})
    await _create_contacts(to, [desk for desk in desks if desk.plan.contact_missing])
    with_slot = [(desk, desk.plan.slot) for desk in desks if desk.plan.slot]
    answers, leads = await _where_to(to, with_slot)
    found = [(desk, work, answer) for (desk, work), answer in zip(with_slot, answers, strict=True)]
    await _adopt(to, [(desk, work, answer) for desk, work, answer in found if isinstance(answer, Join)], leads)
    await _create_deals(to, [(desk, work, answer) for desk, work, answer in found if isinstance(answer, Make)])
    return {
        desk.key: Outcome("ask", answer.reason, answer.contact_ids, answer.deal_ids)
        for desk, _, answer in found
        if isinstance(answer, Ask)
    }


async def _where_to(to: Delivery, works: Sequence[tuple[Desk, SlotWork]]) -> tuple[list[Answer], dict[int, Deal]]:
    """For each patient: an existing lead, a new deal, or a question. The first to come takes what it takes. And the leads as read."""
    unknown = [(desk, work) for desk, work in works if desk.case.contact is None]
    by_phone = await _contacts_by_phone(to, [work.scene for _, work in unknown])
    seekers = [work.scene for _, work in unknown if work.slot.role == "primary"]
    deals = await _deals_of(to, [contact for scene in seekers for contact in _of(scene, by_phone)])
    async with to.store.reading(to.account) as unit:
        contact_ids = {contact.id for found in by_phone.values() for contact in found}
        contacts_taken, deals_taken = await own.taken(unit, contact_ids, deals.keys())
    answers: list[Answer] = []
    for desk, work in works:
        found = Found(_of(work.scene, by_phone), deals, contacts_taken, deals_taken)
        answer = join(work.scene, found, leads=work.slot.role == "primary") if desk.case.contact is None else Make()
        if isinstance(answer, Join | Make) and answer.own_contact_id is not None:
            contacts_taken.add(answer.own_contact_id)
        if isinstance(answer, Join):
            deals_taken.add(answer.deal_id)
        answers.append(answer)
    return answers, deals


async def _contacts_by_phone(to: Delivery, scenes: Sequence[Scene]) -> dict[str, list[Contact]]:
    phones = dict.fromkeys(phone for scene in scenes for phone in scene.patient.phones)
    return {phone: await to.crm.contacts_with_phone(phone) for phone in phones}


def _of(scene: Scene, by_phone: Mapping[str, Sequence[Contact]]) -> list[Contact]:
    phones = scene.patient.phones
    return list({contact.id: contact for phone in phones for contact in by_phone.get(phone, ())}.values())


async def _deals_of(to: Delivery, contacts: Sequence[Contact]) -> dict[int, Deal]:
    deal_ids = sorted({deal_id for contact in contacts for deal_id in contact.deal_ids})
    return await to.crm.deals(deal_ids) if deal_ids else {}


async def _adopt(to: Delivery, joined: Sequence[tuple[Desk, SlotWork, Join]], leads: Mapping[int, Deal]) -> None:
    """From now on these leads are ours to keep in step: that is all that happens here, what they lack is written later."""
    if not joined:
        return
    async with to.store.writing(to.account) as unit:
        for desk, work, answer in joined:
            deal = leads[answer.deal_id]
            await own.save_deal(unit, desk.key, deal.id, OwnDeal(deal.stage, Memory()), deal.closed_at)
            await own.save_links(unit, desk.key, [visit.id for visit in work.slot.visits], deal.id)
            if answer.own_contact_id is not None:
                await own.save_contact(unit, desk.key, OwnContact(answer.own_contact_id, ContactMemory()))
            log.info(logger, "deal.joined", account=to.account.id, deal=deal.id, rule="R11")


async def _create_deals(to: Delivery, made: Sequence[tuple[Desk, SlotWork, Make]]) -> None:
    for batch in in_batches(made):
        drafts = [_deal_draft(to, desk, work, answer) for desk, work, answer in batch]
        async with to.store.writing(to.account) as unit:
            await intents.keep(unit, [intent for intent, _ in drafts])
        answers, refused = await refused_apart(to.crm.create_deals, [command for _, command in drafts])
        async with to.store.writing(to.account) as unit:
            for place, answer in answers.items():
                await intents.created(unit, drafts[place][0], answer)
            for place, codes in refused.items():
                desk, work, _ = batch[place]
                await _put_aside(to, unit, desk, f"patient:{desk.key.patient}", codes, work.digest)
            await intents.forget(unit, [intent for intent, _ in drafts])
        for answer in answers.values():
            log.info(logger, "deal.created", account=to.account.id, deal=answer.deal_id, contact=answer.contact_id)


def _deal_draft(to: Delivery, desk: Desk, work: SlotWork, answer: Make) -> tuple[DealIntent, CreateDeal]:
    """The request, and what will be remembered once it is answered."""
    contact, contact_memory = _contact_for(desk, work, answer)
    command = create_deal(desk.key, work.wanted, work.stage, contact)
    intent = DealIntent(
        key=command.key,
        started_at=to.clock.now(),
        database=desk.key.database,
        patient=desk.key.patient,
        visits=tuple(visit.id for visit in work.slot.visits),
        visits_text=str(work.wanted.fields[DealField.VISITS]),
        pipeline_id=work.stage.pipeline_id,
        stage_id=work.stage.stage_id,
        memory=work.wanted.memory,
        contact_id=contact if isinstance(contact, int) else None,
        contact_memory=contact_memory,
    )
    return intent, command


def _contact_for(desk: Desk, work: SlotWork, answer: Make) -> tuple[int | NewContact, ContactMemory | None]:
    """The patient's own contact, the one that becomes it, or a new one."""
    if desk.case.contact is not None:
        return desk.case.contact.contact_id, None
    if answer.own_contact_id is not None:
        return answer.own_contact_id, ContactMemory()
    made, memory = new_contact(work.scene, work.contact)
    return replace(made, fields=filled(made.fields)), memory


async def _create_contacts(to: Delivery, desks: Sequence[Desk]) -> None:
    """The patient's own contact, beside the main one of a lead that it joined."""
    for batch in in_batches(desks):
        drafts = [_contact_draft(to, desk, scene, core) for desk, scene, core in _known(batch)]
        async with to.store.writing(to.account) as unit:
            await intents.keep(unit, [intent for intent, _ in drafts])
        answers, refused = await refused_apart(to.crm.create_contacts, [command for _, command in drafts])
        links: list[LinkIntent] = []
        async with to.store.writing(to.account) as unit:
            for place, contact_id in answers.items():
                links += await intents.contact_created(unit, drafts[place][0], contact_id)
            for place, codes in refused.items():
                desk, _, core = _known(batch)[place]
                await _put_aside(to, unit, desk, f"contact:{desk.key.patient}", codes, core.digest)
            await intents.forget(unit, [intent for intent, _ in drafts])
        await intents.send_links(to, links)


def _known(desks: Sequence[Desk]) -> list[tuple[Desk, Scene, ContactCore]]:
    return [(desk, desk.plan.scene, desk.plan.contact) for desk in desks if desk.plan.scene and desk.plan.contact]


def _contact_draft(to: Delivery, desk: Desk, scene: Scene, core: ContactCore) -> tuple[ContactIntent, CreateContact]:
    made, memory = new_contact(scene, core)
    intent = ContactIntent(
        key=f"create_contact:{desk.key}",
        started_at=to.clock.now(),
        database=desk.key.database,
        patient=desk.key.patient,
        memory=memory,
        deal_ids=tuple(deal_id for deal_id, deal in desk.case.deals.items() if not deal.memory.gone),
    )
    return intent, CreateContact(intent.key, replace(made, fields=filled(made.fields)))


async def _put_aside(to: Delivery, unit: Unit, desk: Desk, subject: str, codes: Codes, digest: str) -> None:
    """The same is not asked for again."""
    outcome = Outcome("park", ", ".join(codes), digest=digest)
    await save_outcomes(unit, desk.key, {}, {subject: outcome}, to.clock.now())
    log.warning(logger, "creation.refused", account=to.account.id, code=outcome.reason)
