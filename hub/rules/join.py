"""R11: which lead or contact a new patient's first deal joins. A phone is a hint, a name decides, doubt is asked about. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from hub.rules.deals import Scene
from hub.rules.fields import ContactField, DealField
from hub.rules.model import Contact, Deal
from hub.rules.names import is_blank, same_name
from hub.rules.restored import made_before
from hub.rules.visits import VisitNow


@dataclass(frozen=True)
class Join:
    """The visits stand in this deal from now on; `own_contact_id`: whose contact becomes the patient's own (None: a new one).
    `chosen`: an operator said so; `again`: it was the patient's deal before, only our store has forgotten it."""

    deal_id: int
    own_contact_id: int | None
    chosen: bool = False
    again: bool = False


@dataclass(frozen=True)
class Make:
    """A new deal; with this contact, which becomes the patient's own, or with a new one."""

    own_contact_id: int | None = None


@dataclass(frozen=True)
class Ask:
    """A person has to choose."""

    reason: str
    contact_ids: tuple[int, ...]
    deal_ids: tuple[int, ...] = ()


Answer: TypeAlias = Join | Make | Ask


@dataclass(frozen=True)
class Found:
    """What the CRM knows under the patient's phones: contacts, their deals, and which of them belong to patients already."""

    contacts: Sequence[Contact]
    deals: Mapping[int, Deal]
    taken_contacts: Collection[int] = ()
    taken_deals: Collection[int] = ()


def join(scene: Scene, found: Found, *, leads: bool) -> Answer:
    """`leads` False: only the contact is looked for (a regular's first deal with us)."""
    own = [contact for contact in found.contacts if bears_key(contact, scene)]
    if own:
        return Make(own[0].id)
    free = [contact for contact in found.contacts if not _is_taken(contact, found)]
    compatible = [contact for contact in free if _is_compatible(contact, scene)]
    others = [contact for contact in free if contact not in compatible]
    family = [contact for contact in found.contacts if contact not in free]
    ours = _leads((*compatible, *family), scene, found) if leads else {}
    theirs = {id_: who for id_, who in _leads(others, scene, found).items() if id_ not in ours} if leads else {}
    if len(compatible) > 1 or len(ours) + len(theirs) > 1:
        return Ask("several_candidates", _ids((*compatible, *family, *others)), (*ours, *theirs))
    if ours:
        deal_id, contact = next(iter(ours.items()))
        return Join(deal_id, contact.id if contact in compatible and _is_the_patient(contact, scene) else None)
    if theirs:
        return Ask("other_name_on_phone", _ids(others), tuple(theirs))
    return Make(next((contact.id for contact in compatible if _is_the_patient(contact, scene)), None))


def join_chosen(scene: Scene, found: Found, deal_ids: Sequence[int]) -> Join | None:
    """The first of these deals, chosen by operators for the patient, that is open, in a pipeline of ours and no other patient's.
    Its age and the name on its contact do not matter: a person said whose it is. None: none will do."""
    deal = next(
        (
            deal
            for id_ in deal_ids
            if (deal := found.deals.get(id_)) and _may_take_visits(deal, scene, found.taken_deals)
        ),
        None,
    )
    if deal is None:
        return None
    own = [contact for contact in found.contacts if bears_key(contact, scene)]
    same = [c for c in found.contacts if not _is_taken(c, found) and _is_the_patient(c, scene)]
    on_card = [contact for contact in same if contact.id in deal.contact_ids]
    others = same if len(same) == 1 else []  # of several elsewhere none is guessed
    return Join(deal.id, next((contact.id for contact in (*own, *on_card, *others)), None), chosen=True)


def join_again(scene: Scene, found: Found, visits: Sequence[VisitNow]) -> Join | None:
    """The deal that was made for these visits before our store forgot it. None: there is none."""
    deal = made_before(scene.key, visits, found.deals, found.taken_deals)
    own = next((contact.id for contact in found.contacts if bears_key(contact, scene)), None)
    return Join(deal.id, own, again=True) if deal else None


def bears_key(contact: Contact, scene: Scene) -> bool:
    """Whether the contact is the patient's by its own word."""
    return contact.fields.get(ContactField.PATIENT_KEY) == str(scene.key)


def _may_take_visits(deal: Deal, scene: Scene, taken: Collection[int]) -> bool:
    return (
        deal.stage.open
        and scene.settings.mapped(deal.stage.pipeline_id) is not None
        and deal.id not in taken
        and deal.fields.get(DealField.PATIENT_KEY) in (None, "", str(scene.key))
    )


def _is_taken(contact: Contact, found: Found) -> bool:
    return contact.id in found.taken_contacts or bool(contact.fields.get(ContactField.PATIENT_KEY))


def _is_the_patient(contact: Contact, scene: Scene) -> bool:
    return is_blank(contact.name) or same_name(contact.name, scene.patient.name)


def _is_compatible(contact: Contact, scene: Scene) -> bool:
    return _is_the_patient(contact, scene) or same_name(contact.name, scene.patient.representative)


def _leads(contacts: Sequence[Contact], scene: Scene, found: Found) -> dict[int, Contact]:
    """Open deals that the visit could join, by whose contact they were found."""
    leads: dict[int, Contact] = {}
    for contact in contacts:
        for deal_id in contact.deal_ids:
            deal = found.deals.get(deal_id)
            if deal and _is_lead(deal, scene, found.taken_deals):
                leads.setdefault(deal_id, contact)
    return leads


def _is_lead(deal: Deal, scene: Scene, taken: Collection[int]) -> bool:
    return _may_take_visits(deal, scene, taken) and _is_young(deal, scene.now, scene.settings.join_within_days)


def _is_young(deal: Deal, now: datetime, days: int) -> bool:
    return deal.created_at is not None and deal.created_at > now - timedelta(days=days)


def _ids(contacts: Sequence[Contact]) -> tuple[int, ...]:
    return tuple(contact.id for contact in contacts)
