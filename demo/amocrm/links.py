"""Which contacts a lead has, and which of them is the main one."""

from demo.amocrm.bodies import LinkBody, MassLinkBody, MassUnlinkBody, UnlinkBody
from demo.amocrm.call import EMPTY, Answer, Call, Route, total
from demo.amocrm.checks import Checks, batch
from demo.amocrm.model import Json, Lead
from demo.amocrm.query import Spec
from demo.amocrm.store import Account

_ENTITY_ID = r"filter\[entity_id\]\[\d*\]"


def link(account: Account, lead: Lead, contact_id: int, *, is_main: bool) -> None:
    """Link a contact; the first one is the main one, a new main one takes the place of the old."""
    contact = account.contacts[contact_id]
    if contact_id not in lead.contacts:
        lead.contacts.append(contact_id)
        contact.leads.append(lead.id)
    if is_main or lead.main_contact is None:
        lead.main_contact = contact_id
    _changed(account, lead, contact_id)


def unlink(account: Account, lead: Lead, contact_id: int) -> None:
    """Take a link away; where it was the main one, the next becomes it."""
    lead.contacts.remove(contact_id)
    account.contacts[contact_id].leads.remove(lead.id)
    if lead.main_contact == contact_id:
        lead.main_contact = lead.contacts[0] if lead.contacts else None
    _changed(account, lead, contact_id)


def _changed(account: Account, lead: Lead, contact_id: int) -> None:
    account.changed("leads", lead.id)
    account.changed("contacts", contact_id)


def _shape(lead: Lead, contact_id: int) -> Json:
    return {
        "entity_id": lead.id,
        "entity_type": "leads",
        "to_entity_id": contact_id,
        "to_entity_type": "contacts",
        "metadata": {"main_contact": contact_id == lead.main_contact},
    }


def _of_one(call: Call) -> Answer:
    lead = call.seen(call.account.leads)
    return total(call, "links", [_shape(lead, contact) for contact in lead.contacts] if lead else [])


def _of_many(call: Call) -> Answer:
    wanted = [int(value) for _, value in call.query.filters if value.isascii() and value.isdigit()]
    leads = [lead for lead_id in wanted if (lead := call.account.leads.get(lead_id))]
    return total(call, "links", [_shape(lead, contact) for lead in leads for contact in lead.contacts])


def _checked_link(account: Account, lead_id: int, path: str, body: LinkBody, checks: Checks) -> tuple[int, int, bool]:
    checks.choice(path, lead_id in account.leads)
    checks.choice("to_entity_id", body.to_entity_id in account.contacts)
    return lead_id, body.to_entity_id, body.metadata is not None and body.metadata.is_main


def _checked_unlink(account: Account, lead_id: int, path: str, body: UnlinkBody, checks: Checks) -> tuple[int, int]:
    lead = account.leads.get(lead_id)
    checks.choice(path, lead is not None)
    checks.choice("to_entity_id", lead is None or body.to_entity_id in lead.contacts, "Not linked.")
    return lead_id, body.to_entity_id


def _link(call: Call) -> Answer:
    lead_id = call.ids[0]
    return _linked(call, batch(call.body, LinkBody, lambda b, c: _checked_link(call.account, lead_id, "id", b, c)))


def _link_many(call: Call) -> Answer:
    plans = batch(call.body, MassLinkBody, lambda b, c: _checked_link(call.account, b.entity_id, "entity_id", b, c))
    return _linked(call, plans)


def _linked(call: Call, plans: list[tuple[str, tuple[int, int, bool]]]) -> Answer:
    for _, (lead_id, contact_id, is_main) in plans:
        link(call.account, call.account.leads[lead_id], contact_id, is_main=is_main)
    done = [_shape(call.account.leads[lead_id], contact_id) for _, (lead_id, contact_id, _) in plans]
    return total(call, "links", done)


def _unlink(call: Call) -> Answer:
    lead_id = call.ids[0]
    return _unlinked(
        call, batch(call.body, UnlinkBody, lambda b, c: _checked_unlink(call.account, lead_id, "id", b, c))
    )


def _unlink_many(call: Call) -> Answer:
    plans = batch(call.body, MassUnlinkBody, lambda b, c: _checked_unlink(call.account, b.entity_id, "entity_id", b, c))
    return _unlinked(call, plans)


def _unlinked(call: Call, plans: list[tuple[str, tuple[int, int]]]) -> Answer:
    for lead_id, contact_id in dict.fromkeys(pair for _, pair in plans):
        unlink(call.account, call.account.leads[lead_id], contact_id)
    return EMPTY


ROUTES = [
    Route("GET", "leads/{}/links", _of_one),
    Route("POST", "leads/{}/link", _link),
    Route("POST", "leads/{}/unlink", _unlink),
    Route("GET", "leads/links", _of_many, Spec(filters=(_ENTITY_ID,), needs="filter[entity_id]")),
    Route("POST", "leads/link", _link_many),
    Route("POST", "leads/unlink", _unlink_many),
]
