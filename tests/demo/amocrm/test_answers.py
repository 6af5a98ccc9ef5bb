"""Every model that the stand-in answers, held to the documentation's: all keys, no others, and the types of their values."""

from typing import Any

import pytest

from demo.amocrm.model import LOST, Json
from tests.demo.amocrm import answers
from tests.demo.amocrm.answers import Form, Look
from tests.demo.amocrm.conftest import Crm, phone
from tests.demo.amocrm.furnished import FORM
from tests.demo.amocrm.test_oauth import exchange

LEADS_WITH = "contacts,loss_reason,catalog_elements,is_price_modified_by_robot,source_id,source"
ACCOUNT_WITH = "amojo_id,amojo_rights,users_groups,task_types,version,datetime_settings,drive_url,is_api_filter_enabled"
READS: list[tuple[str, Form]] = [
    (f"leads/{{lead}}?with={LEADS_WITH}", answers.LEAD),
    (f"leads?with={LEADS_WITH}", answers.listed("leads", answers.LEAD)),
    ("contacts/{contact}?with=leads,catalog_elements", answers.CONTACT),
    ("contacts?with=leads,catalog_elements", answers.listed("contacts", answers.CONTACT)),
    ("companies/{company}?with=leads,contacts,catalog_elements", answers.COMPANY),
    ("companies?with=leads,contacts,catalog_elements", answers.listed("companies", answers.COMPANY)),
    ("tasks/{task}", answers.TASK),
    ("tasks", answers.listed("tasks", answers.TASK)),
    ("leads/{lead}/notes", answers.listed("notes", answers.NOTE)),
    ("leads/notes/{note}", answers.NOTE),
    ("events?limit=100", answers.listed("events", answers.EVENT)),
    ("events/{event}", answers.EVENT),
    ("leads/pipelines", answers.counted("pipelines", answers.PIPELINE)),
    ("leads/pipelines/{pipeline}", answers.PIPELINE),
    ("leads/pipelines/{pipeline}/statuses", answers.counted("statuses", answers.STATUS)),
    ("leads/pipelines/{pipeline}/statuses/142", answers.STATUS),
    ("users", answers.counted_pages("users", answers.USER)),
    ("users/{user}", answers.USER),
    ("leads/custom_fields", answers.counted_pages("custom_fields", answers.FIELD)),
    ("contacts/custom_fields", answers.counted_pages("custom_fields", answers.FIELD)),
    ("companies/custom_fields", answers.counted_pages("custom_fields", answers.FIELD)),
    ("leads/custom_fields/{field}", answers.FIELD),
    ("leads/custom_fields/groups", answers.counted("custom_field_groups", answers.GROUP)),
    ("leads/custom_fields/groups/default", answers.GROUP),
    ("leads/loss_reasons", answers.listed("loss_reasons", answers.LOSS_REASON)),
    ("leads/tags", answers.listed("tags", answers.TAG)),
    ("leads/{lead}/links", answers.counted("links", answers.LINKED)),
    ("sources", answers.counted("sources", answers.SOURCE)),
    ("sources/{source}", answers.SOURCE),
    ("webhooks", answers.counted("webhooks", answers.WEBHOOK)),
    ("leads/unsorted?filter[category][]=forms", answers.listed("unsorted", answers.UNSORTED)),
    (f"account?with={ACCOUNT_WITH}", answers.ACCOUNT),
]


NOT_HERE = {
    f"{entity}/custom_fields._embedded.custom_fields[].required_statuses[]" for entity in ("contacts", "companies")
}
"""What no list of this account shows: only leads have stages."""


@pytest.fixture
async def ids(crm: Crm) -> Json:
    """An account in which each value of a model stands in some card, and is absent from another."""
    fields = await _fields(crm)
    [site] = (await crm.post("sources", [{"name": "Сайт", "external_id": "site", "origin_code": "web"}])).items(
        "sources"
    )
    await crm.post("sources", [{"name": "Другой", "external_id": "other", "default": True}])
    [company] = (
        await crm.post("companies", [_filled("companies", fields), _half_filled("companies", fields), {}])
    ).items("companies")[:1]
    contact = await crm.contact(**_filled("contacts", fields))
    await crm.contact(**_half_filled("contacts", fields))
    await crm.contact()
    person = crm.stand_in.account.users[max(crm.stand_in.account.users)]
    lead = await crm.lead(
        **_filled("leads", fields),
        pipeline_id=crm.pipeline,
        status_id=LOST,
        loss_reason_id=next(iter(crm.stand_in.account.loss_reasons)),
        responsible_user_id=person.id,
        _embedded={
            "tags": [{"name": "звонок"}],
            "contacts": [{"id": contact}],
            "companies": [{"id": company["id"]}],
            "source": {"external_id": "site", "type": "widget"},
        },
    )
    await crm.lead(**_half_filled("leads", fields))
    await crm.lead()
    await crm.patch(f"leads/{lead}", {"price": 5})
    for entity, card in (("contacts", contact), ("companies", company["id"])):
        await crm.patch(f"{entity}/{card}", {"tags_to_add": [{"name": "опт"}]})
    link = {"to_entity_id": company["id"], "to_entity_type": "companies"}
    assert (await crm.post(f"contacts/{contact}/link", [link])).status == 200
    known = {"lead": lead, "contact": contact, "company": company["id"], "source": site["id"], "user": person.id}
    return {
        **known,
        "pipeline": crm.pipeline,
        "field": fields["leads"]["select"]["id"],
        **await _feed(crm, lead, contact),
    }


async def _fields(crm: Crm) -> dict[str, dict[str, Json]]:
    """One of each type for each kind of card."""
    stage = {"pipeline_id": crm.pipeline, "status_id": crm.stages[0]}
    made: dict[str, dict[str, Json]] = {}
    for entity in ("leads", "contacts", "companies"):
        enums = [{"value": "сайт", "sort": 1, "code": f"SITE_{entity}"}, {"value": "звонок", "sort": 2}]
        more: dict[str, Json] = {"select": {"enums": enums}, "text": {"code": "TEXT", "group_id": "default"}}
        if entity == "leads":
            more["numeric"] = {"required_statuses": [stage]}
        kinds = ("text", "numeric", "checkbox", "date", "select")
        made[entity] = {kind: await crm.field(entity, kind, **more.get(kind, {})) for kind in kinds}
    return made


def _filled(entity: str, fields: dict[str, dict[str, Json]]) -> Json:
    given: Json = {"text": "синий", "numeric": "1.5", "checkbox": True, "date": 1_795_000_000, "select": "сайт"}
    values: list[Json] = [
        {"field_id": field["id"], "values": [{"value": given[kind]}]} for kind, field in fields[entity].items()
    ]
    return {"custom_fields_values": values + ([phone("+79990000101")] if entity != "leads" else [])}


def _half_filled(entity: str, fields: dict[str, dict[str, Json]]) -> Json:
    """With the choice that has no code."""
    return {"custom_fields_values": [{"field_id": fields[entity]["select"]["id"], "values": [{"value": "звонок"}]}]}


async def _feed(crm: Crm, lead: int, contact: int) -> Json:
    """Notes, tasks, what waits, a webhook, and events of all that."""
    texts: list[Json] = [
        {"note_type": "common", "params": {"text": "ждёт"}},
        {"note_type": "extended_service_message", "params": {"service": "IDENT", "text": "пришёл"}},
    ]
    [note, _] = (await crm.post(f"leads/{lead}/notes", texts)).items("notes")
    bodies: list[Json] = [
        {"text": "Позвонить", "complete_till": 1, "entity_type": "leads", "entity_id": lead},
        {"text": "Спросить", "complete_till": 1, "is_completed": True, "result": {"text": "да"}},
    ]
    [task, _] = (await crm.post("tasks", bodies)).items("tasks")
    due: Json = {"text": "Встретить", "complete_till": 1}
    for entity, card in (("contacts", contact), ("companies", min(crm.stand_in.account.companies))):
        assert (await crm.post("tasks", [{**due, "entity_type": entity, "entity_id": card}])).status == 200
    brought: Json = {"leads": [{}], "contacts": [{}], "companies": [{}]}
    assert (await crm.post("leads/unsorted/forms", [{**FORM, "_embedded": brought}])).status == 200
    hook: Json = {"destination": "http://127.0.0.1:1/hook", "settings": ["restore_lead"]}
    assert (await crm.post("webhooks", hook)).status == 201
    return {"note": note["id"], "task": task["id"], "event": crm.stand_in.account.events[-1].id}


async def test_every_model_is_as_documented_and_each_value_that_it_may_have_is_seen(crm: Crm, ids: Json) -> None:
    lists, ones = Look(), Look()
    for path, form in READS:
        said = await crm.get(path.format(**ids))
        assert (said.status, said.type) == (200, "application/hal+json"), path
        look = lists if "_embedded" in said.body and "id" not in said.body else ones
        assert look.unlike(form, said.body, path.partition("?")[0]) == []
    assert crm.stand_in.refused == []
    assert lists.never == NOT_HERE


async def test_what_is_written_is_answered_as_documented(crm: Crm, ids: Json) -> None:
    look = Look()
    lead, contact, task = ids["lead"], ids["contact"], ids["task"]
    note: Json = {"note_type": "common", "params": {"text": "ждёт"}}
    link = {"to_entity_id": contact, "to_entity_type": "contacts"}
    field: Json = {"name": "Поле", "type": "text", "request_id": "a"}
    named = {**answers.PATCHED, "name": str}
    writes: list[tuple[str, str, Any, int, Form]] = [
        ("POST", "leads", [{}], 200, answers.written("leads", answers.MADE)),
        ("PATCH", "leads", [{"id": lead}], 200, answers.written("leads", answers.PATCHED)),
        ("PATCH", f"leads/{lead}", {"price": 1}, 200, answers.PATCHED),
        ("POST", "contacts", [{}], 200, answers.written("contacts", answers.MADE)),
        ("PATCH", "contacts", [{"id": contact}], 200, answers.written("contacts", named)),
        ("POST", "companies", [{}], 200, answers.written("companies", answers.MADE)),
        ("POST", "leads/complex", [{}, {"_embedded": {"contacts": [{}], "companies": [{}]}}], 200, [answers.COMPLEX]),
        ("POST", f"leads/{lead}/notes", [note], 200, answers.written("notes", {**answers.MADE, "entity_id": lead})),
        ("POST", "tasks", [{"text": "а", "complete_till": 1}], 200, answers.written("tasks", answers.MADE)),
        ("PATCH", f"tasks/{task}", {"is_completed": True}, 200, {**answers.PATCHED, "request_id": "0"}),
        ("POST", f"leads/{lead}/link", [link], 200, answers.counted("links", answers.LINKED)),
        (
            "POST",
            "leads/custom_fields",
            [field],
            201,
            answers.counted("custom_fields", {**answers.FIELD, "request_id": "a"}),
        ),
        ("POST", "webhooks", {"destination": "https://a.example", "settings": ["add_lead"]}, 201, answers.WEBHOOK),
        ("POST", "leads", [{"price": "1", "request_id": "a"}], 400, answers.PROBLEM),
        ("DELETE", "sources", [{"id": 1}], 400, answers.NO_SOURCE),
    ]
    for method, path, body, status, form in writes:
        said = await crm.ask(method, path, body)
        kind = "application/hal+json" if status < 400 else "application/problem+json"
        assert (said.status, said.type) == (status, kind), (path, said.text)
        assert look.unlike(form, said.body, f"{method} {path}") == []
    said = await crm.ask("GET", "account", token="x")
    assert (said.status, look.unlike(answers.UNAUTHORISED, said.body, "401")) == (401, [])
    said = await exchange(crm, code=crm.stand_in.code())
    assert (said.status, look.unlike(answers.TOKEN, said.body, "token")) == (200, [])


@pytest.mark.parametrize(
    ("form", "value", "problem"),
    [
        ({"a": int}, {"a": 1, "b": 2}, "x.b: not documented"),
        ({"a": int}, {}, "x.a: missing"),
        ({"a": int}, {"a": True}, "x.a: True"),
        ({"a": (int, None)}, {"a": "1"}, "x.a: '1'"),
        ([int], [1, None], "x[]: None"),
        ([], [1], "x: [1]"),
        ({"a": int}, [], "x: no object"),
    ],
)
def test_what_is_unlike_a_form_is_named(form: Form, value: Any, problem: str) -> None:
    assert Look().unlike(form, value, "x") == [problem]


def test_a_form_that_says_more_than_is_seen_is_told() -> None:
    look = Look()

    assert look.unlike([{"a": (int, None)}], [{"a": 1}], "x") == []
    assert look.never == {"x[].a|1"}
