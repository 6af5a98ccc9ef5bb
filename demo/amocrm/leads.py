"""Leads (deals, in amoCRM's word): how they are read, created, also with their contact, and changed."""

from dataclasses import dataclass

from demo.amocrm import cards, changes, companies, contacts, filters, links, shapes, stages
from demo.amocrm.bodies import LeadComplex, LeadCreate, LeadPatch
from demo.amocrm.call import EMPTY, Answer, Call, Route, page, written
from demo.amocrm.cards import CardPlan, Writer
from demo.amocrm.checks import Checks, batch, existing, named, single
from demo.amocrm.model import Company, Contact, Lead, Source
from demo.amocrm.query import Spec
from demo.amocrm.stages import Stage
from demo.amocrm.store import Account

_WITH = frozenset(
    {"contacts", "loss_reason", "catalog_elements", "is_price_modified_by_robot", "only_deleted", "source_id", "source"}
)


@dataclass
class LeadPlan:
    """What a good body will do to a lead."""

    card: CardPlan
    stage: Stage | None
    contacts: list[tuple[int, bool]]
    """Contacts to link: the id, and whether it is the main one."""
    contact: Contact | CardPlan | None = None
    """The one contact of a complex lead."""
    company: Company | CardPlan | None = None
    """The one company, of a complex lead also one to be."""


def new(account: Account, body: LeadCreate, checks: Checks, writer: Writer) -> LeadPlan:
    """Check a lead to be."""
    source = _source(account, body, checks)
    plan = _new(account, body, checks, writer, source.pipeline_id if source else None)
    plan.card.plain |= {"source_id": source.id} if source else {}
    for number, ref in enumerate(body.embedded.contacts):
        checks.choice(f"_embedded.contacts.{number}.id", ref.id in account.contacts)
        plan.contacts.append((ref.id, ref.is_main))
    for company in body.embedded.companies:
        plan.company = account.companies.get(company.id)
        checks.choice("_embedded.companies.0.id", plan.company is not None)
    if sum(is_main for _, is_main in plan.contacts) > 1:
        checks.refuse("TooMany", "_embedded.contacts", "One contact is the main one.")
    return plan


def new_complex(account: Account, body: LeadComplex, checks: Checks, writer: Writer) -> LeadPlan:
    """Check a lead to be, with its contact and its company."""
    plan = _new(account, body, checks, writer)
    cards.not_too_many(body, checks)
    for contact in body.embedded.contacts:
        plan.contact = contacts.embedded(account, contact, checks, writer, "_embedded.contacts.0.")
    for company in body.embedded.companies:
        plan.company = companies.embedded(account, company, checks, writer, "_embedded.companies.0.")
    return plan


def _source(account: Account, body: LeadCreate, checks: Checks) -> Source | None:
    """Where it came from, as the integration names it."""
    named_one = body.embedded.source
    known = {source.external_id: source for source in account.sources.values()}
    source = known.get(named_one.external_id) if named_one else None
    checks.choice("_embedded.source.external_id", named_one is None or source is not None)
    return source


def _new(
    account: Account, body: LeadCreate | LeadComplex, checks: Checks, writer: Writer, its_pipeline: int | None = None
) -> LeadPlan:
    card = cards.prepare(account, "leads", body, checks, writer)
    stage = stages.of_new(account, body, checks, its_pipeline)
    stages.loss_reason(account, body.loss_reason_id, stage[1] if stage else 0, checks)
    card.plain |= {"responsible_user_id": body.responsible_user_id or writer.user_id, "price": body.price}
    card.plain |= {"created_by": body.given("created_by").get("created_by", writer.user_id)}
    card.plain |= {"loss_reason_id": body.loss_reason_id}
    return LeadPlan(card, stage, [])


def create(account: Account, plan: LeadPlan) -> Lead:
    """Do what was checked."""
    now = account.now()
    lead_id = account.next_id("lead")
    lead = Lead(lead_id, f"Сделка #{lead_id}", 0, 0, plan.card.by, now, now)
    if plan.stage is None:
        raise RuntimeError("a plan without a stage was applied")
    lead.pipeline_id, lead.status_id = plan.stage
    lead.closed_at = now if stages.is_closed(lead.status_id) else None
    account.leads[lead.id] = lead
    cards.apply(account, "leads", lead, plan.card)
    account.happened("lead_added", "leads", lead.id, lead.created_by, [], [])
    _link(account, lead, plan)
    account.announce("add_lead", lead)
    return lead


def _link(account: Account, lead: Lead, plan: LeadPlan) -> None:
    """Link what the lead came with; a contact and a company that are both new belong together as well."""
    both_new = isinstance(plan.contact, CardPlan) and isinstance(plan.company, CardPlan)
    contact = contacts.create(account, plan.contact) if isinstance(plan.contact, CardPlan) else plan.contact
    company = companies.create(account, plan.company) if isinstance(plan.company, CardPlan) else plan.company
    for contact_id, is_main in [*plan.contacts, *([(contact.id, True)] if contact else [])]:
        links.link(account, "leads", lead.id, "contacts", contact_id, by=plan.card.by, is_main=is_main)
    if company:
        links.link(account, "leads", lead.id, "companies", company.id, by=plan.card.by)
    if contact and company and both_new:
        links.link(account, "contacts", contact.id, "companies", company.id, by=plan.card.by)


def change(account: Account, lead: Lead, body: LeadPatch, checks: Checks, writer: Writer) -> LeadPlan:
    """Check a patch."""
    card = cards.prepare(account, "leads", body, checks, writer)
    stage = stages.of_move(account, lead, body, checks)
    if writer.is_person or (account.requires_fields and not writer.by_hand):
        stages.required(account, lead, stage, card.values, checks)
    stages.loss_reason(account, body.loss_reason_id, stage[1] if stage else lead.status_id, checks)
    card.plain |= body.given("price", "loss_reason_id")
    return LeadPlan(card, stage, [])


def patch(account: Account, lead: Lead, plan: LeadPlan, *, by_robot: bool = False) -> None:
    """Do what was checked. `by_robot`: a robot of the account's own computes the price."""
    if "price" in plan.card.plain:
        lead.is_price_modified_by_robot = by_robot
    before = changes.seen(lead)
    cards.apply(account, "leads", lead, plan.card)
    changes.tell(account, "leads", lead, before, plan.card.by)
    if plan.stage:
        stages.put(account, lead, plan.stage, plan.card.by)
    changes.announce(account, "leads", lead, before)


def _list(call: Call) -> Answer:
    if "only_deleted" in call.query.with_:
        found = iter(call.account.deleted_leads.values())  # the search does not know them
    else:
        found = (call.account.leads[card_id] for card_id in call.account.found("leads", call.query.text))
    chosen = filters.chosen(call.account, "leads", call.query, filter(call.sees, found))
    return page(call, "leads", filters.ordered(call.query, chosen), lambda lead: shapes.lead(call, lead))


def _one(call: Call) -> Answer:
    lead = call.seen(call.account.leads)
    return Answer(200, shapes.lead(call, lead)) if lead else EMPTY


def _create(call: Call) -> Answer:
    call.adding()
    writer = Writer(call.actor.id)
    plans = batch(call.body, LeadCreate, lambda body, checks: new(call.account, body, checks, writer))
    made = [(name, create(call.account, plan)) for name, plan in plans]
    return written(call, "leads", [shapes.made(call, "leads", lead.id, name) for name, lead in made])


def _patch_many(call: Call) -> Answer:
    seen: set[int] = set()

    def prepare(body: LeadPatch, checks: Checks) -> tuple[Lead, LeadPlan] | None:
        lead = call.mine(named(call.account.leads, body.id, seen, checks))
        return (lead, change(call.account, lead, body, checks, Writer(call.actor.id))) if lead else None

    plans = [plan for _, plan in batch(call.body, LeadPatch, prepare) if plan]
    return written(call, "leads", [_patched(call, lead, plan) for lead, plan in plans])


def _patch_one(call: Call) -> Answer:
    lead = existing(call.account.leads, call.ids[0])
    call.mine(lead)

    def prepare(body: LeadPatch, checks: Checks) -> LeadPlan:
        checks.choice("id", body.id in (None, lead.id))
        return change(call.account, lead, body, checks, Writer(call.actor.id))

    return Answer(200, _patched(call, lead, single(call.body, LeadPatch, prepare)))


def _patched(call: Call, lead: Lead, plan: LeadPlan) -> shapes.Json:
    patch(call.account, lead, plan)
    return shapes.patched(call, "leads", lead)


_LIST = Spec(
    paged=True,
    with_=_WITH,
    order=frozenset({"created_at", "updated_at", "id"}),
    text=True,
    filters=filters.PATTERNS["leads"],
)
ROUTES = [
    Route("GET", "leads", _list, _LIST),
    Route("POST", "leads", _create),
    Route("PATCH", "leads", _patch_many),
    Route("GET", "leads/{}", _one, Spec(with_=_WITH - {"only_deleted"})),
    Route("PATCH", "leads/{}", _patch_one),
]
