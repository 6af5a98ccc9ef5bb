"""Duplicate control of a pipeline: which leads a new one doubles, and how it melts into them. Phones and addresses always add up."""

from demo.amocrm import contacts, leads, links, tasks
from demo.amocrm.automation import DuplicateControl
from demo.amocrm.cards import CardPlan
from demo.amocrm.errors import Refused
from demo.amocrm.leads import LeadPlan
from demo.amocrm.model import Card, Contact, Entity, Lead, Values
from demo.amocrm.store import Account
from wire.phone import phone

MOST = 3
DAY_SECONDS = 86_400
_FIELD_TYPES = ("text", "numeric")
_CODES = {"phone": "PHONE", "email": "EMAIL"}


def check(account: Account, control: DuplicateControl) -> None:
    """Raise where the control names what is not there."""
    pipeline = account.pipelines.get(control.pipeline_id)
    if pipeline is None or not set(control.statuses) <= pipeline.statuses.keys():
        raise Refused(400, "No such pipeline, or no such status in it.")
    field = account.fields["contacts"].get(control.by) if isinstance(control.by, int) else None
    if isinstance(control.by, int) and (field is None or field.type not in _FIELD_TYPES):
        raise Refused(400, "Contacts are told apart by a text or a numeric field.")


def found(account: Account, plan: LeadPlan) -> list[Lead]:
    """The leads that this one is to melt into, the newest last; none where a new one is to be made."""
    control = account.duplicate_control.get(plan.stage[0]) if plan.stage else None
    if control is None or plan.contact is None:
        return []
    wanted = _keys(account, control, plan.contact)
    same = [lead for lead in account.leads.values() if wanted & _keys_of(account, control, lead)]
    same.sort(key=lambda lead: (lead.created_at, lead.id))
    if len(same) > MOST or (len(same) > 1 and control.several == "new"):
        return []
    return same[-1:] if control.several == "newest" else same


def _keys_of(account: Account, control: DuplicateControl, lead: Lead) -> set[str]:
    """What a lead is found by: its main contact alone, in the statuses that the control names."""
    looked_at = lead.pipeline_id == control.pipeline_id and lead.status_id in control.statuses
    if not looked_at or lead.main_contact is None:
        return set()
    return _keys(account, control, account.contacts[lead.main_contact])


def _keys(account: Account, control: DuplicateControl, contact: Contact | CardPlan) -> set[str]:
    """What makes contacts the same; a number that is none is like no other."""
    by = control.by
    field_id = by if isinstance(by, int) else _field(account, _CODES[by])
    texts = [str(value["value"]) for value in contact.values.get(field_id) or []]
    if by == "phone":
        return {number for text in texts if (number := phone(text))}
    return {text.strip().casefold() for text in texts if text.strip()}


def _field(account: Account, code: str) -> int:
    return next(field.id for field in account.fields["contacts"].values() if field.code == code)


def merge(account: Account, lead: Lead, plan: LeadPlan) -> None:
    """Melt the lead that came into one that is there, and its contact into that one's main contact."""
    control = account.duplicate_control[lead.pipeline_id]
    card = _melted(account, "leads", lead, plan.card, control)
    if plan.card.plain.get("price") and (control.update or not lead.price):
        card.plain["price"] = plan.card.plain["price"]
    leads.patch(account, lead, LeadPlan(card, None, []))
    if isinstance(plan.contact, CardPlan) and lead.main_contact is not None:
        contact = account.contacts[lead.main_contact]
        contacts.patch(account, contact, _melted(account, "contacts", contact, plan.contact, control))
    elif isinstance(plan.contact, Contact):
        links.link(account, "leads", lead.id, "contacts", plan.contact.id, by=card.by)
    if control.task:
        _ask_for(account, lead, control.task)


def _ask_for(account: Account, lead: Lead, text: str) -> None:
    """A task of a robot's, within a day."""
    body = tasks.TaskCreate(
        text=text,
        complete_till=account.now() + DAY_SECONDS,
        entity_id=lead.id,
        entity_type="leads",
        responsible_user_id=lead.responsible_user_id,
    )
    tasks.create(account, body, by=0)


def _melted(account: Account, entity: Entity, card: Card, came: CardPlan, control: DuplicateControl) -> CardPlan:
    """What is to be written of what came: the rest of the card stays, as does who is responsible."""
    names = ("name", "first_name", "last_name") if control.update else ()
    plan = CardPlan({name: came.plain[name] for name in names if name in came.plain}, came.by)
    plan.add_tags = [*came.add_tags, *(came.all_tags or [])]
    for field_id, values in came.values.items():
        own = card.values.get(field_id, [])
        if account.fields[entity][field_id].type == "multitext":
            plan.values[field_id] = own + _others(own, values or [])
        elif values and (control.update or not own):
            plan.values[field_id] = values
    return plan


def _others(own: Values, came: Values) -> Values:
    """Those that are not there yet, however they are written."""
    known = {phone(value["value"]) or value["value"] for value in own}
    return [value for value in came if (phone(value["value"]) or value["value"]) not in known]
