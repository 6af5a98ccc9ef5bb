"""What a test may ask to go wrong."""

import asyncio
import time

import aiohttp
import pytest

from demo.amocrm.errors import Refused
from demo.amocrm.faults import Kind
from tests.demo.amocrm.conftest import Crm


async def test_a_lost_answer_was_applied(crm: Crm) -> None:
    crm.stand_in.faults.add("POST /api/v4/leads/complex", "lost")

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await crm.post("leads/complex", [{"name": "Петров Пётр"}])

    assert [lead.name for lead in crm.stand_in.account.leads.values()] == ["Петров Пётр"]
    assert (await crm.post("leads/complex", [{"name": "Второй"}])).status == 200
    assert crm.stand_in.counts()["by_route"] == {"POST /api/v4/leads/complex": {"0": 1, "200": 1}}


async def test_a_lost_request_was_not_applied(crm: Crm) -> None:
    crm.stand_in.faults.add("POST /api/v4/leads", "lost", apply=False)

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await crm.post("leads", [{}])

    assert crm.stand_in.account.leads == {}


async def test_a_refresh_whose_answer_was_lost_has_used_the_token(crm: Crm) -> None:
    chosen = crm.stand_in.integration
    fields = {"client_id": chosen.client_id, "client_secret": chosen.secret, "redirect_uri": chosen.redirect_uri}
    code = {**fields, "grant_type": "authorization_code", "code": crm.stand_in.code()}
    pair = (await crm.ask("POST", "/oauth2/access_token", code)).body
    body = {**fields, "grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    crm.stand_in.faults.add("POST /oauth2/access_token", "lost")

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await crm.ask("POST", "/oauth2/access_token", body)

    assert (await crm.ask("POST", "/oauth2/access_token", body)).status == 401


@pytest.mark.parametrize(
    ("kind", "status", "type_"),
    [
        ("429", 429, "text/html"),
        ("429_json", 429, "application/problem+json"),
        ("429_empty", 429, "application/octet-stream"),
        ("402", 402, "application/problem+json"),
        ("403_html", 403, "text/html"),
        ("500", 500, "text/html"),
        ("502", 502, "text/html"),
        ("503", 503, "text/html"),
        ("504", 504, "text/html"),
        ("200_html", 200, "text/html"),
    ],
)
@pytest.mark.parametrize("apply", [True, False])
async def test_a_broken_answer(crm: Crm, kind: Kind, status: int, type_: str, apply: bool) -> None:
    crm.stand_in.faults.add("PATCH /api/v4/leads/{}", kind, count=2, apply=apply)
    lead = await crm.lead(price=1)

    said = [await crm.patch(f"leads/{lead}", {"price": price}) for price in (2, 3, 4)]

    assert [answer.status for answer in said] == [status, status, 200]
    assert said[0].type == type_
    assert [fault.count for fault in crm.stand_in.faults.waiting] == []


@pytest.mark.parametrize(("apply", "price"), [(None, 1), (True, 2), (False, 1)])
async def test_a_broken_answer_says_nothing_of_what_was_done(crm: Crm, apply: bool | None, price: int) -> None:
    lead = await crm.lead(price=1)
    crm.stand_in.faults.add("*", "504", apply=apply)

    assert (await crm.patch(f"leads/{lead}", {"price": 2})).status == 504

    assert crm.stand_in.account.leads[lead].price == price


async def test_faults_wait_for_their_own_route(crm: Crm) -> None:
    crm.stand_in.faults.add("POST /api/v4/contacts", "500")
    crm.stand_in.faults.add("GET /api/v4/account", "502")

    assert (await crm.get("account")).status == 502
    assert (await crm.get("account")).status == 200
    assert (await crm.post("contacts", [{}])).status == 500


async def test_a_timeout_answers_nothing_and_holds_nobody_else_up(crm: Crm) -> None:
    crm.stand_in.faults.add("POST /api/v4/leads", "timeout")

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(crm.post("leads", [{}]))
        async with asyncio.timeout(5):
            while crm.stand_in.faults.waiting:  # noqa: ASYNC110 the stand-in tells nobody when a fault is taken
                await asyncio.sleep(0)
        assert (await crm.get("account")).status == 200
        assert not waiting.done()
        waiting.cancel()
    assert crm.stand_in.account.leads == {}


async def test_an_unpaid_account_reads_and_does_not_write(crm: Crm) -> None:
    lead = await crm.lead(price=1)
    crm.stand_in.faults.mode = "unpaid"

    assert (await crm.get(f"leads/{lead}")).status == 200
    assert (await crm.patch(f"leads/{lead}", {"price": 2})).status == 402
    assert crm.stand_in.account.leads[lead].price == 1


async def test_a_blocked_account_answers_403_in_html_everywhere(crm: Crm) -> None:
    crm.stand_in.faults.mode = "blocked"

    for method, path in (("GET", "account"), ("POST", "leads"), ("POST", "/oauth2/access_token")):
        said = await crm.ask(method, path)
        assert (said.status, said.type) == (403, "text/html")
    crm.stand_in.faults.mode = "ok"
    assert (await crm.get("account")).status == 200


async def test_a_drip_is_whole_and_slow_though_each_byte_comes_quickly(crm: Crm) -> None:
    crm.stand_in.faults.add("POST /api/v4/leads", "drip", seconds=0.3)

    begun = time.monotonic()
    said = await crm.post("leads", [{"name": "капля за каплей"}])

    assert time.monotonic() - begun >= 0.3
    assert said.items("leads")[0]["id"] in crm.stand_in.account.leads


async def test_a_drip_of_nothing_is_nothing(crm: Crm) -> None:
    crm.stand_in.faults.add("GET /api/v4/leads", "drip", seconds=0.1)

    said = await crm.get("leads")

    assert (said.status, said.text) == (204, "")


async def test_a_client_that_leaves_a_drip_leaves_it_applied(crm: Crm) -> None:
    crm.stand_in.faults.add("POST /api/v4/leads", "drip", seconds=60)

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(crm.post("leads", [{}]))
        async with asyncio.timeout(5):
            while not crm.stand_in.account.leads:  # noqa: ASYNC110 the stand-in tells nobody when it was applied
                await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()

    assert len(crm.stand_in.account.leads) == 1


async def test_a_late_request_is_answered_now_and_applied_later(crm: Crm) -> None:
    lead = await crm.lead(price=1)
    crm.stand_in.faults.add("PATCH /api/v4/leads/{}", "late", seconds=20)

    assert (await crm.patch(f"leads/{lead}", {"price": 2})).status == 200

    crm.stand_in.turn(19.9)
    assert (await crm.get(f"leads/{lead}")).body["price"] == 1
    crm.stand_in.turn(0.1)
    assert (await crm.get(f"leads/{lead}")).body["price"] == 2


async def test_a_late_creation_keeps_the_ids_that_it_was_answered(crm: Crm) -> None:
    crm.stand_in.faults.add("POST /api/v4/leads/complex", "late")
    [promised] = (
        await crm.post("leads/complex", [{"name": "поздняя", "_embedded": {"contacts": [{"name": "Поздний"}]}}])
    ).body
    assert (await crm.get(f"leads/{promised['id']}")).status == 204
    between = await crm.lead(name="между тем")

    crm.stand_in.turn(20)

    assert (await crm.get(f"leads/{promised['id']}")).body["name"] == "поздняя"
    assert (await crm.get(f"contacts/{promised['contact_id']}")).body["name"] == "Поздний"
    assert between not in (promised["id"], await crm.lead())
    assert len({event.id for event in crm.stand_in.account.events}) == len(crm.stand_in.account.events)


async def test_a_late_request_overwrites_what_came_after_it(crm: Crm) -> None:
    lead = await crm.lead(price=1)
    crm.stand_in.faults.add("PATCH /api/v4/leads/{}", "late_lost")

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await crm.patch(f"leads/{lead}", {"price": 2})
    await crm.patch(f"leads/{lead}", {"price": 3})
    assert (await crm.get(f"leads/{lead}")).body["price"] == 3

    crm.stand_in.turn(20)
    assert (await crm.get(f"leads/{lead}")).body["price"] == 2


async def test_late_requests_come_in_the_order_of_their_time(crm: Crm) -> None:
    lead = await crm.lead(price=1)
    crm.stand_in.faults.add("PATCH /api/v4/leads/{}", "late", seconds=20)
    crm.stand_in.faults.add("PATCH /api/v4/leads/{}", "late", seconds=5)

    await crm.patch(f"leads/{lead}", {"price": 2})
    await crm.patch(f"leads/{lead}", {"price": 3})
    crm.stand_in.turn(30)

    assert (await crm.get(f"leads/{lead}")).body["price"] == 2


async def test_a_wrong_request_is_refused_now_and_never_applied(crm: Crm) -> None:
    crm.stand_in.faults.add("POST /api/v4/leads", "late")

    assert (await crm.post("leads", [{"name": "хорошая"}, {"price": "1"}])).status == 400

    crm.stand_in.turn(20)
    assert (await crm.get("leads")).status == 204


@pytest.mark.parametrize("path", ["leads/{}", "leads?limit=1", "leads?order[id]=asc&with=contacts"])
async def test_a_lead_moves_between_our_read_and_our_write(crm: Crm, path: str) -> None:
    operator = max(crm.stand_in.account.users)
    lead = await crm.lead(status_id=crm.stages[0])
    crm.stand_in.edit_between(operator, lead, {"status_id": crm.stages[2]})
    await crm.get("contacts?with=leads")
    await crm.get("leads/1")
    assert crm.stand_in.account.leads[lead].status_id == crm.stages[0]

    said = await crm.get(path.format(lead))

    read = said.items("leads")[0] if "?" in path else said.body
    assert read["status_id"] == crm.stages[0]
    assert crm.stand_in.account.leads[lead].status_id == crm.stages[2]
    assert crm.stand_in.account.leads[lead].updated_by == operator
    await crm.patch(f"leads/{lead}", {"status_id": crm.stages[1]})
    assert (await crm.get(f"leads/{lead}")).body["status_id"] == crm.stages[1]
    assert crm.stand_in.account.leads[lead].status_id == crm.stages[1]


async def test_an_edit_that_would_be_refused_is_refused_when_it_is_asked_for(crm: Crm) -> None:
    with pytest.raises(Refused):
        crm.stand_in.edit_between(0, await crm.lead(), {"status_id": 1})


async def test_nothing_more_goes_wrong_after_a_clearing(crm: Crm) -> None:
    lead = await crm.lead(price=1)
    crm.stand_in.faults.add("*", "500", count=5)
    crm.stand_in.edit_between(0, lead, {"price": 7})

    crm.stand_in.faults.clear()

    assert (await crm.get(f"leads/{lead}")).status == 200
    assert crm.stand_in.account.leads[lead].price == 1
