"""A refresh token works once: whoever asks, when, how often, and whatever dies meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from hub.accounts import Account
from hub.amocrm.hosts import Hosts
from hub.amocrm.tokens import TokenEndpoint, Tokens
from hub.amocrm.transport import open_transport
from hub.clock import machine_now
from hub.crm import AnswerLost, CrmBlocked, CrmUnauthorised
from hub.integrations import Installation, Integrations, Pair
from hub.store.engine import Store, open_store
from hub.store.vault import KeyFiles
from tests.hub.amocrm.conftest import INTEGRATION, installed
from tests.hub.amocrm.server import CLOSE, Asked, Reply, Server, nginx, problem
from tests.hub.amocrm.test_oauth import REVOKED, UNKNOWN_CLIENT, jwt

TOKEN = "POST /oauth2/access_token"
SUBDOMAIN = "GET /oauth2/account/current/subdomain"
CLAIM = timedelta(seconds=45)


class Rotation:
    """amoCRM's side: each refresh token works once, and gives the next pair."""

    def __init__(self) -> None:
        self.valid = 1
        self.refused = 0

    def __call__(self, asked: Asked) -> Reply:
        if asked.body["refresh_token"] != f"refresh-{self.valid}":
            self.refused += 1
            return problem(401, **{k: v for k, v in REVOKED.items() if k != "status"})
        self.valid += 1
        return self.pair()

    def pair(self) -> Reply:
        body = {"token_type": "Bearer", "expires_in": 86400, "access_token": f"access-{self.valid}"}
        return Reply(200, body | {"refresh_token": f"refresh-{self.valid}"}, "application/json")


class Hub:
    """One process of the hub, as far as tokens go."""

    def __init__(self, store: Store, endpoint: TokenEndpoint, claim: timedelta = CLAIM) -> None:
        self.integrations = Integrations(store)
        self.tokens = Tokens(self.integrations, endpoint, machine_now, claim)


@pytest.fixture
def store(lite: Store) -> Store:
    """On SQLite; the claim, which is the store's part, is tested on both kinds of database in test_integrations and below."""
    return lite


@pytest.fixture
async def either_store(database_url: str, keys: KeyFiles) -> AsyncIterator[Store]:
    async with open_store(database_url, keys) as opened:
        yield opened


@pytest.fixture
async def endpoint(server: Server) -> AsyncIterator[TokenEndpoint]:
    async with open_transport() as transport:
        yield TokenEndpoint(transport, Hosts([server.host]))


@pytest.fixture
def rotation(server: Server) -> Rotation:
    rotation = Rotation()
    server.on(TOKEN, rotation)
    return rotation


@pytest.fixture
async def hub(store: Store, server: Server, endpoint: TokenEndpoint) -> Hub:
    await install(store, server)
    return Hub(store, endpoint)


async def install(store: Store, server: Server, *, ends_in: timedelta = timedelta(days=1), **pair: Any) -> None:
    first = Pair("access-1", "refresh-1", machine_now() + ends_in)
    await installed(store, server.host, replace(first, **pair))


async def kept(hub: Hub, account: Account) -> tuple[str, str | None, int]:
    installation = await hub.integrations.writing(account)
    return installation.pair.access, installation.pair.refresh, installation.version


async def why_stopped(hub: Hub, account: Account) -> str | None:
    return (await hub.integrations.writing(account)).blocked


async def test_a_token_that_is_good_is_not_renewed(hub: Hub, account: Account, server: Server) -> None:
    assert (await hub.tokens.current(account)).pair.access == "access-1"
    assert server.asked == []


async def test_a_refused_token_is_renewed_and_kept(hub: Hub, account: Account, rotation: Rotation) -> None:
    renewed = await hub.tokens.renewed(account, refused=1)

    assert (renewed.pair.access, renewed.pair.refresh, renewed.version) == ("access-2", "refresh-2", 2)
    assert await kept(hub, account) == ("access-2", "refresh-2", 2)
    assert renewed.pair.expires_at is not None
    assert renewed.pair.expires_at > machine_now() + timedelta(hours=23)


async def test_two_refusals_at_once_refresh_once(hub: Hub, account: Account, rotation: Rotation) -> None:
    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(hub.tokens.renewed(account, refused=1)) for _ in range(5)]

    assert {task.result().pair.access for task in both} == {"access-2"}
    assert (rotation.valid, rotation.refused) == (2, 0)


async def test_those_who_wait_in_one_process_do_not_crowd_the_store(
    hub: Hub, account: Account, rotation: Rotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, claims = hub.integrations.claim, list[timedelta]()

    async def counted(installation: Installation, for_: timedelta) -> bool:
        claims.append(for_)
        return await claim(installation, for_)

    monkeypatch.setattr(hub.integrations, "claim", counted)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(hub.tokens.renewed(account, refused=1))

    assert len(claims) == 1


async def test_a_late_refusal_of_the_old_token_does_not_refresh_again(
    hub: Hub, account: Account, rotation: Rotation
) -> None:
    await hub.tokens.renewed(account, refused=1)

    assert (await hub.tokens.renewed(account, refused=1)).pair.access == "access-2"
    assert rotation.valid == 2


async def test_two_processes_refresh_once(
    either_store: Store, server: Server, endpoint: TokenEndpoint, account: Account, rotation: Rotation
) -> None:
    await install(either_store, server)
    processes = [Hub(either_store, endpoint), Hub(either_store, endpoint)]
    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(process.tokens.renewed(account, refused=1)) for process in processes]

    assert {task.result().pair.access for task in both} == {"access-2"}
    assert (rotation.valid, rotation.refused) == (2, 0)


async def test_a_token_is_renewed_before_it_ends(
    store: Store, server: Server, endpoint: TokenEndpoint, account: Account, rotation: Rotation
) -> None:
    await install(store, server, ends_in=timedelta(minutes=5))

    assert (await Hub(store, endpoint).tokens.current(account)).pair.access == "access-2"


async def test_a_token_that_is_still_good_is_used_while_the_endpoint_is_down(
    store: Store, server: Server, endpoint: TokenEndpoint, account: Account
) -> None:
    await install(store, server, ends_in=timedelta(minutes=5))
    server.on(TOKEN, nginx(502))
    hub = Hub(store, endpoint)

    for _ in range(3):
        assert (await hub.tokens.current(account)).pair.access == "access-1"
    assert len(server.asked) == 1  # and the endpoint is not asked at every call


async def test_a_token_that_is_over_is_not_used(
    store: Store, server: Server, endpoint: TokenEndpoint, account: Account
) -> None:
    await install(store, server, ends_in=timedelta(minutes=-1))
    server.on(TOKEN, nginx(502))

    with pytest.raises(AnswerLost):
        await Hub(store, endpoint).tokens.current(account)


async def test_a_pair_that_amocrm_revoked_stops_the_account_and_is_asked_for_once(
    hub: Hub, account: Account, server: Server
) -> None:
    server.on(TOKEN, problem(401, hint="Token has been revoked"))

    for _ in range(3):
        with pytest.raises(CrmUnauthorised) as raised:
            await hub.tokens.renewed(account, refused=1)
        assert "Install the integration" in raised.value.hint
    assert len(server.asked) == 1
    assert await why_stopped(hub, account) == "unauthorised"
    with pytest.raises(CrmUnauthorised):
        await hub.tokens.current(account)


async def test_a_refresh_whose_answer_is_lost_ends_in_an_alarm_and_not_in_silence(
    hub: Hub, account: Account, server: Server, rotation: Rotation
) -> None:
    def applied_but_lost(asked: Asked) -> Reply:
        rotation(asked)
        return CLOSE

    server.on(TOKEN, applied_but_lost)
    with pytest.raises(AnswerLost):
        await hub.tokens.renewed(account, refused=1)
    assert await why_stopped(hub, account) is None
    server.on(TOKEN, rotation)
    with pytest.raises(CrmUnauthorised):
        await hub.tokens.renewed(account, refused=1)

    assert await why_stopped(hub, account) == "unauthorised"


async def test_a_process_that_died_before_it_saved_the_pair_leaves_an_alarm(
    hub: Hub, store: Store, endpoint: TokenEndpoint, account: Account, server: Server, rotation: Rotation
) -> None:
    before = await hub.integrations.writing(account)
    assert await hub.integrations.claim(before, timedelta(seconds=0.2))
    await endpoint.refresh(INTEGRATION, server.host, "refresh-1")  # and here it dies

    with pytest.raises(CrmUnauthorised):
        await Hub(store, endpoint).tokens.renewed(account, refused=1)
    assert await why_stopped(hub, account) == "unauthorised"


async def test_a_process_that_died_before_it_asked_is_followed_by_another(
    hub: Hub, store: Store, endpoint: TokenEndpoint, account: Account, rotation: Rotation
) -> None:
    assert await hub.integrations.claim(await hub.integrations.writing(account), timedelta(seconds=0.2))

    assert (await Hub(store, endpoint).tokens.renewed(account, refused=1)).pair.access == "access-2"


async def test_a_claim_of_another_process_is_respected(
    hub: Hub, account: Account, server: Server, rotation: Rotation
) -> None:
    installation = await hub.integrations.writing(account)
    assert await hub.integrations.claim(installation, CLAIM)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(hub.tokens.renewed(account, refused=1))
        for _ in range(20):
            await asyncio.sleep(0)
        await hub.integrations.renew(installation, server.host, Pair("access-of-the-other", "r", machine_now()))

    assert waiting.result().pair.access == "access-of-the-other"
    assert server.asked == []


async def test_whoever_stops_waiting_does_not_lose_the_pair(
    hub: Hub, account: Account, server: Server, rotation: Rotation
) -> None:
    asked_for, goes_on = asyncio.Event(), asyncio.Event()

    async def slowly(asked: Asked) -> Reply:
        asked_for.set()
        await goes_on.wait()
        return rotation(asked)

    server.on(TOKEN, slowly)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(hub.tokens.renewed(account, refused=1))
        await asked_for.wait()
        waiting.cancel()
        goes_on.set()

    assert waiting.cancelled()
    assert await kept(hub, account) == ("access-2", "refresh-2", 2)


async def test_a_store_that_is_busy_for_a_moment_does_not_cost_the_pair(
    hub: Hub, account: Account, rotation: Rotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew, failures = hub.integrations.renew, iter([True, True])

    async def sometimes(*arguments: Any) -> None:
        if next(failures, False):
            raise OperationalError("UPDATE …", {}, Exception("database is locked"))
        await renew(*arguments)

    monkeypatch.setattr(hub.integrations, "renew", sometimes)
    await hub.tokens.renewed(account, refused=1)

    assert (await kept(hub, account))[0] == "access-2"


@pytest.mark.parametrize("known", ["first", "second"])
async def test_either_secret_will_do_while_it_is_being_changed(
    store: Store, server: Server, endpoint: TokenEndpoint, account: Account, rotation: Rotation, known: str
) -> None:
    def knows_one(asked: Asked) -> Reply:
        return rotation(asked) if asked.body["client_secret"] == known else problem(401, title=UNKNOWN_CLIENT["title"])

    await install(store, server)
    hub = Hub(store, endpoint)
    await hub.integrations.put(replace(INTEGRATION, secret="first", next_secret="second"))
    server.on(TOKEN, knows_one)

    assert (await hub.tokens.renewed(account, refused=1)).pair.access == "access-2"


async def test_a_wrong_secret_costs_nothing_but_is_told(
    hub: Hub, account: Account, server: Server, rotation: Rotation
) -> None:
    server.on(TOKEN, problem(401, title=UNKNOWN_CLIENT["title"]))
    with pytest.raises(Exception, match="client id and secret"):
        await hub.tokens.renewed(account, refused=1)
    assert await why_stopped(hub, account) is None

    server.on(TOKEN, rotation)  # the secret was put right
    assert (await hub.tokens.renewed(account, refused=1)).pair.access == "access-2"


async def test_a_blocked_account_is_told_from_a_revoked_token(hub: Hub, account: Account, server: Server) -> None:
    server.on(TOKEN, nginx(403))

    for _ in range(2):
        with pytest.raises(CrmBlocked):
            await hub.tokens.renewed(account, refused=1)
    assert await why_stopped(hub, account) == "blocked"
    assert await kept(hub, account) == ("access-1", "refresh-1", 1)
    assert len(server.asked) == 1


async def test_an_account_that_moved_to_another_host_is_followed(
    store: Store, server: Server, account: Account, rotation: Rotation
) -> None:
    moved = f"localhost:{server.port}"
    hosts = Hosts([server.host, moved])

    def only_there(asked: Asked) -> Reply:
        return rotation(asked) if asked.headers["Host"] == moved else problem(404)

    server.on(TOKEN, only_there)
    server.on(SUBDOMAIN, Reply(200, {"id": 1, "subdomain": "x", "domain": moved, "top_level_domain": "ru"}))
    await install(store, server, access=jwt(api_domain=server.host))
    async with open_transport() as transport:
        hub = Hub(store, TokenEndpoint(transport, hosts))
        renewed = await hub.tokens.renewed(account, refused=1)

    assert (renewed.pair.access, renewed.host) == ("access-2", moved)
    assert server.asked_for(SUBDOMAIN)[0].headers["X-Refresh-Token"] == "refresh-1"


@pytest.mark.parametrize(
    "reply", [problem(401), nginx(502), CLOSE, Reply(200, {"domain": "evil.example"}), Reply(200, [])]
)
async def test_an_account_that_moved_nowhere_is_an_alarm(
    store: Store, server: Server, endpoint: TokenEndpoint, account: Account, reply: Reply
) -> None:
    server.on(TOKEN, problem(401, hint="Token has been revoked"))
    server.on(SUBDOMAIN, reply)
    await install(store, server, access=jwt(api_domain=server.host))
    hub = Hub(store, endpoint)

    with pytest.raises(CrmUnauthorised):
        await hub.tokens.renewed(account, refused=1)
    assert len(server.asked_for(TOKEN)) == 1


async def test_a_token_never_goes_to_a_domain_that_only_the_token_names(
    store: Store, server: Server, endpoint: TokenEndpoint, account: Account
) -> None:
    server.on(TOKEN, problem(401, hint="Token has been revoked"))
    await install(store, server, access=jwt(api_domain="evil.example"))

    with pytest.raises(CrmUnauthorised):
        await Hub(store, endpoint).tokens.renewed(account, refused=1)


async def test_a_long_lived_token_is_not_renewed(
    store: Store, server: Server, endpoint: TokenEndpoint, account: Account
) -> None:
    await install(store, server, refresh=None, ends_in=timedelta(minutes=-1))
    hub = Hub(store, endpoint)

    assert (await hub.tokens.current(account)).pair.access == "access-1"
    with pytest.raises(CrmUnauthorised) as raised:
        await hub.tokens.renewed(account, refused=1)
    assert "long-lived" in raised.value.hint
    assert server.asked == []
    assert await why_stopped(hub, account) == "unauthorised"


@pytest.mark.parametrize(("ended_ago", "renewed"), [(timedelta(days=6), 0), (timedelta(days=8), 1)])
async def test_a_pair_that_nobody_uses_is_renewed_weekly(
    store: Store,
    server: Server,
    endpoint: TokenEndpoint,
    account: Account,
    rotation: Rotation,
    ended_ago: timedelta,
    renewed: int,
) -> None:
    await install(store, server, ends_in=-ended_ago)
    hub = Hub(store, endpoint)

    assert await hub.tokens.renew_unused() == renewed
    assert await hub.tokens.renew_unused() == 0
    assert (await kept(hub, account))[2] == 1 + renewed


async def test_one_dead_pair_does_not_keep_the_others_from_being_renewed(
    store: Store, server: Server, endpoint: TokenEndpoint, account: Account
) -> None:
    await install(store, server, ends_in=timedelta(days=-8))
    server.on(TOKEN, nginx(502))

    assert await Hub(store, endpoint).tokens.renew_unused() == 1
