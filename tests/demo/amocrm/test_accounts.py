"""Several accounts in one instance, each on its own host, with one public integration; plans; an account that is renamed."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import aiohttp
import jwt
import pytest

from demo.amocrm.app import serving
from demo.amocrm.model import Json
from demo.amocrm.stand_in import Options, StandIn
from tests.demo.amocrm.conftest import Clocks, Crm
from tests.demo.amocrm.test_process import running


@contextlib.asynccontextmanager
async def account(
    options: Options, host: str, clocks: Clocks, session: aiohttp.ClientSession, also: tuple[str, ...] = ()
) -> AsyncIterator[Crm]:
    stand_in = StandIn(options, lambda: clocks.business, lambda: clocks.machine, lambda: clocks.machine)
    async with serving(stand_in, host, also=also) as url:
        crm = Crm(session, url, "", stand_in, clocks)
        _, pair = await tokens(crm, grant_type="authorization_code", code=stand_in.code())
        crm.token = pair["access_token"]
        yield crm


@pytest.fixture
async def two(options: Options, clocks: Clocks) -> AsyncIterator[tuple[Crm, Crm]]:
    """Accounts that have installed the same integration."""
    async with (
        aiohttp.ClientSession() as session,
        account(replace(options, public=True), "127.0.0.1", clocks, session) as first,
    ):
        client = first.stand_in.integration
        other = replace(
            options, account_id=32_000_001, subdomain="second", client=(client.client_id, client.secret), rate=3
        )
        async with account(other, "127.0.0.2", clocks, session) as second:
            yield first, second


async def tokens(crm: Crm, **fields: str) -> tuple[int, Json]:
    """What the token endpoint says."""
    chosen = crm.stand_in.integration
    known = {"client_id": chosen.client_id, "client_secret": chosen.secret, "redirect_uri": chosen.redirect_uri}
    said = await crm.ask("POST", "/oauth2/access_token", {**known, **fields})
    return said.status, said.body if said.type == "application/json" else {}


async def test_two_accounts_know_nothing_of_each_other(two: tuple[Crm, Crm]) -> None:
    first, second = two
    assert urlsplit(first.url).hostname != urlsplit(second.url).hostname
    seen = [(await crm.get("account")).body for crm in two]
    assert [(one["id"], one["subdomain"]) for one in seen] == [(31_000_001, "example"), (32_000_001, "second")]

    lead = await first.lead(name="Только в первом")

    assert (await second.get("leads")).status == 204
    assert (await second.get(f"leads/{lead}")).status == 204
    assert (await second.ask("GET", "account", token=first.token)).status == 401
    assert first.stand_in.counts()["by_route"] != second.stand_in.counts()["by_route"]


async def test_a_public_integration_has_one_secret_and_codes_of_each_account(two: tuple[Crm, Crm]) -> None:
    first, second = two
    assert first.stand_in.integration == second.stand_in.integration
    code = first.stand_in.code()
    assert (await tokens(second, grant_type="authorization_code", code=code))[0] == 400

    status, pair = await tokens(first, grant_type="authorization_code", code=code)

    assert status == 200
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert claims["account_id"] == first.stand_in.account.id
    assert (await tokens(second, grant_type="refresh_token", refresh_token=pair["refresh_token"]))[0] == 400
    first.stand_in.revoke()
    assert (await first.get("account")).status == 401
    assert (await second.get("account")).status == 200


async def test_each_account_has_limits_faults_and_blocks_of_its_own(two: tuple[Crm, Crm]) -> None:
    first, second = two
    first.stand_in.faults.mode = "blocked"

    assert (await first.get("account")).status == 403
    assert [(await second.get("account")).status for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize("paid", [True, False])
async def test_filters_and_webhooks_come_with_a_plan(clocks: Clocks, options: Options, paid: bool) -> None:
    plan = replace(options, filters=paid, webhooks=paid)
    async with aiohttp.ClientSession() as session, account(plan, "127.0.0.1", clocks, session) as crm:
        ids = [await crm.lead() for _ in range(2)]

        listed = (await crm.get(f"leads?filter[id][]={ids[0]}")).items("leads")

        assert [lead["id"] for lead in listed] == (ids[:1] if paid else ids)
        seen = (await crm.get("account?with=is_api_filter_enabled")).body
        assert seen["is_api_filter_enabled"] is paid
        assert (await crm.get("webhooks")).status == (204 if paid else 403)
        assert crm.stand_in.refused == []


async def test_a_renamed_account_is_found_by_its_refresh_token(clocks: Clocks, options: Options) -> None:
    async with (
        aiohttp.ClientSession() as session,
        account(options, "127.0.0.1", clocks, session, also=("127.0.0.3",)) as old,
    ):
        _, pair = await tokens(old, grant_type="authorization_code", code=old.stand_in.code())
        lead = await old.lead()
        new_url = old.url.replace("127.0.0.1", "127.0.0.3")
        new = Crm(session, new_url, pair["access_token"], old.stand_in, clocks)

        body = {"subdomain": "renamed", "host": "127.0.0.3"}
        assert (await old.ask("POST", "/_stand-in/rename", body)).status == 204

        assert (await old.get(f"leads/{lead}")).status == 404
        refresh = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        assert (await tokens(old, **refresh))[0] == 404
        told = await old.ask(
            "GET", "/oauth2/account/current/subdomain", token="", X_Refresh_Token=pair["refresh_token"]
        )
        assert told.body == {
            "id": old.stand_in.account.id,
            "subdomain": "renamed",
            "domain": new_url.removeprefix("http://"),
            "top_level_domain": "ru",
        }
        assert (await new.get(f"leads/{lead}")).status == 200
        assert (await new.get("account")).body["subdomain"] == "renamed"
        status, pair = await tokens(new, **refresh)
        assert status == 200
        claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
        assert claims["api_domain"] == new_url.removeprefix("http://")


async def test_a_rename_wants_a_name_that_can_be_one(crm: Crm) -> None:
    assert (await crm.ask("POST", "/_stand-in/rename", {"subdomain": "Клиника", "host": "127.0.0.1"})).status == 400
    assert (await crm.get("account")).status == 200


@pytest.mark.e2e
async def test_one_process_holds_accounts_on_different_hosts() -> None:
    more = ("--account", "127.0.0.2:32000001:second", "--account", "127.0.0.3:33000001:third", "--webhooks", "off")
    async with running(*more) as (_, told), aiohttp.ClientSession() as session:
        all_of_them = [told, *told["others"]]
        assert [one["account_id"] for one in all_of_them] == [31_000_001, 32_000_001, 33_000_001]
        assert len({one["client_id"] for one in all_of_them}) == 1
        for one in all_of_them:
            headers = {"Authorization": f"Bearer {one['token']}"}
            async with session.get(f"{one['url']}/api/v4/account", headers=headers) as answer:
                assert (await answer.json(content_type=None))["id"] == one["account_id"]
            async with session.get(f"{one['url']}/api/v4/webhooks", headers=headers) as answer:
                assert answer.status == 403
