"""Nothing that is not documented is let through silently: each route refuses it, names it, and remembers it."""

from typing import Any

import pytest

from demo.amocrm.api import ROUTES
from demo.amocrm.call import Route
from demo.amocrm.model import Entity, Json
from demo.amocrm.store import ENTITIES
from tests.demo.amocrm.conftest import Crm

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


def with_unknown_key(body: Any) -> Any:
    if isinstance(body, list):
        return [with_unknown_key(body[0])]
    return {**(body or {}), "surprise": 1}


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


@pytest.mark.parametrize("route", READS, ids=lambda route: route.name)
async def test_every_read_answers_and_refuses_an_unknown_parameter(crm: Crm, route: Route) -> None:
    await furnish(crm)
    good = asked(route, path_of(route, crm))
    assert (await crm.get(good)).status in (200, 204)
    assert crm.stand_in.refused == []

    said = await crm.get(f"{good}{'&' if '?' in good else '?'}surprise=1")

    assert (said.status, said.type) == (400, "application/problem+json")
    assert "surprise" in said.body["detail"]
    assert crm.stand_in.refused[-1]["errors"][0]["path"] == "surprise"


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.name)
async def test_every_write_refuses_an_unknown_key_and_takes_the_body_without_it(crm: Crm, route: Route) -> None:
    await furnish(crm)
    path, body = path_of(route, crm), body_of(route, crm)

    said = await crm.ask(route.method, path, with_unknown_key(body))

    assert said.status == 400
    assert said.problems() == [("NotExpected", "surprise")]
    assert crm.stand_in.refused[-1]["path"] == f"/api/v4/{path}"
    good = await crm.ask(route.method, path, body)
    assert good.status in (200, 201, 204), good.text
    assert len(crm.stand_in.refused) == 1


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.name)
async def test_every_write_refuses_a_parameter(crm: Crm, route: Route) -> None:
    await furnish(crm)
    said = await crm.ask(route.method, f"{path_of(route, crm)}?with=contacts", body_of(route, crm))

    assert said.status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "customers", 404),
        ("GET", "leads/one", 404),
        ("GET", "leads/1/2", 404),
        ("GET", "customers/1/links", 404),
        ("GET", "/api/v2/leads", 404),
        ("GET", "/", 404),
        ("DELETE", "leads/1", 405),
        ("PUT", "leads", 405),
    ],
)
async def test_an_unknown_route_is_refused_and_remembered(crm: Crm, method: str, path: str, status: int) -> None:
    said = await crm.ask(method, path)

    assert (said.status, said.type) == (status, "application/problem+json")
    assert [(r["method"], r["status"]) for r in crm.stand_in.refused] == [(method, status)]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=251", "limit"),
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("page=0", "page"),
        ("page=1&page=2", "page"),
        ("filter[id]=1&filter[id]=2", "filter[id]"),
        ("with=contacts,companies", "with"),
        ("order[price]=asc", "order[price]"),
        ("order[id]=up", "order[id]"),
        ("filter[phone][]=1", "filter[phone][]"),
        ("filter[created_at]=1", "filter[created_at]"),
    ],
)
async def test_a_wrong_value_of_a_known_parameter_is_refused(crm: Crm, query: str, path: str) -> None:
    said = await crm.get(f"leads?{query}")

    assert said.status == 400
    assert [error["path"] for error in crm.stand_in.refused[-1]["errors"]] == [path]


@pytest.mark.parametrize("body", [None, [], {}, "text", 1], ids=repr)
async def test_a_batch_is_a_non_empty_array(crm: Crm, body: Any) -> None:
    assert (await crm.post("leads", body)).status == 400


@pytest.mark.parametrize("body", [[], [{}], "text"], ids=repr)
async def test_a_patch_of_one_is_an_object(crm: Crm, body: Any) -> None:
    lead = await crm.lead()

    assert (await crm.patch(f"leads/{lead}", body)).status == 400


async def test_a_body_that_is_no_json_is_refused(crm: Crm) -> None:
    headers = {"Authorization": f"Bearer {crm.token}", "Content-Type": "application/json"}
    async with crm.session.post(f"{crm.url}/api/v4/leads", data=b"[{", headers=headers) as answer:
        assert answer.status == 400
    async with crm.session.post(
        f"{crm.url}/api/v4/leads", data=b"[{}]", headers={**headers, "Content-Type": "text/plain"}
    ) as answer:
        assert answer.status == 400
    assert (await crm.ask("GET", "leads", {})).status == 400
    assert len(crm.stand_in.refused) == 3


async def test_one_bad_item_leaves_the_whole_batch_undone(crm: Crm) -> None:
    said = await crm.post("leads", [{"name": "первая"}, {"price": "1000"}, {"status_id": 1, "request_id": "third"}])

    assert [item["request_id"] for item in said.body["validation-errors"]] == ["1", "third"]
    assert said.problems() == [("InvalidType", "price"), ("NotSupportedChoice", "status_id")]
    assert said.body["detail"] == "Request validation failed"
    assert crm.stand_in.account.leads == {}


@pytest.mark.parametrize(("path", "most"), [("leads", 250), ("contacts", 250), ("leads/complex", 50)])
async def test_a_batch_has_a_limit(crm: Crm, path: str, most: int) -> None:
    assert (await crm.post(path, [{}] * (most + 1))).status == 400
    assert crm.stand_in.account.leads == {}
    assert (await crm.post(path, [{}] * most)).status == 200


async def test_refusals_name_keys_and_never_values(crm: Crm) -> None:
    await crm.post("leads", [{"name": 7, "price": "Канарейкин", "Имя": "Канарейкин"}])

    assert "Канарейкин" not in str(crm.stand_in.refused)
