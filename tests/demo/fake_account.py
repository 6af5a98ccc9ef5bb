"""An amoCRM account that holds what it is told and serves it in small pages; and one that holds just what the oracle expects."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from demo.clinic.leads import LOST, PRIMARY, REPEAT, WON
from demo.clinic.oracle import Expected, ExpectedContact, ExpectedDeal, FieldValue

TOKEN = "made-up-token-of-the-judge"
PAGE = 2
STAGES = {"Новое обращение": 1, "Записан": 2, "Отменил — вернуть": 3, "Был на приёме": 4, WON: 142, LOST: 143}
PIPELINES = {PRIMARY: 10, REPEAT: 20}


@dataclass
class FakeAccount:
    """Lists that a test may bend."""

    leads: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/api/v4/{path:.+}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        self.asked.append(f"{path}?{request.query_string}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"status": 401}, status=401)
        if path == "leads/pipelines":
            return web.json_response({"_total_items": 2, "_embedded": {"pipelines": _pipelines()}})
        key = path.rsplit("/", 1)[-1]
        items = {"leads": self.leads, "contacts": self.contacts, "custom_fields": self._fields()}[key]
        number = int(request.query.get("page", "1"))
        chunk = items[(number - 1) * PAGE : number * PAGE]
        if not chunk:
            return web.Response(status=204)
        links = {"self": {"href": str(request.url)}}
        if number * PAGE < len(items):
            links["next"] = {"href": str(request.url.update_query(page=number + 1))}
        return web.json_response({"_page": number, "_links": links, "_embedded": {key: chunk}})

    def _fields(self) -> list[dict[str, Any]]:
        return [{"id": n, "name": name} for n, name in enumerate(self.names)]

    def values(self, fields: Mapping[str, FieldValue]) -> list[dict[str, Any]] | None:
        found = []
        for name, value in fields.items():
            if name not in self.names:
                self.names.append(name)
            if value not in (None, "", Decimal(), False):
                number = self.names.index(name)
                one = {
                    "field_id": number,
                    "field_name": name,
                    "field_code": None,
                    "values": [{"value": _written(value)}],
                }
                found.append(one)
        return found or None


def as_expected(expected: Mapping[str, Expected]) -> FakeAccount:
    """The account in which nothing differs."""
    account = FakeAccount()
    owns: dict[str, int] = {}
    for deal in {id(e.deal): e.deal for e in expected.values() if e.deal}.values():
        if deal.patient not in owns:
            owns[deal.patient] = add_contact(account, deal.contact)
        add_deal(account, deal, owns[deal.patient])
    return account


def add_contact(account: FakeAccount, contact: ExpectedContact) -> int:
    number = contact.contact_id or 700 + len(account.contacts)
    phones = [{"value": "8" + phone[2:], "enum_code": "MOB"} for phone in sorted(contact.phones)]
    values = account.values(contact.fields) or []
    if phones:
        values.append({"field_id": 9999, "field_name": "Телефон", "field_code": "PHONE", "values": phones})
    account.contacts.append(
        {"id": number, "name": contact.name, "custom_fields_values": values, "_embedded": {"tags": []}}
    )
    return number


def add_deal(account: FakeAccount, deal: ExpectedDeal, own: int) -> int:
    number = deal.deal_id or 100 + len(account.leads)
    main = deal.main_contact or own
    account.leads.append(
        {
            "id": number,
            "name": deal.name,
            "price": deal.price or 0,
            "pipeline_id": PIPELINES[deal.pipeline],
            "status_id": STAGES[deal.stage],
            "custom_fields_values": account.values(deal.fields),
            "_embedded": {
                "tags": [],
                "contacts": [{"id": contact, "is_main": contact == main} for contact in dict.fromkeys((main, own))],
            },
        }
    )
    return number


def _written(value: FieldValue) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp())
    return format(value, "f") if isinstance(value, Decimal) else value


def _pipelines() -> list[dict[str, Any]]:
    statuses = [
        {"id": number, "name": "Успех" if number == 142 else "Отказ" if number == 143 else name}
        for name, number in STAGES.items()
    ]
    return [{"id": number, "name": name, "_embedded": {"statuses": statuses}} for name, number in PIPELINES.items()]
