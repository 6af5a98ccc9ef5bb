"""OAuth: codes, pairs, rotation, long-lived tokens, revocation. On machine time."""

from typing import Any

import jwt
import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import REDIRECT, Crm, Said

CLIENT = ("Некорректный клиент", None)
REVOKED = ("Некорректный запрос", "Token has been revoked")


def fields(crm: Crm, **changes: Any) -> Json:
    chosen = crm.stand_in.integration
    body = {
        "client_id": chosen.client_id,
        "client_secret": chosen.secret,
        "redirect_uri": REDIRECT,
        "grant_type": "authorization_code",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


async def exchange(crm: Crm, **changes: Any) -> Said:
    return await crm.ask("POST", "/oauth2/access_token", fields(crm, **changes))


async def refresh(crm: Crm, token: str) -> Said:
    return await exchange(crm, grant_type="refresh_token", refresh_token=token)


async def works(crm: Crm, token: str) -> bool:
    said = await crm.ask("GET", "account", token=token)
    assert said.status in (200, 401)
    return said.status == 200


def no(said: Said) -> tuple[str, str | None]:
    body = said.body
    assert body["status"] == said.status
    assert body["type"] == "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"
    return body["title"], body.get("hint")


async def test_a_code_becomes_a_pair(crm: Crm) -> None:
    said = await exchange(crm, code=crm.stand_in.code())

    pair = said.body
    assert (said.status, said.type) == (200, "application/json")
    assert pair.keys() == {"token_type", "expires_in", "server_time", "access_token", "refresh_token"}
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 86400)
    assert pair["server_time"] == int(crm.clocks.machine)
    assert await works(crm, pair["access_token"])
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert jwt.get_unverified_header(pair["access_token"])["alg"] == "RS256"
    assert claims["aud"] == crm.stand_in.integration.client_id
    assert claims["account_id"] == crm.stand_in.account.id
    assert claims["sub"] == str(next(iter(crm.stand_in.account.users)))
    assert claims["exp"] - claims["iat"] == 86400
    assert claims.keys() >= {"jti", "nbf", "base_domain", "version", "scopes", "hash_uuid", "api_domain", "grant_type"}


async def test_the_token_endpoint_takes_a_form_as_well(crm: Crm) -> None:
    sent = fields(crm, code=crm.stand_in.code())

    async with crm.session.post(f"{crm.url}/oauth2/access_token", data=sent) as answer:
        assert answer.status == 200
        assert await works(crm, (await answer.json())["access_token"])


async def test_a_code_works_once(crm: Crm) -> None:
    code = crm.stand_in.code()
    assert (await exchange(crm, code=code)).status == 200

    again = await exchange(crm, code=code)

    assert (again.status, no(again)) == (400, ("Некорректный запрос", "Authorization code has been revoked"))


@pytest.mark.parametrize(("seconds", "status"), [(20 * 60 - 1, 200), (20 * 60, 400)])
async def test_a_code_lives_20_minutes(crm: Crm, seconds: int, status: int) -> None:
    code = crm.stand_in.code()
    crm.clocks.machine += seconds

    assert (await exchange(crm, code=code)).status == status


@pytest.mark.parametrize(
    ("changes", "status", "title"),
    [
        ({"redirect_uri": f"{REDIRECT}/"}, 400, "Некорректный запрос"),
        ({"redirect_uri": REDIRECT.upper()}, 400, "Некорректный запрос"),
        ({"redirect_uri": ...}, 400, "Некорректный запрос"),
        ({"client_secret": "x"}, 401, "Некорректный клиент"),
        ({"client_secret": ...}, 401, "Некорректный клиент"),
        ({"client_id": "x"}, 401, "Некорректный клиент"),
        ({"grant_type": "client_credentials"}, 400, "Некорректный запрос"),
        ({"grant_type": ...}, 400, "Некорректный запрос"),
        ({"code": "x"}, 400, "Некорректный запрос"),
        ({"code": ...}, 400, "Некорректный запрос"),
    ],
)
async def test_a_wrong_exchange_is_refused_and_leaves_the_code_alone(
    crm: Crm, changes: Json, status: int, title: str
) -> None:
    code = crm.stand_in.code()

    said = await exchange(crm, **{"code": code, **changes})

    assert (said.status, no(said)[0]) == (status, title)
    assert (await exchange(crm, code=code)).status == 200


@pytest.mark.parametrize("key", ["surprise", "refresh_token"])
async def test_a_key_that_is_not_documented_is_refused_and_remembered(crm: Crm, key: str) -> None:
    code = crm.stand_in.code()

    said = await exchange(crm, code=code, **{key: "x"})

    assert (said.status, said.type) == (400, "application/problem+json")
    assert [error["path"] for error in crm.stand_in.refused[0]["errors"]] == [key]
    assert (await crm.ask("POST", "/oauth2/access_token?surprise=1", fields(crm, code=code))).status == 400
    assert (await crm.ask("GET", "/oauth2/account/current/subdomain?surprise=1")).status == 400
    assert (await exchange(crm, code=code)).status == 200


async def test_a_refresh_token_works_once_and_gives_a_new_pair(crm: Crm) -> None:
    first = (await exchange(crm, code=crm.stand_in.code())).body

    second = (await refresh(crm, first["refresh_token"])).body

    assert await works(crm, second["access_token"])
    assert not await works(crm, first["access_token"])
    again = await refresh(crm, first["refresh_token"])
    assert (again.status, no(again)) == (401, REVOKED)
    assert (await refresh(crm, second["refresh_token"])).status == 200


async def test_an_access_token_is_no_refresh_token(crm: Crm) -> None:
    pair = (await exchange(crm, code=crm.stand_in.code())).body

    assert (await refresh(crm, pair["access_token"])).status == 400
    assert not await works(crm, pair["refresh_token"])


async def test_tokens_end_with_time(crm: Crm) -> None:
    pair = (await exchange(crm, code=crm.stand_in.code())).body
    crm.clocks.machine += 86_399
    assert await works(crm, pair["access_token"])
    crm.clocks.machine += 1
    assert not await works(crm, pair["access_token"])
    crm.clocks.machine += 90 * 86_400
    assert (await refresh(crm, pair["refresh_token"])).status == 401


async def test_several_pairs_live_side_by_side(crm: Crm) -> None:
    first = (await exchange(crm, code=crm.stand_in.code())).body
    operator = max(crm.stand_in.account.users)
    second = (await exchange(crm, code=crm.stand_in.code(operator))).body
    await refresh(crm, second["refresh_token"])

    assert await works(crm, first["access_token"])
    assert (await crm.ask("GET", "account", token=first["access_token"])).body["current_user_id"] != operator


async def test_revoking_ends_everything_that_was_given_out(crm: Crm) -> None:
    pair, code = (await exchange(crm, code=crm.stand_in.code())).body, crm.stand_in.code()

    crm.stand_in.revoke()

    said = await crm.ask("GET", "leads", token=pair["access_token"])
    assert (said.status, said.type) == (401, "application/problem+json")
    assert said.body == {
        "title": "Unauthorized",
        "type": "https://httpstatus.es/401",
        "status": 401,
        "detail": "Invalid user name or password",
    }
    assert not await works(crm, crm.token)
    assert no(await refresh(crm, pair["refresh_token"])) == REVOKED
    assert (await exchange(crm, code=code)).status == 400
    assert (await exchange(crm, code=crm.stand_in.code())).status == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic x"])
async def test_without_a_good_token_the_api_answers_401(crm: Crm, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    async with crm.session.get(f"{crm.url}/api/v4/leads", headers=headers) as answer:
        assert answer.status == 401


async def test_the_address_is_told_for_a_refresh_token_that_stays_good(crm: Crm) -> None:
    pair = (await exchange(crm, code=crm.stand_in.code())).body
    path = "/oauth2/account/current/subdomain"

    said = await crm.ask("GET", path, X_Refresh_Token=pair["refresh_token"])

    assert said.body == {
        "id": crm.stand_in.account.id,
        "subdomain": "example",
        "domain": crm.url.removeprefix("http://"),
        "top_level_domain": "ru",
    }
    assert (await crm.ask("GET", path, X_Refresh_Token="x")).status == 401
    assert (await refresh(crm, pair["refresh_token"])).status == 200


async def test_a_call_may_run_as_another_user(crm: Crm) -> None:
    admin, operator, _ = crm.stand_in.account.users.values()

    said = await crm.ask("GET", "account", X_Context_User_ID=str(operator.id))

    assert said.body["current_user_id"] == operator.id
    assert (await crm.ask("GET", "users", X_Context_User_ID=str(operator.id))).status == 403
    for who in ("1", "me"):
        assert (await crm.ask("GET", "account", X_Context_User_ID=who)).status == 401
    operators = crm.stand_in.long_lived_token(crm.url, operator.id)
    assert (await crm.ask("GET", "account", token=operators, X_Context_User_ID=str(admin.id))).status == 401
    operator.is_free = True
    assert (await crm.ask("GET", "account", X_Context_User_ID=str(operator.id))).status == 401
