"""Custom fields and their groups."""

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm

KEYS = {
    "id", "name", "code", "sort", "type", "entity_type", "is_computed", "is_predefined", "is_deletable", "is_visible",
    "is_required", "settings", "remind", "currency", "enums", "nested", "is_api_only", "group_id", "required_statuses",
    "hidden_statuses", "chained_lists", "tracking_callback", "search_in", "_links",
}  # fmt: skip


async def test_a_field_is_created_with_201_and_ids_for_its_enums(crm: Crm) -> None:
    group = (await crm.post("leads/custom_fields/groups", [{"name": "IDENT", "sort": 5}])).items("custom_field_groups")[
        0
    ]
    body: Json = {
        "name": "Статус приёма",
        "type": "select",
        "group_id": group["id"],
        "is_api_only": True,
        "sort": 510,
        "enums": [{"value": "отменён", "sort": 1}, {"value": "пришёл", "sort": 2, "code": "arrived"}],
        "required_statuses": [{"pipeline_id": crm.pipeline, "status_id": 142}],
    }

    said = await crm.post("leads/custom_fields", [body])

    assert (said.status, said.type, said.body["_total_items"]) == (201, "application/hal+json", 1)
    field = said.items("custom_fields")[0]
    assert field.keys() >= KEYS
    assert [(enum["value"], enum["sort"], enum["code"]) for enum in field["enums"]] == [
        ("отменён", 1, None),
        ("пришёл", 2, "arrived"),
    ]
    assert len({enum["id"] for enum in field["enums"]}) == 2
    assert {name: field[name] for name in ("group_id", "is_api_only", "sort", "required_statuses", "request_id")} == {
        "group_id": group["id"],
        "is_api_only": True,
        "sort": 510,
        "required_statuses": [{"pipeline_id": crm.pipeline, "status_id": 142}],
        "request_id": "0",
    }
    read = (await crm.get(f"leads/custom_fields/{field['id']}")).body
    assert read == {name: value for name, value in field.items() if name != "request_id"}
    assert (await crm.get("contacts/custom_fields/" + str(field["id"]))).status == 404


async def test_contacts_have_phone_and_email_from_the_start(crm: Crm) -> None:
    said = await crm.get("contacts/custom_fields")

    codes = {field["code"]: [enum["code"] for enum in field["enums"]] for field in said.items("custom_fields")}
    assert codes == {"PHONE": ["WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"], "EMAIL": ["WORK", "PRIV", "OTHER"]}
    assert all(field["is_predefined"] and field["type"] == "multitext" for field in said.items("custom_fields"))
    assert (await crm.get("leads/custom_fields")).status == 204


async def test_a_page_of_fields_holds_50_whatever_limit_says(crm: Crm) -> None:
    """The documentation names both 50 and 250; amocrm.md 0.3 decides: follow `_links.next`, never count."""
    said = await crm.post("leads/custom_fields", [{"name": f"Поле {n}", "type": "text"} for n in range(120)])
    assert said.status == 201

    first = await crm.get("leads/custom_fields?limit=250")

    assert len(first.items("custom_fields")) == 50
    assert [first.body[name] for name in ("_total_items", "_page", "_page_count")] == [120, 1, 3]
    assert first.body["_links"]["last"]["href"].endswith("page=3&limit=50")
    names, said = [], first
    while True:
        names += [field["name"] for field in said.items("custom_fields")]
        if "next" not in said.body["_links"]:
            break
        said = await crm.get(said.body["_links"]["next"]["href"].removeprefix(crm.url))
    assert names == [f"Поле {n}" for n in range(120)]


async def test_a_list_of_groups_is_embedded_and_one_group_is_bare(crm: Crm) -> None:
    """The documentation shows the samples the other way round; amocrm.md 0.3 decides."""
    made = (await crm.post("leads/custom_fields/groups", [{"name": "IDENT", "sort": 5}])).items("custom_field_groups")[
        0
    ]

    listed = await crm.get("leads/custom_fields/groups")

    assert [group["id"] for group in listed.items("custom_field_groups")] == ["default", "statistic", made["id"]]
    assert made["id"].startswith("leads_")
    assert (made["type"], made["entity_type"], made["is_predefined"]) == ("custom_field_group", "leads", False)
    one = await crm.get(f"leads/custom_fields/groups/{made['id']}")
    assert one.body == {name: value for name, value in made.items() if name != "request_id"}
    assert (await crm.get("leads/custom_fields/groups/leads_1")).status == 404
    contacts = await crm.get("contacts/custom_fields/groups")
    assert [group["id"] for group in contacts.items("custom_field_groups")] == ["default"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"type": "text"}, ("FieldMissing", "name")),
        ({"name": "Поле"}, ("FieldMissing", "type")),
        ({"name": "", "type": "text"}, ("NotBlank", "name")),
        ({"name": "Поле", "type": "phone"}, ("NotSupportedChoice", "type")),
        ({"name": "Поле", "type": "multitext"}, ("NotSupportedChoice", "type")),
        ({"name": "Поле", "type": "text", "group_id": "leads_1"}, ("NotSupportedChoice", "group_id")),
        ({"name": "Поле", "type": "select"}, ("FieldMissing", "enums")),
        ({"name": "Поле", "type": "text", "enums": [{"value": "a", "sort": 1}]}, ("NotExpected", "enums")),
        ({"name": "Поле", "type": "select", "enums": [{"value": "a"}]}, ("FieldMissing", "enums.0.sort")),
        (
            {"name": "Поле", "type": "select", "enums": [{"value": "a", "sort": 1}, {"value": "a", "sort": 2}]},
            ("NotSupportedChoice", "enums"),
        ),
        ({"name": "Поле", "type": "text", "is_api_only": 1}, ("InvalidType", "is_api_only")),
        (
            {"name": "Поле", "type": "text", "required_statuses": [{"pipeline_id": 1, "status_id": 142}]},
            ("NotSupportedChoice", "required_statuses.0.status_id"),
        ),
        ({"name": "Поле", "type": "text", "code": "TAKEN"}, ("NotSupportedChoice", "code")),
    ],
)
async def test_a_wrong_field_is_refused_by_key(crm: Crm, body: Json, problem: tuple[str, str]) -> None:
    await crm.field("leads", "text", code="TAKEN")

    assert (await crm.post("leads/custom_fields", [body])).problems() == [problem]
    assert len(crm.stand_in.account.fields["leads"]) == 1


async def test_a_patch_without_enum_ids_loses_them_and_the_values(crm: Crm) -> None:
    field = await crm.field("leads", "select", enums=[{"value": "a", "sort": 1}, {"value": "b", "sort": 2}])
    lead = await crm.lead(custom_fields_values=[{"field_id": field["id"], "values": [{"value": "a"}]}])
    kept = [{"id": enum["id"], "value": enum["value"], "sort": enum["sort"]} for enum in field["enums"]]
    path = f"leads/custom_fields/{field['id']}"

    grown = await crm.patch(path, {"enums": [*kept, {"value": "c", "sort": 3}]})

    assert grown.status == 200
    assert [enum["id"] for enum in grown.body["enums"]][:2] == [enum["id"] for enum in field["enums"]]
    assert (await crm.get(f"leads/{lead}")).body["custom_fields_values"] is not None
    lost = await crm.patch(path, {"enums": [{"value": "a", "sort": 1}]})
    assert lost.body["enums"][0]["id"] not in [enum["id"] for enum in field["enums"]]
    assert (await crm.get(f"leads/{lead}")).body["custom_fields_values"] is None
    assert (await crm.patch(path, {"enums": [{"id": 1, "value": "a", "sort": 1}]})).problems() == [
        ("NotSupportedChoice", "enums.0.id")
    ]


async def test_a_patch_changes_only_what_it_names_and_never_the_type(crm: Crm) -> None:
    field = await crm.field("leads", "text", sort=7)

    many = await crm.patch("leads/custom_fields", [{"id": field["id"], "name": "Новое"}])

    assert (many.status, many.items("custom_fields")[0]["sort"]) == (200, 7)
    assert (await crm.patch(f"leads/custom_fields/{field['id']}", {"type": "numeric"})).problems() == [
        ("NotExpected", "type")
    ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "leads/custom_fields", [{"name": "Поле", "type": "text"}]),
        ("POST", "leads/custom_fields/groups", [{"name": "IDENT", "sort": 5}]),
        ("POST", "leads/pipelines", []),
        ("GET", "users", None),
    ],
)
async def test_only_an_admin_sets_the_account_up(crm: Crm, method: str, path: str, body: object) -> None:
    operator = next(user.id for user in crm.stand_in.account.users.values() if not user.is_admin)
    token = crm.stand_in.long_lived_token(crm.url, operator)

    said = await crm.ask(method, path, body, token=token)

    assert (said.status, said.type) == (403, "application/problem+json")
    assert (await crm.ask("GET", "leads/pipelines", token=token)).status == 200


async def test_a_deleted_field_takes_its_values_along(crm: Crm) -> None:
    field = await crm.field("leads", "text")
    lead = await crm.lead(custom_fields_values=[{"field_id": field["id"], "values": [{"value": "а"}]}])
    phone_field = next(iter(crm.stand_in.account.fields["contacts"]))

    assert (await crm.ask("DELETE", f"leads/custom_fields/{field['id']}")).status == 204

    assert (await crm.get(f"leads/custom_fields/{field['id']}")).status == 404
    assert (await crm.get(f"leads/{lead}")).body["custom_fields_values"] is None
    assert (await crm.ask("DELETE", f"contacts/custom_fields/{phone_field}")).status == 400
