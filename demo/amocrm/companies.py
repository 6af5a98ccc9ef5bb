"""Companies: how they are read, created and changed."""

from demo.amocrm import cards, changes, filters, shapes
from demo.amocrm.bodies import CompanyCreate, CompanyPatch, ComplexCompany
from demo.amocrm.call import EMPTY, Answer, Call, Route, page, written
from demo.amocrm.cards import CardPlan, Writer
from demo.amocrm.checks import Checks, batch, existing, named, single
from demo.amocrm.model import Company
from demo.amocrm.query import Spec
from demo.amocrm.store import Account

_WITH = frozenset({"leads", "contacts", "catalog_elements"})


def new(account: Account, body: CompanyCreate, checks: Checks, writer: Writer, prefix: str = "") -> CardPlan:
    """Check a company to be."""
    plan = cards.prepare(account, "companies", body, checks, writer, prefix)
    plan.plain |= {"responsible_user_id": body.responsible_user_id or writer.user_id}
    plan.plain |= {"created_by": body.given("created_by").get("created_by", writer.user_id)}
    return plan


def create(account: Account, plan: CardPlan) -> Company:
    """Do what was checked."""
    now = account.now()
    company = Company(account.next_id("company"), "", 0, 0, plan.by, now, now)
    account.companies[company.id] = company
    cards.apply(account, "companies", company, plan)
    account.happened("company_added", "companies", company.id, company.created_by, [], [])
    account.announce("add_company", company)
    return company


def embedded(
    account: Account, body: ComplexCompany, checks: Checks, writer: Writer, prefix: str
) -> Company | CardPlan | None:
    """The company of a complex lead: one that exists, or one to be."""
    if "id" not in body.model_fields_set:
        cards.not_too_many(body, checks, prefix)
        return new(account, body, checks, writer, prefix)
    for name in body.model_fields_set - {"id"}:
        checks.refuse("NotExpected", f"{prefix}{name}", "A company is an id, or a whole new company.")
    company = account.companies.get(body.id or 0)
    checks.choice(f"{prefix}id", company is not None)
    return company


def _change(account: Account, body: CompanyPatch, checks: Checks, user_id: int) -> CardPlan:
    return cards.prepare(account, "companies", body, checks, Writer(user_id))


def _list(call: Call) -> Answer:
    found = (call.account.companies[card_id] for card_id in call.account.found("companies", call.query.text))
    visible = filter(call.sees, found)
    chosen = filters.ordered(call.query, filters.chosen(call.account, "companies", call.query, visible))
    return page(call, "companies", chosen, lambda company: shapes.company(call, company))


def _one(call: Call) -> Answer:
    company = call.seen(call.account.companies)
    return Answer(200, shapes.company(call, company)) if company else EMPTY


def _create(call: Call) -> Answer:
    call.adding()
    writer = Writer(call.actor.id)
    plans = batch(call.body, CompanyCreate, lambda body, checks: new(call.account, body, checks, writer))
    made = [(name, create(call.account, plan)) for name, plan in plans]
    return written(call, "companies", [shapes.made(call, "companies", company.id, name) for name, company in made])


def _patch_many(call: Call) -> Answer:
    seen: set[int] = set()

    def prepare(body: CompanyPatch, checks: Checks) -> tuple[Company, CardPlan] | None:
        company = call.mine(named(call.account.companies, body.id, seen, checks))
        return (company, _change(call.account, body, checks, call.actor.id)) if company else None

    plans = [plan for _, plan in batch(call.body, CompanyPatch, prepare) if plan]
    return written(call, "companies", [_patched(call, company, plan) for company, plan in plans])


def _patch_one(call: Call) -> Answer:
    company = existing(call.account.companies, call.ids[0])
    call.mine(company)

    def prepare(body: CompanyPatch, checks: Checks) -> CardPlan:
        checks.choice("id", body.id in (None, company.id))
        return _change(call.account, body, checks, call.actor.id)

    return Answer(200, _patched(call, company, single(call.body, CompanyPatch, prepare)))


def _patched(call: Call, company: Company, plan: CardPlan) -> shapes.Json:
    before = changes.seen(company)
    cards.apply(call.account, "companies", company, plan)
    changes.tell(call.account, "companies", company, before, plan.by)
    changes.announce(call.account, "companies", company, before)
    return {"name": company.name, **shapes.patched(call, "companies", company)}


_LIST = Spec(
    paged=True,
    with_=_WITH,
    order=frozenset({"updated_at", "id"}),
    text=True,
    filters=filters.PATTERNS["companies"],
)
ROUTES = [
    Route("GET", "companies", _list, _LIST),
    Route("POST", "companies", _create),
    Route("PATCH", "companies", _patch_many),
    Route("GET", "companies/{}", _one, Spec(with_=_WITH)),
    Route("PATCH", "companies/{}", _patch_one),
]
