"""What an operator does in the panel, over HTTP: the real door and rights, an amoCRM that remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from sqlalchemy import insert, select, update

from hub.accounts import Account
from hub.amocrm.client import open_amocrm
from hub.amocrm.hosts import Hosts
from hub.app import listening
from hub.clock import machine_now
from hub.config import Address
from hub.inbox.write import write
from hub.integrations import Integrations
from hub.links import own, waiting
from hub.links.choices import read_choice
from hub.links.confirmations import Confirmation, read_confirmation
from hub.news import News
from hub.panel import actions
from hub.panel.actions import PAUSED, Actions
from hub.panel.card import Cards
from hub.panel.door import Door
from hub.panel.journal import Journal
from hub.panel.model import Panel, PatientCard, VisitCard
from hub.panel.rights import Rights
from hub.panel.visitor import Visitor
from hub.rules.fields import DealField
from hub.rules.model import Memory, PatientKey, Stage
from hub.rules.plan import OwnDeal
from hub.store import tables
from hub.store.engine import Store
from hub.store.panel_tables import accesses
from tests.hub.amocrm import server as network
from tests.hub.amocrm.conftest import ACCOUNT, INTEGRATION, fresh_pair, installed
from tests.hub.amocrm.schemas import BOOKED, PRIMARY, deal_id
from tests.hub.amocrm.server import CLOSE, Asked, Reply, Server, nginx, problem
from tests.hub.clinic_day import DATABASE, ZONE, Hands, at, visit
from wire.frames import Change

DEAL, VISIT = 501, "db_1:81234"
KEY = PatientKey(DATABASE, "4410")
ANNA, FREE = 11, 12
HALF_PAST_TWO = at(14, 30)
TEXT = "Орлова Анна, вт 24 ноя, 12:41: вт 24 ноя, 14:30"


def shown(start: datetime = HALF_PAST_TWO, **more: Any) -> VisitCard:
    return VisitCard(**{"id": VISIT, "status": "future", "status_text": "будущий приём", "start": start} | more)


@dataclass
class FakeCards(Cards):
    """The card of the only deal, and who may be chosen for it."""

    next_visit: VisitCard | None = field(default_factory=shown)
    patient: str = str(KEY)
    choosable: tuple[PatientKey, ...] = (KEY,)

    async def deal(self, visitor: Visitor, deal_id: int) -> Panel:
        assert (visitor.user_id, deal_id) == (ANNA, DEAL)
        return Panel(
            state="found", patient=PatientCard(id=self.patient, name="Петров Пётр", next_visit=self.next_visit)
        )

    async def may_choose(self, visitor: Visitor, deal_id: int, key: PatientKey) -> bool:
        assert (visitor.user_id, deal_id) == (ANNA, DEAL)
        return key in self.choosable


@dataclass
class Lead:
    """The deal in amoCRM."""

    confirmed: str | None = None
    refuses: Reply | None = None

    def read(self, _: Asked) -> Reply:
        fields = [{"field_id": deal_id(DealField.CONFIRMED), "values": [{"value": self.confirmed}]}]
        values = fields if self.confirmed else None
        card = {"id": DEAL, "name": "", "status_id": BOOKED, "pipeline_id": PRIMARY, "custom_fields_values": values}
        return Reply(200, card | {"_embedded": {"contacts": [{"id": 901, "is_main": True}]}})

    def patch(self, asked: Asked) -> Reply:
        if self.refuses:
            return self.refuses
        (item,) = asked.body
        assert (item.keys(), item["id"], item["updated_by"]) == (
            {"id", "updated_by", "custom_fields_values"},
            DEAL,
            ANNA,
        )
        (value,) = item["custom_fields_values"]
        assert value["field_id"] == deal_id(DealField.CONFIRMED)
        self.confirmed = value["values"][0]["value"]
        return Reply(200, {"_embedded": {"leads": [{"id": DEAL}]}})


class Hanging:
    """A question that is never answered."""

    def __init__(self) -> None:
        self.begun, self.left = asyncio.Event(), asyncio.Event()

    async def ask(self, _: web.Request, __: Visitor) -> Panel:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        raise AssertionError


@dataclass
class Hub:
    """What a test holds in its hands."""

    store: Store
    account: Account
    server: Server
    http: aiohttp.ClientSession
    cards: FakeCards = field(default_factory=FakeCards)
    lead: Lead = field(default_factory=Lead)
    clock: Hands = field(default_factory=lambda: Hands(at(12, 41)))
    news: News = field(default_factory=News)
    hanging: Hanging = field(default_factory=Hanging)
    base: str = ""

    async def ask(self, method: str, what: str, body: Any = None, user: int = ANNA) -> tuple[int, dict[str, Any]]:
        headers = {"X-Auth-Token": self.token(user), "Origin": self.server.base}
        url = f"{self.base}/panel/v1/deals/{DEAL}/{what}"
        async with self.http.request(method, url, headers=headers, json=body) as answer:
            return answer.status, await answer.json()

    async def choose(self, who: str = str(KEY), user: int = ANNA) -> tuple[int, dict[str, Any]]:
        return await self.ask("PUT", "patient", {"patient": who}, user)

    async def confirm(self, which: str = VISIT, user: int = ANNA) -> tuple[int, dict[str, Any]]:
        return await self.ask("POST", "confirmation", {"visit": which}, user)

    async def looks_who_is_there(self) -> None:
        """Whoever left before is noticed by now: one who came and left since is."""
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(self.ask("GET", "hanging"))
            await self.hanging.begun.wait()
            asking.cancel()
            await self.hanging.left.wait()

    def token(self, user: int) -> str:
        now = int(machine_now().timestamp())
        claims = {"iss": self.server.base, "aud": "https://hub.example", "iat": now, "nbf": now, "exp": now + 1800}
        mine = {"account_id": ACCOUNT, "user_id": user, "client_uuid": INTEGRATION.client_id}
        return jwt.encode(claims | mine, INTEGRATION.secret, algorithm="HS256")

    @property
    def patches(self) -> list[Asked]:
        return self.server.asked_for("PATCH /api/v4/leads")

    async def choice(self) -> PatientKey | None:
        async with self.store.reading(self.account) as unit:
            return await read_choice(unit, DEAL)

    async def kept(self) -> Confirmation | None:
        async with self.store.reading(self.account) as unit:
            return await read_confirmation(unit, DEAL)

    async def journal(self) -> list[tuple[int, str, list[str]]]:
        async with self.store.reading(self.account) as unit:
            rows = (await unit.execute(select(accesses).order_by(accesses.c.n))).all()
        return [(row.user_id, row.action, json.loads(row.subjects)) for row in rows]

    async def waiting(self) -> list[PatientKey]:
        async with self.store.reading(self.account) as unit:
            return await waiting.waiting(unit, [DATABASE], self.clock.now(), 10)

    async def belongs(self, key: PatientKey = KEY, visits: tuple[str, ...] = ("81234",)) -> None:
        """The deal is this patient's, and these visits stand in it."""
        async with self.store.writing(self.account) as unit:
            await own.save_deal(unit, key, DEAL, OwnDeal(Stage(PRIMARY, BOOKED), Memory()), None)
            await own.save_links(unit, key, visits, DEAL)


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    async with network.running() as server, aiohttp.ClientSession() as http:
        account = await installed(store, server.host, fresh_pair())
        made = Hub(store, account, server, http)
        server.on(f"GET /api/v4/leads/{DEAL}", lambda asked: made.lead.read(asked))
        server.on("PATCH /api/v4/leads", lambda asked: made.lead.patch(asked))
        for user, name, is_free in ((ANNA, "Орлова Анна", False), (FREE, "Никто", True)):
            rights = {"is_admin": False, "is_free": is_free, "is_active": True, "group_id": 0, "role_id": None}
            server.on(f"GET /api/v4/users/{user}", Reply(200, {"id": user, "name": name, "rights": rights}))
        async with open_amocrm(store, stand_ins=[server.host], rate=1000) as amocrms:
            served = Actions(store, amocrms, Rights(amocrms), Journal(store), made.cards, made.clock, made.news)
            app = web.Application()
            door = Door(Integrations(store), Hosts([server.host]))
            hanging = door.route("GET", r"/panel/v1/deals/{deal_id}/hanging", made.hanging.ask)
            app.router.add_routes([*served.routes(door), hanging])
            async with listening(app, Address(host="127.0.0.1", port=0), "HUB_LISTEN") as port:
                made.base = f"http://127.0.0.1:{port}"
                yield made


@pytest.fixture
async def booked(hub: Hub) -> Hub:
    """A visit for half past two in the deal, as the clinic told it."""
    async with hub.store.writing(hub.account) as unit:
        values = {"account_id": ACCOUNT, "id": DATABASE, "name": "PZ", "zone": ZONE.key}
        await unit.execute(insert(tables.databases).values(values))
        told = {"seq": 1, "kind": "visit", "key": "81234", "read_at": at(8), "op": "upsert"}
        await write(unit, DATABASE, [Change.model_validate(told | {"value": visit("81234", at(14, 30)).dump()})])
    await hub.belongs()
    return hub


# R11


async def test_a_choice_is_noted_kept_and_looked_at(hub: Hub) -> None:
    status, panel = await hub.choose()

    assert (status, panel["patient"]["id"]) == (200, str(KEY))
    assert await hub.choice() == KEY
    assert await hub.journal() == [(ANNA, "choose", ["deal:501", "db_1:4410"])]
    assert await hub.waiting() == [KEY]
    assert hub.patches == []


async def test_a_choice_is_taken_back(hub: Hub) -> None:
    await hub.choose()
    status, _ = await hub.ask("DELETE", "patient")

    assert (status, await hub.choice()) == (200, None)
    assert [action for _, action, _ in await hub.journal()] == ["choose", "forget"]


async def test_other_cards_hear_of_it(booked: Hub) -> None:
    with booked.news.listen(ACCOUNT) as listener:
        await booked.choose()
        assert (await listener.next()).deals == {DEAL}
        await booked.ask("DELETE", "patient")
        assert (await listener.next()).deals == {DEAL}
        await booked.confirm()
        assert (await listener.next()).deals == {DEAL}


async def test_somebody_else_is_not_chosen(hub: Hub) -> None:
    status, told = await hub.choose("db_1:4411")

    assert (status, told) == (400, {"code": "bad_question", "reason": actions.NOT_AMONG})
    assert (await hub.choice(), await hub.journal()) == (None, [])


@pytest.mark.parametrize(
    "body", [{}, {"patient": "4410"}, {"patient": "db_1:4410", "more": 1}, {"patient": "db_1:4410\n"}, "db_1:4410"]
)
async def test_a_choice_that_is_not_understood_is_refused(hub: Hub, body: Any) -> None:
    status, told = await hub.ask("PUT", "patient", body)

    assert (status, told["code"], await hub.choice()) == (400, "bad_question", None)


@pytest.mark.parametrize(("method", "what"), [("PUT", "patient"), ("DELETE", "patient"), ("POST", "confirmation")])
async def test_whoever_may_not_see_the_deal_may_do_nothing_to_it(booked: Hub, method: str, what: str) -> None:
    body = {"PUT": {"patient": str(KEY)}, "POST": {"visit": VISIT}}.get(method)
    status, told = await booked.ask(method, what, body, FREE)

    assert (status, told["code"]) == (403, "refused")
    assert (await booked.choice(), await booked.kept(), await booked.journal()) == (None, None, [])


# R26


async def test_a_click_writes_the_field_as_this_user(booked: Hub) -> None:
    status, panel = await booked.confirm()

    assert (status, panel["patient"]["id"]) == (200, str(KEY))
    (patch,) = booked.patches
    assert patch.headers["X-Context-User-ID"] == str(ANNA)
    assert booked.lead.confirmed == TEXT
    assert await booked.kept() == Confirmation(DEAL, DATABASE, "81234", at(14, 30), "2", ANNA, TEXT, at(12, 41))
    assert await booked.journal() == [(ANNA, "confirm", ["deal:501", "db_1:4410", "visit:db_1:81234"])]


async def test_nothing_is_confirmed_while_writing_is_paused(booked: Hub) -> None:
    async with booked.store.writing(booked.account) as unit:
        paused = '{"paused": true, "pipelines": {"primary": {"pipeline_id": 1}, "repeat": {"pipeline_id": 2}}}'
        await unit.execute(update(tables.accounts).values(settings=paused))

    assert await booked.confirm() == (409, {"code": "paused", "reason": PAUSED})
    assert (booked.patches, await booked.kept()) == ([], None)


async def test_a_second_click_writes_nothing_new(booked: Hub) -> None:
    await booked.confirm()
    before = await booked.kept()
    booked.clock.moment = at(13)
    status, _ = await booked.confirm()

    assert (status, len(booked.patches), await booked.kept()) == (200, 1, before)


async def test_a_visit_at_another_time_is_confirmed_anew(booked: Hub) -> None:
    await booked.confirm()
    booked.cards.next_visit = shown(start=at(16))
    await booked.confirm()

    assert booked.lead.confirmed == "Орлова Анна, вт 24 ноя, 12:41: вт 24 ноя, 16:00"
    kept = await booked.kept()
    assert kept
    assert kept.start == at(16)


async def test_after_a_lost_answer_the_next_click_looks_at_the_field(booked: Hub) -> None:
    booked.lead.refuses = CLOSE
    status, told = await booked.confirm()
    assert (status, told["code"]) == (503, "busy")
    assert await booked.kept()

    booked.lead.refuses = None
    await booked.confirm()

    assert booked.lead.confirmed == TEXT
    await booked.confirm()
    assert len(booked.patches) == 2


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (problem(403, title="Forbidden"), (403, actions.MAY_NOT_WRITE)),
        (
            problem(400, **{"validation-errors": [{"request_id": "0", "errors": [{"code": "X", "path": "y"}]}]}),
            (403, actions.NOT_TAKEN),
        ),
        (nginx(429), (503, None)),
    ],
)
async def test_what_amocrm_does_not_take_is_not_confirmed(
    booked: Hub, refusal: Reply, expected: tuple[int, str | None]
) -> None:
    booked.lead.refuses = refusal
    status, told = await booked.confirm()

    assert status == expected[0]
    assert expected[1] in (None, told["reason"])
    assert await booked.kept() is None


async def test_a_refused_click_leaves_the_confirmation_before_it(booked: Hub) -> None:
    await booked.confirm()
    before = await booked.kept()
    booked.cards.next_visit = shown(start=at(16))
    booked.lead.refuses = problem(403, title="Forbidden")
    await booked.confirm()

    assert await booked.kept() == before


@pytest.mark.parametrize(
    ("next_visit", "reason"),
    [
        (None, actions.NOT_NEXT),
        (shown(id="db_1:81300"), actions.NOT_NEXT),
        (shown(status="arrived", status_text="пришёл"), actions.NOT_AHEAD),
    ],
)
async def test_only_the_next_visit_is_confirmed(booked: Hub, next_visit: VisitCard | None, reason: str) -> None:
    booked.cards.next_visit = next_visit
    status, told = await booked.confirm()

    assert (status, told) == (400, {"code": "bad_question", "reason": reason})
    assert (booked.patches, await booked.kept(), await booked.journal()) == ([], None, [])


async def test_a_visit_of_another_deal_is_confirmed_there(booked: Hub) -> None:
    async with booked.store.writing(booked.account) as unit:
        await own.save_links(unit, KEY, ["81234"], 502)
    status, told = await booked.confirm()

    assert (status, told["reason"]) == (400, actions.ELSEWHERE)


async def test_a_visit_of_another_patient_is_not_confirmed_in_this_deal(booked: Hub) -> None:
    booked.cards.patient = "db_1:4411"
    status, told = await booked.confirm()

    assert (status, told["reason"]) == (400, actions.ANOTHERS)
    assert booked.lead.confirmed is None


async def test_a_deal_without_visits_has_nothing_to_confirm(hub: Hub) -> None:
    status, told = await hub.confirm()

    assert (status, told["reason"]) == (400, actions.ELSEWHERE)


async def test_a_deal_that_is_gone_is_told(booked: Hub) -> None:
    assert (await booked.choose())[0] == 200  # the right to see it is held
    booked.server.on(f"GET /api/v4/leads/{DEAL}", Reply(204))
    status, told = await booked.confirm()

    assert (status, told["code"]) == (404, "unknown_card")
    assert await booked.kept() is None


async def test_who_clicks_and_leaves_has_clicked(booked: Hub) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(asked: Asked) -> Reply:
        arrived.set()
        await go_on.wait()
        return booked.lead.patch(asked)

    booked.server.on("PATCH /api/v4/leads", slowly)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        click = tasks.create_task(booked.confirm())
        await arrived.wait()
        with booked.news.listen(ACCOUNT) as listener:
            click.cancel()
            await asyncio.wait([click])
            await booked.looks_who_is_there()
            go_on.set()
            assert (await listener.next()).deals == {DEAL}

    assert booked.lead.confirmed == TEXT
