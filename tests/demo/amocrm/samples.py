"""For each write of the API bodies that name every documented field at least once: the documentation's samples in words of our own."""

from typing import Any

from demo.amocrm.call import Route
from demo.amocrm.model import LOST, Entity, Json
from demo.amocrm.store import ENTITIES, Account
from tests.demo.amocrm.conftest import Crm
from tests.demo.amocrm.furnished import CALL, FORM, entity_of

CODE = "SAMPLE"


async def furnish_for_samples(crm: Crm) -> None:
    """What the samples name beyond `furnish`: a list to choose from and a tag for each kind of card, and a source to spare."""
    assert (await crm.post("sources", [{"name": "Запасной", "external_id": "spare"}])).status == 200
    for entity in ENTITIES:
        enums = [{"value": "сайт", "sort": 1, "code": "site"}, {"value": "звонок", "sort": 2, "code": "call"}]
        await crm.field(entity, "select", code=CODE, enums=enums)
        assert (await crm.post(f"{entity}/tags", [{"name": "звонок"}])).status == 200


def samples(route: Route, crm: Crm) -> list[Any]:
    """Whole bodies: several where some fields exclude each other."""
    account, entity = crm.stand_in.account, entity_of(route)
    method, path = route.method, route.path.removeprefix(f"{entity}/")
    if route.path == entity or (path == "{}" and route.path.startswith(entity)):
        return _cards(method, entity, account, crm, one=path == "{}")
    if route.path == "leads/complex":
        return _complex(account, crm)
    if "notes" in path:
        return _notes(method, path, entity, account)
    if path.endswith("link"):
        return _links(path, entity, account)
    if "custom_fields" in path:
        return _fields(method, path, entity, account, crm)
    if "pipelines" in path:
        return _pipelines(method, path, account)
    return _others(method, route.path, account, crm)


def _shared(entity: Entity, account: Account) -> Json:
    admin, tag = next(iter(account.users)), next(iter(account.tags[entity]))
    text, chosen = list(account.fields[entity].values())[-2:]
    values: list[Json] = [
        {"field_id": text.id, "values": [{"value": "сайт"}]},
        {"field_code": CODE, "values": [{"enum_id": chosen.choices[0].id}]},
    ]
    if entity != "leads":
        work = {"value": "+79990000101", "enum_code": "WORK"}
        values.append({"field_code": "PHONE", "values": [work]})
    return {
        "name": "Петров Пётр",
        "responsible_user_id": admin,
        "updated_by": 0,
        "custom_fields_values": values,
        "tags_to_add": [{"name": "новый"}, {"id": tag}],
        "request_id": "первая",
        "_embedded": {"tags": [{"id": tag}, {"name": "срочно"}]},
    }


def _by_code(entity: Entity, account: Account) -> Json:
    """What cannot stand beside the rest: a choice by its code, a name in parts."""
    parts = {"first_name": "Пётр", "last_name": "Петров"} if entity == "contacts" else {}
    return {**parts, "custom_fields_values": [{"field_code": CODE, "values": [{"enum_code": "site"}]}]}


def _cards(method: str, entity: Entity, account: Account, crm: Crm, *, one: bool) -> list[Any]:
    whole, other = _shared(entity, account), _by_code(entity, account)
    if method == "POST":
        whole["created_by"] = 0
    else:
        whole |= {"tags_to_delete": [{"name": "звонок"}, {"id": next(iter(account.tags[entity]))}]}
        whole["id"] = next(iter(account.cards(entity)))
        other["id"] = max(account.cards(entity)) if not one else whole["id"]
    if entity == "leads":
        reason = next(iter(account.loss_reasons))
        whole |= {"price": 1500, "pipeline_id": crm.pipeline, "status_id": LOST, "loss_reason_id": reason}
        if method == "POST":
            contact = {"id": next(iter(account.contacts)), "is_main": True}
            whole["_embedded"] |= {"contacts": [contact], "companies": [{"id": next(iter(account.companies))}]}
            source = next(iter(account.sources.values()))
            whole["_embedded"]["source"] = {"external_id": source.external_id, "type": "widget"}
    if one:
        return [whole, other]
    return [[whole, other]] if method == "POST" else [[whole], [other]]


def _complex(account: Account, crm: Crm) -> list[Any]:
    [[lead, _]] = _cards("POST", "leads", account, crm, one=False)
    contact = _shared("contacts", account) | {"created_by": 0}
    company = _shared("companies", account) | {"created_by": 0}
    named = _by_code("contacts", account)
    tags = lead["_embedded"]["tags"]
    known = {"contacts": [{"id": next(iter(account.contacts))}], "companies": [{"id": next(iter(account.companies))}]}
    return [
        [
            {**lead, "_embedded": {"tags": tags, "contacts": [contact], "companies": [company]}},
            {"_embedded": known},
            {"_embedded": {"contacts": [named]}},
        ]
    ]


def _notes(method: str, path: str, entity: Entity, account: Account) -> list[Any]:
    note = next(iter(account.notes[entity].values()))
    body: Json = {"note_type": "common", "params": {"text": "звонила мама"}, "request_id": "первая"}
    if method == "POST":
        body |= {"created_by": 0, "is_need_to_trigger_digital_pipeline": False}
        return [[body if path.startswith("{}") else {**body, "entity_id": note.entity_id}]]
    body |= {"id": note.id, "entity_id": note.entity_id}
    return [body] if path.endswith("{}") else [[body]]


def _links(path: str, entity: Entity, account: Account) -> list[Any]:
    to: Entity = "companies" if entity == "contacts" else "contacts"
    body: Json = {"to_entity_id": next(iter(account.cards(to))), "to_entity_type": to}
    if entity == "leads" and not path.endswith("unlink"):
        body["metadata"] = {"is_main": True}
    return [[body if path.startswith("{}") else {**body, "entity_id": next(iter(account.cards(entity)))}]]


def _fields(method: str, path: str, entity: Entity, account: Account, crm: Crm) -> list[Any]:
    if path.endswith("groups"):
        return [[{"name": "Клиника", "sort": 7, "request_id": "первая"}]]
    if method == "DELETE":
        return [None]
    chosen = account.fields[entity][max(account.fields[entity])]
    stage = {"pipeline_id": crm.pipeline, "status_id": crm.stages[0]}
    body: Json = {
        "name": "Откуда",
        "sort": 5,
        "group_id": next(iter(account.groups[entity])),
        "is_api_only": True,
        "enums": [{"value": "сайт", "sort": 1, "code": "site"}],
        "required_statuses": [stage],
        "hidden_statuses": [stage],
        "request_id": "первая",
    }
    if method == "POST":
        return [[{**body, "type": "select", "code": "WHENCE"}]]
    body |= {"id": chosen.id, "enums": [{"id": chosen.choices[0].id, "value": "сайт", "sort": 1, "code": "site"}]}
    return [body] if path.endswith("{}") else [[body]]


def _pipelines(method: str, path: str, account: Account) -> list[Any]:
    if method == "DELETE":
        return [None]
    stage: Json = {"name": "Этап", "sort": 20, "color": "#fffeb2"}
    if path.endswith("statuses/{}"):
        return [stage]
    if path.endswith("statuses"):
        return [[{**stage, "request_id": "первая"}]]
    body: Json = {"name": "Вторая", "sort": 9, "is_main": False, "is_unsorted_on": False}
    if method == "PATCH":
        return [{**body, "is_main": True, "is_unsorted_on": account.main_pipeline().is_unsorted_on}]
    return [[{**body, "request_id": "первая", "_embedded": {"statuses": [stage, {"id": 142, "name": "Вылечен"}]}}]]


def _others(method: str, path: str, account: Account, crm: Crm) -> list[Any]:
    """Tags, tasks, sources, lists, webhooks."""
    admin, one = next(iter(account.users)), path.endswith("{}")
    if path.endswith("tags"):
        return [[{"name": "Тег", "request_id": "первая"}]]
    if path.startswith("webhooks"):
        hook = {"destination": "http://127.0.0.1:1/hook", "settings": ["add_lead", "status_lead"], "sort": 10}
        return [hook if method == "POST" else {"destination": hook["destination"]}]
    if "unsorted" in path:
        return _unsorted(path, account, crm)
    if method == "DELETE":
        return [None if one else [{"id": next(iter(account.sources))}]]
    if path.startswith("tasks"):
        body: Json = {"text": "Перезвонить", "complete_till": 1, "entity_id": next(iter(account.leads))}
        body |= {"entity_type": "leads", "task_type_id": 2, "responsible_user_id": admin, "duration": 60}
        body |= {"is_completed": True, "result": {"text": "готово"}, "updated_by": 0, "request_id": "первая"}
        body |= {"created_by": 0} if method == "POST" else {"id": next(iter(account.tasks))}
    elif path.startswith("sources"):
        body = {"name": "Сайт", "pipeline_id": crm.pipeline, "default": True, "origin_code": "x", "services": []}
        body |= {"external_id": "site-9"} if method == "POST" else {"id": next(iter(account.sources))}
        body["request_id"] = "первая"
    elif "elements" in path:
        body = {"name": "Коронка", "request_id": "первая"}
        known = next(iter(account.catalogs.values())).elements
        body |= {} if method == "POST" else {"id": next(iter(known))}
    else:
        body = {"name": "Товары", "can_add_elements": True, "can_link_multiple": True, "request_id": "первая"}
        body |= {"type": "regular", "sort": 3} if method == "POST" else {"id": next(iter(account.catalogs))}
    return [body] if one else [[body]]


def _unsorted(path: str, account: Account, crm: Crm) -> list[Any]:
    who = {"user_id": next(iter(account.users))}
    if path.endswith("accept"):
        return [{**who, "status_id": crm.stages[0]}]
    if path.endswith("decline"):
        return [who]
    [[lead, _]] = _cards("POST", "leads", account, crm, one=False)
    kept = {name: lead[name] for name in ("name", "price", "custom_fields_values")}
    metadata = {**FORM["metadata"], "ip": "127.0.0.1", "referer": "http://site.example"}
    contact = _shared("contacts", account) | {"created_by": 0}
    company = _shared("companies", account) | {"created_by": 0}
    form = {**FORM, "pipeline_id": crm.pipeline, "metadata": metadata, "request_id": "первая"}
    tags = {"_embedded": {"tags": lead["_embedded"]["tags"]}}
    whole = {"leads": [{**kept, **tags}], "contacts": [contact], "companies": [company]}
    known = {"contacts": [{"id": next(iter(account.contacts))}], "companies": [{"id": next(iter(account.companies))}]}
    named = {"contacts": [_by_code("contacts", account)]}
    if path.endswith("sip"):
        form["metadata"] = {**CALL, "is_call_event_needed": True}
    return [
        [
            {**form, "source_uid": f"{path[-3:]}-{number}", "_embedded": brought}
            for number, brought in enumerate((whole, known, named))
        ]
    ]
