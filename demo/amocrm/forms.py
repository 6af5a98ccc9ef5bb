"""What a webhook says: the old (v2) names of things, as a form with PHP's brackets, all values texts, no signature. Sends nothing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from demo.amocrm.automation import Signal
from demo.amocrm.model import Card, Company, Contact, Entity, Json, Lead, Note, Task
from demo.amocrm.store import Account

_TYPES: dict[Entity, int] = {"contacts": 1, "leads": 2, "companies": 3}
"""How v2 numbers kinds of cards."""


def encoded(account: Account, url: str, signal: Signal) -> str:
    """The body of one webhook. `url` is where the account's pages are."""
    key, item = _item(account, signal)
    action = signal.setting.partition("_")[0]
    about = {"subdomain": account.subdomain, "id": account.id, "_links": {"self": url}}
    return urlencode([*_flat(f"{key}[{action}][0]", item), *_flat("account", about)])


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """Each leaf under its brackets; null is left out, true is 1."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{prefix}[{name}]", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(f"{prefix}[{number}]", inner)
    elif value is not None:
        yield prefix, str(int(value) if isinstance(value, bool) else value)


def _item(account: Account, signal: Signal) -> tuple[str, Json]:
    """Under which key it stands, and what of it."""
    subject = signal.subject
    if isinstance(subject, Note):
        of = {"id": subject.id, "element_id": subject.entity_id, "element_type": _TYPES[subject.entity]}
        return ("leads" if subject.entity == "leads" else "contacts"), {"note": of}
    if isinstance(subject, Task):
        return "task", {**_task(account, subject), **signal.was}
    key = "leads" if isinstance(subject, Lead) else "contacts"
    kind = {"type": "company" if isinstance(subject, Company) else "contact"} if key == "contacts" else {}
    if signal.setting.startswith("delete_"):
        return key, {"id": subject.id, **kind}
    return key, {**_card(account, subject), **kind, **signal.was}


def _card(account: Account, card: Card) -> Json:
    head: Json = {"id": card.id}
    if isinstance(card, Lead):
        head |= {"status_id": card.status_id, "price": card.price}
    head |= {
        "responsible_user_id": card.responsible_user_id,
        "last_modified": card.updated_at,
        "modified_user_id": card.updated_by,
        "created_user_id": card.created_by,
        "date_create": card.created_at,
        "account_id": account.id,
    }
    if isinstance(card, Contact | Company):
        head["linked_leads_id"] = {lead_id: {"ID": lead_id} for lead_id in card.leads}
    return head | {"custom_fields": _fields(account, card)}


def _fields(account: Account, card: Card) -> list[Json]:
    """Of a lead each value is a plain text, of a contact it may have an enum beside it."""
    entity: Entity = "leads" if isinstance(card, Lead) else "contacts" if isinstance(card, Contact) else "companies"
    known = account.fields[entity]
    return [
        {
            "id": field_id,
            "name": known[field_id].name,
            "code": known[field_id].code,
            "values": [
                value["value"] if entity == "leads" else {"value": value["value"], "enum": value.get("enum_id")}
                for value in values
            ],
        }
        for field_id, values in card.values.items()
    ]


def _task(account: Account, task: Task) -> Json:
    def text(moment: int) -> str:
        return datetime.fromtimestamp(moment, ZoneInfo(account.timezone)).strftime("%Y-%m-%d %H:%M:%S")

    return {
        "id": task.id,
        "element_id": task.entity_id,
        "element_type": _TYPES[task.entity_type] if task.entity_type else None,
        "responsible_user_id": task.responsible_user_id,
        "created_user_id": task.created_by,
        "date_create": text(task.created_at),
        "last_modified": text(task.updated_at),
        "complete_till": text(task.complete_till),
        "account_id": account.id,
    }
