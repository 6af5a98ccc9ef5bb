"""Contacts: their shape, phones, and the search that is no phone filter."""

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm, phone


async def found(crm: Crm, query: str) -> list[str]:
    said = await crm.get(f"contacts?query={query}")
    return [contact["name"] for contact in said.items("contacts")] if said.status == 200 else []


async def test_a_contact_looks_as_documented(crm: Crm) -> None:
    contact_id = await crm.contact(first_name="Пётр", last_name="Петров", custom_fields_values=[phone("+79990000101")])

    contact = (await crm.get(f"contacts/{contact_id}?with=leads")).body

    field = crm.stand_in.account.fields["contacts"][contact["custom_fields_values"][0]["field_id"]]
    mobile = next(choice.id for choice in field.choices if choice.code == "MOB")
    assert (contact["name"], contact["first_name"], contact["last_name"]) == ("Пётр Петров", "Пётр", "Петров")
    assert contact["custom_fields_values"] == [
        {
            "field_id": field.id,
            "field_name": "Телефон",
            "field_code": "PHONE",
            "field_type": "multitext",
            "values": [{"value": "+79990000101", "enum_id": mobile, "enum_code": "MOB"}],
        }
    ]
    assert contact["_embedded"] == {"tags": [], "companies": [], "leads": []}
    assert not {"price", "status_id", "pipeline_id", "score"} & contact.keys()


async def test_a_patched_contact_tells_its_name(crm: Crm) -> None:
    contact_id = await crm.contact(name="Петров")

    said = await crm.patch("contacts", [{"id": contact_id, "name": "Петров Пётр"}])

    assert [(c["id"], c["name"]) for c in said.items("contacts")] == [(contact_id, "Петров Пётр")]
    assert said.items("contacts")[0].keys() == {"id", "name", "updated_at", "_links"}
    alone = await crm.patch(f"contacts/{contact_id}", {"last_name": "Сидоров"})
    assert alone.body["name"] == "Сидоров"


async def test_written_phones_replace_all_phones(crm: Crm) -> None:
    both: Json = {
        "field_code": "PHONE",
        "values": [{"value": "+79990000101", "enum_code": "MOB"}, {"value": "+79990000102", "enum_code": "HOME"}],
    }
    contact_id = await crm.contact(name="Петров", custom_fields_values=[both])
    await crm.patch(f"contacts/{contact_id}", {"custom_fields_values": [phone("+79990000103", "WORK")]})

    values = (await crm.get(f"contacts/{contact_id}")).body["custom_fields_values"][0]["values"]

    assert [(value["value"], value["enum_code"]) for value in values] == [("+79990000103", "WORK")]
    assert await found(crm, "9990000101") == []
    assert await found(crm, "9990000103") == ["Петров"]


async def test_the_parts_of_a_name_or_the_whole(crm: Crm) -> None:
    assert (await crm.post("contacts", [{"name": "Пётр", "last_name": "Петров"}])).problems() == [
        ("NotExpected", "name")
    ]


@pytest.mark.parametrize(
    "written", ["+79990000101", "+7 (999) 000-01-01", "8 999 000 01 01", "9990000101", "тел. 8(999)000-01-01, мама"]
)
async def test_the_last_ten_digits_find_a_phone_however_it_is_written(crm: Crm, written: str) -> None:
    await crm.contact(name="Петров", custom_fields_values=[phone(written)])
    await crm.contact(name="Другой", custom_fields_values=[phone("+79990000102")])

    assert await found(crm, "9990000101") == ["Петров"]


async def test_eleven_digits_find_only_what_is_written_so(crm: Crm) -> None:
    await crm.contact(name="Петров", custom_fields_values=[phone("8 999 000-01-01")])

    assert await found(crm, "%2B79990000101") == []
    assert await found(crm, "8(999)000-01-01") == ["Петров"]
    assert await found(crm, "89990000102") == []
    assert await found(crm, "0001") == ["Петров"]


async def test_the_search_looks_into_all_filled_fields(crm: Crm) -> None:
    text = await crm.field("contacts", "text", name="IDENT: пациент")
    await crm.contact(name="Петров Пётр", custom_fields_values=[phone("+79990000101")])
    await crm.contact(
        name="Чужой", custom_fields_values=[{"field_id": text["id"], "values": [{"value": "мама 9990000101"}]}]
    )
    await crm.contact(name="Лишний")

    assert await found(crm, "9990000101") == ["Петров Пётр", "Чужой"]
    assert await found(crm, "пётр ПЕТРОВ") == ["Петров Пётр"]
    assert await found(crm, "Петров Иван") == []


async def test_a_found_contact_says_its_leads_and_pages(crm: Crm) -> None:
    ids = [await crm.contact(name=f"Петров {number}") for number in range(3)]
    lead = await crm.lead(_embedded={"contacts": [{"id": ids[0]}]})

    said = await crm.get("contacts?query=петров&with=leads&limit=2")

    assert [c["id"] for c in said.items("contacts")] == ids[:2]
    assert [linked["id"] for linked in said.items("contacts")[0]["_embedded"]["leads"]] == [lead]
    assert "query=%D0%BF" in said.body["_links"]["next"]["href"]
    assert (await crm.get("contacts?query=никого")).status == 204


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"field_id": 1, "values": None}, ("NotSupportedChoice", "custom_fields_values.0.field_id")),
        ({"field_code": "FAX", "values": None}, ("NotSupportedChoice", "custom_fields_values.0.field_code")),
        ({"values": None}, ("FieldMissing", "custom_fields_values.0.field_id")),
        ({"field_code": "PHONE"}, ("FieldMissing", "custom_fields_values.0.values")),
        ({"field_code": "PHONE", "values": []}, ("TooFew", "custom_fields_values.0.values")),
        (
            {"field_code": "PHONE", "values": None, "field_name": "Телефон"},
            ("NotExpected", "custom_fields_values.0.field_name"),
        ),
    ],
)
async def test_a_field_is_named_by_id_or_code(crm: Crm, value: Json, problem: tuple[str, str]) -> None:
    assert (await crm.post("contacts", [{"custom_fields_values": [value]}])).problems() == [problem]


async def test_id_and_code_of_one_field_must_agree(crm: Crm) -> None:
    phones, emails = crm.stand_in.account.fields["contacts"].values()

    def body(field_id: int, code: str | None) -> list[Json]:
        return [{"custom_fields_values": [{"field_id": field_id, "field_code": code, "values": None}]}]

    assert (await crm.post("contacts", body(phones.id, "PHONE"))).status == 200
    assert (await crm.post("contacts", body(phones.id, None))).status == 200
    assert (await crm.post("contacts", body(emails.id, "PHONE"))).status == 400
    twice = body(phones.id, None)[0]["custom_fields_values"] * 2
    assert (await crm.post("contacts", [{"custom_fields_values": twice}])).problems() == [
        ("Duplicate", "custom_fields_values.1.field_id")
    ]
