"""Who is let in, and what a browser may read of the answers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError

from hub.accounts import grant_hook
from hub.amocrm.hosts import Hosts
from hub.crm import CrmBusy
from hub.integrations import Integrations
from hub.metrics import REGISTRY
from hub.panel.door import MOST_BYTES, PREFIX, Door, asked
from hub.panel.visitor import Told as Refusal
from hub.panel.visitor import Visitor
from hub.store.engine import Store
from tests.hub.panel.serving import OTHER, OTHER_HOST, Browser, serving
from tests.hub.panel.tokens import ACCOUNT, HOST, INTEGRATION, USER, signed, unsigned

AT = PREFIX + "/who"
READS = PREFIX + "/reads"
ORIGIN, OTHER_ORIGIN = f"https://{HOST}", f"https://{OTHER_HOST}"
CANARY = "Канарейкин +79990001234"


class Shape(BaseModel):
    text: str


@dataclass
class Panel:
    """A door with one room behind it: it tells who came, or does what a test puts there."""

    browser: Browser
    door: Door
    does: Callable[[web.Request, Visitor], Awaitable[Any]] | None = None

    async def room(self, request: web.Request, visitor: Visitor) -> Any:
        if self.does:
            return await self.does(request, visitor)
        return {"account": visitor.account.id, "user": visitor.user_id, "origin": visitor.origin}

    def page(self, **changed: Any) -> Browser:
        return Browser(self.browser.session, self.browser.base, **changed)


@pytest.fixture
async def panel(lite: Store, session: aiohttp.ClientSession) -> AsyncIterator[Panel]:
    door = Door(Integrations(lite), Hosts(["127.0.0.1:8090"]))
    made = Panel(Browser(session, ""), door)
    routes = [door.route(method, PREFIX + "/{who:who}", made.room) for method in ("GET", "POST")]
    routes.append(door.route("POST", READS, made.room, reads=True))
    async with serving([*routes, door.rest()]) as base:
        made.browser = Browser(session, base)
        yield made


def raises(error: Exception) -> Callable[[web.Request, Visitor], Awaitable[Any]]:
    async def fail(_request: web.Request, _visitor: Visitor) -> Any:
        raise error

    return fail


async def test_a_visitor_is_who_the_token_says(panel: Panel) -> None:
    told = await panel.browser.ask(AT)

    assert told.status == 200
    assert told.body == {"account": ACCOUNT, "user": USER, "origin": ORIGIN}
    assert told.readable_by == ORIGIN
    assert (told.headers["Vary"], told.headers["Cache-Control"]) == ("Origin", "no-store")


async def test_two_accounts_never_meet(panel: Panel) -> None:
    other = panel.page(account_id=OTHER, iss=OTHER_ORIGIN, subdomain="other")

    assert (await other.ask(AT)).body == {"account": OTHER, "user": USER, "origin": OTHER_ORIGIN}
    for mixed in (
        panel.page(account_id=OTHER),  # signed by the integration that both have, but issued at the first one's host
        panel.page(iss=OTHER_ORIGIN, subdomain="other"),
        panel.page(account_id=ACCOUNT + 1),
    ):
        told = await mixed.ask(AT)
        assert (told.status, told.code) == (401, "bad_token")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Auth-Token": ""},
        {"X-Auth-Token": "no.token.this"},
        {"X-Auth-Token": unsigned({"client_uuid": INTEGRATION.client_id, "account_id": ACCOUNT}, {"alg": "none"})},
        {"X-Auth-Token": signed({"client_uuid": INTEGRATION.client_id, "account_id": ACCOUNT})},
        {"X-Auth-Token": signed({"client_uuid": "unknown", "account_id": ACCOUNT})},
        {"Authorization": "Bearer something"},
    ],
)
async def test_whoever_proves_nothing_is_told_so_in_words_that_a_browser_may_read(
    panel: Panel, headers: dict[str, str]
) -> None:
    told = await panel.browser.ask(AT, headers=headers)

    assert (told.status, told.code, told.readable_by) == (401, "bad_token", ORIGIN)
    assert "обновите страницу (F5)" in told.body["reason"]


@pytest.mark.parametrize("origin", ["", "null", OTHER_ORIGIN, f"http://{HOST}", "https://evil.example", "https://["])
async def test_a_token_is_good_on_the_pages_of_its_own_account_only(panel: Panel, origin: str) -> None:
    told = await panel.browser.ask(AT, headers={"Origin": origin})

    assert (told.status, told.code) == (401, "bad_token")
    assert told.readable_by == (origin if origin == OTHER_ORIGIN else None)


async def test_where_the_integration_was_taken_out_nobody_is_let_in_or_may_read(panel: Panel, lite: Store) -> None:
    await Integrations(lite).uninstall(grant_hook(ACCOUNT), INTEGRATION.key)

    told = await panel.browser.ask(AT)

    assert (told.status, told.code, told.readable_by) == (401, "bad_token", None)
    other = panel.page(account_id=OTHER, iss=OTHER_ORIGIN, subdomain="other")
    assert (await other.ask(AT)).status == 200


@pytest.mark.parametrize(
    ("error", "status", "code", "after"),
    [
        (Refusal(403, "refused", "Нельзя."), 403, "refused", None),
        (Refusal(429, "too_many", "Много.", 60), 429, "too_many", "60"),
        (CrmBusy(2.5), 503, "busy", "3"),
        (InterfaceError(CANARY, {"name": CANARY}, OSError()), 503, "busy", "2"),
        (ConnectionRefusedError(CANARY), 503, "busy", "2"),
        (KeyError(CANARY), 500, "failed", None),
        (ExceptionGroup("tasks", [ExceptionGroup("of tasks", [ConnectionRefusedError(CANARY)])]), 503, "busy", "2"),
    ],
)
async def test_every_refusal_is_readable_and_says_nothing_of_anybody(
    panel: Panel, caplog: pytest.LogCaptureFixture, error: Exception, status: int, code: str, after: str | None
) -> None:
    panel.does = raises(error)

    told = await panel.browser.ask(AT)

    assert (told.status, told.code, told.headers.get("Retry-After")) == (status, code, after)
    assert told.readable_by == ORIGIN
    assert told.headers["Cache-Control"] == "no-store"
    assert set(told.body) == {"code", "reason"}
    assert told.body["reason"]
    said = str(told.body) + "".join(str(getattr(record, "fields", "")) + record.msg for record in caplog.records)
    assert "Канарейкин" not in said


async def test_a_mistake_of_ours_is_logged_with_its_place(panel: Panel, caplog: pytest.LogCaptureFixture) -> None:
    panel.does = raises(ZeroDivisionError())

    await panel.browser.ask(AT)

    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (record.msg, record.__dict__["fields"]) == ("panel.failed", {"path": PREFIX + "/{who}"})
    assert record.exc_info


async def test_a_store_that_is_away_is_told_readably_to_pages_that_are_known(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await panel.browser.ask(AT)).status == 200

    def away(_store: Store) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(Store, "hub_reading", away)
    for held in (panel.door._origins, panel.door._installed):
        monkeypatch.setattr(held, "_now", lambda: float("inf"))  # long after it was asked last
    known = await panel.browser.ask(AT)
    unknown = await panel.page(iss=OTHER_ORIGIN, account_id=OTHER, subdomain="other").ask(AT)

    assert (known.status, known.code, known.readable_by) == (503, "busy", ORIGIN)
    assert (unknown.status, unknown.readable_by) == (503, None)


async def test_an_address_that_is_not_there_is_told_readably(panel: Panel) -> None:
    for method, path in (("GET", PREFIX + "/nothing"), ("DELETE", AT), ("GET", PREFIX + "/")):
        told = await panel.browser.ask(path, method=method)
        assert (told.status, told.code, told.readable_by) == (404, "bad_question", ORIGIN)


@pytest.mark.parametrize("origin", [ORIGIN, OTHER_ORIGIN])
async def test_pages_of_active_installations_may_ask(panel: Panel, origin: str) -> None:
    told = await panel.browser.ask(PREFIX + "/deals/1/patient", method="OPTIONS", headers=preflight(origin))

    assert (told.status, told.readable_by, told.headers["Vary"]) == (204, origin, "Origin")
    assert {"GET", "POST", "PUT", "DELETE"} <= set(told.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"X-Auth-Token", "Content-Type"} <= set(told.headers["Access-Control-Allow-Headers"].split(", "))
    assert int(told.headers["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in told.headers


@pytest.mark.parametrize("origin", ["https://third.amocrm.ru", "https://evil.example", "http://127.0.0.1:8090", "null"])
async def test_other_pages_may_not(panel: Panel, origin: str) -> None:
    told = await panel.browser.ask(AT, method="OPTIONS", headers=preflight(origin))

    assert (told.status, told.readable_by, told.headers["Vary"]) == (204, None, "Origin")


def preflight(origin: str) -> dict[str, str]:
    """No token travels with it."""
    return {"Origin": origin, "X-Auth-Token": "", "Access-Control-Request-Method": "GET"}


async def test_a_body_is_read_by_its_shape(panel: Panel) -> None:
    async def echo(request: web.Request, _visitor: Visitor) -> BaseModel:
        return await asked(request, Shape)

    panel.does = echo
    good = await panel.browser.ask(AT, method="POST", json={"text": "так"})
    bad = await panel.browser.ask(AT, method="POST", data=b'{"text": 1')
    long = await panel.browser.ask(AT, method="POST", json={"text": "x" * MOST_BYTES})

    assert good.body == {"text": "так"}
    assert (bad.status, bad.code) == (400, "bad_question")
    assert (long.status, long.code, long.readable_by) == (413, "bad_question", ORIGIN)


@pytest.mark.parametrize(("method", "path"), [("GET", AT), ("POST", READS)])
async def test_what_nobody_waits_for_any_more_is_cancelled(panel: Panel, method: str, path: str) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait(_request: web.Request, _visitor: Visitor) -> Any:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    panel.does = wait
    before = counted("left")
    async with asyncio.TaskGroup() as tasks:
        page = tasks.create_task(panel.browser.ask(path, method=method))
        await began.wait()
        page.cancel()
    async with asyncio.timeout(5):
        await ended.wait()
        while counted("left") == before:  # noqa: ASYNC110 the metric has no event
            await asyncio.sleep(0)


async def test_requests_are_counted_by_what_came_of_them(panel: Panel) -> None:
    before = {outcome: counted(outcome) for outcome in ("ok", "bad_token")}

    await panel.browser.ask(AT)
    await panel.browser.ask(AT, headers={"X-Auth-Token": ""})

    assert {outcome: counted(outcome) - before[outcome] for outcome in before} == {"ok": 1, "bad_token": 1}


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("hub_panel_requests_total", {"outcome": outcome}) or 0
