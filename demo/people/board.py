"""Reads the stand-in as its people see it, and knows its ids by name. Writes nothing but the clinic's own stage and field."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from demo.account import FIXED, Api
from demo.clinic.facts import phones_in
from demo.clinic.leads import PRIMARY, REPEAT
from demo.people.model import SOURCE, SOURCES, THINKING, Caller, Deal, View

Json: TypeAlias = dict[str, Any]
_PATIENT, _VISITS, _VISIT_AT, _CONFIRMED = "IDENT: пациент", "IDENT: приёмы", "Дата приёма", "Подтверждён (кем, когда)"
_THINKING = {"name": THINKING, "sort": 25, "color": "#ffeab2"}


@dataclass(frozen=True)
class Names:
    """Ids of the account by what people call them."""

    stages: dict[tuple[str, str], tuple[int, int]]
    """(pipeline, stage) -> (pipeline_id, status_id)."""
    reasons: dict[str, int]
    source: int
    operators: tuple[int, ...]

    def place(self, pipeline: str, stage: str) -> Json:
        """As a body names it."""
        pipeline_id, status_id = self.stages[pipeline, stage]
        return {"pipeline_id": pipeline_id, "status_id": status_id}


async def furnished(api: Api) -> Names:
    """Make the clinic's own stage and field where they are missing, and learn all names."""
    pipelines = await _pipelines(api)
    primary = next(pipeline for pipeline in pipelines if pipeline["name"] == PRIMARY)
    if THINKING not in [status["name"] for status in primary["_embedded"]["statuses"]]:
        await api.post(f"leads/pipelines/{primary['id']}/statuses", [_THINKING])
        pipelines = await _pipelines(api)
    fields = {item["name"]: item["id"] async for item in api.pages("leads/custom_fields", "custom_fields")}
    if SOURCE not in fields:
        choices = [{"value": text, "sort": place} for place, text in enumerate(SOURCES)]
        made = await api.post("leads/custom_fields", [{"name": SOURCE, "type": "select", "enums": choices}])
        fields[SOURCE] = made["_embedded"]["custom_fields"][0]["id"]
    stages = {
        (pipeline["name"], FIXED.get(status["id"], status["name"])): (pipeline["id"], status["id"])
        for pipeline in pipelines
        for status in pipeline["_embedded"]["statuses"]
    }
    reasons = {
        item["name"]: item["id"] for item in (await api.whole("leads/loss_reasons"))["_embedded"]["loss_reasons"]
    }
    users = [user async for user in api.pages("users", "users")]
    operators = tuple(user["id"] for user in users if _works_with_all(user["rights"]))
    return Names(stages, reasons, fields[SOURCE], operators)


def _works_with_all(rights: Json) -> bool:
    """An operator; not the head, nobody free, and nobody who sees only some deals."""
    return bool(rights["is_active"]) and not rights["is_admin"] and rights["leads"]["view"] == "A"


async def viewed(api: Api, names: Names, callers: list[Json], now: datetime, zone: ZoneInfo) -> View:
    """All deals of the clinic's pipelines, with the names and phones of their contacts."""
    contacts = {card["id"]: card async for card in _cards(api, "contacts", {})}
    stages = {ids: name for name, ids in names.stages.items()}
    deals = [
        _deal(card, contacts, stages[card["pipeline_id"], card["status_id"]], zone)
        async for card in _cards(api, "leads", {"with": "contacts"})
        if stages.get((card["pipeline_id"], card["status_id"]), ("", ""))[0] in (PRIMARY, REPEAT)
    ]
    phones = frozenset(phone for card in contacts.values() for phone in _phones(card))
    return View(now, tuple(deals), phones, tuple(_caller(caller, zone) for caller in callers))


def _deal(card: Json, contacts: dict[int, Json], place: tuple[str, str], zone: ZoneInfo) -> Deal:
    values = {field["field_name"]: field["values"][0]["value"] for field in card["custom_fields_values"] or []}
    main = next((contact["id"] for contact in card["_embedded"]["contacts"] or [] if contact["is_main"]), None)
    contact = contacts.get(main or 0, {"name": "", "custom_fields_values": []})
    at = values.get(_VISIT_AT)
    return Deal(
        card["id"],
        main,
        *place,
        datetime.fromtimestamp(card["created_at"], zone),
        name=card["name"],
        contact_name=contact["name"],
        phones=tuple(_phones(contact)),
        price=card["price"],
        patient=_PATIENT in values,
        source=values.get(SOURCE),
        visits=tuple(str(values.get(_VISITS, "")).split()),
        visit_at=datetime.fromtimestamp(at, zone) if at else None,
        confirmed=bool(values.get(_CONFIRMED)),
    )


def _caller(told: Json, zone: ZoneInfo) -> Caller:
    at = datetime.fromisoformat(told["at"]).replace(tzinfo=zone)
    return Caller(told["patient"], at, told["name"], tuple(told["phones"]), told["new"])


def _phones(card: Json) -> list[str]:
    fields = [field for field in card["custom_fields_values"] or [] if field["field_code"] == "PHONE"]
    return [phone for field in fields for value in field["values"] for phone in phones_in(value["value"])]


async def _pipelines(api: Api) -> list[Json]:
    pipelines: list[Json] = (await api.whole("leads/pipelines"))["_embedded"]["pipelines"]
    return pipelines


def _cards(api: Api, entity: str, query: dict[str, str]) -> AsyncIterator[Json]:
    return api.pages(entity, entity, **query)
