"""What `@shevernitskiy/amo` reads out of the stand-in's answers: a client in JavaScript, written by a stranger from experience.

Where it is at odds with the documentation, the documentation decides: those tests say so."""

import re
from typing import Any

import pytest

from demo.amocrm.webhooks import SETTINGS
from tests.peers.amo_tour import TYPINGS
from tests.peers.ground import BUSINESS, Played

pytestmark = pytest.mark.xdist_group("peers")

NO_CONTENT = "204 No Content"
CATALOG = 850_001
"""The first list of an account."""
SAID_AS = {
    "AccountInfo": ["account"],
    "Lead": ["lead", "pages"],
    "Contact": ["contact", "found"],
    "Company": ["company", "companies"],
    "Task": ["task", "tasks"],
    "Note": ["leads note", "contacts notes", "companies notes of one"],
    "Tag": ["leads tags made", "companies tags"],
    "Event": ["event", "events"],
    "User": ["user", "users"],
    "Pipeline": ["pipelines made", "pipeline", "pipelines"],
    "PipelineStatus": ["statuses made", "status", "statuses"],
    "CustomFieldsValueGroup": ["leads group", "contacts groups"],
    "EntityLink": ["linked", "links", "links of leads", "links of one of companies"],
    "CustomFieldsValue": ["leads fields made", "contacts field changed", "companies field", "contacts fields"],
    "Unsorted": ["waiting", "one waiting"],
    "Source": ["sources made", "source", "sources"],
    "Catalog": ["catalogs made", "catalog changed", "catalog", "catalogs"],
    "Webhook": ["webhook made", "webhook changed", "webhooks"],
    "CatalogElement": ["element made by hand", "element changed", "element", "elements"],
}
"""The peer's types, and the steps that should have read one of them, or a list."""
OF_A_VALUE = {"field_id", "field_name", "field_code", "field_type", "values"}
"""The peer has one type for a field and for its values in a card."""


@pytest.fixture
def said(strangers: dict[str, Played]) -> dict[str, Any]:
    return strangers["amo"].said


def value(said: dict[str, Any], step: str) -> Any:
    """What a step gave."""
    assert "value" in said[step], (step, said[step])
    return said[step]["value"]


def items(answer: Any) -> list[dict[str, Any]]:
    """What an answer holds: models of a list, or the one model."""
    if isinstance(answer, list):
        return [found for one in answer for found in items(one)]
    embedded = answer.get("_embedded", {})
    if {"id", "uid"} & answer.keys() or not embedded:
        return [answer]
    [found] = embedded.values()
    return list(found)


def refusals(said: dict[str, Any], step: str) -> list[tuple[str, str, str]]:
    """(request_id, code, path) of everything that was wrong."""
    wrong = said[step]["response"]["validation-errors"]
    return [(item["request_id"], error["code"], error["path"]) for item in wrong for error in item["errors"]]


def keys_of(kind: str) -> set[str]:
    """The keys that the peer's typings say are always there."""
    block = re.search(rf"^export type {kind} = (?:Partial<)?\{{\n(.*?)^\}}", TYPINGS.read_text("utf-8"), re.M | re.S)
    assert block is not None, kind
    return set(re.findall(r"^    (\w+): ", block[1], re.M))


def test_a_code_becomes_tokens_once(said: dict[str, Any]) -> None:
    first, second = value(said, "tokens")

    assert value(said, "code")["subdomain"] == "example"
    assert said["code again"]["response"]["hint"] == "Authorization code has been revoked"
    assert {token["token_type"] for token in (first, second)} == {"Bearer"}
    assert first["refresh_token"] != second["refresh_token"]
    assert said["refresh with a used token"]["response"]["hint"] == "Token has been revoked"


def test_pages_are_walked_by_their_links(said: dict[str, Any]) -> None:
    pages = value(said, "pages")
    ids = [lead["id"] for lead in items(value(said, "leads made"))]

    assert [[lead["id"] for lead in items(page)] for page in pages] == [ids[:2], ids[2:4], ids[4:]]
    assert [page["_page"] for page in pages] == [1, 2, 3]
    for step in ("empty page", "past the last page", "no lead", "no contacts tags"):
        assert said[step]["thrown"].startswith(NO_CONTENT), step


def test_filters_of_one_value_and_of_many_are_followed(said: dict[str, Any]) -> None:
    ids = [lead["id"] for lead in items(value(said, "leads made"))]

    assert [lead["id"] for lead in items(value(said, "filtered"))] == ids[1:2]
    assert [lead["id"] for lead in items(value(said, "filtered by one id"))] == ids[2:3]
    assert [lead["id"] for lead in items(value(said, "filtered by status"))] == ids
    assert [event["type"] for event in items(value(said, "events"))] == ["lead_added"] * 2
    assert [task["text"] for task in items(value(said, "tasks"))] == ["Перезвонить"]
    assert [tag["name"] for tag in items(value(said, "companies tags by name"))] == ["опт"]


def test_a_complex_answer_is_a_bare_array(said: dict[str, Any]) -> None:
    [made] = value(said, "complex")

    assert made["request_id"] == ["0"]
    [found] = items(value(said, "found"))
    assert (found["id"], found["_embedded"]["companies"][0]["id"]) == (made["contact_id"], made["company_id"])
    assert found["custom_fields_values"][0]["values"][0]["enum_code"] == "MOB"


def test_what_was_changed_is_read_so(said: dict[str, Any]) -> None:
    person, firm = value(said, "contact"), value(said, "company")

    assert (person["name"], person["first_name"]) == ("Инна Иванова", "Инна")
    assert firm["name"] == "ООО «Клевер»"
    for kind in ("leads", "contacts", "companies"):
        assert value(said, f"{kind} note")["params"] == {"text": "Перезвонили"}
        assert value(said, f"{kind} note changed")["updated_at"] == BUSINESS
        field = value(said, f"{kind} field")
        assert (field["name"], field["sort"], field["entity_type"]) == ("Откуда", 5, kind)
    assert [item["request_id"] for item in items(value(said, "tasks completed"))] == ["0"]
    assert value(said, "task")["result"] == []
    assert items(value(said, "tasks"))[0]["result"] == {"text": "Дозвонились"}


def test_links_show_on_both_sides(said: dict[str, Any]) -> None:
    lead, person, firm = (items(value(said, f"{kind} made"))[0]["id"] for kind in ("leads", "contacts", "companies"))

    assert items(value(said, "links")) == [
        {
            "entity_id": lead,
            "entity_type": "leads",
            "to_entity_id": person,
            "to_entity_type": "contacts",
            "metadata": {"main_contact": True},
        }
    ]
    of_lead = [link for link in items(value(said, "links of leads")) if link["entity_id"] == lead]
    assert [link["to_entity_id"] for link in of_lead] == [person, firm]
    assert [link["to_entity_id"] for link in items(value(said, "links of contacts"))] == [firm]
    assert [link["to_entity_id"] for link in items(value(said, "links of companies"))] == [person, lead]


def test_refusals_are_understood(said: dict[str, Any]) -> None:
    assert refusals(said, "400") == [("1", "InvalidType", "price"), ("third", "NotSupportedChoice", "status_id")]
    for step, status in (("401", 401), ("404", 404), ("no field", 404), ("429_json", 429), ("402", 402)):
        assert said[step]["response"]["status"] == status, step
    for step, title in (("429", "429 Too Many"), ("403_html", "403 Forbidden"), ("500", "500 Int"), ("504", "504 Gat")):
        assert (said[step]["response"], title in said[step]["thrown"]) == (None, True), step
    assert said["429_empty"] == {"thrown": "", "response": None}


def test_what_was_deleted_says_nothing(said: dict[str, Any]) -> None:
    for kind in ("leads field", "companies field", "status", "pipeline", "source", "sources"):
        assert value(said, f"{kind} deleted") is None
    assert said["no such source"]["response"]["errors"][0]["errors"]["code"] == "EntityNotFound"
    assert value(said, "status changed")["name"] == "Приём"
    assert value(said, "pipeline changed")["sort"] == 3
    assert [(source["name"], source["default"]) for source in items(value(said, "sources"))] == [
        ("Сайт клиники", False),
        ("Чат", True),
    ]
    assert (value(said, "element")["name"], value(said, "catalog")["name"]) == ("Мост", "Услуги")


def test_what_waits_is_taken_and_sent_away(said: dict[str, Any]) -> None:
    waiting = {one["source_uid"]: one for one in items(value(said, "waiting"))}

    assert {uid: one["category"] for uid, one in waiting.items()} == {
        "form-1": "forms",
        "form-2": "forms",
        "call-1": "sip",
    }
    assert value(said, "one waiting") == waiting["form-1"]
    form, call = waiting["form-1"]["metadata"].keys(), waiting["call-1"]["metadata"].keys()
    assert form == keys_of("UnsrotedMetadataForm")
    assert keys_of("UnsrotedMetadataSip") - call == {"call_responsible", "is_call_event_needed"}
    assert value(said, "accepted")["_embedded"]["leads"] == waiting["form-1"]["_embedded"]["leads"]
    assert value(said, "declined")["uid"] == waiting["form-2"]["uid"]
    summary = value(said, "summary")
    assert [summary[name] for name in ("total", "accepted", "declined")] == [3, 1, 1]
    assert {kind: told["total"] for kind, told in summary["categories"].items()} == {
        "sip": 1,
        "mail": 0,
        "forms": 2,
        "chats": 0,
    }


def test_every_type_of_event_is_one_that_the_peer_knows(said: dict[str, Any]) -> None:
    block = re.search(r"^export type EventTypes =(.*?);", TYPINGS.read_text("utf-8"), re.M | re.S)
    assert block is not None
    types = {one["key"] for one in items(value(said, "event types"))}

    assert len(types) > 20
    assert types <= set(re.findall(r'"(\w+)"', block[1]))


def test_a_lead_names_its_source(said: dict[str, Any]) -> None:
    lead, source = value(said, "lead of a source"), value(said, "source")

    assert (lead["source_id"], lead["_embedded"]["source"]["name"]) == (source["id"], source["name"])


def test_a_webhook_is_changed_by_its_destination(said: dict[str, Any]) -> None:
    made, changed = value(said, "webhook made"), value(said, "webhook changed")
    [listed] = items(value(said, "webhooks"))

    assert (changed["id"], changed["sort"], changed["disabled"]) == (made["id"], 3, False)
    assert listed == changed
    assert said["no webhooks"]["thrown"].startswith(NO_CONTENT)
    assert value(said, "webhook deleted") is None
    assert said["no such webhook"]["response"]["status"] == 404


def test_whatever_the_peer_can_subscribe_to_is_known() -> None:
    block = re.search(r"^export type WebhookType =(.*?);", TYPINGS.read_text("utf-8"), re.M | re.S)
    assert block is not None
    names = set(re.findall(r'"(\w+)"', block[1]))

    assert len(names) > 20
    assert names <= set(SETTINGS)


def test_elements_are_made_at_their_own_path_though_this_peer_sends_them_to_the_list(said: dict[str, Any]) -> None:
    assert said["element made"]["response"]["status"] == 405
    assert items(value(said, "element made by hand"))[0]["name"] == "Пломба"


def test_unlinking_answers_204_though_this_peer_takes_it_for_an_error(said: dict[str, Any]) -> None:
    for kind in ("", "contact ", "company "):
        for step in (f"{kind}unlinked", f"{kind}unlinked again"):
            assert said[step]["thrown"].startswith(NO_CONTENT), step


def test_groups_are_made_at_their_own_path_though_this_peer_sends_them_to_the_fields(said: dict[str, Any]) -> None:
    assert refusals(said, "group made") == [("0", "FieldMissing", "type")]


def test_nothing_was_refused_but_what_was_meant_to_be(strangers: dict[str, Played]) -> None:
    refused = [(no["method"], no["path"].removeprefix("/api/v4/"), no["status"]) for no in strangers["amo"].refused]

    assert refused == [
        ("GET", "companies/custom_fields/1", 404),
        ("POST", "leads/custom_fields", 400),
        ("DELETE", "sources", 400),
        ("POST", f"catalogs/{CATALOG}", 405),
        ("DELETE", "webhooks", 404),
        ("POST", "leads", 400),
        ("GET", "users/1", 404),
    ]


@pytest.mark.parametrize("kind", SAID_AS)
def test_every_key_of_the_peers_typings_is_answered(said: dict[str, Any], kind: str) -> None:
    for step in SAID_AS[kind]:
        for model in items(value(said, step)):
            unsaid = keys_of(kind) - model.keys()
            assert unsaid == (OF_A_VALUE if kind == "CustomFieldsValue" else set()), step


def test_the_accounts_formats_are_spelt_as_in_the_documentation_not_as_this_peer_does(said: dict[str, Any]) -> None:
    settings = value(said, "account")["_embedded"]["datetime_settings"]

    assert "date_format" not in settings
    assert settings["date_formant"] == "d.m.Y"
