"""`query`: full text over whatever is filled, in the order asked for, and as late as the index is."""

import dataclasses
from urllib.parse import quote

import pytest

from demo.amocrm.stand_in import Options
from tests.demo.amocrm.conftest import PLENTY, Crm, phone

LATE = pytest.mark.parametrize(
    "options", [dataclasses.replace(Options(), rate=PLENTY, account_rate=PLENTY, index_delay=30.0)], ids=["late"]
)


async def found(crm: Crm, entity: str, text: str, more: str = "") -> list[str]:
    said = await crm.get(f"{entity}?query={quote(text)}{more}")
    return [] if said.status == 204 else [card["name"] for card in said.items(entity)]


@pytest.mark.parametrize("entity", ["leads", "contacts", "companies"])
async def test_each_kind_of_card_is_found_by_any_filled_field(crm: Crm, entity: str) -> None:
    field = await crm.field(entity, "text")
    values = [{"field_id": field["id"], "values": [{"value": "от мамы, 9990000101"}]}]
    await crm.post(entity, [{"name": "Петров Пётр", "custom_fields_values": values}, {"name": "Петров Иван"}])

    assert await found(crm, entity, "МАМЫ") == ["Петров Пётр"]
    assert await found(crm, entity, "петров") == ["Петров Пётр", "Петров Иван"]
    assert await found(crm, entity, "999 000-01-01") == ["Петров Пётр"]
    assert (await crm.get(f"{entity}?query=никого")).status == 204
    await crm.patch(f"{entity}/{(await crm.get(f'{entity}?query=мамы')).items(entity)[0]['id']}", {"name": "Иная"})
    assert await found(crm, entity, "мамы петров") == []
    assert await found(crm, entity, "мамы") == ["Иная"]


async def test_a_budget_is_a_filled_field_of_a_lead(crm: Crm) -> None:
    await crm.lead(name="Брекеты", price=145_000)

    assert await found(crm, "leads", "145000") == ["Брекеты"]


@pytest.mark.parametrize(
    ("order", "names"),
    [("", ["П 1", "П 2", "П 3"]), ("&order[id]=desc", ["П 3", "П 2", "П 1"]), ("&order[updated_at]=asc", ["П 2", "П 3", "П 1"])],
)  # fmt: skip
async def test_what_is_found_comes_in_the_order_asked_for(crm: Crm, order: str, names: list[str]) -> None:
    ids = [await crm.contact(name=f"П {number}") for number in (1, 2, 3)]
    crm.clocks.business += 60
    await crm.patch(f"contacts/{ids[0]}", {"responsible_user_id": min(crm.stand_in.account.users)})

    assert await found(crm, "contacts", "П", order) == names


async def test_what_is_found_comes_in_pages_of_250_at_most(crm: Crm) -> None:
    await crm.post("contacts", [{"name": "Петров"}] * 250)
    await crm.post("contacts", [{"name": "Петров"}] * 2)

    first = await crm.get("contacts?query=петров&limit=250")
    second = await crm.get("contacts?query=петров&limit=250&page=2")

    assert (len(first.items("contacts")), len(second.items("contacts"))) == (250, 2)
    assert ("next" in first.body["_links"], "next" in second.body["_links"]) == (True, False)
    assert (await crm.get("contacts?query=петров&limit=250&page=3")).status == 204
    assert (await crm.get("contacts?query=петров&limit=251")).status == 400


@LATE
async def test_the_index_is_behind_and_reading_by_id_is_not(crm: Crm) -> None:
    contact = await crm.contact(name="Петров", custom_fields_values=[phone("+79990000101")])
    assert await found(crm, "contacts", "9990000101") == []
    assert (await crm.get(f"contacts/{contact}")).status == 200
    crm.clocks.machine += 29.9
    assert await found(crm, "contacts", "9990000101") == []
    crm.clocks.machine += 0.1
    assert await found(crm, "contacts", "9990000101") == ["Петров"]


@LATE
async def test_until_the_index_catches_up_the_old_text_is_found(crm: Crm) -> None:
    contact = await crm.contact(name="Петров")
    crm.stand_in.turn(30)
    assert await found(crm, "contacts", "петров") == ["Петров"]
    await crm.patch(f"contacts/{contact}", {"name": "Сидоров"})

    assert await found(crm, "contacts", "сидоров") == []
    assert await found(crm, "contacts", "петров") == ["Сидоров"]
    crm.stand_in.turn(30)
    assert await found(crm, "contacts", "сидоров") == ["Сидоров"]
    assert await found(crm, "contacts", "петров") == []


async def test_the_delay_is_a_knob(crm: Crm) -> None:
    async def control(path: str, seconds: float) -> None:
        assert (await crm.ask("POST", f"/_stand-in/{path}", {"seconds": seconds}, token="")).status == 204

    await control("index-delay", 30)
    await crm.contact(name="Петров")
    assert await found(crm, "contacts", "петров") == []
    await control("turn", 30)
    assert await found(crm, "contacts", "петров") == ["Петров"]
    await crm.contact(name="Петрова")
    await control("index-delay", 0)
    assert await found(crm, "contacts", "петров") == ["Петров", "Петрова"]
