"""The fields that we keep in deals and contacts: our key, the Russian name, the type. docs/rules.md says who writes what."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeAlias

FieldType: TypeAlias = Literal["text", "textarea", "numeric", "date_time", "birthday", "select", "checkbox"]
FieldValue: TypeAlias = str | int | Decimal | datetime | bool | None
"""A value of ours: text (also of a select and of a birthday, ISO), a figure, an aware time, a mark; None is empty."""


@dataclass(frozen=True)
class FieldSpec:
    """How a field is made in the account."""

    name: str
    type: FieldType
    options: tuple[str, ...] = ()
    people_edit: bool = False


class DealField(StrEnum):
    """Keys of the deal's fields."""

    VISITS = "visits"
    PATIENT_KEY = "patient_key"
    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    BRANCH = "branch"
    BOOKED_BY = "booked_by"
    BRANCH_TIME = "branch_time"
    VISIT_AT = "visit_at"
    FIRST_VISIT_AT = "first_visit_at"
    CANCELLED_AT = "cancelled_at"
    VISIT_STATUS = "visit_status"
    MOVES = "moves"
    PLANNED = "planned"
    BILLED = "billed"
    GROSS = "gross"
    DISCOUNT = "discount"
    PAID = "paid"
    DEBT = "debt"
    CANCELLED_BY = "cancelled_by"
    CANCEL_REASON = "cancel_reason"
    FIRST_SOURCE = "first_source"
    CONFIRMED = "confirmed"


class ContactField(StrEnum):
    """Keys of the contact's fields."""

    PATIENT_KEY = "patient_key"
    CARD_NUMBER = "card_number"
    REPRESENTATIVE = "representative"
    PRACTITIONER = "practitioner"
    SOURCE = "source"
    BIRTH_DATE = "birth_date"
    LAST_VISIT_AT = "last_visit_at"
    NEXT_VISIT_AT = "next_visit_at"
    CHECKUP_AT = "checkup_at"
    VISITS_COUNT = "visits_count"
    DEBT = "debt"
    ADVANCE = "advance"
    DO_NOT_MESSAGE = "do_not_message"


class StatusText(StrEnum):
    """The statuses of a visit in the operators' words."""

    FUTURE = "будущий приём"
    MOVED = "перенесён"
    CANCELLED = "отменён"
    ARRIVED = "пришёл"
    IN_PROGRESS = "идёт приём"
    VISITED = "посетил"
    NOT_MARKED = "не отмечен приход"
    UNMAPPED = "не сопоставлено"


GROUP_NAME = "IDENT"

DEAL_FIELDS: dict[DealField, FieldSpec] = {
    DealField.VISITS: FieldSpec("IDENT: приёмы", "textarea"),
    DealField.PATIENT_KEY: FieldSpec("IDENT: пациент", "text"),
    DealField.PATIENT: FieldSpec("Пациент", "text"),
    DealField.PRACTITIONER: FieldSpec("Врач", "text"),
    DealField.BRANCH: FieldSpec("Филиал", "text"),
    DealField.BOOKED_BY: FieldSpec("Кто записал", "text"),
    DealField.BRANCH_TIME: FieldSpec("Приём, время филиала", "text"),
    DealField.VISIT_AT: FieldSpec("Дата приёма", "date_time"),
    DealField.FIRST_VISIT_AT: FieldSpec("Первая дата", "date_time"),
    DealField.CANCELLED_AT: FieldSpec("Отменён когда", "date_time"),
    DealField.VISIT_STATUS: FieldSpec("Статус приёма", "select", tuple(StatusText)),
    DealField.MOVES: FieldSpec("Переносов", "numeric"),
    DealField.PLANNED: FieldSpec("План", "numeric"),
    DealField.BILLED: FieldSpec("Выставлено", "numeric"),
    DealField.GROSS: FieldSpec("Сумма до скидки", "numeric"),
    DealField.DISCOUNT: FieldSpec("Скидка", "numeric"),
    DealField.PAID: FieldSpec("Оплачено", "numeric"),
    DealField.DEBT: FieldSpec("Долг по сделке", "numeric"),
    DealField.CANCELLED_BY: FieldSpec("Отменён кем", "text"),
    DealField.CANCEL_REASON: FieldSpec("Причина отмены", "text"),
    DealField.FIRST_SOURCE: FieldSpec("Первичный источник", "text"),
    DealField.CONFIRMED: FieldSpec("Подтверждён (кем, когда)", "text"),
}

CONTACT_FIELDS: dict[ContactField, FieldSpec] = {
    ContactField.PATIENT_KEY: FieldSpec("IDENT: пациент", "text"),
    ContactField.CARD_NUMBER: FieldSpec("№ карты", "text"),
    ContactField.REPRESENTATIVE: FieldSpec("Представитель", "text"),
    ContactField.PRACTITIONER: FieldSpec("Лечащий врач", "text"),
    ContactField.SOURCE: FieldSpec("Источник в IDENT", "text"),
    ContactField.BIRTH_DATE: FieldSpec("Дата рождения", "birthday", people_edit=True),
    ContactField.LAST_VISIT_AT: FieldSpec("Последний приём", "date_time"),
    ContactField.NEXT_VISIT_AT: FieldSpec("Следующий приём", "date_time"),
    ContactField.CHECKUP_AT: FieldSpec("Профосмотр", "date_time"),
    ContactField.VISITS_COUNT: FieldSpec("Визитов", "numeric"),
    ContactField.DEBT: FieldSpec("Долг", "numeric"),
    ContactField.ADVANCE: FieldSpec("Аванс", "numeric"),
    ContactField.DO_NOT_MESSAGE: FieldSpec("Не писать", "checkbox"),
}
