"""The tour of `aioamocrm`: all that it can do, through its public methods, against an account of its own."""

from collections.abc import Awaitable
from typing import Any

from aioamocrm import (
    AmoCRMClient,
    AmoCRMError,
    Company,
    Contact,
    Embedded,
    Lead,
    LongLivedToken,
    MemoryTokenStorage,
    Note,
    OAuth2,
    RetryPolicy,
    Task,
    TokenSet,
)

from demo.amocrm.faults import Kind
from tests.peers.ground import BUSINESS, Clock, Ground, Played, ground

DAYS = 86_400.0
_ONCE = RetryPolicy(max_attempts=1)


async def tour() -> Played:
    """Play it from the code to the last error."""
    async with ground() as here:
        tokens = await _authorised(here)
        async with _client(here, tokens, Clock()) as amo:
            await _leads(here, amo)
            await _people(here, amo)
            await _feed(here, amo)
            await _directory(here, amo)
            await _errors(here, amo)
        return here.played()


def _client(here: Ground, tokens: TokenSet | None, clock: Clock, retry: RetryPolicy = _ONCE) -> AmoCRMClient:
    chosen = here.stand_in.integration
    storage = MemoryTokenStorage(tokens)
    auth = OAuth2(chosen.client_id, chosen.secret, chosen.redirect_uri, storage, clock=lambda: clock.now)
    return AmoCRMClient(base_url=here.url, auth=auth, rate_limit=None, retry=retry)


async def _refusal(call: Awaitable[Any]) -> AmoCRMError:
    try:
        await call
    except AmoCRMError as refused:
        return refused
    raise AssertionError("nothing was refused")


async def _authorised(here: Ground) -> TokenSet:
    """A code once, a refresh ahead of time, a refresh after a 401, and a refresh token that was used before."""
    clock, code, storage = Clock(), here.stand_in.code(), MemoryTokenStorage()
    chosen = here.stand_in.integration
    auth = OAuth2(chosen.client_id, chosen.secret, chosen.redirect_uri, storage, clock=lambda: clock.now)
    async with AmoCRMClient(base_url=here.url, auth=auth, rate_limit=None, retry=_ONCE) as amo:
        first = here.said["code"] = await amo.exchange_code(code)
        here.said["code again"] = await _refusal(amo.exchange_code(code))
        clock.now += DAYS
        await amo.account.get()
        here.said["refresh ahead of time"] = await storage.load()
        here.clock.now += DAYS
        await amo.account.get()
        here.said["refresh after a 401"] = last = await storage.load()
    async with _client(here, first, clock) as late:
        here.said["refresh with a used token"] = await _refusal(late.account.get())
    assert last is not None
    return last


async def _leads(here: Ground, amo: AmoCRMClient) -> None:
    said, pipeline = here.said, here.stand_in.account.main_pipeline().id
    said["empty page"] = await amo.leads.get_page(1)
    made = said["leads made"] = await amo.leads.create([Lead(name=f"Сделка {n}", price=100 * n) for n in range(1, 6)])
    ids = [ref.id or 0 for ref in made]
    said["pages"] = [
        await amo.leads.get_page(n, limit=2, order={"id": "asc"}, with_=["contacts"]) for n in (1, 2, 3, 4)
    ]
    said["walked"] = [lead.id async for lead in amo.leads.iterate(limit=2, order={"id": "desc"}, with_=["contacts"])]
    wanted = {"id": ids[:2], "pipeline_id": [pipeline], "price": {"from": 150}}
    said["filtered"] = await amo.leads.get_page(filter=wanted)
    said["lead"] = await amo.leads.get(ids[0], with_=["contacts", "loss_reason", "catalog_elements"])
    said["no lead"] = await _refusal(amo.leads.get(1))
    lost = {"id": ids[1], "status_id": 143, "pipeline_id": pipeline}
    patches: list[Lead | dict[str, Any]] = [Lead(id=ids[0], price=7), lost]
    said["leads changed"] = await amo.leads.update(patches)
    contact = Contact(first_name="Пётр", last_name="Петров")
    contact.set_field("PHONE", "+79990000101", enum_code="MOB")
    whole = Lead(name="Целиком", embedded=Embedded(contacts=[contact], companies=[Company(name="ООО «Ромашка»")]))
    said["complex"] = await amo.leads.create_complex([whole])


async def _people(here: Ground, amo: AmoCRMClient) -> None:
    said, lead = here.said, here.said["leads made"][0].id or 0
    [ref] = said["contacts made"] = await amo.contacts.create([Contact(name="Иванов Иван")])
    [firm] = said["companies made"] = await amo.companies.create([Company(name="ООО «Лютик»")])
    person, company = ref.id or 0, firm.id or 0
    said["contacts changed"] = await amo.contacts.update([Contact(id=person, name="Иванова Инна")])
    said["companies changed"] = await amo.companies.update([Company(id=company, name="ООО «Василёк»")])
    said["linked"] = [
        *await amo.leads.link(lead, "contacts", person, metadata={"is_main": True}),
        *await amo.contacts.link(person, "companies", company),
        *await amo.companies.link(company, "leads", lead),
    ]
    said["lead with people"] = await amo.leads.get(lead, with_="contacts")
    said["contact"] = await amo.contacts.get(person, with_=["leads"])
    said["company"] = await amo.companies.get(company, with_=["leads", "contacts"])
    said["links"] = await amo.leads.links(lead, filter={"to_entity_type": "contacts", "to_entity_id": person})
    said["all links"] = [*await amo.contacts.links(person), *await amo.companies.links(company)]
    said["found"] = await amo.contacts.get_page(query="9990000101", order={"updated_at": "desc"})
    said["companies"] = await amo.companies.get_page(filter={"id": [company]}, order={"id": "desc"})
    await amo.leads.unlink(lead, "contacts", person)
    await amo.contacts.unlink(person, "companies", company)
    await amo.companies.unlink(company, "leads", lead)
    said["no links"] = await amo.leads.links(lead)


async def _feed(here: Ground, amo: AmoCRMClient) -> None:
    said, lead = here.said, here.said["leads made"][0].id or 0
    person, company = said["contacts made"][0].id or 0, said["companies made"][0].id or 0
    said["notes made"] = [
        *await amo.leads.notes.create([Note.common(lead, "Перезвонить после 18:00")]),
        *await amo.contacts.notes.create([Note.common(person, "мама пациента")]),
        *await amo.companies.notes.create([Note.common(company, "скидка")]),
    ]
    wanted = {"note_type": ["common"], "updated_at": {"from": BUSINESS}}
    said["notes"] = [
        *await amo.leads.notes.get_page(entity_id=lead, filter=wanted, order={"id": "desc"}),
        *await amo.contacts.notes.get_page(filter={"entity_id": [person]}, order={"updated_at": "asc"}),
        *[note async for note in amo.companies.notes.iterate(entity_id=company)],
    ]
    said["note"] = await amo.leads.notes.get(said["notes made"][0].id, entity_id=lead)
    said["other notes"] = [
        *await amo.leads.notes.get_page(limit=1),
        await amo.contacts.notes.get(said["notes made"][1].id, entity_id=person),
        *[note async for note in amo.contacts.notes.iterate(entity_id=person)],
        *await amo.companies.notes.get_page(),
        await amo.companies.notes.get(said["notes made"][2].id, entity_id=company),
    ]
    call = Task(text="Перезвонить", complete_till=BUSINESS + 60, entity_type="leads", entity_id=lead)
    meeting = Task(text="Встретить", complete_till=BUSINESS + 90, task_type_id=2)
    [first, second] = said["tasks made"] = await amo.tasks.create([call, meeting])
    said["task"] = await amo.tasks.get(first.id or 0)
    said["tasks changed"] = await amo.tasks.update([Task(id=second.id, text="Встретить внизу")])
    said["task completed"] = await amo.tasks.complete(first.id or 0, result="Дозвонились")
    both_names = {"task_type_id": 1, "task_type": 1, "is_completed": True, "entity_type": "leads", "entity_id": [lead]}
    said["tasks"] = await amo.tasks.get_page(filter=both_names, order={"complete_till": "asc"})
    said["open tasks"] = [task async for task in amo.tasks.iterate(limit=1, filter={"is_completed": False})]


async def _directory(here: Ground, amo: AmoCRMClient) -> None:
    said = here.said
    wanted = ["amojo_id", "amojo_rights", "users_groups", "task_types", "version", "datetime_settings", "drive_url"]
    said["account"] = await amo.account.get(with_=wanted)
    said["users"] = [user async for user in amo.users.iterate(limit=2)]
    said["user"] = await amo.users.get(said["users"][0].id)
    said["pipelines"] = await amo.pipelines.list()
    said["pipeline"] = await amo.pipelines.get(said["pipelines"][0].id or 0)
    said["statuses"] = await amo.pipelines.statuses(said["pipeline"].id)
    said["fields"] = [field async for field in amo.contacts.custom_fields.iterate()]
    said["field"] = await amo.contacts.custom_fields.get(said["fields"][0].id)
    said["no fields"] = await amo.leads.custom_fields.get_page()
    said["company fields"] = await amo.companies.custom_fields.get_page()
    said["company field"] = await amo.companies.custom_fields.get(said["company fields"].items[0].id)


async def _errors(here: Ground, amo: AmoCRMClient) -> None:
    said, faults = here.said, here.stand_in.faults
    bad: list[dict[str, Any]] = [{"name": "x"}, {"price": "12"}, {"status_id": 1, "request_id": "third"}]
    said["400"] = await _refusal(amo.leads.create(bad))
    said["no field"] = await _refusal(amo.leads.custom_fields.get(1))
    stranger = AmoCRMClient(base_url=here.url, auth=LongLivedToken("x"), rate_limit=None, retry=_ONCE)
    async with stranger:
        said["401"] = await _refusal(stranger.account.get())
    limits: tuple[Kind, ...] = ("429", "429_json", "429_empty")
    for kind in limits:
        faults.add("GET /api/v4/account", kind)
        said[kind] = await _refusal(amo.account.get())
    patient = LongLivedToken(here.stand_in.long_lived_token(here.url))
    quick = RetryPolicy(max_attempts=2, backoff_base=0.01)
    async with AmoCRMClient(base_url=here.url, auth=patient, rate_limit=None, retry=quick) as again:
        faults.add("GET /api/v4/account", "429")
        said["after a 429"] = await again.account.get()
    others: tuple[Kind, ...] = ("402", "403_html", "500", "504")
    for kind in others:
        faults.add("GET /api/v4/account", kind)
        said[kind] = await _refusal(amo.account.get())
