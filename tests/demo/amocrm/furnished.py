"""An account with one thing of each kind in it, and for each route of the API a path that leads there and a least body."""

from typing import Any

from demo.amocrm.api import ROUTES
from demo.amocrm.call import Route
from demo.amocrm.model import Entity, Json
from demo.amocrm.store import ENTITIES
from tests.demo.amocrm.conftest import Crm

FORM: Json = {
    "source_name": "Сайт",
    "source_uid": "form-1",
    "metadata": {"form_id": "1", "form_name": "Запись", "form_page": "http://site.example", "form_sent_at": 1},
}
CALL: Json = {
    "from": "сайт",
    "phone": "+79990000103",
    "called_at": 1,
    "duration": 30,
    "link": "http://calls.example/1",
    "service_code": "sip",
    "uniq": "call-1",
}
READS = [route for route in ROUTES if route.method == "GET"]
WRITES = [route for route in ROUTES if route.method != "GET"]


def path_of(route: Route, crm: Crm) -> str:
    """A path of this route to things that exist."""
    account, entity, last = crm.stand_in.account, entity_of(route), route.path.split("/")[-2:][0]
    stand_ins = {
        "leads": next(iter(account.leads)),
        "contacts": next(iter(account.contacts)),
        "companies": next(iter(account.companies)),
        "tasks": next(iter(account.tasks)),
        "sources": next(iter(account.sources)),
        "catalogs": next(iter(account.catalogs)),
        "elements": next(iter(next(iter(account.catalogs.values())).elements)),
        "events": account.events[0].id,
        "pipelines": max(account.pipelines)
        if route.name.startswith("DELETE") and last == "pipelines"
        else crm.pipeline,
        "statuses": crm.stages[0],
        "users": next(iter(account.users)),
        "unsorted": next(iter(account.unsorted)),
        "notes": next(iter(account.notes[entity])),
        "groups": "default",
        "custom_fields": max(account.fields[entity]),
    }
    parts: list[str] = []
    for part in route.path.split("/"):
        parts.append(str(stand_ins[parts[-1]]) if part in ("{}", "{word}") else part)
    return "/".join(parts)


def entity_of(route: Route) -> Entity:
    """What kind of card the route is about."""
    return next((entity for entity in ENTITIES if route.path.startswith(entity)), "leads")


def body_of(route: Route, crm: Crm) -> Any:
    """The least body that this write takes."""
    account = crm.stand_in.account
    lead, contact, company = next(iter(account.leads)), max(account.contacts), next(iter(account.companies))
    field = next(iter(account.fields[entity_of(route)]))
    task, source, catalog = (
        next(iter(account.tasks)),
        next(iter(account.sources)),
        next(iter(account.catalogs.values())),
    )
    note: Json = {"note_type": "common", "params": {"text": "звонила мама"}}
    stage: Json = {"name": "Этап", "sort": 20, "color": "#fffeb2"}
    pipeline: Json = {"name": "Новая", "sort": 2, "is_main": False, "is_unsorted_on": False}
    bodies: dict[str, Any] = {
        "POST leads": [{}],
        "PATCH leads": [{"id": lead}],
        "PATCH leads/{}": {},
        "POST leads/complex": [{}],
        "POST contacts": [{}],
        "PATCH contacts": [{"id": contact}],
        "PATCH contacts/{}": {},
        "POST companies": [{}],
        "PATCH companies": [{"id": company}],
        "PATCH companies/{}": {},
        "POST tasks": [{"text": "Перезвонить", "complete_till": 1}],
        "PATCH tasks": [{"id": task}],
        "PATCH tasks/{}": {},
        "POST sources": [{"name": "Сайт", "external_id": "site-2"}],
        "PATCH sources": [{"id": source}],
        "PATCH sources/{}": {},
        "DELETE sources": [{"id": source}],
        "DELETE sources/{}": None,
        "POST webhooks": {"destination": "http://127.0.0.1:1/other", "settings": ["add_lead"]},
        "POST leads/unsorted/forms": [{**FORM, "source_uid": "form-2"}],
        "POST leads/unsorted/sip": [{"source_name": "Номер", "source_uid": "call-1", "metadata": CALL}],
        "POST leads/unsorted/{word}/accept": {},
        "DELETE leads/unsorted/{word}/decline": {},
        "DELETE webhooks": {"destination": "http://127.0.0.1:1/hook"},
        "POST catalogs": [{"name": "Список"}],
        "PATCH catalogs": [{"id": catalog.id}],
        "PATCH catalogs/{}": {},
        "POST catalogs/{}/elements": [{"name": "Пломба"}],
        "PATCH catalogs/{}/elements": [{"id": next(iter(catalog.elements))}],
        "PATCH catalogs/{}/elements/{}": {},
        "POST leads/pipelines": [{**pipeline, "_embedded": {"statuses": [stage]}}],
        "POST leads/pipelines/{}/statuses": [stage],
        "PATCH leads/pipelines/{}": {},
        "DELETE leads/pipelines/{}": None,
        "PATCH leads/pipelines/{}/statuses/{}": {},
        "DELETE leads/pipelines/{}/statuses/{}": None,
    }
    contact_link: Json = {"to_entity_id": min(account.contacts), "to_entity_type": "contacts"}
    company_link: Json = {"to_entity_id": company, "to_entity_type": "companies"}
    for entity, own, linked in (
        ("leads", lead, contact_link),
        ("contacts", contact, company_link),
        ("companies", company, contact_link),
    ):
        known = next(iter(account.notes[entity_of(route)]))
        bodies |= {
            f"POST {entity}/{{}}/link": [linked],
            f"POST {entity}/{{}}/unlink": [linked],
            f"POST {entity}/link": [{"entity_id": own, **linked}],
            f"POST {entity}/unlink": [{"entity_id": own, **linked}],
            f"PATCH {entity}/notes": [{"id": known, **note}],
            f"PATCH {entity}/{{}}/notes": [{"id": known, **note}],
            f"PATCH {entity}/{{}}/notes/{{}}": note,
            f"POST {entity}/notes": [{"entity_id": own, **note}],
            f"POST {entity}/{{}}/notes": [note],
            f"POST {entity}/tags": [{"name": "Тег"}],
            f"POST {entity}/custom_fields": [{"name": "Поле", "type": "text"}],
            f"PATCH {entity}/custom_fields": [{"id": field}],
            f"PATCH {entity}/custom_fields/{{}}": {},
            f"DELETE {entity}/custom_fields/{{}}": None,
            f"POST {entity}/custom_fields/groups": [{"name": "IDENT", "sort": 5}],
        }
    return bodies[f"{route.method} {route.path}"]


async def furnish(crm: Crm) -> None:
    """One of each kind, with a link to take away."""
    for entity in ENTITIES:
        await crm.field(entity, "text")
    stage: Json = {"name": "Этап", "sort": 20, "color": "#fffeb2"}
    spare: Json = {"name": "Запасная", "sort": 2, "is_main": False, "is_unsorted_on": False}
    assert (await crm.post("leads/pipelines", [{**spare, "_embedded": {"statuses": [stage]}}])).status == 200
    contact = await crm.contact(name="Петров Пётр")
    [company] = (await crm.post("companies", [{"name": "ООО «Ромашка»"}])).items("companies")
    lead = await crm.lead(name="Сделка", _embedded={"contacts": [{"id": contact}]})
    link = {"to_entity_id": company["id"], "to_entity_type": "companies"}
    assert (await crm.post(f"contacts/{contact}/link", [link])).status == 200
    assert (await crm.post("tasks", [{"text": "Перезвонить", "complete_till": 1}])).status == 200
    assert (await crm.post("sources", [{"name": "Сайт", "external_id": "site"}])).status == 200
    assert (await crm.post("leads/unsorted/forms", [FORM])).status == 200
    hook = {"destination": "http://127.0.0.1:1/hook", "settings": ["restore_lead"]}
    assert (await crm.post("webhooks", hook)).status == 201
    [catalog] = (await crm.post("catalogs", [{"name": "Товары"}])).items("catalogs")
    assert (await crm.post(f"catalogs/{catalog['id']}/elements", [{"name": "Пломба"}])).status == 200
    for path in (f"leads/{lead}", f"contacts/{contact}", f"companies/{company['id']}"):
        said = await crm.post(f"{path}/notes", [{"note_type": "common", "params": {"text": "первая"}}])
        assert said.status == 200


def asked(route: Route, path: str) -> str:
    """With what the route cannot do without."""
    return f"{path}?{route.query.needs}[]=10000001" if route.query.needs else path
