"""Whether a disposable token of amoCRM proves who asks. Pure: the integration, the installation and the time are given.

The order of the checks is that of amocrm.md 2.3. A token may come again as often as it lives: amoCRM's pages keep it for minutes."""

import base64
import binascii
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.amocrm.hosts import Hosts
from hub.integrations import Integration

LEEWAY = timedelta(seconds=60)
LONGEST_LIFE = timedelta(hours=4)
"""amoCRM's own live half an hour, as far as is documented: this bounds what a stolen one is good for."""

_LONGEST_TOKEN = 8192

Reason: TypeAlias = Literal[
    "headers",
    "malformed",
    "integration",
    "signature",
    "audience",
    "issuer",
    "subdomain",
    "not_yet_valid",
    "expired",
    "lifetime",
    "not_installed",
    "origin",
]


class BadToken(Exception):
    """It proves nothing; `reason` is for the log, never for whoever asks."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)


class Hint(_Part):
    """What a token says before it is verified: by it the secret is picked, and nothing else."""

    client_uuid: Annotated[str, Field(min_length=1, max_length=64)]
    account_id: Annotated[int, Field(gt=0, lt=1 << 63)]


class Claims(Hint):
    """What a verified token says. Whether the user is an admin is not asked here: R25 asks amoCRM."""

    iss: str
    aud: str
    iat: int
    nbf: int
    exp: int
    user_id: Annotated[int, Field(gt=0, lt=1 << 63)]
    subdomain: str | None = None


def hint(token: str) -> Hint:
    """Which secret to try."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST_TOKEN:
        raise BadToken("malformed")
    try:
        body = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return Hint.model_validate_json(body)
    except (binascii.Error, ValueError):
        raise BadToken("malformed") from None


def verified(token: str, integration: Integration | None, host: str | None, hosts: Hosts, now: datetime) -> Claims:
    """The claims of a token that proves its user. `integration` is that of the hint's client, `host` that of the account in which it
    is installed and active; None where there is none."""
    if integration is None:
        raise BadToken("integration")
    claims = _signed(token, integration)
    if claims.aud != _origin(integration.redirect_uri):
        raise BadToken("audience")
    _check_issuer(claims, host, hosts)
    _check_times(claims, now)
    return claims


def _signed(token: str, integration: Integration) -> Claims:
    """By one of the integration's secrets, with HS256 and nothing else."""
    for secret in integration.secrets:
        try:
            payload = _HS256.decode(token, secret, algorithms=["HS256"])
        except jwt.PyJWTError:
            continue
        try:
            return Claims.model_validate_json(payload)
        except ValidationError:
            raise BadToken("malformed") from None
    raise BadToken("signature")


def _check_issuer(claims: Claims, host: str | None, hosts: Hosts) -> None:
    """The issuer is where the account lives: a host of amoCRM's, and the one that the installation was made at."""
    if host is None:
        raise BadToken("not_installed")
    home = hosts.base(host) if hosts.known(host) else None
    if home is None or claims.iss != home:
        raise BadToken("issuer")
    amocrms_own = home.startswith("https:")  # a stand-in's host holds no subdomain
    if amocrms_own and claims.subdomain not in (None, host.partition(".")[0]):
        raise BadToken("subdomain")


def _check_times(claims: Claims, now: datetime) -> None:
    seconds, leeway = now.timestamp(), LEEWAY.total_seconds()
    if max(claims.nbf, claims.iat) > seconds + leeway:
        raise BadToken("not_yet_valid")
    if claims.exp <= seconds - leeway:
        raise BadToken("expired")
    if claims.exp - claims.iat > LONGEST_LIFE.total_seconds():
        raise BadToken("lifetime")


def _origin(url: str) -> str:
    """What `aud` is made of: scheme and host of the integration's redirect address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


_HS256 = jwt.PyJWS(algorithms=["HS256"])
