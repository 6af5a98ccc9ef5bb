"""R8, R9: how a patient's own contact should stand. Phones are merged; a name is ours only where nobody else gave one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from hub.rules.deals import Scene
from hub.rules.fields import ContactField, FieldValue
from hub.rules.model import Contact, ContactMemory, DesiredContact, NewContact
from hub.rules.names import is_blank
from hub.rules.visits import VisitNow
from wire.model import Branch, Patient, Practitioner, Reason, Staff, known
from wire.phone import phones_in


@dataclass(frozen=True)
class ContactCore:
    """What the clinic says of the patient. The same digest wants the same. `phones` None: unknown."""

    name: str | None = field(repr=False)
    phones: tuple[str, ...] | None = field(repr=False)
    fields: Mapping[ContactField, FieldValue] = field(repr=False)
    digest: str


def contact_core(scene: Scene, visits: Sequence[VisitNow]) -> ContactCore:
    """`visits`: all of the patient, history and what makes no deal included."""
    patient = scene.patient
    phones = patient.phones if known(patient, "phones") else None
    fields = {ContactField.PATIENT_KEY: str(scene.key), **_of_patient(patient), **_figures(visits)}
    parts = [patient.name, phones, {name: _text(value) for name, value in fields.items()}]
    digest = sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]
    return ContactCore(patient.name, phones, fields, digest)


def new_contact(scene: Scene, found: ContactCore) -> tuple[NewContact, ContactMemory]:
    """A contact that does not exist yet, and our memory of it."""
    phones = found.phones or ()
    memory = ContactMemory(name=scene.title, phones=phones, settled=found.digest)
    return NewContact(scene.title, phones, found.fields), memory


def desired_contact(found: ContactCore, contact: Contact, memory: ContactMemory) -> DesiredContact | None:
    """How a contact that exists should stand; None where it bears another patient's key, which is not ours to settle."""
    if contact.fields.get(ContactField.PATIENT_KEY) not in (None, "", found.fields[ContactField.PATIENT_KEY]):
        return None
    fields = dict(found.fields)
    if contact.fields.get(ContactField.BIRTH_DATE):
        fields.pop(ContactField.BIRTH_DATE, None)
    name = found.name if found.name and _name_is_ours(contact.name, memory) else None
    after = ContactMemory(name=name or memory.name, phones=_ours(found.phones, contact, memory), settled=found.digest)
    return DesiredContact(name, _full_list(found.phones, contact, memory), fields, after)


def before_request(wanted: DesiredContact, memory: ContactMemory) -> ContactMemory:
    """What to remember while it is not known whether the request was applied."""
    phones = dict.fromkeys((*memory.phones, *wanted.memory.phones))
    return memory.model_copy(update={"pending_name": wanted.name, "phones": tuple(phones)})


def _name_is_ours(name: str, memory: ContactMemory) -> bool:
    return is_blank(name) or name in (memory.name, memory.pending_name)


def _ours(phones: tuple[str, ...] | None, contact: Contact, memory: ContactMemory) -> tuple[str, ...]:
    """Of the patient's phones those that we wrote: before, or now because the card lacks them."""
    if phones is None:
        return memory.phones
    return tuple(phone for phone in phones if phone in memory.phones or phone not in _on_card(contact))


def _full_list(phones: tuple[str, ...] | None, contact: Contact, memory: ContactMemory) -> tuple[str, ...] | None:
    """As the card shall show them: what people typed stays as they typed it."""
    if phones is None:
        return None
    gone = set(memory.phones) - set(phones)
    kept = [text for text in _card(contact) if not phones_in(text) or set(phones_in(text)) - gone]
    missing = [phone for phone in phones if phone not in _on_card(contact)]
    return tuple(kept + missing)


def _card(contact: Contact) -> tuple[str, ...]:
    return contact.raw_phones or contact.phones


def _on_card(contact: Contact) -> set[str]:
    return {*contact.phones, *(phone for text in contact.raw_phones for phone in phones_in(text))}


def _of_patient(patient: Patient) -> dict[ContactField, FieldValue]:
    values: dict[ContactField, tuple[str, FieldValue]] = {
        ContactField.CARD_NUMBER: ("card_number", patient.card_number),
        ContactField.REPRESENTATIVE: ("representative", patient.representative),
        ContactField.BIRTH_DATE: ("birth_date", patient.birth_date),
        ContactField.DO_NOT_MESSAGE: ("do_not_message", patient.do_not_message),
    }
    fields = {name: value for name, (of, value) in values.items() if known(patient, of)}
    if fields.get(ContactField.BIRTH_DATE, "") is None:
        del fields[ContactField.BIRTH_DATE]  # people may have typed it: never emptied
    if known(patient, "practitioner") and _name_is_known(patient.practitioner):
        fields[ContactField.PRACTITIONER] = patient.practitioner.name if patient.practitioner else None
    if known(patient, "source") and _name_is_known(patient.source):
        fields[ContactField.SOURCE] = patient.source.name if patient.source else None
    return fields


def _name_is_known(part: Practitioner | Branch | Staff | Reason | None) -> bool:
    return part is None or known(part, "name")


def _figures(visits: Sequence[VisitNow]) -> dict[ContactField, FieldValue]:
    visited = [visit.start for visit in visits if visit.word == "visited"]
    future = [visit.start for visit in visits if visit.word == "future"]
    return {
        ContactField.LAST_VISIT_AT: max(visited).replace(microsecond=0) if visited else None,
        ContactField.NEXT_VISIT_AT: min(future).replace(microsecond=0) if future else None,
        ContactField.VISITS_COUNT: len(visited) or None,
    }


def _text(value: FieldValue) -> str | None:
    if isinstance(value, datetime):
        return str(value.timestamp())
    return None if value is None else str(value)
