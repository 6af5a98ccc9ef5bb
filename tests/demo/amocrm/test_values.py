"""What each type of custom field takes, and how it reads back."""

from typing import Any

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm

ENUMS = [{"value": "будущий приём", "sort": 1, "code": "future"}, {"value": "отменён", "sort": 2}]


async def written(crm: Crm, kind: str, values: Any) -> tuple[int, Any]:
    """The status of the write, and what is read back or what was wrong."""
    field = await crm.field("leads", kind, **({"enums": ENUMS} if "select" in kind or kind == "radiobutton" else {}))
    ids = {choice["value"]: choice["id"] for choice in field["enums"] or []}
    sent = [{key: ids.get(value, value) if key == "enum_id" else value for key, value in v.items()} for v in values]
    said = await crm.post("leads", [{"custom_fields_values": [{"field_id": field["id"], "values": sent}]}])
    if said.status != 200:
        return said.status, [(code, path.removeprefix("custom_fields_values.0.")) for code, path in said.problems()]
    lead = (await crm.get(f"leads/{said.items('leads')[0]['id']}")).body
    names = {number: name for name, number in ids.items()}
    read = lead["custom_fields_values"][0]
    assert read["field_type"] == kind
    return 200, [{k: names.get(v, v) if k == "enum_id" else v for k, v in value.items()} for value in read["values"]]


FUTURE: Json = {"value": "будущий приём", "enum_id": "будущий приём", "enum_code": "future"}
CANCELLED: Json = {"value": "отменён", "enum_id": "отменён", "enum_code": None}


@pytest.mark.parametrize(
    ("kind", "values", "read"),
    [
        ("text", [{"value": "Иванова"}], [{"value": "Иванова"}]),
        ("textarea", [{"value": "db_1:1\ndb_1:2"}], [{"value": "db_1:1\ndb_1:2"}]),
        ("url", [{"value": "https://example.ru"}], [{"value": "https://example.ru"}]),
        ("streetaddress", [{"value": "Ленина, 1"}], [{"value": "Ленина, 1"}]),
        ("numeric", [{"value": "1.5"}], [{"value": "1.5"}]),
        ("numeric", [{"value": "15000.00"}], [{"value": "15000"}]),
        ("numeric", [{"value": "-0.50"}], [{"value": "-0.5"}]),
        ("numeric", [{"value": "-0"}], [{"value": "0"}]),
        ("numeric", [{"value": "100000"}], [{"value": "100000"}]),
        ("checkbox", [{"value": True}], [{"value": True}]),
        ("checkbox", [{"value": False}], [{"value": False}]),
        ("date_time", [{"value": 1795400000}], [{"value": 1795400000}]),
        ("date_time", [{"value": "2026-11-24T14:30:00+03:00"}], [{"value": 1795519800}]),
        ("date_time", [{"value": "2026-11-24T11:30:00Z"}], [{"value": 1795519800}]),
        ("date", [{"value": "2026-11-24T00:00:00+03:00"}], [{"value": 1795467600}]),
        ("birthday", [{"value": -315630000}], [{"value": -315630000}]),
        ("birthday", [{"value": "1960-01-01T00:00:00+03:00"}], [{"value": -315630000}]),
        ("select", [{"value": "будущий приём"}], [FUTURE]),
        ("select", [{"enum_id": "отменён"}], [CANCELLED]),
        ("select", [{"enum_code": "future"}], [FUTURE]),
        ("radiobutton", [{"value": "отменён"}], [CANCELLED]),
        ("multiselect", [{"value": "отменён"}, {"enum_code": "future"}], [CANCELLED, FUTURE]),
    ],
)
async def test_a_value_reads_back(crm: Crm, kind: str, values: list[Json], read: list[Json]) -> None:
    assert await written(crm, kind, values) == (200, read)


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        ("text", [{"value": 7}], ("InvalidType", "values.0.value")),
        ("text", [{"value": None}], ("InvalidType", "values.0.value")),
        ("text", [{"value": ""}], ("NotBlank", "values.0.value")),
        ("text", [{}], ("FieldMissing", "values.0.value")),
        ("text", [{"value": "a"}, {"value": "b"}], ("TooMany", "values")),
        ("text", [{"value": "a", "enum_id": 1}], ("NotExpected", "values.0.enum_id")),
        ("text", [{"value": "a", "surprise": 1}], ("NotExpected", "values.0.surprise")),
        ("text", [], ("TooFew", "values")),
        ("textarea", [{"value": ["a"]}], ("InvalidType", "values.0.value")),
        ("numeric", [{"value": 1.5}], ("InvalidType", "values.0.value")),
        ("numeric", [{"value": 15}], ("InvalidType", "values.0.value")),
        ("numeric", [{"value": "1,5"}], ("InvalidType", "values.0.value")),
        ("numeric", [{"value": "1e5"}], ("InvalidType", "values.0.value")),
        ("numeric", [{"value": ""}], ("InvalidType", "values.0.value")),
        ("checkbox", [{"value": 1}], ("InvalidType", "values.0.value")),
        ("checkbox", [{"value": "true"}], ("InvalidType", "values.0.value")),
        ("date_time", [{"value": "2026-11-24 14:30:00"}], ("InvalidType", "values.0.value")),
        ("date_time", [{"value": "2026-11-24T14:30:00"}], ("InvalidType", "values.0.value")),
        ("date_time", [{"value": "2026-13-24T14:30:00Z"}], ("InvalidType", "values.0.value")),
        ("date_time", [{"value": 1.5}], ("InvalidType", "values.0.value")),
        ("date_time", [{"value": True}], ("InvalidType", "values.0.value")),
        ("birthday", [{"value": "1960-01-01"}], ("InvalidType", "values.0.value")),
        ("birthday", [{"value": "01.01.1960"}], ("InvalidType", "values.0.value")),
        ("select", [{"value": "другое"}], ("NotSupportedChoice", "values.0.value")),
        ("select", [{"enum_id": 1}], ("NotSupportedChoice", "values.0.enum_id")),
        ("select", [{"enum_id": "x"}], ("InvalidType", "values.0.enum_id")),
        ("select", [{"enum_code": "x"}], ("NotSupportedChoice", "values.0.enum_code")),
        ("select", [{"value": "отменён", "enum_code": "future"}], ("NotExpected", "values.0.enum_code")),
        ("select", [{}], ("FieldMissing", "values.0.enum_code")),
        ("select", [{"value": "отменён"}, {"enum_code": "future"}], ("TooMany", "values")),
    ],
)
async def test_a_wrong_value_is_refused(crm: Crm, kind: str, values: list[Json], problem: tuple[str, str]) -> None:
    assert await written(crm, kind, values) == (400, [problem])


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"value": "+79990000101", "enum_code": "MOB"}, None),
        ({"value": "+79990000101", "enum_id": "MOB"}, None),
        ({"value": "+79990000101"}, ("FieldMissing", "values.0.enum_code")),
        ({"value": "+79990000101", "enum_code": "HOMEWORK"}, ("NotSupportedChoice", "values.0.enum_code")),
        ({"value": 79990000101, "enum_code": "MOB"}, ("InvalidType", "values.0.value")),
        ({"value": "", "enum_code": "MOB"}, ("NotBlank", "values.0.value")),
        ({"value": "+79990000101", "enum": "MOB"}, ("NotExpected", "values.0.enum")),
    ],
)
async def test_a_phone_says_which_it_is_by_enum_code_not_enum(
    crm: Crm, value: Json, problem: tuple[str, str] | None
) -> None:
    """Two official samples disagree; amocrm.md 0.3 decides for `enum_code`."""
    field = next(iter(crm.stand_in.account.fields["contacts"].values()))
    if value.get("enum_id"):
        value["enum_id"] = next(choice.id for choice in field.choices if choice.code == "MOB")

    said = await crm.post("contacts", [{"custom_fields_values": [{"field_code": "PHONE", "values": [value]}]}])

    if problem is None:
        assert said.status == 200, said.text
        contact = (await crm.get(f"contacts/{said.items('contacts')[0]['id']}")).body
        read = contact["custom_fields_values"][0]["values"][0]
        assert (read.keys(), read["enum_code"]) == ({"value", "enum_id", "enum_code"}, "MOB")
    else:
        assert said.problems() == [(problem[0], f"custom_fields_values.0.{problem[1]}")]
