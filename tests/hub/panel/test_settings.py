"""The settings page over HTTP: who may see it, what it offers, what it refuses, and what a change sets in motion."""

import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from sqlalchemy import func, insert, select, update

from hub.accounts import Account
from hub.amocrm.client import open_amocrm
from hub.amocrm.directory import Directory, Named, PipelineOffer, StageOffer
from hub.amocrm.hosts import Hosts
from hub.app import listening
from hub.clock import machine_now
from hub.config import Address
from hub.inbox.write import record_place
from hub.integrations import Integrations
from hub.panel.door import Door
from hub.panel.rights import Rights
from hub.panel.settings import SettingsDesk
from hub.panel.settings_check import Unfit, parsed, problems
from hub.panel.settings_money import MoneyLine
from hub.panel.settings_page import ChangeLine, Choices, Health
from hub.rules.settings import Pipeline, Settings, TargetStage
from hub.store import tables
from hub.store.engine import Store
from hub.store.panel_tables import settings_changes
from tests.hub.amocrm import server as network
from tests.hub.amocrm.conftest import ACCOUNT, INTEGRATION, fresh_pair, installed
from tests.hub.amocrm.server import Reply, Server, listed
from wire.frames import OutboxDepth, State

NOON = datetime(2026, 11, 24, 9, tzinfo=UTC)
ANNA, BORIS, OLGA = 11, 12, 13
PRIMARY, REPEAT = 101, 102
BOOKED, CANCELLED, THINKS = 1001, 1005, 2001
SETTINGS = Settings(
    version=7,
    pipelines={
        "primary": Pipeline(
            pipeline_id=PRIMARY,
            targets={"booked": TargetStage(stage=BOOKED, accepted=(BOOKED,)), "visited": TargetStage(stage=142)},
        ),
        "repeat": Pipeline(pipeline_id=REPEAT, win_after_days=30),
    },
)


class Noon:
    """Business time stands still."""

    def now(self) -> datetime:
        return NOON


def worker(user_id: int, name: str, **rights: Any) -> dict[str, Any]:
    told = {"is_admin": False, "is_free": False, "is_active": True, "group_id": 5, "role_id": None} | rights
    roles = [{"id": told["role_id"], "name": "Кассир"}] if told["role_id"] else []
    return {"id": user_id, "name": name, "rights": told, "_embedded": {"roles": roles, "groups": []}}


WORKERS = [
    worker(ANNA, "Орлова Анна", is_admin=True, group_id=0),
    worker(BORIS, "Белов Борис", role_id=9),
    worker(OLGA, "Ким Ольга", is_admin=True),
]


def pipeline(id_: int, name: str, *stages: tuple[int, str], **more: Any) -> dict[str, Any]:
    closed = [(142, "Успешно реализовано"), (143, "Закрыто и не реализовано")]
    statuses = [
        {"id": stage, "name": called, "sort": 10 * place, "color": "#fffeb2", "type": int(called == "Неразобранное")}
        for place, (stage, called) in enumerate([*stages, *closed])
    ]
    return {"id": id_, "name": name, "sort": id_, "is_archive": False, "_embedded": {"statuses": statuses}} | more


PIPELINES = [
    pipeline(REPEAT, "Повторные", (THINKS, "Думает")),
    pipeline(PRIMARY, "Первичные", (1, "Неразобранное"), (BOOKED, "Записан"), (CANCELLED, "Отменил — вернуть")),
    pipeline(103, "Старая", (3001, "Был"), is_archive=True),
]


@dataclass
class Links:
    """Agents on the line."""

    there: set[tuple[int, str]] = field(default_factory=set)
    twins: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict)

    def connected(self) -> set[tuple[int, str]]:
        return self.there

    def left_at(self, key: tuple[int, str]) -> datetime | None:
        return None if key in self.there else NOON

    def doubled(self) -> dict[tuple[int, str], tuple[str, ...]]:
        return self.twins


@dataclass
class Page:
    """The hub as the page of an admin meets it."""

    store: Store
    account: Account
    server: Server
    base: str
    http: aiohttp.ClientSession
    links: Links = field(default_factory=Links)

    async def ask(self, method: str, user: int = ANNA, **more: Any) -> tuple[int, dict[str, Any]]:
        headers = {"X-Auth-Token": self.token(user), "Origin": self.server.base}
        async with self.http.request(method, self.base + "/panel/v1/settings", headers=headers, **more) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == self.server.base
            return answer.status, await answer.json()

    async def save(self, settings: dict[str, Any], version: int = 7, user: int = ANNA) -> tuple[int, dict[str, Any]]:
        return await self.ask("PUT", user, json={"version": version, "settings": settings})

    def token(self, user: int) -> str:
        now = int(machine_now().timestamp())
        claims = {"iss": self.server.base, "aud": "https://hub.example", "iat": now, "nbf": now, "exp": now + 1800}
        mine = {"account_id": ACCOUNT, "user_id": user, "client_uuid": INTEGRATION.client_id, "is_admin": True}
        return jwt.encode(claims | mine, INTEGRATION.secret, algorithm="HS256")

    async def put(self, table: Any, **values: Any) -> None:
        async with self.store.writing(self.account) as unit:
            await unit.execute(insert(table).values(account_id=ACCOUNT, **values))

    async def visit(self, key: str, arrival: int, value: str) -> None:
        async with self.store.writing(self.account) as unit:
            sealed = unit.vault.seal(value.encode(), record_place("db_1", ("visit", key)))
        await self.put(
            tables.records, database="db_1", kind="visit", key=key, arrival=arrival, read_at=NOON, sealed_value=sealed
        )

    async def deal(self, deal_id: int, patient: str, closed_at: datetime | None = None) -> None:
        place = {"database": "db_1", "patient": patient, "pipeline_id": PRIMARY, "stage_id": BOOKED}
        await self.put(tables.deals, deal_id=deal_id, closed_at=closed_at, sealed_memory=b"", **place)

    async def hears(self, can: dict[str, bool]) -> None:
        """The agent says what it can read."""
        told = State(mis="ok", capabilities=can, outbox=OutboxDepth(live=0, backfill=0, oldest_seconds=0))
        async with self.store.writing(self.account) as unit:
            await unit.execute(update(tables.databases).values(state=told.model_dump_json()))

    async def dues(self) -> dict[str, datetime]:
        async with self.store.reading(self.account) as unit:
            return {row.patient: row.due for row in await unit.execute(select(tables.dues))}

    async def standing(self) -> Settings:
        async with self.store.reading(self.account) as unit:
            text = (await unit.execute(select(tables.accounts.c.settings))).scalar_one()
        return Settings.model_validate_json(text)


@pytest.fixture
async def page(store: Store) -> AsyncIterator[Page]:
    async with network.running() as server, aiohttp.ClientSession() as http:
        account = await installed(store, server.host, fresh_pair())
        async with store.writing(account) as unit:
            text = SETTINGS.model_dump_json(by_alias=True)
            await unit.execute(update(tables.accounts).values(settings=text))
        for one in WORKERS:
            server.on(f"GET /api/v4/users/{one['id']}", Reply(200, one))
        server.on("GET /api/v4/users", listed("users", WORKERS))
        server.on("GET /api/v4/leads/pipelines", Reply(200, {"_embedded": {"pipelines": PIPELINES}}))
        groups = {"users_groups": [{"id": 0, "name": "Отдел продаж"}, {"id": 5, "name": "Ресепшен"}]}
        server.on("GET /api/v4/account", Reply(200, {"id": ACCOUNT, "_embedded": groups}))
        async with open_amocrm(store, stand_ins=[server.host], rate=1000) as amocrms:
            made = Page(store, account, server, "", http)
            desk = SettingsDesk(store, amocrms, Rights(amocrms), Noon(), made.links)
            app = web.Application()
            app.router.add_routes(desk.routes(Door(Integrations(store), Hosts([server.host]))))
            async with listening(app, Address(host="127.0.0.1", port=0), "HUB_LISTEN") as port:
                made.base = f"http://127.0.0.1:{port}"
                yield made


@pytest.fixture
async def clinic(page: Page) -> Page:
    told = {"name": "PZ", "zone": "Europe/Moscow", "mis": "ok", "read_through": NOON, "outbox_depth": 3}
    await page.put(tables.databases, id="db_1", loaded_at=NOON, live_since=NOON, **told)
    page.links.there.add((ACCOUNT, "db_1"))
    return page


def edited(path: str, value: Any) -> dict[str, Any]:
    """The settings with one place changed."""
    settings: dict[str, Any] = copy.deepcopy(SETTINGS.model_dump(mode="json", by_alias=True))
    *way, last = path.split(".")
    place = settings
    for step in way:
        place = place[step]
    place[last] = value
    return settings


async def test_the_page_shows_settings_and_what_there_is_to_choose_from(clinic: Page) -> None:
    await clinic.visit("1", 1, '{"branch":{"id":"2","name":"Старое имя"}}')
    await clinic.visit("2", 2, '{"branch":{"id":"2","name":"На Ленина"}}')
    await clinic.visit("3", 3, '{"branch":null}')

    status, told = await clinic.ask("GET")
    choices = told["choices"]

    assert (status, told["version"], told["settings"]) == (200, 7, SETTINGS.model_dump(mode="json", by_alias=True))
    assert [one["name"] for one in choices["pipelines"]] == ["Первичные", "Повторные"]
    assert [stage["id"] for stage in choices["pipelines"][0]["stages"]] == [BOOKED, CANCELLED, 142, 143]
    assert [one["name"] for one in choices["users"]] == ["Орлова Анна", "Белов Борис", "Ким Ольга"]
    assert choices["groups"] == [{"id": 0, "name": "Отдел продаж"}, {"id": 5, "name": "Ресепшен"}]
    assert choices["roles"] == [{"id": 9, "name": "Кассир"}]
    assert choices["databases"] == [{"id": "db_1", "name": "PZ", "zone": "Europe/Moscow"}]
    assert choices["branches"] == [{"database": "db_1", "branch": "2", "name": "На Ленина"}]
    assert {"booked", "cancelled", "visited"} <= {target["key"] for target in choices["targets"]}


async def test_the_page_says_in_words_how_the_clinic_stands(clinic: Page) -> None:
    since = machine_now() - timedelta(minutes=5)
    await clinic.put(tables.dirty, database="db_1", patient="4410", arrival=1, since=since)
    for number, (kind, reason) in enumerate([("ask", "several_deals"), ("park", "NotSupportedChoice price")]):
        subject = {"database": "db_1", "subject": f"visit:{number}", "patient": "1"}
        await clinic.put(tables.outcomes, outcome=kind, reason=reason, at=NOON, **subject)

    _, told = await clinic.ask("GET")
    clinic.links.there.clear()
    _, later = await clinic.ask("GET")

    assert told["health"]["undelivered"] == 1
    assert [(one["level"], one["outbox"], one["connected"]) for one in told["health"]["clinics"]] == [
        ("green", 3, True)
    ]
    assert told["health"]["outcomes"] == [
        {"text": "amoCRM не приняла изменение: скажите администратору, пусть проверит поля и этапы", "count": 1},
        {"text": "У пациента несколько открытых сделок: выберите, в какую ставить новые приёмы", "count": 1},
    ]
    assert later["health"]["clinics"][0]["level"] == "red"
    assert "не на связи" in later["health"]["clinics"][0]["text"]


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_only_admins_by_amocrms_word_see_and_change_settings(page: Page, method: str) -> None:
    body = {"version": 7, "settings": edited("paused", True)} if method == "PUT" else None

    status, told = await page.ask(method, BORIS, json=body)

    assert (status, told["code"]) == (403, "refused")
    assert await page.standing() == SETTINGS


async def test_a_change_is_kept_with_who_and_when(clinic: Page) -> None:
    status, told = await clinic.save(edited("pipelines.primary.targets.cancelled", {"stage": CANCELLED}))

    assert (status, told["version"]) == (200, 8)
    kept = await clinic.standing()
    assert kept.version == 8
    assert kept.pipelines["primary"].targets["cancelled"].stage == CANCELLED
    assert [(line["version"], line["user"]) for line in told["changed"]] == [(8, "Орлова Анна")]
    async with clinic.store.reading(clinic.account) as unit:
        assert (await unit.execute(select(settings_changes.c.user_id))).scalars().all() == [ANNA]


async def test_a_change_over_somebody_elses_is_refused_and_says_whose(clinic: Page) -> None:
    await clinic.save(edited("paused", True), user=OLGA)

    status, told = await clinic.save(edited("grace_minutes", 30))
    standing = await clinic.standing()

    assert (status, told["code"]) == (409, "changed_meanwhile")
    assert "Ким Ольга" in told["reason"]
    assert (standing.paused, standing.grace_minutes) == (True, 15)


async def test_the_last_changes_say_what_they_were_about(clinic: Page) -> None:
    await clinic.save(edited("grace_minutes", 30))
    await clinic.save(edited("rights.money", ["admin"]) | {"grace_minutes": 30}, version=8)
    _, told = await clinic.save(edited("rights.money", ["admin"]) | {"grace_minutes": 30, "paused": True}, version=9)

    assert [line["what"] for line in told["changed"]] == ["Пауза включена", "Права", "Настройки"]


MONEY = [
    ({"balance.debt": True, "balance.advance": True, "balance.net": True}, "journal", "раздельно"),
    ({"balance.debt": True, "balance.advance": False, "balance.net": False}, "journal", "Аванс не показываем"),
    ({"balance.debt": False, "balance.advance": False, "balance.net": True}, "net", "«Оплачено» и «Долг по сделке»"),
    ({"balance.debt": False, "balance.advance": False, "balance.net": False}, None, "не читаются"),
    ({"visit.branch": True}, None, "ещё не сообщил"),
    (None, None, "ещё не сообщил"),
]


async def test_the_page_says_in_words_what_the_agent_cannot_read(clinic: Page) -> None:
    await clinic.hears(
        {
            "visit.branch": False,
            "visit.source": True,
            "balance.debt": True,
            "balance.advance": True,
            "balance.net": False,
        }
    )

    _, told = await clinic.ask("GET")

    assert told["health"]["clinics"][0]["off"] == ["филиал приёма"]


async def test_the_page_says_that_there_is_a_second_agent_and_on_which_computers(clinic: Page) -> None:
    clinic.links.twins = {(clinic.account.id, "db_1"): ("ПК-1", "ПК-2"), (clinic.account.id + 1, "db_1"): ()}

    _, told = await clinic.ask("GET")

    shown = told["health"]["clinics"][0]
    assert shown["text"].endswith(
        "Второй агент (компьютеры ПК-1 и ПК-2): оставьте один, на лишнем остановите службу ident-agent"
    )
    assert shown["level"] != "green"


@pytest.mark.parametrize(("can", "way", "words"), MONEY)
async def test_the_page_says_how_sums_are_reckoned_and_what_is_off(
    clinic: Page, can: dict[str, bool] | None, way: str | None, words: str
) -> None:
    if can is not None:
        await clinic.hears(can)

    _, told = await clinic.ask("GET")
    (line,) = told["money"]

    assert (line["database"], line["name"], line["way"], line["confirmed_by"]) == ("db_1", "PZ", way, None)
    assert words in line["text"]


async def test_who_confirmed_the_sums_stands_there_until_they_are_revoked(clinic: Page) -> None:
    await clinic.hears(MONEY[0][0] or {})
    confirmed = edited("money_verified", {"db_1": "journal"})
    _, first = await clinic.save(confirmed)
    _, second = await clinic.save(confirmed | {"grace_minutes": 30}, version=8, user=OLGA)
    _, revoked = await clinic.save(edited("grace_minutes", 30), version=9, user=OLGA)
    _, again = await clinic.save(confirmed | {"grace_minutes": 30}, version=10, user=OLGA)
    told = [page["money"][0]["confirmed_by"] for page in (first, second, revoked, again)]

    assert told == ["Орлова Анна", "Орлова Анна", None, "Ким Ольга"]
    assert first["money"][0]["confirmed_at"] == second["money"][0]["confirmed_at"] == first["changed"][0]["at"]
    assert [line["what"] for line in again["changed"]] == ["Сверка сумм", "Сверка сумм", "Сроки", "Настройки"]
    assert (await clinic.standing()).money_verified == {"db_1": "journal"}


WRONG = {
    "a stage of another pipeline": ("pipelines.primary.targets.booked.stage", THINKS),
    "a pipeline that is archived": ("pipelines.repeat.pipeline_id", 103),
    "one pipeline for both": ("pipelines.repeat.pipeline_id", PRIMARY),
    "an accepted stage that is not there": ("pipelines.primary.targets.booked.accepted", [BOOKED, 4]),
    "a stage to leave that is not there": ("pipelines.primary.targets.booked.from", [4]),
    "a basis that is none": ("pipelines.primary.budget.basis", "hopes"),
    "too long a grace": ("grace_minutes", 100000),
    "no number": ("grace_minutes", "скоро"),
    "a zone that is none": ("zone", "Mars/Olympus"),
    "rights for nobody": ("rights.money", []),
    "rights for a group that is gone": ("rights.search", ["group:77"]),
    "a preset that does not work yet": ("preset", "deal_per_visit"),
    "a branch of a database that is not there": ("branches", [{"database": "db_9", "branch": "2", "name": "х"}]),
    "a name of ours that there is not": ("wishes", 1),
    "sums of a database that is not there": ("money_verified.db_9", "journal"),
    "sums reckoned in a way that is none": ("money_verified.db_1", "by eye"),
}
PLACES = {"branches": "branches.0.database"}


DIRECTORY = Directory(
    pipelines=(
        PipelineOffer(
            id=PRIMARY,
            name="Первичные",
            stages=(StageOffer(id=BOOKED, name="Записан"), StageOffer(id=142, name="Успешно реализовано")),
        ),
        PipelineOffer(id=REPEAT, name="Повторные", stages=(StageOffer(id=THINKS, name="Думает"),)),
    ),
    workers=(),
    groups=(Named(id=5, name="Ресепшен"),),
    roles=(),
)


@pytest.mark.parametrize(("path", "value"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_hold_is_refused_at_its_field(path: str, value: object) -> None:
    try:
        found = problems(parsed(edited(path, value)), DIRECTORY, {"db_1"})
    except Unfit as unfit:
        found = list(unfit.problems)

    assert [problem.path for problem in found] == [PLACES.get(path, path)]
    assert all(problem.text.endswith(".") for problem in found)
    assert problems(SETTINGS, DIRECTORY, {"db_1"}) == []


async def test_a_refused_change_names_its_fields_and_changes_nothing(clinic: Page) -> None:
    status, told = await clinic.save(edited("pipelines.primary.targets.booked.stage", THINKS))

    assert (status, told["code"]) == (400, "bad_settings")
    assert [problem["path"] for problem in told["problems"]] == ["pipelines.primary.targets.booked.stage"]
    assert await clinic.standing() == SETTINGS


async def test_what_was_wrong_before_stops_nobody_from_changing_something_else(clinic: Page) -> None:
    gone = [pipeline(PRIMARY, "Первичные", (CANCELLED, "Отменил — вернуть")), PIPELINES[0]]
    clinic.server.on("GET /api/v4/leads/pipelines", Reply(200, {"_embedded": {"pipelines": gone}}))

    status, _ = await clinic.save(edited("paused", True))

    assert (status, (await clinic.standing()).paused) == (200, True)


async def test_whoever_has_an_open_deal_or_none_for_a_reason_is_looked_at_again(clinic: Page) -> None:
    await clinic.deal(1, "4410")
    await clinic.deal(2, "4411")
    await clinic.deal(3, "4412", closed_at=NOON)
    await clinic.put(tables.dues, database="db_1", patient="4411", due=NOON + timedelta(days=3))
    for number, patient in enumerate(["4413", ""]):  # a visit without patient card is nobody's
        skip = {"database": "db_1", "subject": f"visit:{number}", "patient": patient, "outcome": "skip"}
        await clinic.put(tables.outcomes, reason="filtered", at=NOON, **skip)

    await clinic.save(edited("grace_minutes", 30))

    assert await clinic.dues() == {"4410": NOON, "4411": NOON, "4413": NOON}


@pytest.mark.parametrize(
    ("path", "value"), [("paused", True), ("rights.money", ["admin"]), ("money_verified", {"db_1": "journal"})]
)
async def test_a_pause_rights_and_a_confirmation_move_no_deal(clinic: Page, path: str, value: object) -> None:
    await clinic.deal(1, "4410")

    status, _ = await clinic.save(edited(path, value))

    assert (status, await clinic.dues()) == (200, {})


async def test_an_account_that_is_not_prepared_has_no_settings_yet(page: Page) -> None:
    async with page.store.writing(page.account) as unit:
        await unit.execute(update(tables.accounts).values(settings=None))

    _, told = await page.ask("GET")
    status, refused = await page.save(edited("paused", True), version=0)

    assert (told["settings"], told["version"]) == (None, 0)
    assert (status, refused["code"]) == (403, "not_configured")


async def test_a_change_that_is_no_change_of_settings_is_not_understood(page: Page) -> None:
    status, told = await page.ask("PUT", json={"settings": "x"})
    async with page.store.reading(page.account) as unit:
        kept = (await unit.execute(select(func.count()).select_from(settings_changes))).scalar_one()

    assert (status, told["code"], kept) == (400, "bad_question", 0)


async def test_while_amocrm_is_down_the_page_says_so(page: Page) -> None:
    page.server.on("GET /api/v4/leads/pipelines", network.nginx(502))

    status, told = await page.ask("GET")

    assert (status, told["code"]) == (503, "busy")


def test_the_golden_answer_of_the_page_is_what_the_hub_would_say() -> None:
    golden = json.loads((Path(__file__).parents[2] / "panel" / "settings.json").read_text("utf-8"))
    shapes = {
        "settings": Settings.model_validate(golden["settings"]).model_dump(mode="json", by_alias=True),
        "version": golden["settings"]["version"],
        "choices": Choices.model_validate(golden["choices"]).model_dump(mode="json"),
        "health": Health.model_validate(golden["health"]).model_dump(mode="json"),
        "money": [MoneyLine.model_validate(line).model_dump(mode="json") for line in golden["money"]],
        "changed": [ChangeLine.model_validate(line).model_dump(mode="json") for line in golden["changed"]],
    }

    assert shapes == golden
