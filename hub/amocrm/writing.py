"""Our commands as amoCRM's JSON. Pure. What is absent from a command is absent from the JSON: amoCRM leaves it alone."""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hub.amocrm.api import NOTE_TYPE, SERVICE, Json
from hub.amocrm.schema import CrmSchema, FieldRef
from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, ContactField, DealField, FieldSpec, FieldValue
from hub.rules.model import AddNote, CreateDeal, LinkContact, NewContact, PatchContact, PatchDeal

Key = TypeVar("Key", DealField, ContactField)

ROBOT = 0
"""amoCRM's author of what no person did."""


def new_lead(command: CreateDeal, schema: CrmSchema) -> Json:
    """One item of /leads/complex."""
    item: Json = {
        "name": command.name,
        "price": command.price,
        "pipeline_id": command.stage.pipeline_id,
        "status_id": command.stage.stage_id,
        "created_by": ROBOT,
        "custom_fields_values": _write(command.fields, DEAL_FIELDS, schema.deal_fields, schema.zone, new=True),
        "_embedded": {"contacts": [_main_contact(command.contact, schema)]},
    }
    if command.responsible_id is not None:
        item["responsible_user_id"] = command.responsible_id
    if command.tags:
        item["tags_to_add"] = [{"name": tag} for tag in command.tags]
    return item


def new_contact(contact: NewContact, schema: CrmSchema) -> Json:
    """One item of /contacts, or of the contacts of a lead."""
    values = _write(contact.fields, CONTACT_FIELDS, schema.contact_fields, schema.zone, new=True)
    if contact.phones:
        values.append(_phone_field(contact.phones, {}))
    return {"name": contact.name, "created_by": ROBOT, "custom_fields_values": values}


def patched_lead(command: PatchDeal, schema: CrmSchema, author: int = ROBOT) -> Json:
    """Only what changes. 142 and 143 stand in each pipeline: a stage never goes without its pipeline."""
    item: Json = {"id": command.deal_id, "updated_by": author}
    if command.stage is not None:
        item |= {"pipeline_id": command.stage.pipeline_id, "status_id": command.stage.stage_id}
    if command.name is not None:
        item["name"] = command.name
    if command.price is not None:
        item["price"] = command.price
    if values := _write(command.fields, DEAL_FIELDS, schema.deal_fields, schema.zone):
        item["custom_fields_values"] = values
    return item


def patched_contact(command: PatchContact, schema: CrmSchema, author: int = ROBOT) -> Json:
    """Only what changes; a written field replaces all its values, so the phones go as the full list, each with the kind that it had."""
    item: Json = {"id": command.contact_id, "updated_by": author}
    if command.name is not None:
        item["name"] = command.name
    values = _write(command.fields, CONTACT_FIELDS, schema.contact_fields, schema.zone)
    if command.phones is not None:
        values.append(_phone_field(command.phones, command.phone_kinds))
    if values:
        item["custom_fields_values"] = values
    return item


def changes_something(item: Json) -> bool:
    """Whether a patch holds more than its address and author."""
    return bool(item.keys() - {"id", "updated_by"})


def new_note(command: AddNote) -> Json:
    """Without robots: what happened in the clinic is no message to them."""
    return {
        "entity_id": command.deal_id,
        "note_type": NOTE_TYPE,
        "params": {"service": SERVICE, "text": command.text},
        "created_by": ROBOT,
        "is_need_to_trigger_digital_pipeline": False,
    }


def new_link(command: LinkContact) -> Json:
    """Beside the main contact."""
    return {
        "entity_id": command.deal_id,
        "to_entity_id": command.contact_id,
        "to_entity_type": "contacts",
        "metadata": {"is_main": False},
    }


def _main_contact(contact: int | NewContact, schema: CrmSchema) -> Json:
    return {"id": contact} if isinstance(contact, int) else new_contact(contact, schema)


def _phone_field(phones: tuple[str, ...], kinds: Mapping[str, int]) -> Json:
    values = [
        {"value": phone, "enum_id": kinds[phone]} if phone in kinds else {"value": phone, "enum_code": "MOB"}
        for phone in phones
    ]
    return {"field_code": "PHONE", "values": values or None}


def _write(
    fields: Mapping[Key, FieldValue],
    specs: Mapping[Key, FieldSpec],
    refs: Mapping[Key, FieldRef],
    zone: str,
    *,
    new: bool = False,
) -> list[Json]:
    """In the order of the specification; a field that the account lacks is left out; nothing is emptied that is new."""
    return [
        {"field_id": refs[key].id, "values": _written(specs[key], refs[key], fields[key], zone)}
        for key in specs
        if key in fields and key in refs and not (new and fields[key] is None)
    ]


def _written(spec: FieldSpec, ref: FieldRef, value: FieldValue, zone: str) -> list[Json] | None:
    if value is None or value == "":
        return None
    if spec.type == "select" and value in ref.options:
        return [{"enum_id": ref.options[str(value)]}]
    return [{"value": _plain(spec, value, zone)}]


def _plain(spec: FieldSpec, value: FieldValue, zone: str) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp())
    if spec.type == "birthday":
        noon = datetime.combine(datetime.fromisoformat(str(value)).date(), time(12), ZoneInfo(zone))
        return int(noon.timestamp())
    if spec.type == "checkbox":
        return bool(value)
    if spec.type == "numeric":
        return f"{Decimal(str(value)).normalize():f}"
    return str(value)
