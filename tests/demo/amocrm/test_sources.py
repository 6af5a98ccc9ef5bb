"""Sources of leads, and lists with their elements."""

import pytest

from demo.amocrm.model import Json
from demo.amocrm.sources import AT_ONCE, MOST
from tests.demo.amocrm.conftest import BUSINESS, Crm

SITE: Json = {"name": "Сайт", "external_id": "site"}


async def test_a_source_looks_as_documented(crm: Crm) -> None:
    assert (await crm.get("sources")).status == 204

    said = await crm.post("sources", [{**SITE, "request_id": "s"}])

    [made] = said.items("sources")
    assert said.body["_total_items"] == 1
    assert made.pop("request_id") == "s"
    assert made == {
        "id": made["id"],
        "name": "Сайт",
        "pipeline_id": crm.pipeline,
        "external_id": "site",
        "services": [],
        "default": False,
        "origin_code": None,
        "_links": {"self": {"href": f"{crm.url}/api/v4/sources/{made['id']}"}},
    }
    assert (await crm.get(f"sources/{made['id']}")).body == made
    assert (await crm.get("sources?filter[external_id][]=site")).items("sources") == [made]
    assert (await crm.get("sources?filter[external_id][]=other")).status == 204
    assert (await crm.get("sources/1")).status == 404


async def test_one_source_is_the_default_one(crm: Crm) -> None:
    said = await crm.post("sources", [{**SITE, "default": True}, {"name": "Чат", "external_id": "chat"}])
    first, second = (source["id"] for source in said.items("sources"))

    await crm.patch("sources", [{"id": second, "default": True, "name": "Чат на сайте"}])

    listed = (await crm.get("sources")).items("sources")
    assert [(source["name"], source["default"]) for source in listed] == [("Сайт", False), ("Чат на сайте", True)]
    assert (await crm.patch(f"sources/{first}", {"external_id": "else"})).problems() == [("NotExpected", "external_id")]


async def test_an_external_id_is_taken_once(crm: Crm) -> None:
    assert (await crm.post("sources", [SITE, SITE])).problems() == [("NotSupportedChoice", "external_id")]
    await crm.post("sources", [SITE])
    assert (await crm.post("sources", [SITE])).problems() == [("NotSupportedChoice", "external_id")]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"external_id": "x" * 37}, ("NotSupportedChoice", "external_id")),
        ({"pipeline_id": 1}, ("NotSupportedChoice", "pipeline_id")),
        ({"services": [{"type": "whatsapp"}]}, ("TooMany", "services")),
        ({"name": ""}, ("NotBlank", "name")),
    ],
)
async def test_a_wrong_source_is_refused_by_key(crm: Crm, changes: Json, problem: tuple[str, str]) -> None:
    assert (await crm.post("sources", [{**SITE, **changes}])).problems() == [problem]


async def test_sources_are_taken_away(crm: Crm) -> None:
    said = await crm.post("sources", [SITE, {"name": "Чат", "external_id": "chat"}])
    first, second = (source["id"] for source in said.items("sources"))

    lost = await crm.ask("DELETE", "sources", [{"id": first}, {"id": 1}])

    assert (lost.status, lost.body["detail"]) == (400, "Invalid request items")
    assert lost.body["errors"] == [
        {"request_id": "1", "errors": {"code": "EntityNotFound", "path": "id", "detail": "Entity not found"}}
    ]
    assert (await crm.ask("DELETE", f"sources/{first}")).status == 204
    assert (await crm.ask("DELETE", "sources", [{"id": second}])).status == 204
    assert crm.stand_in.account.sources == {}
    assert (await crm.ask("DELETE", f"sources/{first}")).status == 404


async def test_an_integration_has_a_limited_number_of_sources(crm: Crm) -> None:
    many = [{"name": "Сайт", "external_id": str(number)} for number in range(MOST + 1)]

    assert (await crm.post("sources", many[: AT_ONCE + 1])).status == 400
    for start in range(0, MOST, AT_ONCE):
        assert (await crm.post("sources", many[start : start + AT_ONCE])).status == 200
    assert (await crm.post("sources", many[MOST:])).status == 400


async def test_a_list_and_its_elements_look_as_documented(crm: Crm) -> None:
    admin = next(iter(crm.stand_in.account.users))
    times = {"created_by": admin, "updated_by": admin, "created_at": BUSINESS, "updated_at": BUSINESS}

    [made] = (await crm.post("catalogs", [{"name": "Товары", "type": "products", "sort": 20}])).items("catalogs")
    path = f"catalogs/{made['id']}"
    [element] = (await crm.post(f"{path}/elements", [{"name": "Пломба"}])).items("elements")

    assert (made.pop("request_id"), element.pop("request_id")) == ("0", "0")
    assert made == {
        "id": made["id"],
        "name": "Товары",
        **times,
        "sort": 20,
        "type": "products",
        "can_add_elements": False,
        "can_show_in_cards": False,
        "can_link_multiple": False,
        "can_be_deleted": False,
        "sdk_widget_code": None,
        "account_id": crm.stand_in.account.id,
        "_links": {"self": {"href": f"{crm.url}/api/v4/{path}"}},
    }
    assert element == {
        "id": element["id"],
        "catalog_id": made["id"],
        "name": "Пломба",
        **times,
        "is_deleted": False,
        "custom_fields_values": None,
        "account_id": crm.stand_in.account.id,
        "_links": {"self": {"href": f"{crm.url}/api/v4/{path}/elements/{element['id']}"}},
    }
    assert (await crm.get(path)).body == made
    assert (await crm.get("catalogs")).items("catalogs") == [made]
    assert (await crm.get(f"{path}/elements?filter[id]={element['id']}")).items("elements") == [element]
    assert (await crm.get(f"{path}/elements?filter[id]=1")).status == 204
    assert (await crm.get(f"{path}/elements/1")).status == 204
    assert (await crm.get("catalogs/1/elements")).status == 404


async def test_lists_and_elements_are_changed(crm: Crm) -> None:
    [made] = (await crm.post("catalogs", [{"name": "Товары"}])).items("catalogs")
    path = f"catalogs/{made['id']}"
    [element] = (await crm.post(f"{path}/elements", [{"name": "Пломба"}])).items("elements")

    assert (await crm.patch("catalogs", [{"id": made["id"], "name": "Услуги"}])).items("catalogs")[0][
        "name"
    ] == "Услуги"
    assert (await crm.patch(path, {"can_link_multiple": True})).body["can_link_multiple"] is True
    many = await crm.patch(f"{path}/elements", [{"id": element["id"], "name": "Коронка"}])
    assert many.items("elements")[0]["name"] == "Коронка"
    assert (await crm.patch(f"{path}/elements/{element['id']}", {"name": "Мост"})).body["name"] == "Мост"
    assert (await crm.get(f"{path}/elements/{element['id']}")).body["name"] == "Мост"


async def test_an_account_has_one_list_of_goods_and_ten_others(crm: Crm) -> None:
    twice = [{"name": "Товары", "type": "products"}] * 2

    assert (await crm.post("catalogs", twice)).problems() == [("TooMany", "type")]
    assert (await crm.post("catalogs", [{"name": "Список"}] * 11)).problems() == [("TooMany", "type")]
    assert (await crm.post("catalogs", [{"name": "Список"}] * 10)).status == 200
