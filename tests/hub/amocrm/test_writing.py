"""Our commands as the JSON that amoCRM documents."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from hub.amocrm import reading, writing
from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, ContactField, DealField, FieldType, FieldValue
from hub.rules.model import (
    AddNote,
    CreateDeal,
    LinkContact,
    NewContact,
    PatchContact,
    PatchDeal,
    Stage,
)
from tests.hub.amocrm.schemas import STATUS_OPTIONS, contact_id, deal_id, schema

SCHEMA = schema()
MOSCOW = timezone(timedelta(hours=3))
VISIT_AT = datetime(2025, 11, 24, 19, 0, tzinfo=MOSCOW)


def test_a_deal_is_created_with_its_new_contact_in_one_item() -> None:
    command = CreateDeal(
        key="k",
        stage=Stage(31, 311),
        name="Тестова Анна",
        price=1500,
        fields={DealField.PATIENT: "Тестова Анна", DealField.VISIT_AT: VISIT_AT, DealField.CANCEL_REASON: None},
        contact=NewContact("Тестова Анна", ("+79990000101",), {ContactField.PATIENT_KEY: "db_1:4410"}),
        responsible_id=504141,
        tags=("IDENT",),
    )

    assert writing.new_lead(command, SCHEMA) == {
        "name": "Тестова Анна",
        "price": 1500,
        "pipeline_id": 31,
        "status_id": 311,
        "created_by": 0,
        "responsible_user_id": 504141,
        "tags_to_add": [{"name": "IDENT"}],
        "custom_fields_values": [
            {"field_id": deal_id(DealField.PATIENT), "values": [{"value": "Тестова Анна"}]},
            {"field_id": deal_id(DealField.VISIT_AT), "values": [{"value": 1764000000}]},
        ],
        "_embedded": {
            "contacts": [
                {
                    "name": "Тестова Анна",
                    "created_by": 0,
                    "custom_fields_values": [
                        {"field_id": contact_id(ContactField.PATIENT_KEY), "values": [{"value": "db_1:4410"}]},
                        {"field_code": "PHONE", "values": [{"value": "+79990000101", "enum_code": "MOB"}]},
                    ],
                }
            ]
        },
    }


def test_a_deal_is_created_with_a_contact_that_is_there() -> None:
    item = writing.new_lead(CreateDeal("k", Stage(31, 311), "x", 0, {}, 55), SCHEMA)

    assert item["_embedded"] == {"contacts": [{"id": 55}]}
    assert "responsible_user_id" not in item
    assert "tags_to_add" not in item


PATCHES: list[tuple[PatchDeal, dict[str, Any]]] = [
    (PatchDeal(7), {}),
    (PatchDeal(7, stage=Stage(31, 142)), {"pipeline_id": 31, "status_id": 142}),
    (PatchDeal(7, name="Тестова"), {"name": "Тестова"}),
    (PatchDeal(7, price=0), {"price": 0}),
    (
        PatchDeal(7, fields={DealField.PLANNED: Decimal(1500)}),
        {"custom_fields_values": [{"field_id": deal_id(DealField.PLANNED), "values": [{"value": "1500"}]}]},
    ),
    (
        PatchDeal(7, fields={DealField.CANCELLED_AT: None, DealField.CANCEL_REASON: ""}),
        {
            "custom_fields_values": [
                {"field_id": deal_id(DealField.CANCELLED_AT), "values": None},
                {"field_id": deal_id(DealField.CANCEL_REASON), "values": None},
            ]
        },
    ),
]


@pytest.mark.parametrize(("command", "changes"), PATCHES)
def test_a_patch_carries_only_what_changes(command: PatchDeal, changes: dict[str, Any]) -> None:
    item = writing.patched_lead(command, SCHEMA)

    assert item == {"id": 7, "updated_by": 0} | changes
    assert writing.changes_something(item) == bool(changes)


VALUES: list[tuple[DealField, FieldValue, Any]] = [
    (DealField.VISIT_STATUS, "отменён", {"enum_id": STATUS_OPTIONS["отменён"]}),
    (DealField.VISIT_STATUS, "нет такого", {"value": "нет такого"}),
    (DealField.MOVES, 2, {"value": "2"}),
    (DealField.MOVES, 0, {"value": "0"}),
    (DealField.PAID, Decimal("1500.00"), {"value": "1500"}),
    (DealField.PAID, Decimal("1500.50"), {"value": "1500.5"}),
    (DealField.PAID, Decimal("0.00"), {"value": "0"}),
    (DealField.VISIT_AT, VISIT_AT, {"value": 1764000000}),
    (DealField.VISITS, "db_1:1\ndb_1:2", {"value": "db_1:1\ndb_1:2"}),
]


@pytest.mark.parametrize(("key", "value", "written"), VALUES)
def test_values_are_written_by_their_type(key: DealField, value: FieldValue, written: Any) -> None:
    item = writing.patched_lead(PatchDeal(7, fields={key: value}), SCHEMA)

    assert item["custom_fields_values"] == [{"field_id": deal_id(key), "values": [written]}]


def test_a_field_that_the_account_lacks_is_left_out() -> None:
    lacking = schema(without=frozenset({DealField.CONFIRMED}))

    item = writing.patched_lead(PatchDeal(7, fields={DealField.CONFIRMED: "x"}), lacking)

    assert not writing.changes_something(item)


@pytest.mark.parametrize(
    ("phones", "values"),
    [
        (None, None),
        ((), {"field_code": "PHONE", "values": None}),
        (
            ("+79990000101", "8 (999) 000-01-02"),
            {
                "field_code": "PHONE",
                "values": [
                    {"value": "+79990000101", "enum_code": "MOB"},
                    {"value": "8 (999) 000-01-02", "enum_code": "MOB"},
                ],
            },
        ),
    ],
)
def test_phones_go_as_the_full_list_or_not_at_all(phones: tuple[str, ...] | None, values: Any) -> None:
    item = writing.patched_contact(PatchContact(5, phones=phones), SCHEMA)

    assert item.get("custom_fields_values") == ([values] if values else None)


def test_a_phone_keeps_the_kind_that_a_person_chose() -> None:
    phones = ("8 (999) 000-01-02", "+79990000101")

    item = writing.patched_contact(PatchContact(5, phones=phones, phone_kinds={"8 (999) 000-01-02": 71}), SCHEMA)

    (field,) = item["custom_fields_values"]
    assert field["values"] == [
        {"value": "8 (999) 000-01-02", "enum_id": 71},
        {"value": "+79990000101", "enum_code": "MOB"},
    ]


def test_a_contact_is_patched_as_by_a_robot() -> None:
    item = writing.patched_contact(PatchContact(5, name="Тестова", fields={ContactField.DO_NOT_MESSAGE: True}), SCHEMA)

    assert item == {
        "id": 5,
        "updated_by": 0,
        "name": "Тестова",
        "custom_fields_values": [{"field_id": contact_id(ContactField.DO_NOT_MESSAGE), "values": [{"value": True}]}],
    }


def test_a_note_is_told_by_the_robot_and_wakes_no_robot() -> None:
    assert writing.new_note(AddNote("k", 7, "Записан на вт 24 ноя, 14:30")) == {
        "entity_id": 7,
        "note_type": "extended_service_message",
        "params": {"service": "IDENT", "text": "Записан на вт 24 ноя, 14:30"},
        "created_by": 0,
        "is_need_to_trigger_digital_pipeline": False,
    }


def test_a_further_contact_is_never_the_main_one() -> None:
    assert writing.new_link(LinkContact(7, 5)) == {
        "entity_id": 7,
        "to_entity_id": 5,
        "to_entity_type": "contacts",
        "metadata": {"is_main": False},
    }


SAMPLES: dict[FieldType, FieldValue] = {
    "text": "текст",
    "textarea": "строка\nстрока",
    "numeric": Decimal("10.5"),
    "date_time": datetime(2025, 11, 24, 16, 0, tzinfo=UTC),
    "birthday": "1990-05-01",
    "select": "перенесён",
    "checkbox": True,
}
DEAL_SAMPLES = {key: SAMPLES[spec.type] for key, spec in DEAL_FIELDS.items()}
CONTACT_SAMPLES = {key: SAMPLES[spec.type] for key, spec in CONTACT_FIELDS.items()}


def test_every_field_of_a_deal_comes_back_as_it_was_written() -> None:
    written = writing.patched_lead(PatchDeal(7, fields=DEAL_SAMPLES), SCHEMA)["custom_fields_values"]

    read = reading.deal({"id": 7, "status_id": 1, "pipeline_id": 1, "custom_fields_values": written}, SCHEMA)

    assert read is not None
    assert read.fields == DEAL_SAMPLES


@pytest.mark.parametrize("zone", ["Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka", "America/New_York"])
@pytest.mark.parametrize("day", ["1990-05-01", "1970-01-01", "1925-12-31", "2024-02-29"])
def test_every_field_of_a_contact_comes_back_as_it_was_written(zone: str, day: str) -> None:
    fields = CONTACT_SAMPLES | {ContactField.BIRTH_DATE: day}
    written = writing.patched_contact(PatchContact(5, fields=fields), schema(zone=zone))["custom_fields_values"]

    read = reading.contact({"id": 5, "custom_fields_values": written}, schema(zone=zone))

    assert read is not None
    assert read.contact.fields == fields


def test_an_entity_has_fewer_fields_than_the_complex_method_takes() -> None:
    assert len(DEAL_FIELDS) <= 40
    assert len(CONTACT_FIELDS) + len(["PHONE"]) <= 40
