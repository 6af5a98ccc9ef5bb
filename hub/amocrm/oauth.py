"""amoCRM's OAuth as values: what to ask the token endpoint, what it answers, what a token says of itself. Pure.

Facts: oauth/step-by-step, oauth/oauth, oauth/account-subdomain-info of amoCRM's developer pages."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from hub.amocrm.answers import Answer, decipher
from hub.amocrm.api import Json, Request
from hub.crm import CrmRejected, CrmUnauthorised
from hub.integrations import Integration, Pair
from wire.errors import NeedsOperator

TOKEN = "/oauth2/access_token"  # noqa: S105 a path
CODE_LIVES = timedelta(minutes=20)

NEW_CODE = "Take a new code and install again: amoCRM refused this one (a code lives 20 minutes and works once)."
RIGHT_SECRET = "Check client id and secret (ident-hub integration add): amoCRM does not know the integration by them."  # noqa: S105


class GrantRefused(NeedsOperator):
    """The code or the refresh token is spent, revoked, or of another redirect address."""


class ClientRefused(NeedsOperator):
    """The integration's id and secret do not belong together."""


class Claims(BaseModel):
    """What an access token says of itself; not verified, as only amoCRM can: never a reason to trust anybody."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    account_id: int | None = None
    api_domain: str | None = None
    exp: int | None = None


class _Granted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    access_token: str = Field(min_length=1)
    refresh_token: str = Field(min_length=1)
    expires_in: int = Field(gt=0)


def exchange(integration: Integration, secret: str, code: str) -> Request:
    """A code into a pair."""
    return _grant(integration, secret, {"grant_type": "authorization_code", "code": code})


def refresh(integration: Integration, secret: str, refresh_token: str) -> Request:
    """A refresh token, which is spent by this, into the next pair."""
    return _grant(integration, secret, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def _grant(integration: Integration, secret: str, grant: Json) -> Request:
    body = {"client_id": integration.client_id, "client_secret": secret, **grant}
    return Request("POST", TOKEN, body=body | {"redirect_uri": integration.redirect_uri})


def granted(request: Request, answer: Answer, now: datetime) -> Pair:
    """The pair, or the error that says what to do. ValueError: a success that cannot be read."""
    try:
        body = decipher(request, answer)
    except (CrmRejected, CrmUnauthorised) as refused:
        raise _refusal(answer, refused) from None
    read = _Granted.model_validate(body)
    return Pair(read.access_token, read.refresh_token, now + timedelta(seconds=read.expires_in))


def _refusal(answer: Answer, refused: Exception) -> Exception:
    """Wrong secrets and spent tokens have the same type, and titles that nobody promised: only the latter carry a hint."""
    if answer.status not in (400, 401, 404):
        return refused
    said = answer.json()
    unknown_client = answer.status == 401 and isinstance(said, dict) and "hint" not in said
    return ClientRefused(RIGHT_SECRET) if unknown_client else GrantRefused(NEW_CODE)


def subdomain() -> Request:
    """Under which host an account is known now; goes to the token's own `api_domain`, with the refresh token, which it does not spend."""
    return Request("GET", "/oauth2/account/current/subdomain")


def claims(access_token: str) -> Claims:
    """Read a JWT without verifying it; a token that is none says nothing."""
    try:
        payload = access_token.split(".")[1]
        data = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return Claims.model_validate(data)
    except (ValueError, IndexError):
        return Claims()


def long_lived(token: str) -> Pair:
    """A token without refresh, as an administrator made it in amoCRM."""
    exp = claims(token).exp
    return Pair(token, None, datetime.fromtimestamp(exp, UTC) if exp else None)


def authorise_url(client_id: str, state: str) -> str:
    """Where an administrator chooses the account and agrees."""
    return f"https://www.amocrm.ru/oauth?{urlencode({'client_id': client_id, 'state': state})}"


def uninstall_is_signed(integration: Integration, query: Mapping[str, str]) -> bool:
    """The hook is amoCRM's: HMAC-SHA256 over "client_uuid|account_id" with our secret, compared in constant time."""
    client = query.get("client_uuid") or query.get("client_id") or ""
    told = query.get("signature", "").lower().encode()
    message = f"{client}|{query.get('account_id', '')}".encode()
    signatures = [hmac.new(secret.encode(), message, "sha256").hexdigest() for secret in integration.secrets]
    matches = [hmac.compare_digest(signature.encode(), told) for signature in signatures]
    return any(matches) and client == integration.client_id


def text_of(data: Any, key: str) -> str | None:
    """A text of a JSON object, or None."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else None
