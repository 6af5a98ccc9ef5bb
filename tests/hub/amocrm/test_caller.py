"""One account's calls against a real server: tokens, pace, and what an answer means for the whole account."""

import asyncio
from typing import Any

import pytest

from hub.accounts import Account, grant_operation
from hub.amocrm import answers, api
from hub.amocrm.caller import Caller
from hub.amocrm.client import AmoCrm, AmoCrms, open_amocrm
from hub.amocrm.limits import Priority
from hub.crm import AnswerLost, CrmBlocked, CrmBusy, CrmDown, CrmUnauthorised, CrmUnpaid
from hub.integrations import Integrations
from hub.store.engine import Store
from hub.store.tables import accounts
from tests.hub.amocrm.conftest import fresh_pair, installed
from tests.hub.amocrm.server import EMPTY, Asked, Reply, Server, nginx, problem, until
from wire.errors import NeedsOperator

LEAD, TOKEN = "GET /api/v4/leads/7", "POST /oauth2/access_token"
READ, WRITE = api.lead(7), api.patch("leads", [{"id": 7}])
NEXT = {"token_type": "Bearer", "expires_in": 86400, "access_token": "access-2", "refresh_token": "refresh-2"}


def anything(value: Any) -> Any:
    return value


def only_with(token: str) -> Any:
    return lambda asked: EMPTY if asked.token == token else problem(401)


async def why_stopped(store: Store, account: Account) -> str | None:
    return (await Integrations(store).writing(account)).blocked


@pytest.fixture
def caller(crm: AmoCrm) -> Caller:
    return crm.caller


async def test_a_call_carries_the_token_of_its_account(caller: Caller, server: Server) -> None:
    server.on(LEAD, Reply(200, {"id": 7}))

    assert await caller.call(READ, anything) == {"id": 7}
    assert server.asked[0].token == "access-1"


async def test_a_refused_token_is_renewed_and_the_call_repeated(caller: Caller, server: Server) -> None:
    server.on(LEAD, only_with("access-2"))
    server.on(TOKEN, Reply(200, NEXT))

    assert await caller.call(READ, anything) is None
    assert [asked.what for asked in server.asked] == [LEAD, TOKEN, LEAD]


async def test_two_calls_that_are_refused_at_once_refresh_once(caller: Caller, server: Server) -> None:
    both = asyncio.Barrier(2)

    async def refuse_both_together(asked: Asked) -> Reply:
        if asked.token == "access-1":
            await both.wait()
            return problem(401)
        return EMPTY

    server.on(LEAD, refuse_both_together)
    server.on(TOKEN, Reply(200, NEXT))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(caller.call(READ, anything))

    assert len(server.asked_for(TOKEN)) == 1
    assert [asked.token for asked in server.asked_for(LEAD)] == ["access-1", "access-1", "access-2", "access-2"]


async def test_a_new_token_that_is_refused_too_stops_the_account(
    caller: Caller, server: Server, lite: Store, account: Account
) -> None:
    server.on(LEAD, problem(401))
    server.on(TOKEN, Reply(200, NEXT))

    for _ in range(2):
        with pytest.raises(CrmUnauthorised):
            await caller.call(READ, anything)
    assert [asked.what for asked in server.asked] == [LEAD, TOKEN, LEAD]
    assert await why_stopped(lite, account) == "unauthorised"


async def test_a_blocked_account_is_asked_nothing_more(
    caller: Caller, server: Server, lite: Store, account: Account
) -> None:
    server.on(LEAD, nginx(403))

    for _ in range(3):
        with pytest.raises(CrmBlocked):
            await caller.call(READ, anything)
    assert len(server.asked) == 1
    assert await why_stopped(lite, account) == "blocked"

    await Integrations(lite).unblock(account, "blocked")
    server.on(LEAD, EMPTY)
    assert await caller.call(READ, anything) is None


async def test_rights_that_lack_do_not_stop_the_account(
    caller: Caller, server: Server, lite: Store, account: Account
) -> None:
    server.on(LEAD, problem(403, title="Forbidden"))

    with pytest.raises(NeedsOperator):
        await caller.call(READ, anything)
    assert await why_stopped(lite, account) is None


async def test_an_unpaid_account_is_read_and_written_again_once_it_is_paid(
    caller: Caller, server: Server, lite: Store, account: Account
) -> None:
    server.on("PATCH /api/v4/leads", [problem(402), problem(402), Reply(200, {})])
    server.on(LEAD, EMPTY)

    for _ in range(2):
        with pytest.raises(CrmUnpaid):
            await caller.call(WRITE, anything)
    assert await why_stopped(lite, account) == "unpaid"
    await caller.call(READ, anything)
    assert await why_stopped(lite, account) == "unpaid"
    await caller.call(WRITE, anything)
    assert await why_stopped(lite, account) is None


async def test_too_many_requests_silence_the_account(caller: Caller, server: Server) -> None:
    server.on(LEAD, [nginx(429, **{"Retry-After": "100"}), EMPTY])

    with pytest.raises(CrmBusy) as first:
        await caller.call(READ, anything)
    with pytest.raises(CrmBusy) as second:
        await caller.call(READ, anything)
    assert first.value.after == pytest.approx(100, abs=1)
    assert second.value.after == pytest.approx(100, abs=1)
    assert len(server.asked) == 1


async def test_an_html_429_silences_for_a_second(caller: Caller, server: Server) -> None:
    server.on(LEAD, [nginx(429), EMPTY])

    with pytest.raises(CrmBusy) as busy:
        await caller.call(READ, anything)
    assert busy.value.after == pytest.approx(1, abs=0.1)
    assert await caller.call(READ, anything) is None
    assert server.asked[1].at - server.asked[0].at >= 1.0


async def test_a_success_after_the_silence_makes_the_next_one_short_again(caller: Caller, server: Server) -> None:
    server.on(LEAD, [nginx(429), EMPTY, nginx(429)])
    waits: list[float | None] = []
    for _ in range(3):
        try:
            await caller.call(READ, anything)
        except CrmBusy as busy:
            waits.append(busy.after)

    assert waits == [pytest.approx(1, abs=0.1), pytest.approx(1, abs=0.1)]


@pytest.mark.parametrize(
    "reply", [Reply(200, "<html>", "text/html"), Reply(200, ""), Reply(200, "Канарейкин", "text/html")]
)
async def test_a_success_that_cannot_be_read_may_have_been_one(
    caller: Caller, server: Server, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    server.on(LEAD, reply)
    server.on("PATCH /api/v4/leads", reply)

    with pytest.raises(CrmDown):
        await caller.call(READ, anything)
    with pytest.raises(AnswerLost):
        await caller.call(WRITE, anything)
    assert [record.message for record in caplog.records] == ["answer.garbled"] * 2
    assert "Канарейкин" not in caplog.text


async def test_an_answer_of_another_shape_is_unreadable_too(caller: Caller, server: Server) -> None:
    server.on(LEAD, Reply(200, {"something": "else"}))

    with pytest.raises(CrmDown):
        await caller.call(READ, lambda value: answers.embedded(value, "leads"))


async def test_what_an_operator_waits_for_goes_first(lite: Store, server: Server) -> None:
    """Each kind of call has its own client; they share the account's pace."""
    account = await installed(lite, server.host, fresh_pair())
    server.on(LEAD, EMPTY)
    server.on("GET /api/v4/contacts/7", EMPTY)
    async with open_amocrm(lite, stand_ins=[server.host], rate=2) as amocrms, asyncio.TaskGroup() as tasks:
        for _ in range(6):
            tasks.create_task(amocrms.crm_of(account).caller.call(READ, anything))
        await until(lambda: len(server.asked) == 2)
        operator = amocrms.crm_of(account, Priority.OPERATOR).caller
        tasks.create_task(operator.call(api.contact(7), anything))

    assert [asked.what for asked in server.asked].index("GET /api/v4/contacts/7") == 2


async def test_the_server_never_sees_more_than_the_rate_in_any_second(
    lite: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy this machine is: a request counts until its answer is here.
    monkeypatch.setattr("hub.amocrm.limits.ARRIVES_WITHIN_SECONDS", 60.0)
    account = await installed(lite, server.host, fresh_pair())
    server.on(LEAD, EMPTY)
    async with open_amocrm(lite, stand_ins=[server.host], rate=10) as amocrms, asyncio.TaskGroup() as tasks:
        for _ in range(25):
            tasks.create_task(amocrms.crm_of(account).caller.call(READ, anything))

    times = [asked.at for asked in server.asked]
    assert all(sum(first <= moment < first + 1 for moment in times) <= 10 for first in times)


async def test_one_account_never_speaks_with_the_token_of_another(lite: Store, server: Server) -> None:
    pairs = {1: fresh_pair(), 2: fresh_pair()}
    both = [await installed(lite, server.host, pair, account_id) for account_id, pair in pairs.items()]
    await Integrations(lite).block(both[0], "blocked")
    server.on(LEAD, EMPTY)
    async with open_amocrm(lite, stand_ins=[server.host]) as amocrms:
        with pytest.raises(CrmBlocked):
            await amocrms.crm_of(both[0]).caller.call(READ, anything)
        assert await amocrms.crm_of(both[1]).caller.call(READ, anything) is None


async def test_an_account_that_was_never_prepared_says_so(amocrms: AmoCrms, lite: Store, account: Account) -> None:
    async with lite.writing(account) as unit:
        await unit.execute(accounts.update().values(crm_schema=None))

    with pytest.raises(NeedsOperator) as raised:
        await amocrms.crm_of(account).deals([1])
    assert "Prepare account" in raised.value.hint


async def test_an_account_without_installation_says_so(amocrms: AmoCrms) -> None:
    with pytest.raises(NeedsOperator) as raised:
        await amocrms.crm_of(grant_operation(404)).caller.call(READ, anything)
    assert "Install" in raised.value.hint
