"""amoCRM's JSON, as its documentation shows it and as it was seen, read as our deals and contacts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from hub.amocrm import reading
from hub.crm import Created
from hub.rules.fields import ContactField, DealField, FieldValue
from hub.rules.model import CreateDeal, Deal, NewContact, Stage
from tests.hub.amocrm.schemas import STATUS_OPTIONS, contact_id, deal_id, schema

SCHEMA = schema()


def value(field_id: int, *values: dict[str, Any], code: str | None = None, type_: str = "text") -> dict[str, Any]:
    return {
        "field_id": field_id,
        "field_name": "Поле",
        "field_code": code,
        "field_type": type_,
        "values": list(values),
    }


def lead(**changes: Any) -> dict[str, Any]:
    card: dict[str, Any] = {
        "id": 3912171,
        "name": "Тестова Анна",
        "price": 12000,
        "responsible_user_id": 504141,
        "group_id": 0,
        "status_id": 143,
        "pipeline_id": 3104455,
        "loss_reason_id": 4203748,
        "source_id": None,
        "created_by": 504141,
        "updated_by": 504141,
        "created_at": 1585299171,
        "updated_at": 1590683337,
        "closed_at": 1590683337,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "score": None,
        "account_id": 28805383,
        "labor_cost": None,
        "is_price_modified_by_robot": False,
        "_links": {"self": {"href": "https://example.amocrm.ru/api/v4/leads/3912171"}},
        "_embedded": {
            "tags": [{"id": 100667, "name": "тест", "color": None}],
            "companies": [{"id": 10971463, "_links": {}}],
            "contacts": [
                {"id": 10971465, "is_main": False, "_links": {}},
                {"id": 10971466, "is_main": True, "_links": {}},
            ],
        },
    }
    return card | changes


def contact(**changes: Any) -> dict[str, Any]:
    card: dict[str, Any] = {
        "id": 10971465,
        "name": "Тестова Анна",
        "first_name": "",
        "last_name": "",
        "responsible_user_id": 504141,
        "created_at": 1585299171,
        "updated_at": 1590683337,
        "is_deleted": False,
        "custom_fields_values": None,
        "_embedded": {"tags": [], "companies": [], "leads": [{"id": 1, "_links": {}}, {"id": 2, "_links": {}}]},
    }
    return card | changes


def test_a_lead_is_read_as_a_deal() -> None:
    assert reading.deal(lead(), SCHEMA) == Deal(
        id=3912171,
        stage=Stage(3104455, 143),
        name="Тестова Анна",
        price=12000,
        price_by_robot=False,
        responsible_id=504141,
        created_at=datetime(2020, 3, 27, 8, 52, 51, tzinfo=UTC),
        closed_at=datetime(2020, 5, 28, 16, 28, 57, tzinfo=UTC),
        contact_ids=(10971465, 10971466),
        main_contact_id=10971466,
        fields={},
    )


@pytest.mark.parametrize("embedded", [{}, [], None, {"tags": [], "companies": []}])
def test_a_lead_without_contacts_has_none(embedded: Any) -> None:
    deal = reading.deal(lead(_embedded=embedded), SCHEMA)

    assert deal is not None
    assert (deal.contact_ids, deal.main_contact_id) == ((), None)


@pytest.mark.parametrize(("said", "price"), [(None, 0), (0, 0), ("1500", 1500), (1500.0, 1500)])
def test_an_absent_budget_is_nothing(said: Any, price: int) -> None:
    deal = reading.deal(lead(price=said, name=None, closed_at=None), SCHEMA)

    assert deal is not None
    assert (deal.price, deal.name, deal.closed_at) == (price, "", None)


def test_a_budget_by_a_robot_is_told() -> None:
    deal = reading.deal(lead(is_price_modified_by_robot=True), SCHEMA)

    assert deal is not None
    assert deal.price_by_robot


def test_what_lies_in_the_bin_is_gone() -> None:
    assert reading.deal(lead(is_deleted=True), SCHEMA) is None
    assert reading.contact(contact(is_deleted=True), SCHEMA) is None


@pytest.mark.parametrize("lacking", ["id", "status_id", "pipeline_id"])
def test_a_lead_without_its_stage_is_no_lead(lacking: str) -> None:
    card = lead()
    del card[lacking]

    with pytest.raises(ValidationError) as error:
        reading.deal(card, SCHEMA)
    assert "Тестова" not in str(error.value)


DEAL_VALUES: list[tuple[DealField, dict[str, Any], FieldValue]] = [
    (DealField.PATIENT, {"value": "Тестова Анна"}, "Тестова Анна"),
    (DealField.VISITS, {"value": "db_1:81234\ndb_1:81235"}, "db_1:81234\ndb_1:81235"),
    (DealField.PLANNED, {"value": "1500.50"}, Decimal("1500.5")),
    (DealField.PLANNED, {"value": 1500}, Decimal(1500)),
    (DealField.MOVES, {"value": "2"}, Decimal(2)),
    (DealField.VISIT_AT, {"value": 1764000000}, datetime(2025, 11, 24, 16, 0, tzinfo=UTC)),
    (DealField.VISIT_AT, {"value": "1764000000"}, datetime(2025, 11, 24, 16, 0, tzinfo=UTC)),
    (DealField.VISIT_AT, {"value": "2025-11-24T19:00:00+03:00"}, datetime(2025, 11, 24, 16, 0, tzinfo=UTC)),
    (
        DealField.VISIT_STATUS,
        {"value": "будущий приём", "enum_id": STATUS_OPTIONS["будущий приём"], "enum_code": None},
        "будущий приём",
    ),
    (DealField.VISIT_STATUS, {"value": "придёт", "enum_id": STATUS_OPTIONS["будущий приём"]}, "будущий приём"),
    (DealField.VISIT_STATUS, {"value": "чужой вариант", "enum_id": 1}, "чужой вариант"),
]


@pytest.mark.parametrize(("key", "said", "read"), DEAL_VALUES)
def test_our_fields_are_read_by_their_type(key: DealField, said: dict[str, Any], read: FieldValue) -> None:
    deal = reading.deal(lead(custom_fields_values=[value(deal_id(key), said)]), SCHEMA)

    assert deal is not None
    assert deal.fields == {key: read}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (DealField.PLANNED, {"value": "много"}),
        (DealField.VISIT_AT, {"value": "завтра"}),
        (DealField.VISIT_AT, {"value": None}),
        (DealField.PATIENT, {"value": ""}),
        (DealField.PATIENT, {"value": None}),
    ],
)
def test_a_value_that_cannot_be_read_counts_as_not_filled(key: DealField, said: dict[str, Any]) -> None:
    deal = reading.deal(lead(custom_fields_values=[value(deal_id(key), said)]), SCHEMA)

    assert deal is not None
    assert deal.fields == {}


def test_fields_of_others_and_empty_ones_are_ignored() -> None:
    values = [
        value(1, {"value": {"file_uuid": "x"}}),
        value(deal_id(DealField.PATIENT)),
        {"field_id": 2, "values": None},
    ]
    deal = reading.deal(lead(custom_fields_values=values), SCHEMA)

    assert deal is not None
    assert deal.fields == {}


PHONES = [
    ([{"value": "+79990000101", "enum_id": 1, "enum_code": "WORK"}], ("+79990000101",)),
    ([{"value": "8 (999) 000-01-01", "enum_id": 1, "enum": "MOB"}], ("+79990000101",)),
    ([{"value": "9990000101, мама 9990000102"}], ("+79990000101", "+79990000102")),
    ([{"value": "+79990000101"}, {"value": "89990000101"}], ("+79990000101",)),
    ([{"value": "внутр. 12"}], ()),
    ([{"value": ""}, {"value": None}], ()),
]


@pytest.mark.parametrize(("said", "phones"), PHONES)
def test_phones_are_compared_as_e164_and_kept_as_typed(said: list[dict[str, Any]], phones: tuple[str, ...]) -> None:
    read = reading.contact(contact(custom_fields_values=[value(3, *said, code="PHONE", type_="multitext")]), SCHEMA)

    assert read is not None
    assert read.contact.phones == phones
    assert read.contact.raw_phones == tuple(item["value"] for item in said if item["value"])
    assert read.contact.phone_kinds == {item["value"]: item["enum_id"] for item in said if "enum_id" in item}


def test_a_contact_is_read_with_its_deals_and_fields() -> None:
    values = [
        value(contact_id(ContactField.PATIENT_KEY), {"value": "db_1:4410"}),
        value(contact_id(ContactField.DO_NOT_MESSAGE), {"value": True}, type_="checkbox"),
        value(contact_id(ContactField.VISITS_COUNT), {"value": "3"}, type_="numeric"),
    ]
    read = reading.contact(contact(custom_fields_values=values), SCHEMA)

    assert read is not None
    assert read.updated_at == datetime(2020, 5, 28, 16, 28, 57, tzinfo=UTC)
    assert (read.contact.name, read.contact.deal_ids) == ("Тестова Анна", (1, 2))
    assert read.contact.fields == {
        ContactField.PATIENT_KEY: "db_1:4410",
        ContactField.DO_NOT_MESSAGE: True,
        ContactField.VISITS_COUNT: Decimal(3),
    }


@pytest.mark.parametrize(("said", "read"), [(True, True), ("1", True), (1, True), (False, False), ("0", False)])
def test_a_checkbox_is_a_mark(said: Any, read: bool) -> None:
    field = value(contact_id(ContactField.DO_NOT_MESSAGE), {"value": said})
    found = reading.contact(contact(custom_fields_values=[field]), SCHEMA)

    assert found is not None
    assert found.contact.fields == {ContactField.DO_NOT_MESSAGE: read}


MAY_1990 = 641_505_600  # 1990-05-01 00:00 +04:00, Moscow's summer then
JANUARY_1992 = 694_558_800  # 1992-01-05 00:00 +03:00; by the rules of that winter, +02:00, still the day before
BIRTHDAYS = [
    ("Europe/Moscow", MAY_1990, "1990-05-01"),
    ("Europe/Moscow", MAY_1990 + 3600, "1990-05-01"),  # midnight by today's rules of Moscow, +03:00
    ("Europe/Moscow", MAY_1990 + 12 * 3600, "1990-05-01"),
    ("Europe/Moscow", 641_520_000, "1990-05-01"),  # midnight UTC
    ("Europe/Moscow", "1990-05-01T00:00:00+04:00", "1990-05-01"),
    ("Europe/Moscow", "1990-05-01", "1990-05-01"),
    ("Asia/Kamchatka", 641_520_000, "1990-05-01"),
    ("Europe/Kaliningrad", 641_520_000, "1990-05-01"),
    ("Europe/Moscow", JANUARY_1992, "1992-01-05"),
]


@pytest.mark.parametrize(("zone", "said", "day"), BIRTHDAYS)
def test_a_birthday_never_slips_a_day(zone: str, said: Any, day: str) -> None:
    field = value(contact_id(ContactField.BIRTH_DATE), {"value": said}, type_="birthday")
    read = reading.contact(contact(custom_fields_values=[field]), schema(zone=zone))

    assert read is not None
    assert read.contact.fields == {ContactField.BIRTH_DATE: day}


def test_a_birthday_at_the_beginning_of_time_is_a_birthday() -> None:
    field = value(contact_id(ContactField.BIRTH_DATE), {"value": 0})
    read = reading.contact(contact(custom_fields_values=[field]), SCHEMA)

    assert read is not None
    assert read.contact.fields == {ContactField.BIRTH_DATE: "1970-01-01"}


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ({"note_type": "extended_service_message", "params": {"service": "IDENT", "text": "Записан"}}, "Записан"),
        ({"note_type": "extended_service_message", "params": {"service": "Other", "text": "x"}}, None),
        ({"note_type": "common", "params": {"text": "IDENT"}}, None),
        ({"note_type": "call_in", "params": []}, None),
        ({"note_type": "extended_service_message", "params": None}, None),
    ],
)
def test_only_our_notes_are_read(note: dict[str, Any], text: str | None) -> None:
    assert reading.note({"id": 1, **note}) == text


NEW = CreateDeal("k", Stage(1, 2), "x", 0, {}, NewContact("x", (), {}))
LINKED = CreateDeal("k", Stage(1, 2), "x", 0, {}, 55)


@pytest.mark.parametrize(
    ("data", "command", "created"),
    [
        (
            {"id": 15198335, "contact_id": 19663157, "company_id": None, "request_id": ["0"], "merged": False},
            NEW,
            (Created(15198335, 19663157), False),
        ),
        ({"id": 1, "contact_id": None, "merged": False}, LINKED, (Created(1, 55), False)),
        ({"id": 1, "contact_id": 2, "merged": True}, NEW, (Created(1, 2), True)),
    ],
)
def test_the_answer_of_the_complex_method_names_deal_and_contact(
    data: dict[str, Any], command: CreateDeal, created: tuple[Created, bool]
) -> None:
    assert reading.created(data, command) == created


def test_a_created_deal_without_its_contact_is_not_believed() -> None:
    with pytest.raises(ValueError):
        reading.created({"id": 1, "contact_id": None}, NEW)
