"""amoCRM's OAuth as documented, and its error bodies as they were seen."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.amocrm import oauth
from hub.amocrm.answers import Answer
from hub.amocrm.oauth import ClientRefused, GrantRefused
from hub.crm import AnswerLost, CrmBlocked, CrmBusy, CrmUnauthorised
from hub.integrations import Integration, Pair

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
INTEGRATION = Integration(
    "main", "public", "2cc9b6b5-0000-4000-8000-000000000001", "https://hub.example/oauth/main", "first", "second"
)
REQUEST = oauth.refresh(INTEGRATION, "first", "r")
REVOKED = {
    "hint": "Token has been revoked",
    "title": "Некорректный запрос",
    "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
    "status": 401,
    "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
}
UNKNOWN_CLIENT = {
    "title": "Некорректный клиент",
    "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
    "status": 401,
    "detail": "Авторизация клиента не прошла",
}
GRANTED = {
    "token_type": "Bearer",
    "expires_in": 86400,
    "server_time": 1751621727,
    "access_token": "a",
    "refresh_token": "r",
}


def answer(status: int, body: Any) -> Answer:
    return Answer(status, "application/json", json.dumps(body).encode())


def html(status: int) -> Answer:
    return Answer(status, "text/html", b"<html>nginx</html>")


def jwt(**claims: Any) -> str:
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".sig"


def test_a_code_is_exchanged_with_the_exact_redirect_address() -> None:
    request = oauth.exchange(INTEGRATION, "first", "code")

    assert (request.method, request.path) == ("POST", "/oauth2/access_token")
    assert request.body == {
        "client_id": INTEGRATION.client_id,
        "client_secret": "first",
        "grant_type": "authorization_code",
        "code": "code",
        "redirect_uri": "https://hub.example/oauth/main",
    }


def test_a_refresh_token_is_exchanged_with_the_exact_redirect_address() -> None:
    assert REQUEST.body == {
        "client_id": INTEGRATION.client_id,
        "client_secret": "first",
        "grant_type": "refresh_token",
        "refresh_token": "r",
        "redirect_uri": "https://hub.example/oauth/main",
    }


def test_secrets_and_codes_are_not_shown() -> None:
    assert "first" not in repr(REQUEST)
    assert "first" not in repr(INTEGRATION)
    assert "token" not in repr(Pair("token", "token"))


def test_the_pair_ends_by_our_clock() -> None:
    assert oauth.granted(REQUEST, answer(200, GRANTED), NOW) == Pair("a", "r", NOW + timedelta(days=1))


REFUSALS = [
    (answer(401, REVOKED), GrantRefused),
    (answer(400, REVOKED), GrantRefused),
    (answer(400, {"status": 400}), GrantRefused),
    (answer(404, {"status": 404}), GrantRefused),
    (html(404), GrantRefused),
    (html(401), GrantRefused),
    (answer(401, UNKNOWN_CLIENT), ClientRefused),
    (html(403), CrmBlocked),
    (html(429), CrmBusy),
    (html(502), AnswerLost),
    (html(504), AnswerLost),
    (html(302), CrmUnauthorised),
]


@pytest.mark.parametrize(("said", "error"), REFUSALS)
def test_a_refusal_is_the_class_that_says_what_to_do(said: Answer, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        oauth.granted(REQUEST, said, NOW)

    assert type(raised.value) is error


@pytest.mark.parametrize("lacking", ["access_token", "refresh_token", "expires_in"])
def test_a_grant_that_lacks_something_is_not_believed(lacking: str) -> None:
    with pytest.raises(ValueError):
        oauth.granted(REQUEST, answer(200, {k: v for k, v in GRANTED.items() if k != lacking}), NOW)


def test_a_token_says_whose_it_is() -> None:
    token = jwt(account_id=28805383, api_domain="api-b.amocrm.ru", exp=1751708127, scopes=["crm"])

    assert oauth.claims(token) == oauth.Claims(account_id=28805383, api_domain="api-b.amocrm.ru", exp=1751708127)
    assert oauth.long_lived(token) == Pair(token, None, datetime(2025, 7, 5, 9, 35, 27, tzinfo=UTC))


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.????.c", "a." + base64.b64encode(b"[]").decode() + ".c"])
def test_a_token_that_is_no_jwt_says_nothing(token: str) -> None:
    assert oauth.claims(token) == oauth.Claims()
    assert oauth.long_lived(token).expires_at is None


def signed(secret: str, client: str = INTEGRATION.client_id, account: str = "28805383") -> str:
    return hmac.new(secret.encode(), f"{client}|{account}".encode(), "sha256").hexdigest()


@pytest.mark.parametrize("name", ["client_uuid", "client_id"])
@pytest.mark.parametrize("secret", ["first", "second"])
def test_the_uninstall_hook_is_known_by_its_signature(name: str, secret: str) -> None:
    query = {"account_id": "28805383", name: INTEGRATION.client_id, "signature": signed(secret)}

    assert oauth.uninstall_is_signed(INTEGRATION, query)


@pytest.mark.parametrize(
    "change",
    [
        {"signature": ""},
        {"signature": signed("third")},
        {"signature": "я"},
        {"account_id": "28805384"},
        {"account_id": ""},
        {"client_uuid": ""},
        {"client_uuid": "other", "signature": signed("first", client="other")},
    ],
)
def test_an_uninstall_hook_of_anybody_else_is_not_believed(change: dict[str, str]) -> None:
    query = {"account_id": "28805383", "client_uuid": INTEGRATION.client_id, "signature": signed("first")}

    assert not oauth.uninstall_is_signed(INTEGRATION, query | change)


def test_an_administrator_begins_at_amocrm() -> None:
    assert oauth.authorise_url("c d", "s&") == "https://www.amocrm.ru/oauth?client_id=c+d&state=s%26"
