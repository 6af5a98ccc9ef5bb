"""Finds where the visits without a deal go: to the deal that an operator chose, to a lead on the patient's phone, to a new one (R11).
Reads; writes nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from hub.links import own
from hub.links.choices import chosen_for
from hub.reconcile.delivery import Delivery, Desk
from hub.rules.deals import Scene
from hub.rules.join import Answer, Found, Join, Make, bears_key, join, join_again, join_chosen
from hub.rules.model import Contact, Deal, PatientKey
from hub.rules.plan import SlotWork

Adoption: TypeAlias = tuple[Desk, SlotWork, Join, Deal]
_Work: TypeAlias = tuple[Desk, SlotWork]


@dataclass(frozen=True)
class WhereTo:
    """The answers; the leads that are joined, as read; and, by patient, the choices that will not do."""

    answers: Sequence[tuple[Desk, SlotWork, Answer]]
    joined: Sequence[Adoption]
    void: Mapping[PatientKey, frozenset[int]]


async def where_to(to: Delivery, works: Sequence[_Work]) -> WhereTo:
    """What operators chose goes first: the others must not take it."""
    works, cards = await _without_gone(to, works)
    chosen = [(desk, work) for desk, work in works if work.slot.chosen]
    others = [(desk, work) for desk, work in works if not work.slot.chosen]
    by_choice, leads = await _by_choice(to, chosen)
    void = {
        desk.key: frozenset(work.slot.chosen)
        for (desk, work), answer in zip(chosen, by_choice, strict=True)
        if answer is None
    }
    by_phone, more_leads = await _by_phone(to, others, [answer for answer in by_choice if answer], cards)
    answers: list[tuple[Desk, SlotWork, Answer]] = [
        *((desk, work, answer) for (desk, work), answer in zip(chosen, by_choice, strict=True) if answer),
        *((desk, work, answer) for (desk, work), answer in zip(others, by_phone, strict=True)),
    ]
    found = {**leads, **more_leads}
    joined = [(desk, work, answer, found[answer.deal_id]) for desk, work, answer in answers if isinstance(answer, Join)]
    return WhereTo(answers, joined, void)


async def _without_gone(to: Delivery, works: Sequence[_Work]) -> tuple[list[_Work], dict[int, Contact]]:
    """A contact that was merged away or deleted counts as none: a deal with it would be refused for ever. The others as read."""
    known = {desk.case.contact.contact_id for desk, _ in works if desk.case.contact}
    there = await to.crm.contacts(sorted(known)) if known else {}
    gone = known - there.keys()
    return [
        (replace(desk, case=replace(desk.case, contact=None)), work)
        if desk.case.contact and desk.case.contact.contact_id in gone
        else (desk, work)
        for desk, work in works
    ], there


async def _by_choice(to: Delivery, works: Sequence[_Work]) -> tuple[list[Join | None], dict[int, Deal]]:
    """For each patient the deal that was chosen for it, None where it will not do; and the deals as read."""
    if not works:
        return [], {}
    deals = await to.crm.deals(sorted({deal_id for _, work in works for deal_id in work.slot.chosen}))
    unknown = [(desk, work) for desk, work in works if desk.case.contact is None]
    on_cards = await _on_cards(to, deals, {deal_id for _, work in unknown for deal_id in work.slot.chosen})
    by_phone = await _contacts_by_phone(to, [work.scene for _, work in unknown])
    everybody = {**on_cards, **{contact.id: contact for found in by_phone.values() for contact in found}}
    async with to.store.reading(to.account) as unit:
        contacts_taken, deals_taken = await own.taken(unit, everybody.keys(), deals.keys())
    answers: list[Join | None] = []
    for desk, work in works:
        near = [] if desk.case.contact else [*_of_deals(work, deals, on_cards), *_of(work.scene, by_phone)]
        contacts = list({contact.id: contact for contact in near}.values())
        answer = join_chosen(work.scene, Found(contacts, deals, contacts_taken, deals_taken), work.slot.chosen)
        if answer:
            deals_taken.add(answer.deal_id)
        if answer and answer.own_contact_id is not None:
            contacts_taken.add(answer.own_contact_id)
        answers.append(answer)
    return answers, deals


async def _by_phone(
    to: Delivery, works: Sequence[_Work], before: Sequence[Join], cards: Mapping[int, Contact]
) -> tuple[list[Answer], dict[int, Deal]]:
    """For each patient: a deal that it had, a lead, a new deal, or a question. Who comes first takes what he takes. And the deals found."""
    unknown = [(desk, work) for desk, work in works if desk.case.contact is None]
    by_phone = await _contacts_by_phone(to, [work.scene for _, work in unknown])
    by_phone |= await _contacts_by_key(to, [work.scene for desk, work in unknown if desk.case.clinic.generation > 1])
    near = [_near(desk, work, by_phone, cards) for desk, work in works]
    deals = await _deals_of(
        to, [who for (desk, work), found in zip(works, near, strict=True) for who in _with_deals(desk, work, found)]
    )
    contact_ids = {contact.id for found in near for contact in found}
    async with to.store.reading(to.account) as unit:
        contacts_taken, deals_taken = await own.taken(unit, contact_ids, deals.keys())
        chosen = await chosen_for(unit, deals.keys())
    contacts_taken |= {answer.own_contact_id for answer in before if answer.own_contact_id is not None}
    deals_taken |= {answer.deal_id for answer in before}
    answers: list[Answer] = []
    for (desk, work), contacts in zip(works, near, strict=True):
        not_ours = {deal_id for deal_id, who in chosen.items() if who != desk.key}
        answer = _answer(desk, work, Found(contacts, deals, contacts_taken, deals_taken | not_ours))
        if isinstance(answer, Join | Make) and answer.own_contact_id is not None:
            contacts_taken.add(answer.own_contact_id)
        if isinstance(answer, Join):
            deals_taken.add(answer.deal_id)
        answers.append(answer)
    return answers, deals


def _answer(desk: Desk, work: SlotWork, found: Found) -> Answer:
    if again := join_again(work.scene, found, work.slot.visits):
        return again
    return Make() if desk.case.contact else join(work.scene, found, leads=_seeks_lead(desk, work))


def _near(
    desk: Desk, work: SlotWork, by_phone: Mapping[str, Sequence[Contact]], cards: Mapping[int, Contact]
) -> list[Contact]:
    """Where the patient's deals may be found: on its own contact, else on its phones."""
    return [cards[desk.case.contact.contact_id]] if desk.case.contact else _of(work.scene, by_phone)


def _with_deals(desk: Desk, work: SlotWork, contacts: Sequence[Contact]) -> Sequence[Contact]:
    """Those whose deals are worth a request. A patient's own contact has deals that we do not know where our store was put back."""
    if desk.case.contact:
        return contacts if desk.case.clinic.generation > 1 else ()
    return contacts if _seeks_lead(desk, work) else [who for who in contacts if bears_key(who, work.scene)]


def _seeks_lead(desk: Desk, work: SlotWork) -> bool:
    """A patient that has a deal is known here, though its contact may be gone."""
    return work.slot.role == "primary" and all(deal.memory.gone for deal in desk.case.deals.values())


async def _contacts_by_phone(to: Delivery, scenes: Sequence[Scene]) -> dict[str, list[Contact]]:
    phones = dict.fromkeys(phone for scene in scenes for phone in scene.patient.phones)
    return {phone: await to.crm.contacts_with_phone(phone) for phone in phones}


async def _contacts_by_key(to: Delivery, scenes: Sequence[Scene]) -> dict[str, list[Contact]]:
    """Of those who have no phone, where our store was put back: their contacts stand in amoCRM perhaps, and nothing else leads there."""
    keys = [str(scene.key) for scene in scenes if not scene.patient.phones]
    return {key: await to.crm.contacts_with_key(key) for key in keys}


def _of(scene: Scene, by_phone: Mapping[str, Sequence[Contact]]) -> list[Contact]:
    hints = (*scene.patient.phones, str(scene.key))
    return list({contact.id: contact for hint in hints for contact in by_phone.get(hint, ())}.values())


async def _on_cards(to: Delivery, deals: Mapping[int, Deal], of: Collection[int]) -> dict[int, Contact]:
    contact_ids = sorted({contact_id for deal in deals.values() if deal.id in of for contact_id in deal.contact_ids})
    return await to.crm.contacts(contact_ids) if contact_ids else {}


def _of_deals(work: SlotWork, deals: Mapping[int, Deal], on_cards: Mapping[int, Contact]) -> list[Contact]:
    chosen = [deals[deal_id] for deal_id in work.slot.chosen if deal_id in deals]
    return [on_cards[contact_id] for deal in chosen for contact_id in deal.contact_ids if contact_id in on_cards]


async def _deals_of(to: Delivery, contacts: Sequence[Contact]) -> dict[int, Deal]:
    deal_ids = sorted({deal_id for contact in contacts for deal_id in contact.deal_ids})
    return await to.crm.deals(deal_ids) if deal_ids else {}
