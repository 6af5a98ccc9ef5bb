"""How accounts come and leave, over real HTTP: against a loopback server in amoCRM's place."""

import hmac
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from sqlalchemy import select, update
from yarl import URL

from hub.accounts import grant_operation
from hub.amocrm.client import AmoCrms, open_amocrm
from hub.clock import machine_now
from hub.crm import AnswerLost, CrmBlocked, CrmDown
from hub.install import Installer, routes
from hub.integrations import Installation, Integration, Integrations
from hub.store.engine import Store, open_store
from hub.store.tables import accounts, codes
from hub.store.vault import KeyFiles
from tests.hub.amocrm import server as network
from tests.hub.amocrm.server import CLOSE, Asked, Reply, Server, nginx, problem
from tests.hub.amocrm.test_oauth import REVOKED, UNKNOWN_CLIENT, jwt
from wire.errors import NeedsOperator, Retry

TOKEN, ACCOUNT = "POST /oauth2/access_token", "GET /api/v4/account"
ACCOUNT_ID = 28805383
MAIN = Integration(
    "main", "public", "2cc9b6b5-0000-4000-8000-000000000001", "https://hub.example/oauth/main", "a-secret"
)
OTHER = Integration("other", "public", "other-client", "https://hub.example/oauth/other", "b-secret")

Client = TestClient[Request, Application]


class Grants:
    """amoCRM's side: each code works once."""

    def __init__(self, access: str = "access-1") -> None:
        self.access, self.spent = access, set[str]()

    def __call__(self, asked: Asked) -> Reply:
        code = asked.body["code"]
        if code in self.spent or asked.body["redirect_uri"] != MAIN.redirect_uri:
            return problem(400, hint="Authorization code has been revoked")
        self.spent.add(code)
        pair = {"access_token": self.access, "refresh_token": "refresh-1", "expires_in": 86400}
        return Reply(200, {"token_type": "Bearer", **pair}, "application/json")


@pytest.fixture
async def store(sqlite_url: str, keys: KeyFiles) -> AsyncIterator[Store]:
    """On SQLite only: what depends on the kind of database is tested in test_codes and test_integrations."""
    async with open_store(sqlite_url, keys) as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with network.running() as running:
        running.on(TOKEN, Grants())
        running.on(ACCOUNT, Reply(200, {"id": ACCOUNT_ID, "name": "Клиника", "is_api_filter_enabled": True}))
        yield running


@pytest.fixture
async def amocrms(store: Store, server: Server) -> AsyncIterator[AmoCrms]:
    for integration in (MAIN, OTHER):
        await Integrations(store).put(integration)
    async with open_amocrm(store, stand_ins=[server.host]) as opened:
        yield opened


@pytest.fixture
def installer(amocrms: AmoCrms) -> Installer:
    return Installer(amocrms)


@pytest.fixture
async def web(installer: Installer) -> AsyncIterator[Client]:
    app = Application()
    app.add_routes(routes(installer))
    async with TestClient(TestServer(app)) as client:
        yield client


async def installation(store: Store, account_id: int = ACCOUNT_ID) -> Installation:
    return await Integrations(store).writing(grant_operation(account_id))


async def waiting(store: Store) -> int:
    async with store.hub_reading() as connection:
        return len((await connection.execute(select(codes).where(codes.c.installed_account.is_(None)))).all())


async def hurry(store: Store) -> None:
    """As if the time to wait were over."""
    async with store.hub_writing() as connection:
        await connection.execute(update(codes).values(taken_until=None))


# The command line


async def test_a_code_that_a_person_copied_installs_the_account(
    installer: Installer, store: Store, server: Server
) -> None:
    assert await installer.install("main", "code-1", server.host) == ACCOUNT_ID

    found = await installation(store)
    assert (found.integration, found.host, found.pair.access, found.pair.refresh) == (
        "main",
        server.host,
        "access-1",
        "refresh-1",
    )
    assert server.asked_for(ACCOUNT)[0].token == "access-1"
    assert await waiting(store) == 0


async def test_the_same_command_again_hears_the_same(installer: Installer, server: Server) -> None:
    for _ in range(2):
        assert await installer.install("main", "code-1", server.host) == ACCOUNT_ID
    assert len(server.asked_for(TOKEN)) == 1


async def test_a_spent_code_says_what_to_do(installer: Installer, store: Store, server: Server) -> None:
    server.on(TOKEN, problem(400, hint="Authorization code has been revoked"))

    with pytest.raises(NeedsOperator) as raised:
        await installer.install("main", "code-1", server.host)
    assert "new code" in raised.value.hint
    assert await waiting(store) == 0


async def test_a_code_that_somebody_works_at_is_waited_for(installer: Installer, store: Store, server: Server) -> None:
    server.on(
        TOKEN, [nginx(502), Grants()(Asked("POST", "", [], {}, {"code": "x", "redirect_uri": MAIN.redirect_uri}, 0))]
    )
    for _ in range(2):  # the second time it is not tried: the first one's rest is not over
        with pytest.raises(Retry):
            await installer.install("main", "code-1", server.host)
    assert len(server.asked_for(TOKEN)) == 1
    await hurry(store)
    assert await installer.step()  # the loop was first

    assert await installer.install("main", "code-1", server.host) == ACCOUNT_ID


async def test_a_wrong_secret_says_what_to_do(installer: Installer, server: Server) -> None:
    server.on(TOKEN, problem(401, title=UNKNOWN_CLIENT["title"]))

    with pytest.raises(NeedsOperator) as raised:
        await installer.install("main", "code-1", server.host)
    assert "secret" in raised.value.hint


async def test_another_redirect_address_is_refused_by_amocrm_and_told(installer: Installer, server: Server) -> None:
    with pytest.raises(NeedsOperator):
        await installer.install("other", "code-1", server.host)


async def test_a_host_of_nobody_is_never_asked(installer: Installer, server: Server, store: Store) -> None:
    with pytest.raises(NeedsOperator) as raised:
        await installer.install("main", "code-1", "evil.example")
    assert "example.amocrm.ru" in raised.value.hint
    assert server.asked == []
    assert await waiting(store) == 0


async def test_an_unknown_integration_says_what_to_do(installer: Installer, server: Server) -> None:
    with pytest.raises(NeedsOperator) as raised:
        await installer.install("nobody", "code-1", server.host)
    assert "integration add" in raised.value.hint


async def test_the_account_is_whichever_amocrm_says(installer: Installer, store: Store, server: Server) -> None:
    server.on(ACCOUNT, Reply(200, {"id": 77}))

    assert await installer.install("main", "code-1", server.host) == 77
    assert (await installation(store, 77)).pair.access == "access-1"


async def test_a_token_of_another_account_is_not_taken(installer: Installer, store: Store, server: Server) -> None:
    server.on(TOKEN, Grants(access=jwt(account_id=1)))

    with pytest.raises(NeedsOperator) as raised:
        await installer.install("main", "code-1", server.host)
    assert "another account" in raised.value.hint
    async with store.hub_reading() as connection:
        assert (await connection.execute(select(accounts))).all() == []


async def test_a_pair_is_not_lost_when_amocrm_is_slow_afterwards(
    installer: Installer, store: Store, server: Server
) -> None:
    """The code is spent by then: the same command goes on where it stopped."""
    server.on(ACCOUNT, [nginx(502), Reply(200, {"id": ACCOUNT_ID})])
    with pytest.raises(CrmDown):
        await installer.install("main", "code-1", server.host)
    await hurry(store)

    assert await installer.install("main", "code-1", server.host) == ACCOUNT_ID
    assert len(server.asked_for(TOKEN)) == 1


async def test_a_lost_answer_to_the_exchange_is_tried_again_and_then_told(
    installer: Installer, store: Store, server: Server
) -> None:
    grants = Grants()

    def applied_but_lost(asked: Asked) -> Reply:
        grants(asked)
        return CLOSE

    server.on(TOKEN, applied_but_lost)
    with pytest.raises(AnswerLost):
        await installer.install("main", "code-1", server.host)
    server.on(TOKEN, grants)
    await hurry(store)
    with pytest.raises(NeedsOperator) as raised:
        await installer.install("main", "code-1", server.host)

    assert "new code" in raised.value.hint


async def test_a_blocked_account_is_told(installer: Installer, server: Server) -> None:
    server.on(TOKEN, nginx(403))

    with pytest.raises(CrmBlocked):
        await installer.install("main", "code-1", server.host)


async def test_a_long_lived_token_needs_no_code(installer: Installer, store: Store, server: Server) -> None:
    ends = int((machine_now() + timedelta(days=365)).timestamp())
    token = jwt(account_id=ACCOUNT_ID, exp=ends)

    assert await installer.install_long_lived("main", token, server.host) == ACCOUNT_ID
    found = await installation(store)
    assert (found.pair.access, found.pair.refresh) == (token, None)
    assert found.pair.expires_at is not None
    assert int(found.pair.expires_at.timestamp()) == ends


async def test_a_long_lived_token_that_is_not_taken_is_told(installer: Installer, server: Server) -> None:
    server.on(ACCOUNT, problem(401, title=REVOKED["title"]))

    with pytest.raises(NeedsOperator):
        await installer.install_long_lived("main", "token", server.host)


# The widget's install


def arrival(server: Server, **more: str) -> dict[str, str]:
    return {"code": "code-1", "referer": server.host, "platform": "1", **more}


async def test_the_widgets_install_is_stored_and_answered_before_amocrm_is_asked(
    web: Client, installer: Installer, store: Store, server: Server
) -> None:
    async with web.get("/oauth/main", params=arrival(server, from_widget="1")) as answer:
        assert answer.status == 200
    assert await waiting(store) == 1
    assert server.asked == []

    assert await installer.step()
    assert (await installation(store)).pair.access == "access-1"
    assert not await installer.step()


async def test_an_install_survives_a_restart_at_any_line(
    web: Client, amocrms: AmoCrms, store: Store, server: Server
) -> None:
    async with web.get("/oauth/main", params=arrival(server, from_widget="1")) as answer:
        assert answer.status == 200
    server.on(ACCOUNT, nginx(502))
    assert await Installer(amocrms).step()  # the exchange is done, the account is not known yet; and here it dies
    await hurry(store)
    server.on(ACCOUNT, Reply(200, {"id": ACCOUNT_ID}))

    assert await Installer(amocrms).step()
    assert (await installation(store)).pair.access == "access-1"
    assert len(server.asked_for(TOKEN)) == 1


async def test_a_code_that_is_refused_is_told_once(
    web: Client, installer: Installer, store: Store, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.on(TOKEN, problem(400, hint="…"))
    async with web.get("/oauth/main", params=arrival(server, from_widget="1")):
        pass

    assert await installer.step()
    assert not await installer.step()
    assert "install.refused" in caplog.text
    assert await waiting(store) == 0


async def test_a_code_that_grew_too_old_is_told_and_not_tried(
    web: Client, amocrms: AmoCrms, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with web.get("/oauth/main", params=arrival(server, from_widget="1")):
        pass

    assert await Installer(amocrms, lambda: machine_now() + timedelta(minutes=21)).step()
    assert "install.refused" in caplog.text
    assert server.asked == []


async def test_a_slow_amocrm_is_tried_again_later(
    web: Client, installer: Installer, store: Store, server: Server
) -> None:
    server.on(TOKEN, [nginx(502), nginx(502)])
    async with web.get("/oauth/main", params=arrival(server, from_widget="1")):
        pass

    assert await installer.step()
    assert not await installer.step()
    assert await waiting(store) == 1


# The browser


async def test_a_browser_sees_how_it_ended(web: Client, store: Store, server: Server) -> None:
    async with web.get("/oauth/main", params=arrival(server)) as answer:
        assert answer.status == 200
        assert "Готово" in await answer.text()
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert (await installation(store)).pair.access == "access-1"
    async with web.get("/oauth/main", params=arrival(server)) as answer:  # the page is loaded again
        assert answer.status == 200


async def test_a_browser_with_our_state_is_taken(web: Client, installer: Installer, server: Server) -> None:
    url = await installer.start_url("main")
    state = URL(url).query["state"]

    async with web.get("/oauth/main", params=arrival(server, state=state)) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("state", ["", "x", "9999999999.abc", "9999999999", "9999999999.я", "１"])
async def test_a_browser_with_a_state_of_anybody_else_is_not(
    web: Client, store: Store, server: Server, state: str
) -> None:
    async with web.get("/oauth/main", params=arrival(server, state=state)) as answer:
        assert answer.status == 400
    assert await waiting(store) == 0
    assert server.asked == []


async def test_a_state_is_of_one_integration_and_ends(installer: Installer, amocrms: AmoCrms) -> None:
    state = URL(await installer.start_url("main")).query["state"]

    def later() -> datetime:
        return machine_now() + timedelta(minutes=61)

    assert installer.state_is_ours("main", state)
    assert not installer.state_is_ours("other", state)
    assert not Installer(amocrms, later).state_is_ours("main", state)


async def test_a_refusal_in_the_browser_is_shown_politely(web: Client, server: Server) -> None:
    async with web.get("/oauth/main", params={"error": "access_denied", "state": "x"}) as answer:
        assert answer.status == 200
        assert "Доступ не выдан" in await answer.text()
    assert server.asked == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 200),
        ({"code": "code-1"}, 400),
        ({"code": "code-1", "referer": "evil.example"}, 400),
        ({"code": "code-1", "referer": "example.amocrm.ru.evil.example"}, 400),
        ({"referer": "example.amocrm.ru"}, 200),
        ({"code": "", "referer": "example.amocrm.ru"}, 400),
    ],
)
@pytest.mark.parametrize("widget", [{}, {"from_widget": "1"}])
async def test_what_is_no_install_is_not_stored(
    web: Client, store: Store, query: dict[str, str], status: int, widget: dict[str, str]
) -> None:
    async with web.get("/oauth/main", params=query | widget) as answer:
        assert answer.status == status
    assert await waiting(store) == 0


async def test_an_integration_that_does_not_exist_is_not_found(web: Client, server: Server) -> None:
    async with web.get("/oauth/nobody", params=arrival(server)) as answer:
        assert answer.status == 404


async def test_a_browser_whose_code_is_refused_hears_so(web: Client, server: Server) -> None:
    server.on(TOKEN, problem(400, hint="…"))

    async with web.get("/oauth/main", params=arrival(server)) as answer:
        assert answer.status == 409
        assert "ещё раз" in await answer.text()


async def test_a_browser_that_amocrm_keeps_waiting_may_leave(
    web: Client, installer: Installer, store: Store, server: Server
) -> None:
    grants = Grants()
    server.on(TOKEN, [nginx(502)])
    async with web.get("/oauth/main", params=arrival(server)) as answer:
        assert answer.status == 202
    server.on(TOKEN, grants)
    await hurry(store)

    assert await installer.step()
    assert (await installation(store)).pair.access == "access-1"


async def test_a_flood_of_installs_is_turned_away(
    web: Client, store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.codes.MOST_WAITING", 1)
    async with web.get("/oauth/main", params=arrival(server, from_widget="1")) as answer:
        assert answer.status == 200
    for query in (arrival(server, from_widget="1", code="code-2"), arrival(server, code="code-3")):
        async with web.get("/oauth/main", params=query) as answer:
            assert answer.status == 503
    assert await waiting(store) == 1


async def test_neither_code_nor_token_is_logged(
    web: Client, installer: Installer, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for code in ("code-1", "code-2"):
        async with web.get("/oauth/main", params=arrival(server, from_widget="1", code=code)):
            pass
    server.on(TOKEN, [Grants()(Asked("POST", "", [], {}, {"code": "x", "redirect_uri": MAIN.redirect_uri}, 0)), CLOSE])
    while await installer.step():
        pass

    said = repr(
        [(record.msg, getattr(record, "fields", {})) for record in caplog.records if record.name.startswith("hub")]
    )
    assert "code.arrived" in said
    for secret in ("code-1", "code-2", "access-1", "refresh-1", "a-secret"):
        assert secret not in said


# Leaving


def hook(account_id: int = ACCOUNT_ID, secret: str = MAIN.secret, **more: str) -> dict[str, str]:
    message = f"{MAIN.client_id}|{account_id}"
    signature = hmac.new(secret.encode(), message.encode(), "sha256").hexdigest()
    return {"account_id": str(account_id), "client_uuid": MAIN.client_id, "signature": signature, **more}


async def test_an_account_that_leaves_is_left_alone(
    web: Client, installer: Installer, store: Store, server: Server
) -> None:
    await installer.install("main", "code-1", server.host)
    async with web.get("/oauth/main/uninstall", params=hook()) as answer:
        assert answer.status == 200
    async with web.get("/oauth/main/uninstall", params=hook()) as answer:
        assert answer.status == 200  # again is no error

    with pytest.raises(NeedsOperator):
        await installation(store)


async def test_an_account_that_left_may_come_back(
    web: Client, installer: Installer, store: Store, server: Server
) -> None:
    await installer.install("main", "code-1", server.host)
    async with web.get("/oauth/main/uninstall", params=hook()):
        pass
    await installer.install("main", "code-2", server.host)

    assert (await installation(store)).pair.access == "access-1"


FORGED: list[tuple[str, dict[str, str], int]] = [
    ("main", {}, 403),
    ("main", hook(secret="guess"), 403),
    ("main", hook() | {"account_id": "1"}, 403),
    ("main", hook() | {"account_id": "x"}, 403),
    ("other", hook(), 403),
    ("other", hook(secret=OTHER.secret), 403),
    ("nobody", hook(), 404),
]


@pytest.mark.parametrize(("key", "query", "status"), FORGED)
async def test_nobody_else_can_uninstall(
    web: Client, installer: Installer, store: Store, server: Server, key: str, query: dict[str, str], status: int
) -> None:
    await installer.install("main", "code-1", server.host)
    async with web.get(f"/oauth/{key}/uninstall", params=query) as answer:
        assert answer.status == status

    assert (await installation(store)).pair.access == "access-1"


async def test_a_hook_of_an_account_that_never_came_is_taken_quietly(web: Client, store: Store) -> None:
    async with web.get("/oauth/main/uninstall", params=hook(404)) as answer:
        assert answer.status == 200
    with pytest.raises(NeedsOperator):
        await installation(store, 404)
