"""`POST /leads/complex`: a lead with its contact in one request, and an answer that is a bare array."""

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm, phone


async def test_the_answer_is_a_bare_array(crm: Crm) -> None:
    known = await crm.contact(name="Известный")
    said = await crm.post(
        "leads/complex",
        [
            {"name": "с новым", "request_id": "qweasd", "_embedded": {"contacts": [{"name": "Петров Пётр"}]}},
            {"name": "с известным", "_embedded": {"contacts": [{"id": known}]}},
            {"name": "без"},
        ],
    )

    assert said.status == 200
    assert isinstance(said.body, list)
    [new, old, none] = said.body
    assert new.keys() == {"id", "contact_id", "company_id", "request_id", "merged"}
    assert (new["request_id"], new["company_id"], new["merged"]) == (["qweasd"], None, False)
    assert crm.stand_in.account.contacts[new["contact_id"]].name == "Петров Пётр"
    assert (old["request_id"], old["contact_id"]) == (["1"], known)
    assert (none["request_id"], none["contact_id"]) == (["2"], None)


async def test_the_contact_is_linked_as_the_main_one(crm: Crm) -> None:
    contact = {"name": "Петров Пётр", "custom_fields_values": [phone("+7 999 000 01 01")]}
    [made] = (await crm.post("leads/complex", [{"_embedded": {"contacts": [contact]}}])).body

    lead = (await crm.get(f"leads/{made['id']}?with=contacts")).body
    found = (await crm.get(f"contacts/{made['contact_id']}?with=leads")).body
    assert [(c["id"], c["is_main"]) for c in lead["_embedded"]["contacts"]] == [(made["contact_id"], True)]
    assert [linked["id"] for linked in found["_embedded"]["leads"]] == [made["id"]]


async def test_duplicates_are_not_looked_for(crm: Crm) -> None:
    contact = {"name": "Петров Пётр", "custom_fields_values": [phone("+79990000101")]}
    body = [{"_embedded": {"contacts": [contact]}}] * 2

    made = (await crm.post("leads/complex", body)).body + (await crm.post("leads/complex", body)).body

    assert len({item["contact_id"] for item in made}) == 4
    assert not any(item["merged"] for item in made)


async def test_at_most_40_field_values_for_each_card(crm: Crm) -> None:
    fields = [await crm.field("leads", "text") for _ in range(41)]
    own = [await crm.field("contacts", "text") for _ in range(41)]
    values = [{"field_id": field["id"], "values": [{"value": "x"}]} for field in fields]
    contact = [{"field_id": field["id"], "values": [{"value": "x"}]} for field in own]

    assert (await crm.post("leads/complex", [{"custom_fields_values": values[:40]}])).status == 200
    assert (await crm.post("leads/complex", [{"custom_fields_values": values}])).problems() == [
        ("TooMany", "custom_fields_values")
    ]
    body = [{"_embedded": {"contacts": [{"custom_fields_values": contact}]}}]
    assert (await crm.post("leads/complex", body)).problems() == [
        ("TooMany", "_embedded.contacts.0.custom_fields_values")
    ]
    assert (await crm.post("leads", [{"custom_fields_values": values}])).status == 200


@pytest.mark.parametrize(
    ("embedded", "problem"),
    [
        ({"contacts": [{}, {}]}, ("TooMany", "_embedded.contacts")),
        ({"contacts": [{"id": 1}]}, ("NotSupportedChoice", "_embedded.contacts.0.id")),
        ({"contacts": [{"id": "known", "name": "Другой"}]}, ("NotExpected", "_embedded.contacts.0.name")),
        ({"contacts": [{"is_main": True}]}, ("NotExpected", "_embedded.contacts.0.is_main")),
        (
            {"contacts": [{"responsible_user_id": 1}]},
            ("NotSupportedChoice", "_embedded.contacts.0.responsible_user_id"),
        ),
        (
            {"contacts": [{"custom_fields_values": [{"field_id": 1, "values": [{"value": "x"}]}]}]},
            ("NotSupportedChoice", "_embedded.contacts.0.custom_fields_values.0.field_id"),
        ),
        ({"companies": [{"name": "ООО"}, {}]}, ("TooMany", "_embedded.companies")),
        ({"companies": [{"id": 1}]}, ("NotSupportedChoice", "_embedded.companies.0.id")),
        ({"metadata": {"category": "forms"}}, ("NotExpected", "_embedded.metadata")),
    ],
)
async def test_a_wrong_embedded_part_is_refused_by_key(crm: Crm, embedded: Json, problem: tuple[str, str]) -> None:
    known = await crm.contact(name="Известный")
    for contact in embedded.get("contacts", []):
        if contact.get("id") == "known":
            contact["id"] = known

    said = await crm.post("leads/complex", [{"_embedded": embedded}])

    assert said.problems() == [problem]
    assert crm.stand_in.account.leads == {}


async def test_a_bad_contact_of_one_leaves_all_undone(crm: Crm) -> None:
    said = await crm.post(
        "leads/complex", [{"_embedded": {"contacts": [{}]}}, {"_embedded": {"contacts": [{"id": 1}]}}]
    )

    assert said.status == 400
    assert (crm.stand_in.account.leads, crm.stand_in.account.contacts) == ({}, {})
