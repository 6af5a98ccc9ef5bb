"""Subscriptions over the API, and what then arrives at whoever listens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from demo.amocrm import courier
from demo.amocrm.automation import Webhook
from demo.amocrm.model import Json
from demo.amocrm.stand_in import Options, StandIn
from tests.demo.amocrm.conftest import BUSINESS, PLENTY, REDIRECT, Clocks, Crm, phone

DAY_OPENS = 1_795_406_400
"""2026-11-23 07:00:00 in Moscow."""


@dataclass
class Ear:
    """Somebody who listens, and what was heard."""

    url: str = ""
    status: int = 200
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        self.heard.append(dict(parse_qsl(await request.text(), keep_blank_values=True)))
        await self.answers.wait()
        return web.Response(status=self.status, headers={"Location": self.url} if self.status == 302 else {})

    def of(self, key: str) -> list[str]:
        """What was heard under this key, in the order in which it came."""
        return [body[key] for body in self.heard if key in body]


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    ear = Ear()
    ear.answers.set()
    app = web.Application()
    app.router.add_post("/hook/{secret}", ear.hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ear.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook/s3cret"
    try:
        yield ear
    finally:
        ear.answers.set()
        await runner.cleanup()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 nobody tells when a webhook was answered
            await asyncio.sleep(0.01)


async def told(stand_in: StandIn, times: int = 1) -> list[int]:
    """The codes of that many deliveries, when they are all there; and no more are due."""
    await until(lambda: len(stand_in.post.shape()["sent"]) >= times and not stand_in.post.due())
    codes = [delivery["code"] for delivery in stand_in.post.shape()["sent"]]
    assert len(codes) == times
    return codes


async def subscribe(crm: Crm, ear: Ear, *settings: str) -> Json:
    said = await crm.post("webhooks", {"destination": ear.url, "settings": list(settings)})
    assert said.status == 201, said.text
    hook: Json = said.body
    return hook


# Subscribing.


async def test_a_subscription_looks_as_documented(crm: Crm) -> None:
    body = {"destination": "https://hub.example.ru/hooks/s", "settings": ["add_lead", "status_lead"], "sort": 10}
    admin = next(iter(crm.stand_in.account.users))

    said = await crm.post("webhooks", body)

    assert said.status == 201
    times = {"created_at": BUSINESS, "updated_at": BUSINESS, "created_by": admin}
    whole = {"id": 60_001, **body, **times, "account_id": crm.stand_in.account.id, "disabled": False}
    assert said.body == whole
    listed = (await crm.get("webhooks")).body
    assert (listed["_total_items"], listed["_embedded"]["webhooks"]) == (1, [whole])


async def test_the_same_destination_again_is_an_update(crm: Crm) -> None:
    body = {"destination": "https://hub.example.ru/hooks/s", "settings": ["add_lead"], "sort": 10}
    first = (await crm.post("webhooks", body)).body
    crm.clocks.business += 60

    said = await crm.post("webhooks", {**body, "settings": ["note_lead"]} | {"sort": 3})

    assert said.status == 201
    assert said.body == {**first, "settings": ["note_lead"], "sort": 3, "updated_at": BUSINESS + 60}
    assert len(crm.stand_in.account.webhooks) == 1


async def test_webhooks_are_filtered_by_their_exact_address_without_any_option(crm: Crm) -> None:
    for number in range(2):
        body = {"destination": f"http://127.0.0.1:1/{number}", "settings": ["add_lead"]}
        assert (await crm.post("webhooks", body)).status == 201

    said = await crm.get("webhooks?filter[destination]=http://127.0.0.1:1/1")

    assert [hook["destination"] for hook in said.items("webhooks")] == ["http://127.0.0.1:1/1"]
    assert (await crm.get("webhooks?filter[destination]=http://127.0.0.1:1/")).status == 204


async def test_unsubscribing_names_the_destination(crm: Crm) -> None:
    body = {"destination": "http://127.0.0.1:1/hook", "settings": ["add_lead"]}
    await crm.post("webhooks", body)

    gone = {"destination": body["destination"]}
    assert (await crm.ask("DELETE", "webhooks", gone)).status == 204
    assert (await crm.ask("DELETE", "webhooks", gone)).status == 404
    assert (await crm.get("webhooks")).status == 204


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"destination": "hub.example.ru"}, ("NotSupportedChoice", "destination")),
        ({"destination": "ftp://hub.example.ru/"}, ("NotSupportedChoice", "destination")),
        ({"destination": "https://клиника.рф/hook"}, ("NotSupportedChoice", "destination")),
        ({"destination": "https://xn--80apgdkc.xn--p1ai/hook"}, ("NotSupportedChoice", "destination")),
        ({"settings": ["add_lead", "add_visit"]}, ("NotSupportedChoice", "settings.1")),
        ({"settings": []}, ("TooFew", "settings")),
        ({"sort": "1"}, ("InvalidType", "sort")),
        ({"disabled": False}, ("NotExpected", "disabled")),
    ],
)
async def test_a_wrong_subscription_is_refused_by_key(crm: Crm, wrong: Json, problem: tuple[str, str]) -> None:
    body = {"destination": "http://127.0.0.1:1/hook", "settings": ["add_lead"], **wrong}

    assert (await crm.post("webhooks", body)).problems() == [problem]
    assert crm.stand_in.account.webhooks == {}


async def test_an_account_has_a_hundred_webhooks_and_can_still_change_one(crm: Crm) -> None:
    def body(number: int) -> Json:
        return {"destination": f"http://127.0.0.1:1/{number}", "settings": ["add_lead"]}

    for number in range(100):
        assert (await crm.post("webhooks", body(number))).status == 201

    assert (await crm.post("webhooks", body(100))).problems() == [("TooMany", "destination")]
    assert (await crm.post("webhooks", body(7))).status == 201


async def test_only_an_admin_has_to_do_with_webhooks(crm: Crm) -> None:
    operator = crm.stand_in.long_lived_token(crm.url, max(crm.stand_in.account.users))
    body = {"destination": "http://127.0.0.1:1/hook", "settings": ["add_lead"]}

    for method, what in (("GET", None), ("POST", body), ("DELETE", {"destination": "x"})):
        assert (await crm.ask(method, "webhooks", what, token=operator)).status == 403


@pytest.mark.parametrize(
    "options",
    [Options(redirect_uri=REDIRECT, rate=PLENTY, account_rate=PLENTY, webhooks=False)],
    ids=["cheap"],
)
async def test_the_cheap_plan_has_no_webhooks(crm: Crm) -> None:
    body = {"destination": "http://127.0.0.1:1/hook", "settings": ["add_lead"]}

    assert (await crm.get("webhooks")).status == 403
    assert (await crm.post("webhooks", body)).status == 403
    assert crm.stand_in.refused == []


# What arrives.


async def test_a_status_arrives_as_a_form_in_the_old_shape_without_a_signature(crm: Crm, ear: Ear) -> None:
    admin, operator = min(crm.stand_in.account.users), max(crm.stand_in.account.users)
    number = await crm.field("leads", "numeric", code="SUM")
    flag = await crm.field("leads", "checkbox")
    values = [
        {"field_id": number["id"], "values": [{"value": "1500"}]},
        {"field_id": flag["id"], "values": [{"value": True}]},
    ]
    lead = await crm.lead(price=700, status_id=crm.stages[0], custom_fields_values=values)
    await subscribe(crm, ear, "status_lead")
    crm.clocks.business += 60

    crm.stand_in.edit_lead(operator, lead, {"status_id": crm.stages[1]})
    assert await told(crm.stand_in) == [200]

    at, field_at = "leads[status][0]", "leads[status][0][custom_fields]"
    assert ear.heard == [
        {
            f"{at}[id]": str(lead),
            f"{at}[status_id]": str(crm.stages[1]),
            f"{at}[old_status_id]": str(crm.stages[0]),
            f"{at}[price]": "700",
            f"{at}[responsible_user_id]": str(admin),
            f"{at}[last_modified]": str(BUSINESS + 60),
            f"{at}[modified_user_id]": str(operator),
            f"{at}[created_user_id]": str(admin),
            f"{at}[date_create]": str(BUSINESS),
            f"{at}[account_id]": str(crm.stand_in.account.id),
            f"{field_at}[0][id]": str(number["id"]),
            f"{field_at}[0][name]": "Поле numeric",
            f"{field_at}[0][code]": "SUM",
            f"{field_at}[0][values][0]": "1500",
            f"{field_at}[1][id]": str(flag["id"]),
            f"{field_at}[1][name]": "Поле checkbox",
            f"{field_at}[1][values][0]": "1",
            "account[subdomain]": "example",
            "account[id]": str(crm.stand_in.account.id),
            "account[_links][self]": crm.url,
        }
    ]
    [headers] = ear.headers
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert set(headers) <= {"Host", "Accept", "Accept-Encoding", "Content-Type", "Content-Length"}


async def test_contacts_and_companies_share_a_key(crm: Crm, ear: Ear) -> None:
    contact = await crm.contact(name="Петров Пётр", custom_fields_values=[phone("+79990000101")])
    lead = await crm.lead(_embedded={"contacts": [{"id": contact}]})
    enum = next(f for f in crm.stand_in.account.fields["contacts"].values() if f.code == "PHONE")
    mobile = next(choice.id for choice in enum.choices if choice.code == "MOB")
    await subscribe(crm, ear, "update_contact", "add_company")

    await crm.patch(f"contacts/{contact}", {"name": "Петров"})
    await crm.post("companies", [{"name": "ООО «Ромашка»"}])
    await told(crm.stand_in, 2)

    [person, firm] = ear.heard
    at = "contacts[update][0]"
    assert {key: person[key] for key in person if "linked" in key or "[custom_fields]" in key or "[type]" in key} == {
        f"{at}[type]": "contact",
        f"{at}[linked_leads_id][{lead}][ID]": str(lead),
        f"{at}[custom_fields][0][id]": str(enum.id),
        f"{at}[custom_fields][0][name]": enum.name,
        f"{at}[custom_fields][0][code]": "PHONE",
        f"{at}[custom_fields][0][values][0][value]": "+79990000101",
        f"{at}[custom_fields][0][values][0][enum]": str(mobile),
    }
    assert firm["contacts[add][0][type]"] == "company"


async def test_every_signal_that_can_happen_here(crm: Crm, ear: Ear) -> None:
    operator = max(crm.stand_in.account.users)
    every = [f"{action}_{kind}" for action in ("add", "update", "responsible") for kind in ("lead", "contact", "task")]
    await subscribe(crm, ear, *every, "status_lead", "note_lead", "note_contact")

    contact = await crm.contact(name="Петров")
    lead = await crm.lead(_embedded={"contacts": [{"id": contact}]})
    await crm.patch(f"leads/{lead}", {"status_id": crm.stages[1], "responsible_user_id": operator})
    await crm.patch(f"contacts/{contact}", {"responsible_user_id": operator})
    for kind, card in (("leads", lead), ("contacts", contact)):
        note = {"note_type": "common", "params": {"text": "звонила мама"}}
        assert (await crm.post(f"{kind}/{card}/notes", [note])).status == 200
    task = {"text": "Перезвонить", "complete_till": DAY_OPENS, "entity_id": lead, "entity_type": "leads"}
    [made] = (await crm.post("tasks", [task])).items("tasks")
    await crm.patch(f"tasks/{made['id']}", {"responsible_user_id": operator})
    await crm.patch(f"tasks/{made['id']}", {"is_completed": True, "result": {"text": "дозвонились"}})
    await told(crm.stand_in, 14)

    assert [delivery["setting"] for delivery in crm.stand_in.post.shape()["sent"]] == [
        "add_contact", "add_lead", "status_lead", "update_lead", "responsible_lead", "update_contact",
        "responsible_contact", "note_lead", "note_contact", "add_task", "update_task", "responsible_task",
        "update_task", "update_task",
    ]  # fmt: skip
    assert ear.of("leads[note][0][note][element_id]") == [str(lead)]
    assert ear.of("contacts[note][0][note][element_type]") == ["1"]
    assert ear.of("task[add][0][complete_till]") == ["2026-11-23 07:00:00"]
    assert ear.of("task[update][0][action_close]") == ["1", "1"]


async def test_our_own_writes_come_back(crm: Crm, ear: Ear) -> None:
    await subscribe(crm, ear, "add_lead", "update_lead")

    [made] = (await crm.post("leads/complex", [{"name": "наша"}])).body
    await crm.patch("leads", [{"id": made["id"], "price": 5}])
    await told(crm.stand_in, 2)

    assert ear.of("leads[add][0][id]") == ear.of("leads[update][0][id]") == [str(made["id"])]


async def test_what_was_refused_or_lost_on_its_way_to_amocrm_is_told_to_nobody(crm: Crm, ear: Ear) -> None:
    await subscribe(crm, ear, "add_lead")
    crm.stand_in.faults.add("POST /api/v4/leads", "429")
    crm.stand_in.faults.add("POST /api/v4/leads", "late")

    await crm.post("leads", [{}])
    assert crm.stand_in.post.due() == []
    await crm.post("leads", [{}])
    await crm.post("leads", [{"price": "много"}])
    assert crm.stand_in.post.due() == []

    crm.stand_in.turn(20)
    assert await told(crm.stand_in) == [200]


async def test_an_answer_after_two_seconds_is_none(
    monkeypatch: pytest.MonkeyPatch, options: Options, clocks: Clocks, ear: Ear
) -> None:
    assert courier.DEADLINE_SECONDS == 2.0
    stand_in = StandIn(options, lambda: clocks.business, lambda: clocks.machine, lambda: clocks.machine)
    stand_in.account.webhooks[1] = Webhook(1, ear.url, ["add_lead"], 0, 1, 0, 0)
    monkeypatch.setattr(courier, "DEADLINE_SECONDS", 0.1)
    ear.answers.clear()
    carried = courier.carrying(stand_in)
    await anext(carried)

    stand_in.create_lead(0, {})
    assert await told(stand_in) == [499]
    assert [one["attempt"] for one in stand_in.post.shape()["waiting"]] == [2]
    await anext(carried, None)


@pytest.mark.parametrize(("status", "attempts"), [(302, 3), (404, 3), (500, 5), (204, 1)])
async def test_a_bad_answer_is_followed_by_the_ladder(crm: Crm, ear: Ear, status: int, attempts: int) -> None:
    ear.status = status
    await subscribe(crm, ear, "add_lead")
    await crm.lead()
    await told(crm.stand_in)

    for number, minutes in enumerate((5, 15, 15, 60, 600), 2):
        crm.stand_in.turn(minutes * 60)
        await told(crm.stand_in, min(number, attempts))

    assert await told(crm.stand_in, attempts) == [status] * attempts
    assert len(ear.heard) == attempts
    assert len({tuple(body.items()) for body in ear.heard}) == 1


async def test_nobody_at_the_address_is_a_bad_answer_and_strangers_are_never_dialled(crm: Crm) -> None:
    for destination in ("http://127.0.0.1:1/hook", "https://hub.example.ru/hook"):
        assert (await crm.post("webhooks", {"destination": destination, "settings": ["add_lead"]})).status == 201

    await crm.lead()

    assert await told(crm.stand_in, 2) == [0, 0]
    assert len(crm.stand_in.post.shape()["waiting"]) == 2


async def test_whoever_answers_badly_too_often_is_disabled_and_enabled_by_hand(crm: Crm, ear: Ear) -> None:
    ear.status = 500
    hook = await subscribe(crm, ear, "add_lead")
    assert (await crm.post("leads", [{}] * 101)).status == 200
    await told(crm.stand_in, 101)

    assert (await crm.get("webhooks")).items("webhooks")[0]["disabled"] is True
    assert (await subscribe(crm, ear, "add_lead"))["disabled"] is True
    ear.status = 200
    await crm.lead()
    crm.stand_in.turn(86_400)
    await told(crm.stand_in, 101)

    assert (await crm.ask("POST", f"/_stand-in/webhooks/{hook['id']}/enable", {})).status == 204
    await crm.lead()
    assert (await told(crm.stand_in, 102))[-1] == 200
    assert (await crm.get("webhooks")).items("webhooks")[0]["disabled"] is False


async def test_losing_doubling_and_turning_round_have_knobs(crm: Crm, ear: Ear) -> None:
    await subscribe(crm, ear, "add_lead")

    async def knob(**what: int) -> None:
        assert (await crm.ask("POST", "/_stand-in/webhooks", what)).status == 204

    await knob(lose=1, duplicate=1)
    lost, doubled = await crm.lead(), await crm.lead()
    await told(crm.stand_in, 2)
    await knob(reverse=2)
    first, second = await crm.lead(), await crm.lead()
    await told(crm.stand_in, 4)

    assert ear.of("leads[add][0][id]") == [str(lead) for lead in (doubled, doubled, second, first)]
    assert lost in crm.stand_in.account.leads
    state = (await crm.ask("GET", "/_stand-in/webhooks")).body
    assert (len(state["sent"]), state["waiting"], state["webhooks"][0]["disabled"]) == (4, [], False)
    assert "custom_fields" not in str(state)
    for path, body in (("webhooks", {"lose": -1}), ("webhooks/1/enable", {}), ("webhooks/60001/disable", {})):
        assert (await crm.ask("POST", f"/_stand-in/{path}", body)).status in (400, 404)
