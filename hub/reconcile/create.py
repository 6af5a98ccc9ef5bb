"""Makes what is missing: takes the leads that visits join, creates deals and contacts."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from hub.links import own
from hub.links.outcomes import save_outcomes
from hub.reconcile import intents
from hub.reconcile.delivery import Codes, Delivery, Desk, Learnt, in_batches, looked, refused_apart
from hub.reconcile.intents import ContactIntent, DealIntent, LinkIntent
from hub.reconcile.where import Adoption, where_to
from hub.rules.commands import create_deal, filled
from hub.rules.contact import ContactCore, new_contact
from hub.rules.deals import Scene
from hub.rules.fields import DealField
from hub.rules.join import Ask, Join, Make
from hub.rules.model import ContactMemory, CreateContact, CreateDeal, Deal, Memory, NewContact
from hub.rules.plan import Outcome, OwnContact, OwnDeal, SlotWork
from hub.rules.refusals import refusal
from hub.rules.restored import listed, remembered
from hub.rules.visits import VisitNow
from hub.store.engine import Unit
from wire import log

logger = logging.getLogger(__name__)


async def create(to: Delivery, desks: Sequence[Desk]) -> Learnt:
    """One deal or contact for each patient that lacks one; returns what was learnt about the others."""
    desks, _ = await looked(to, desks, {deal_id for desk in desks for deal_id in desk.case.deals})
    await _create_contacts(to, [desk for desk in desks if desk.plan.contact_missing])
    found = await where_to(to, [(desk, desk.plan.slot) for desk in desks if desk.plan.slot])
    await _adopt(to, found.joined)
    await _create_deals(to, [(desk, work, answer) for desk, work, answer in found.answers if isinstance(answer, Make)])
    asked = {
        desk.key: Outcome("ask", answer.reason, answer.contact_ids, answer.deal_ids)
        for desk, _, answer in found.answers
        if isinstance(answer, Ask)
    }
    return Learnt(asked, found.void)


async def _adopt(to: Delivery, joined: Sequence[Adoption]) -> None:
    """From now on these leads are ours to keep in step, and each patient's own contact is linked to its lead: that is all that happens
    here, what they lack is written later."""
    if not joined:
        return
    links: list[LinkIntent] = []
    async with to.store.writing(to.account) as unit:
        for desk, work, answer, deal in joined:
            memory, visits = _joined(to, work, answer, deal)
            await own.save_deal(unit, desk.key, deal.id, OwnDeal(deal.stage, memory), deal.closed_at)
            await own.save_links(unit, desk.key, [visit.id for visit in visits], deal.id)
            if desk.case.contact is None:
                await _take_contact(unit, desk, answer.own_contact_id)
            contact_id = desk.case.contact.contact_id if desk.case.contact else answer.own_contact_id
            if contact_id is not None and contact_id not in deal.contact_ids:
                links.append(_link(to, deal.id, contact_id))
            rule = "R17" if answer.again else "R11"
            log.info(logger, "deal.joined", account=to.account.id, deal=deal.id, rule=rule)
        await intents.keep(unit, links)
    await intents.send_links(to, links)


def _joined(to: Delivery, work: SlotWork, answer: Join, deal: Deal) -> tuple[Memory, Sequence[VisitNow]]:
    """What is remembered of the deal, and the visits that stand in it from now on."""
    visits, pipeline = work.slot.visits, to.settings.mapped(deal.stage.pipeline_id)
    if answer.again:
        return remembered(work.scene, deal, visits, pipeline), listed(work.scene.key, visits, deal)
    return Memory(chosen=answer.chosen), visits


async def _take_contact(unit: Unit, desk: Desk, contact_id: int | None) -> None:
    """It becomes the patient's own; where there is none, one that is gone is forgotten, so that a new one is made."""
    if contact_id is None:
        await own.forget_contact(unit, desk.key)
    else:
        await own.save_contact(unit, desk.key, OwnContact(contact_id, ContactMemory()))


def _link(to: Delivery, deal_id: int, contact_id: int) -> LinkIntent:
    key = f"link_contact:{deal_id}:{contact_id}"
    return LinkIntent(key=key, started_at=to.clock.now(), deal_id=deal_id, contact_id=contact_id)


async def _create_deals(to: Delivery, made: Sequence[tuple[Desk, SlotWork, Make]]) -> None:
    for batch in in_batches(made):
        drafts = [_deal_draft(to, desk, work, answer) for desk, work, answer in batch]
        async with intents.sending(to, [intent for intent, _ in drafts]):
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
        async with intents.sending(to, [intent for intent, _ in drafts]):
            answers, refused = await refused_apart(to.crm.create_contacts, [command for _, command in drafts])
        links: list[LinkIntent] = []
        async with to.store.writing(to.account) as unit:
            for place, contact_id in answers.items():
                links += await intents.contact_created(unit, drafts[place][0], contact_id)
            for place, codes in refused.items():
                desk, _, core = _known(batch)[place]
                mark = refusal(core.digest, to.settings, to.clock.now())
                await _put_aside(to, unit, desk, f"contact:{desk.key.patient}", codes, mark)
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


async def _put_aside(to: Delivery, unit: Unit, desk: Desk, subject: str, codes: Codes, mark: str) -> None:
    """The same is not asked for again for the time being."""
    outcome = Outcome("park", ", ".join(codes), digest=mark)
    await save_outcomes(unit, desk.key, {}, {subject: outcome}, to.clock.now())
    log.warning(logger, "creation.refused", account=to.account.id, code=outcome.reason)
