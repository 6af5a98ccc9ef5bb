"""amoCRM's JSON of leads, contacts and notes, read as our deals and contacts. Pure.

What is not ours is ignored, and a value that cannot be read counts as not filled; a card that lacks its id or stage is a ValueError."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from hub.amocrm.api import NOTE_TYPE, SERVICE, Json
from hub.amocrm.schema import CrmSchema, FieldRef
from hub.crm import Created, SeenContact, SeenDeal, User
from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, ContactField, DealField, FieldSpec, FieldValue
from hub.rules.model import Contact, CreateDeal, Deal, Stage
from wire.phone import phones_in

Key = TypeVar("Key", DealField, ContactField)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROM_MIDNIGHT = timedelta(hours=6)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Value(_Part):
    value: Any = None
    enum_id: int | None = None


class _Filled(_Part):
    field_id: int
    field_code: str | None = None
    values: tuple[_Value, ...] | None = None


class _Linked(_Part):
    id: int
    is_main: bool = False


class _LeadEmbedded(_Part):
    contacts: tuple[_Linked, ...] = ()


class _ContactEmbedded(_Part):
    leads: tuple[_Linked, ...] = ()


class _Card(_Part):
    id: int
    name: str | None = None
    is_deleted: bool = False
    custom_fields_values: tuple[_Filled, ...] | None = None


class _Lead(_Card):
    status_id: int
    pipeline_id: int
    price: Decimal | None = None
    is_price_modified_by_robot: bool | None = None
    responsible_user_id: int | None = None
    created_at: int | None = None
    closed_at: int | None = None


class _Contact(_Card):
    updated_at: int | None = None


class _Note(_Part):
    note_type: str
    params: dict[str, Any] | list[Any] | None = None


class _Done(_Part):
    id: int
    contact_id: int | None = None
    merged: bool = False


class _UserRights(_Part):
    is_admin: bool = False
    is_free: bool = False
    is_active: bool = True
    group_id: int | None = None
    role_id: int | None = None


class _User(_Part):
    id: int
    name: str | None = None
    rights: _UserRights


class AccountInfo(_Part):
    """The account of a token."""

    id: int
    is_api_filter_enabled: bool | None = None


@dataclass(frozen=True)
class ReadContact:
    """A contact and when it was last changed, which the order of a list goes by."""

    contact: Contact
    updated_at: datetime | None


def deal(data: Json, schema: CrmSchema) -> Deal | None:
    """A lead as our deal; None where it lies in amoCRM's bin."""
    lead = _Lead.model_validate(data)
    linked = _LeadEmbedded.model_validate(data.get("_embedded") or {}).contacts
    if lead.is_deleted:
        return None
    return Deal(
        id=lead.id,
        stage=Stage(lead.pipeline_id, lead.status_id),
        name=lead.name or "",
        price=int(lead.price or 0),
        price_by_robot=bool(lead.is_price_modified_by_robot),
        responsible_id=lead.responsible_user_id,
        created_at=_moment(lead.created_at),
        closed_at=_moment(lead.closed_at),
        contact_ids=tuple(contact.id for contact in linked),
        main_contact_id=next((contact.id for contact in linked if contact.is_main), None),
        fields=_read(lead, DEAL_FIELDS, schema.deal_fields, schema.zone),
    )


def contact(data: Json, schema: CrmSchema) -> ReadContact | None:
    """A contact; None where it lies in amoCRM's bin."""
    card = _Contact.model_validate(data)
    linked = _ContactEmbedded.model_validate(data.get("_embedded") or {}).leads
    if card.is_deleted:
        return None
    phones, raw = _phones(card)
    return ReadContact(
        Contact(
            id=card.id,
            name=card.name or "",
            phones=phones,
            raw_phones=raw,
            deal_ids=tuple(lead.id for lead in linked),
            fields=_read(card, CONTACT_FIELDS, schema.contact_fields, schema.zone),
            phone_kinds={str(value.value): value.enum_id for value in _phone_values(card) if value.enum_id},
        ),
        _moment(card.updated_at),
    )


def user(data: Json) -> User:
    """Who works in the account, with what the rights of the panel go by."""
    read = _User.model_validate(data)
    return User(id=read.id, name=read.name or "", **read.rights.model_dump())


def seen_deal(data: Json) -> SeenDeal | None:
    """What the panel needs of a lead, whether the account is prepared or not; None where it lies in the bin."""
    lead = _Card.model_validate(data)
    linked = _LeadEmbedded.model_validate(data.get("_embedded") or {}).contacts
    if lead.is_deleted:
        return None
    main = next((contact.id for contact in linked if contact.is_main), None)
    return SeenDeal(lead.id, tuple(contact.id for contact in linked), main, lead.name or "")


def seen_contact(data: Json) -> SeenContact | None:
    """The same of a contact."""
    card = _Card.model_validate(data)
    if card.is_deleted:
        return None
    phones, raw = _phones(card)
    return SeenContact(card.id, card.name or "", phones, raw)


def note(data: Json) -> str | None:
    """The text of a note of ours; None for anybody else's."""
    read = _Note.model_validate(data)
    if read.note_type != NOTE_TYPE or not isinstance(read.params, dict) or read.params.get("service") != SERVICE:
        return None
    text = read.params.get("text")
    return text if isinstance(text, str) else None


def created(data: Json, command: CreateDeal) -> tuple[Created, bool]:
    """A deal that was created, and whether amoCRM's duplicate control put it into another one."""
    done = _Done.model_validate(data)
    contact_id = done.contact_id or (command.contact if isinstance(command.contact, int) else None)
    if contact_id is None:
        raise ValueError("a deal without its contact")
    return Created(done.id, contact_id), done.merged


def created_id(data: Json) -> int:
    """The id of anything else that was created."""
    return _Done.model_validate(data).id


def _phones(card: _Card) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """In E.164, each once; and as people typed them."""
    raw = tuple(str(value.value) for value in _phone_values(card))
    return tuple(dict.fromkeys(phone for text in raw for phone in phones_in(text))), raw


def _phone_values(card: _Card) -> list[_Value]:
    filled = [field for field in card.custom_fields_values or () if field.field_code == "PHONE"]
    return [value for field in filled for value in field.values or () if value.value]


def _read(
    card: _Card, specs: Mapping[Key, FieldSpec], refs: Mapping[Key, FieldRef], zone: str
) -> dict[Key, FieldValue]:
    filled = {item.field_id: item.values for item in card.custom_fields_values or () if item.values}
    values = {key: _value(specs[key], ref, filled[ref.id][0], zone) for key, ref in refs.items() if ref.id in filled}
    return {key: value for key, value in values.items() if value is not None}


def _value(spec: FieldSpec, ref: FieldRef, found: _Value, zone: str) -> FieldValue:
    try:
        if spec.type == "numeric":
            return Decimal(str(found.value))
        if spec.type == "date_time":
            return _moment(found.value)
        if spec.type == "birthday":
            return _day(found.value, zone)
        if spec.type == "checkbox":
            return str(found.value).lower() in ("1", "true")
    except (ValueError, ArithmeticError):
        return None
    texts = {id_: text for text, id_ in ref.options.items()}
    return texts.get(found.enum_id or 0) or (None if found.value in (None, "") else str(found.value))


def _moment(value: Any) -> datetime | None:
    """Unix seconds, as number or text, or RFC 3339."""
    if value in (None, "", 0):
        return None
    text = str(value)
    if text.lstrip("-").isdigit():
        return _EPOCH + timedelta(seconds=int(text))
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(value: Any, zone: str) -> str | None:
    """A birthday, ISO. How amoCRM rounds is not documented: midnight of the account's zone (of whatever year's rules), midnight UTC, or
    the noon that we write. Six hours on, each of them lies within the right day from Kaliningrad to Kamchatka."""
    moment = _birth_moment(value)
    return None if moment is None else (moment.astimezone(ZoneInfo(zone)) + _FROM_MIDNIGHT).date().isoformat()


def _birth_moment(value: Any) -> datetime | None:
    return _EPOCH if value == 0 else _moment(value)
