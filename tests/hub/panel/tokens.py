"""Disposable tokens as amoCRM makes them, and every way to make them wrong."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from jwt.utils import base64url_encode

from hub.integrations import Integration

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOST = "example.amocrm.ru"
ACCOUNT, USER = 28805383, 501
INTEGRATION = Integration(
    key="main",
    kind="private",
    client_id="2cc9b6b5-0000-4000-8000-000000000001",
    redirect_uri="https://hub.example/oauth/main",
    secret="secret-that-is-longer-than-32-bytes-000",
    next_secret="next-secret-that-is-longer-than-32-bytes",
)


def claims(now: datetime = NOW, **changed: Any) -> dict[str, Any]:
    """As in amoCRM's own sample; a claim that is changed into `...` is absent."""
    at = int(now.timestamp())
    right = {
        "iss": f"https://{HOST}",
        "aud": "https://hub.example",
        "jti": "1a4b7b1c-0000-4000-8000-000000000001",
        "iat": at - 600,
        "nbf": at - 600,
        "exp": at + 1200,
        "account_id": ACCOUNT,
        "user_id": USER,
        "subdomain": "example",
        "client_uuid": INTEGRATION.client_id,
        "is_admin": False,
    }
    return {name: value for name, value in (right | changed).items() if value is not ...}


def signed(payload: dict[str, Any], secret: str = INTEGRATION.secret, alg: str = "HS256") -> str:
    """With a secret."""
    return jwt.encode(payload, secret, algorithm=alg)


def unsigned(payload: dict[str, Any], header: dict[str, Any]) -> str:
    """With whatever the header says, and no signature."""
    parts = [base64url_encode(json.dumps(part).encode()).decode() for part in (header, payload)]
    return ".".join([*parts, ""])


def later(**span: float) -> datetime:
    """From the time at which `claims` are right."""
    return NOW + timedelta(**span)
