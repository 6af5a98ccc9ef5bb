"""The disposable token that a widget sends to its own backend: its claims and its signature; serves nothing."""

import uuid
from urllib.parse import urlsplit

import jwt

from demo.amocrm.model import Json
from demo.amocrm.oauth import Integration

LIFE_SECONDS = 1800


def token(integration: Integration, account_id: int, subdomain: str, user_id: int, base: str, expires_at: int) -> str:
    """Signed with the integration's secret. `base` is scheme and host of the account's own pages."""
    return jwt.encode(
        claims(integration, account_id, subdomain, user_id, base, expires_at), integration.secret, algorithm="HS256"
    )


def claims(integration: Integration, account_id: int, subdomain: str, user_id: int, base: str, expires_at: int) -> Json:
    """As documented; `aud` is where the integration's redirect_uri points, not where its API stands."""
    redirect = urlsplit(integration.redirect_uri)
    issued_at = expires_at - LIFE_SECONDS
    return {
        "iss": base,
        "aud": f"{redirect.scheme}://{redirect.netloc}",
        "jti": str(uuid.uuid4()),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": expires_at,
        "account_id": account_id,
        "subdomain": subdomain,
        "client_uuid": integration.client_id,
        "user_id": user_id,
    }
