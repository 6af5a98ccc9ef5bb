"""Which tokens prove their user, and why the others do not."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from hub.amocrm.hosts import Hosts
from hub.integrations import Integration
from hub.panel.token import BadToken, Claims, hint, verified
from tests.hub.panel.tokens import ACCOUNT, HOST, INTEGRATION, NOW, USER, claims, later, signed, unsigned

STAND_IN = "127.0.0.1:8090"
HOSTS = Hosts([STAND_IN])


def check(
    token: str, integration: Integration | None = INTEGRATION, host: str | None = HOST, now: datetime = NOW
) -> Claims:
    return verified(token, integration, host, HOSTS, now)


def refused(token: str, *args: Any, **given: Any) -> str:
    with pytest.raises(BadToken) as caught:
        check(token, *args, **given)
    return caught.value.reason


def test_a_token_of_amocrm_names_its_user() -> None:
    found = check(signed(claims()))

    assert (found.account_id, found.user_id, found.iss) == (ACCOUNT, USER, f"https://{HOST}")


def test_a_token_may_come_again() -> None:
    token = signed(claims())

    assert check(token) == check(token)


def test_while_a_secret_is_changed_both_are_taken() -> None:
    assert INTEGRATION.next_secret
    assert check(signed(claims(), INTEGRATION.next_secret)) == check(signed(claims()))
    assert refused(signed(claims(), INTEGRATION.next_secret), replace(INTEGRATION, next_secret=None)) == "signature"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"aud": "https://hub.example.com"}, "audience"),
        ({"aud": "http://hub.example"}, "audience"),
        ({"aud": "https://hub.example/oauth/main"}, "audience"),
        ({"aud": ["https://hub.example"]}, "malformed"),
        ({"aud": ...}, "malformed"),
        ({"iss": "https://other.amocrm.ru", "subdomain": "other"}, "issuer"),
        ({"iss": "http://example.amocrm.ru"}, "issuer"),
        ({"iss": "https://example.amocrm.ru.evil.ru"}, "issuer"),
        ({"iss": "https://example.amocrm.ru@evil.ru"}, "issuer"),
        ({"iss": "https://["}, "issuer"),
        ({"iss": ...}, "malformed"),
        ({"subdomain": "other"}, "subdomain"),
        ({"exp": int(later(seconds=-60).timestamp())}, "expired"),
        ({"nbf": int(later(seconds=61).timestamp())}, "not_yet_valid"),
        ({"iat": int(later(seconds=61).timestamp())}, "not_yet_valid"),
        ({"iat": int(later(hours=-4).timestamp())}, "lifetime"),
        ({"exp": ...}, "malformed"),
        ({"exp": "never"}, "malformed"),
        ({"user_id": ...}, "malformed"),
        ({"user_id": 0}, "malformed"),
        ({"user_id": True}, "malformed"),
        ({"account_id": "28805383"}, "malformed"),
    ],
)
def test_a_wrong_claim_is_refused(changed: dict[str, Any], reason: str) -> None:
    assert refused(signed(claims(**changed))) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": int(later(seconds=-59).timestamp())},
        {"nbf": int(later(seconds=60).timestamp())},
        {"subdomain": ...},
        {"jti": ...},
        {"is_admin": ...},
        {"something": {"new": 1}},
    ],
)
def test_clocks_may_differ_a_little_and_claims_may_come_and_go(changed: dict[str, Any]) -> None:
    assert check(signed(claims(**changed))).user_id == USER


def test_the_half_hour_of_amocrm_is_taken_to_its_end() -> None:
    whole = claims(iat=int(NOW.timestamp()), nbf=int(NOW.timestamp()), exp=int(later(seconds=1800).timestamp()))

    assert check(signed(whole), now=later(seconds=1799)).user_id == USER
    assert refused(signed(whole), now=later(seconds=1861)) == "expired"


@pytest.mark.parametrize("secret", ["another-secret-that-is-longer-than-32-bytes", INTEGRATION.client_id])
def test_another_secret_is_refused(secret: str) -> None:
    assert refused(signed(claims(), secret)) == "signature"


@pytest.mark.parametrize("alg", ["HS384", "HS512"])
def test_no_other_hmac_is_taken(alg: str) -> None:
    """HS512 is what amoCRM's bots sign with: those tokens name no user."""
    long_enough = replace(INTEGRATION, secret="s" * 64, next_secret=None)

    assert refused(signed(claims(), "s" * 64, alg), long_enough) == "signature"


@pytest.mark.parametrize("alg", ["none", "None", "", None, "HS256"])
def test_an_unsigned_token_is_refused(alg: str | None) -> None:
    assert refused(unsigned(claims(), {"typ": "JWT", "alg": alg})) == "signature"


def test_a_key_of_its_own_proves_nothing() -> None:
    key = generate_private_key(65537, 2048)

    assert refused(jwt.encode(claims(), key, algorithm="RS256")) == "signature"


def test_a_token_of_an_unknown_integration_is_refused() -> None:
    assert refused(signed(claims()), None) == "integration"


def test_a_token_of_an_account_without_active_installation_is_refused() -> None:
    assert refused(signed(claims()), host=None) == "not_installed"


def test_a_stand_in_has_no_subdomain() -> None:
    token = signed(claims(iss=f"http://{STAND_IN}"))

    assert check(token, host=STAND_IN).user_id == USER
    assert refused(token) == "issuer"


def test_a_stand_in_that_is_not_configured_is_none() -> None:
    token = signed(claims(iss=f"http://{STAND_IN}"))

    with pytest.raises(BadToken, match="issuer"):
        verified(token, INTEGRATION, STAND_IN, Hosts(), NOW)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "a.!!.c", "..", "a.e30.c", "x" * 9000])
def test_what_is_no_token_gives_no_hint(token: str) -> None:
    with pytest.raises(BadToken, match="malformed"):
        hint(token)


def test_a_hint_is_what_the_token_says_of_itself() -> None:
    said = hint(signed(claims(), "whatever-it-is-signed-with-it-is-a-hint"))

    assert (said.client_uuid, said.account_id) == (INTEGRATION.client_id, ACCOUNT)
