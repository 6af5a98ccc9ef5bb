"""Contacts: how they are read, found, created and changed."""

from demo.amocrm import cards, changes, filters, shapes
from demo.amocrm.bodies import ComplexContact, ContactCreate, ContactPatch
from demo.amocrm.call import EMPTY, Answer, Call, Route, page, written
from demo.amocrm.cards import CardPlan, Writer
from demo.amocrm.checks import Checks, batch, existing, named, single
from demo.amocrm.model import Contact
from demo.amocrm.query import Spec
from demo.amocrm.store import Account

_WITH = frozenset({"leads", "catalog_elements"})


def new(account: Account, body: ContactCreate, checks: Checks, writer: Writer, prefix: str = "") -> CardPlan:
    """Check a contact to be."""
    plan = cards.prepare(account, "contacts", body, checks, writer, prefix)
    plan.plain |= {"responsible_user_id": body.responsible_user_id or writer.user_id}
    plan.plain |= {"created_by": body.given("created_by").get("created_by", writer.user_id)}
    plan.plain |= _names(body, checks, prefix)
    return plan


def _names(body: ContactCreate | ContactPatch, checks: Checks, prefix: str = "") -> dict[str, str]:
    """Either the whole name, or its parts: what amoCRM makes of both together is not documented."""
    parts = body.given("first_name", "last_name")
    if parts and "name" in body.model_fields_set:
        checks.refuse("NotExpected", f"{prefix}name", "Not documented: name together with first_name or last_name.")
    return parts


def create(account: Account, plan: CardPlan) -> Contact:
    """Do what was checked."""
    now = account.now()
    contact = Contact(account.next_id("contact"), "", 0, 0, plan.by, now, now)
    account.contacts[contact.id] = contact
    _apply(account, contact, plan)
    account.happened("contact_added", "contacts", contact.id, contact.created_by, [], [])
    account.announce("add_contact", contact)
    return contact


def _apply(account: Account, contact: Contact, plan: CardPlan) -> None:
    """The whole name follows its parts; where it is written itself, it has none."""
    if {"first_name", "last_name"} & plan.plain.keys():
        parts = {"first_name": contact.first_name, "last_name": contact.last_name} | plan.plain
        plan.plain["name"] = f"{parts['first_name']} {parts['last_name']}".strip()
    elif "name" in plan.plain:
        plan.plain |= {"first_name": "", "last_name": ""}
    cards.apply(account, "contacts", contact, plan)


def embedded(
    account: Account, body: ComplexContact, checks: Checks, writer: Writer, prefix: str
) -> Contact | CardPlan | None:
    """The contact of a complex lead: one that exists, or one to be."""
    if "id" not in body.model_fields_set:
        cards.not_too_many(body, checks, prefix)
        return new(account, body, checks, writer, prefix)
    for name in body.model_fields_set - {"id"}:
        checks.refuse("NotExpected", f"{prefix}{name}", "A contact is an id, or a whole new contact.")
    contact = account.contacts.get(body.id or 0)
    checks.choice(f"{prefix}id", contact is not None)
    return contact


def change(account: Account, body: ContactPatch, checks: Checks, writer: Writer) -> CardPlan:
    """Check a patch."""
    plan = cards.prepare(account, "contacts", body, checks, writer)
    plan.plain |= _names(body, checks)
    return plan


def patch(account: Account, contact: Contact, plan: CardPlan) -> None:
    """Do what was checked."""
    before = changes.seen(contact)
    _apply(account, contact, plan)
    changes.tell(account, "contacts", contact, before, plan.by)
    changes.announce(account, "contacts", contact, before)


def _list(call: Call) -> Answer:
    found = (call.account.contacts[card_id] for card_id in call.account.found("contacts", call.query.text))
    visible = filter(call.sees, found)
    chosen = filters.ordered(call.query, filters.chosen(call.account, "contacts", call.query, visible))
    return page(call, "contacts", chosen, lambda contact: shapes.contact(call, contact))


def _one(call: Call) -> Answer:
    contact = call.seen(call.account.contacts)
    return Answer(200, shapes.contact(call, contact)) if contact else EMPTY


def _create(call: Call) -> Answer:
    call.adding()
    writer = Writer(call.actor.id)
    plans = batch(call.body, ContactCreate, lambda body, checks: new(call.account, body, checks, writer))
    made = [(name, create(call.account, plan)) for name, plan in plans]
    return written(call, "contacts", [shapes.made(call, "contacts", contact.id, name) for name, contact in made])


def _patch_many(call: Call) -> Answer:
    seen: set[int] = set()

    def prepare(body: ContactPatch, checks: Checks) -> tuple[Contact, CardPlan] | None:
        contact = call.mine(named(call.account.contacts, body.id, seen, checks))
        return (contact, change(call.account, body, checks, Writer(call.actor.id))) if contact else None

    plans = [plan for _, plan in batch(call.body, ContactPatch, prepare) if plan]
    return written(call, "contacts", [_patched(call, contact, plan) for contact, plan in plans])


def _patch_one(call: Call) -> Answer:
    contact = existing(call.account.contacts, call.ids[0])
    call.mine(contact)

    def prepare(body: ContactPatch, checks: Checks) -> CardPlan:
        checks.choice("id", body.id in (None, contact.id))
        return change(call.account, body, checks, Writer(call.actor.id))

    return Answer(200, _patched(call, contact, single(call.body, ContactPatch, prepare)))


def _patched(call: Call, contact: Contact, plan: CardPlan) -> shapes.Json:
    patch(call.account, contact, plan)
    return {"name": contact.name, **shapes.patched(call, "contacts", contact)}


_LIST = Spec(
    paged=True,
    with_=_WITH,
    order=frozenset({"updated_at", "id"}),
    text=True,
    filters=filters.PATTERNS["contacts"],
)
ROUTES = [
    Route("GET", "contacts", _list, _LIST),
    Route("POST", "contacts", _create),
    Route("PATCH", "contacts", _patch_many),
    Route("GET", "contacts/{}", _one, Spec(with_=_WITH)),
    Route("PATCH", "contacts/{}", _patch_one),
]
