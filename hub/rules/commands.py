"""The least that makes a deal or a contact so: what stands already is not written again."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import TypeVar

from hub.rules.fields import ContactField, DealField, FieldValue
from hub.rules.model import (
    AddNote,
    Contact,
    CreateDeal,
    Deal,
    DesiredContact,
    DesiredDeal,
    NewContact,
    PatchContact,
    PatchDeal,
    PatientKey,
    Pending,
    Stage,
)

Key = TypeVar("Key", DealField, ContactField)


def create_deal(patient: PatientKey, wanted: DesiredDeal, stage: Stage, contact: int | NewContact) -> CreateDeal:
    """The key names the visits: the same deal is asked for under the same key."""
    visits = sha256(str(wanted.fields[DealField.VISITS]).encode()).hexdigest()[:16]
    return CreateDeal(
        key=f"create_deal:{patient}:{visits}",
        stage=stage,
        name=wanted.name or "",
        price=wanted.price or 0,
        fields=filled(wanted.fields),
        contact=contact,
    )


def patch_deal(deal: Deal, wanted: DesiredDeal) -> PatchDeal | None:
    """None where the deal stands so."""
    stage = wanted.stage if wanted.stage != deal.stage else None
    price = wanted.price if wanted.price != deal.price else None
    name = wanted.name if wanted.name != deal.name else None
    fields = changed(deal.fields, wanted.fields)
    if stage is None and price is None and name is None and not fields:
        return None
    return PatchDeal(deal.id, stage, name, price, fields)


def pending(patch: PatchDeal, wanted: DesiredDeal) -> Pending:
    """What to remember while it is not known whether the request was applied."""
    return Pending(
        written=wanted.memory.written,
        stage_id=patch.stage.stage_id if patch.stage else None,
        price=patch.price,
        name=patch.name,
    )


def patch_contact(contact: Contact, wanted: DesiredContact) -> PatchContact | None:
    """None where the contact stands so."""
    name = wanted.name if wanted.name != contact.name else None
    phones = wanted.phones if wanted.phones != (contact.raw_phones or contact.phones) else None
    fields = changed(contact.fields, wanted.fields)
    if name is None and phones is None and not fields:
        return None
    return PatchContact(contact.id, name, phones, fields, contact.phone_kinds if phones else {})


def add_note(deal_id: int, text: str) -> AddNote:
    """The text says when it was seen, so its key is unique for the story."""
    return AddNote(f"add_note:{deal_id}:{sha256(text.encode()).hexdigest()[:16]}", deal_id, text)


def filled(fields: Mapping[Key, FieldValue]) -> dict[Key, FieldValue]:
    """Only what is not empty."""
    return {name: value for name, value in fields.items() if not same(value, None)}


def changed(there: Mapping[Key, FieldValue], wanted: Mapping[Key, FieldValue]) -> dict[Key, FieldValue]:
    """The wanted values that are not there."""
    return {name: value for name, value in wanted.items() if not same(there.get(name), value)}


def same(one: FieldValue, other: FieldValue) -> bool:
    """As the CRM keeps them: 0, a mark that is off, and an empty text are empty; times in whole seconds; figures by value."""
    return _plain(one) == _plain(other)


def _plain(value: FieldValue) -> str | int | Decimal | None:
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, str):
        return "\n".join(value.split("\r\n")).strip() or None
    if isinstance(value, int | Decimal):
        return Decimal(value) or None
    return value
