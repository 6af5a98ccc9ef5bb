"""An amoCRM account through its plain API v4: what stands in it, and how what stood there before the day is put there.

Knows no hub: it asks as any integration may."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, TypeAlias

import aiohttp

from demo.clinic.leads import LOST, WON, GivenDeal

Json: TypeAlias = dict[str, Any]
FIXED = {142: WON, 143: LOST}
"""Stages that every pipeline has; accounts may call them otherwise."""
_PAGE, _BATCH = 250, 50
_READY_SECONDS = 30


class AccountRefused(Exception):
    """amoCRM did not answer a request as it should; nothing of its text is kept."""

    def __init__(self, status: int, path: str) -> None:
        super().__init__(status, path)
        self.status, self.path = status, path

    def __str__(self) -> str:
        return f"{self.path}: amoCRM answered {self.status}"


@dataclass(frozen=True)
class Card:
    """A deal or a contact as it was read: `fields` by their names."""

    id: int
    name: str = field(repr=False)
    fields: Mapping[str, Any] = field(repr=False)
    phones: frozenset[str] = field(default=frozenset(), repr=False)
    pipeline: str = ""
    stage: str = ""
    price: int = 0
    contacts: tuple[int, ...] = ()
    main_contact: int | None = None


@dataclass(frozen=True)
class Account:
    """All deals and contacts of an account."""

    deals: tuple[Card, ...]
    contacts: tuple[Card, ...]


class Api:
    """API v4 with a token."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url.rstrip("/"), token

    async def __aenter__(self) -> "Api":
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._token}"})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def pages(self, path: str, key: str, **query: str) -> AsyncIterator[Json]:
        """All items of a list, page by page."""
        url: str | None = f"{self._url}/api/v4/{path}"
        params: dict[str, str] | None = {"limit": str(_PAGE), **query}
        while url:
            body = await self._answer("GET", path, url, params=params)
            if body is None:
                return
            for item in body["_embedded"][key]:
                yield item
            url, params = body.get("_links", {}).get("next", {}).get("href"), None  # the link holds the query

    async def whole(self, path: str) -> Json:
        """A list that has no pages."""
        body: Json = await self._answer("GET", path, f"{self._url}/api/v4/{path}")
        return body

    async def post(self, path: str, items: Sequence[Json]) -> Any:
        """Create a batch."""
        return await self._answer("POST", path, f"{self._url}/api/v4/{path}", json=list(items))

    async def _answer(self, method: str, path: str, url: str, **what: Any) -> Any:
        async with self._session.request(method, url, **what) as answer:
            if answer.status == 204:
                return None
            if answer.status not in (200, 201):
                raise AccountRefused(answer.status, path)
            return await answer.json(content_type=None)


async def read(api: Api) -> Account:
    """Everything that there is to judge."""
    pipelines = await _pipelines(api)
    names = {pipeline["id"]: pipeline["name"] for pipeline in pipelines}
    stages = {
        (pipeline["id"], status["id"]): FIXED.get(status["id"], status["name"])
        for pipeline in pipelines
        for status in pipeline["_embedded"]["statuses"]
    }
    deal_fields, contact_fields = await _fields(api, "leads"), await _fields(api, "contacts")
    deals = [
        replace(
            _card(lead, deal_fields),
            pipeline=names.get(lead["pipeline_id"], ""),
            stage=stages.get((lead["pipeline_id"], lead["status_id"]), ""),
            price=lead["price"],
        )
        async for lead in api.pages("leads", "leads", **{"with": "contacts"})
    ]
    contacts = [_card(contact, contact_fields) async for contact in api.pages("contacts", "contacts")]
    return Account(tuple(deals), tuple(contacts))


async def put(
    given: Sequence[GivenDeal], url: str, token: str, *, turn_clock: Callable[[datetime], None] | None = None
) -> list[GivenDeal]:
    """Put into the account what stood there before the day; returns it with its ids and the times that it really has.

    amoCRM dates a card by itself: with `turn_clock`, the account's clock is turned before each batch; who gives it turns it back."""
    by_time: dict[datetime | None, list[GivenDeal]] = defaultdict(list)
    for lead in given:
        by_time[lead.created_at].append(lead)
    stood: list[GivenDeal] = []
    async with Api(url, token) as api:
        places = await _places(api, {lead.pipeline for lead in given})
        for at in sorted(by_time, key=lambda at: at.timestamp() if at else 0.0):
            if turn_clock and at:
                turn_clock(at)
            stood += await _put_batch(api, by_time[at], places)
        dates = {lead["id"]: lead["created_at"] async for lead in api.pages("leads", "leads")}
    return [_dated(lead, dates) for lead in stood]


async def _put_batch(api: Api, given: Sequence[GivenDeal], places: Mapping[tuple[str, str], Json]) -> list[GivenDeal]:
    firsts = list({lead.contact: lead for lead in reversed(given)}.values())
    ids: dict[int, int] = {}
    for batch in _batches(firsts):
        made = await api.post("contacts", [_contact_body(lead) for lead in batch])
        ids |= {lead.contact: item["id"] for lead, item in zip(batch, made["_embedded"]["contacts"], strict=True)}
    stood = [replace(lead, contact_id=ids[lead.contact]) for lead in given]
    deals: list[GivenDeal] = []
    for batch in _batches([lead for lead in stood if lead.stage is not None]):
        made = await api.post("leads", [_deal_body(lead, places) for lead in batch])
        answered = made["_embedded"]["leads"]
        deals += [replace(lead, deal_id=item["id"]) for lead, item in zip(batch, answered, strict=True)]
    return [*deals, *(lead for lead in stood if lead.stage is None)]


def _contact_body(lead: GivenDeal) -> Json:
    phone = {"field_code": "PHONE", "values": [{"value": lead.phone, "enum_code": "MOB"}]}
    return {"name": lead.contact_name, "custom_fields_values": [phone]}


def _deal_body(lead: GivenDeal, places: Mapping[tuple[str, str], Json]) -> Json:
    main = {"contacts": [{"id": lead.contact_id, "is_main": True}]}
    return {"name": lead.deal_name, "price": lead.price, **places[lead.pipeline, lead.stage or ""], "_embedded": main}


async def _places(api: Api, wanted: set[str]) -> dict[tuple[str, str], Json]:
    """Where deals can be put, once the pipelines are there: an installation makes them in its own time."""
    async with asyncio.timeout(_READY_SECONDS):
        while True:
            pipelines = await _pipelines(api)
            if wanted <= {pipeline["name"] for pipeline in pipelines}:
                break
            await asyncio.sleep(0.2)
    return {
        (pipeline["name"], FIXED.get(status["id"], status["name"])): {
            "pipeline_id": pipeline["id"],
            "status_id": status["id"],
        }
        for pipeline in pipelines
        for status in pipeline["_embedded"]["statuses"]
    }


def _dated(lead: GivenDeal, dates: Mapping[int, int]) -> GivenDeal:
    if lead.deal_id is None or lead.created_at is None:
        return lead
    return replace(lead, created_at=datetime.fromtimestamp(dates[lead.deal_id], lead.created_at.tzinfo))


async def _pipelines(api: Api) -> list[Json]:
    pipelines: list[Json] = (await api.whole("leads/pipelines"))["_embedded"]["pipelines"]
    return pipelines


async def _fields(api: Api, entity: str) -> dict[int, str]:
    return {item["id"]: item["name"] async for item in api.pages(f"{entity}/custom_fields", "custom_fields")}


def _card(item: Json, names: Mapping[int, str]) -> Card:
    values = item["custom_fields_values"] or []
    contacts = item["_embedded"].get("contacts") or []
    return Card(
        item["id"],
        item["name"],
        {names.get(v["field_id"], v["field_name"]): v["values"][0]["value"] for v in values if v["values"]},
        phones=frozenset(p["value"] for v in values if v["field_code"] == "PHONE" for p in v["values"]),
        contacts=tuple(contact["id"] for contact in contacts),
        main_contact=next((contact["id"] for contact in contacts if contact["is_main"]), None),
    )


def _batches(items: Sequence[GivenDeal]) -> list[Sequence[GivenDeal]]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
