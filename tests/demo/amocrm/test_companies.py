"""Companies, and what belongs to them."""

from pathlib import Path

import pytest

from demo.amocrm.model import Json
from demo.amocrm.saved import Keeper
from tests.demo.amocrm.conftest import BUSINESS, Crm, phone
from tests.demo.amocrm.test_state import asked, lived, reborn


async def company(crm: Crm, **body: object) -> int:
    """A new company's id."""
    said = await crm.post("companies", [body])
    assert said.status == 200, said.text
    company_id: int = said.items("companies")[0]["id"]
    return company_id


def to(kind: str, card: int, **more: object) -> Json:
    return {"to_entity_id": card, "to_entity_type": kind, **more}


async def links(crm: Crm, path: str) -> list[tuple[str, int]]:
    said = await crm.get(f"{path}/links")
    return [(link["to_entity_type"], link["to_entity_id"]) for link in said.items("links")] if said.text else []


async def test_a_company_looks_as_documented(crm: Crm) -> None:
    made = await company(crm, name="ООО «Ромашка»", custom_fields_values=[phone("+79990000101", "WORK")])

    said = await crm.get(f"companies/{made}?with=leads,contacts,catalog_elements")

    admin = next(iter(crm.stand_in.account.users))
    body = said.body
    [field] = body.pop("custom_fields_values")
    assert (field["field_code"], field["values"][0]["enum_code"]) == ("PHONE", "WORK")
    assert body == {
        "id": made,
        "name": "ООО «Ромашка»",
        "responsible_user_id": admin,
        "group_id": 0,
        "created_by": admin,
        "updated_by": admin,
        "created_at": BUSINESS,
        "updated_at": BUSINESS,
        "closest_task_at": None,
        "is_deleted": False,
        "account_id": crm.stand_in.account.id,
        "_links": {"self": {"href": f"{crm.url}/api/v4/companies/{made}"}},
        "_embedded": {"tags": [], "leads": [], "contacts": [], "catalog_elements": []},
    }
    assert (await crm.get("companies/1")).status == 204


async def test_companies_are_changed_one_by_one_and_in_batches(crm: Crm) -> None:
    first, second = await company(crm, name="А"), await company(crm, name="Б")

    said = await crm.patch("companies", [{"id": first, "name": "В"}, {"id": second, "tags_to_add": [{"name": "опт"}]}])
    one = await crm.patch(f"companies/{second}", {"name": "Г"})

    assert [(item["id"], item["name"]) for item in said.items("companies")] == [(first, "В"), (second, "Б")]
    assert (one.body["id"], one.body["name"]) == (second, "Г")
    listed = (await crm.get("companies?order[id]=desc")).items("companies")
    assert [item["name"] for item in listed] == ["Г", "В"]
    assert listed[0]["_embedded"]["tags"][0]["name"] == "опт"


async def test_a_link_shows_on_both_sides(crm: Crm) -> None:
    firm, lead, contact = await company(crm, name="А"), await crm.lead(), await crm.contact()

    said = await crm.post(f"companies/{firm}/link", [to("leads", lead), to("contacts", contact)])

    assert [link["metadata"] for link in said.items("links")] == [None, None]
    assert await links(crm, f"companies/{firm}") == [("contacts", contact), ("leads", lead)]
    assert await links(crm, f"leads/{lead}") == await links(crm, f"contacts/{contact}") == [("companies", firm)]
    for path in (f"leads/{lead}", f"contacts/{contact}"):
        assert [one["id"] for one in (await crm.get(path)).body["_embedded"]["companies"]] == [firm]
    assert (await crm.post(f"contacts/{contact}/unlink", [to("companies", firm)])).status == 204
    assert await links(crm, f"companies/{firm}") == [("leads", lead)]


async def test_a_list_of_links_is_narrowed_to_one_card(crm: Crm) -> None:
    firm, lead, contact = await company(crm, name="А"), await crm.lead(), await crm.contact()
    await crm.post(f"leads/{lead}/link", [to("companies", firm), to("contacts", contact)])

    said = await crm.get(f"leads/{lead}/links?filter[to_entity_id]={firm}&filter[to_entity_type]=companies")

    assert [link["to_entity_id"] for link in said.items("links")] == [firm]
    half = await crm.get(f"leads/{lead}/links?filter[to_entity_id]={firm}")
    assert (half.status, crm.stand_in.refused[-1]["errors"][0]["path"]) == (400, "filter[to_entity_type]")


async def test_a_card_has_one_company(crm: Crm) -> None:
    first, second, lead, contact = await company(crm), await company(crm), await crm.lead(), await crm.contact()
    both = [to("companies", first), to("companies", second)]

    assert (await crm.post(f"leads/{lead}/link", both)).problems() == [("TooMany", "to_entity_id")]
    assert await links(crm, f"leads/{lead}") == []
    await crm.post(f"contacts/{contact}/link", [both[0], both[0]])
    assert (await crm.post(f"companies/{second}/link", [to("contacts", contact)])).problems() == [
        ("TooMany", "to_entity_id")
    ]
    assert (await crm.post(f"contacts/{contact}/link", [both[0]])).status == 200


@pytest.mark.parametrize("path", ["contacts", "companies"])
async def test_only_a_leads_contact_is_the_main_one(crm: Crm, path: str) -> None:
    firm, contact = await company(crm), await crm.contact()
    card, body = (contact, to("companies", firm)) if path == "contacts" else (firm, to("contacts", contact))

    said = await crm.post(f"{path}/{card}/link", [{**body, "metadata": {"is_main": True}}])

    assert said.problems() == [("NotExpected", "metadata.is_main")]


async def test_a_contact_gets_its_lead_from_the_leads_side_only(crm: Crm) -> None:
    lead, contact = await crm.lead(), await crm.contact()

    said = await crm.post(f"contacts/{contact}/link", [to("leads", lead)])

    assert said.problems() == [("NotSupportedChoice", "to_entity_type")]


async def test_a_complex_lead_brings_a_new_company_that_is_its_contacts_as_well(crm: Crm) -> None:
    body = {"_embedded": {"contacts": [{"name": "Пётр"}], "companies": [{"name": "ООО «Ромашка»"}]}}

    [made] = (await crm.post("leads/complex", [body])).body

    firm = made["company_id"]
    assert await links(crm, f"leads/{made['id']}") == [("contacts", made["contact_id"]), ("companies", firm)]
    assert await links(crm, f"contacts/{made['contact_id']}") == [("companies", firm)]
    [again] = (await crm.post("leads/complex", [{"_embedded": {"companies": [{"id": firm}]}}])).body
    assert (again["contact_id"], again["company_id"]) == (None, firm)
    plain = await crm.lead(_embedded={"companies": [{"id": firm}]})
    assert await links(crm, f"leads/{plain}") == [("companies", firm)]


async def test_a_new_company_is_an_event(crm: Crm) -> None:
    made = await company(crm, name="А")

    [event] = (await crm.get("events?filter[entity]=company&filter[type]=company_added")).items("events")

    assert (event["entity_id"], event["entity_type"]) == (made, "company")
    assert event["_embedded"]["entity"]["_links"]["self"]["href"].endswith(f"/companies/{made}")
    assert (await crm.get(f"events/{event['id']}")).body == event


def test_what_stands_beside_deals_is_there_again_after_a_restart(tmp_path: Path) -> None:
    before = lived()
    bodies = {
        "companies": {"name": "ООО «Ромашка»"},
        "tasks": {"text": "Перезвонить", "complete_till": BUSINESS},
        "sources": {"name": "Сайт", "external_id": "site"},
        "catalogs": {"name": "Товары"},
    }
    for path, body in bodies.items():
        assert asked(before, "POST", f"/api/v4/{path}", [body])[0] == 200
    Keeper(before, tmp_path / "account.json").step(ended=True)

    after = reborn(tmp_path / "account.json")

    for path in bodies:
        read = asked(after, "GET", f"/api/v4/{path}")
        assert (read[0], read) == (200, asked(before, "GET", f"/api/v4/{path}"))
