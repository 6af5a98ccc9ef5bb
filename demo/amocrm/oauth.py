"""OAuth 2.0 of one account: codes, token pairs, long-lived tokens. On machine time; signs, stores and revokes, serves nothing."""

import functools
import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from demo.amocrm.errors import Problem, Refused
from demo.amocrm.model import Json

CODE_SECONDS = 20 * 60
ACCESS_SECONDS = 86_400
REFRESH_SECONDS = 90 * 86_400
DAY_SECONDS = 86_400
MOST_DAYS = 5 * 365
_PROBLEM = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"
_SCOPES = ["crm", "files", "files_delete", "notifications", "push_notifications"]
_GRANTS = {"authorization_code": "code", "refresh_token": "refresh_token"}


@dataclass(frozen=True)
class Integration:
    """An integration of the account. The judge's is not watched: no limits, no faults, no counts."""

    client_id: str
    secret: str
    redirect_uri: str
    watched: bool = True
    is_public: bool = False


@dataclass
class Grant:
    """Something that was given out: a code, an access token or a refresh token. `pair` ties two tokens together."""

    kind: str
    integration: Integration
    user_id: int
    expires_at: float
    pair: str = ""
    is_dead: bool = False


class OAuthRefused(Exception):
    """The token endpoint says no, in one of the two bodies that were seen in the wild."""

    def __init__(self, status: int, hint: str | None) -> None:
        super().__init__(status, hint)
        self.status, self.hint = status, hint

    def body(self) -> Json:
        if self.hint is None:
            client = {"title": "Некорректный клиент", "detail": "Авторизация клиента не прошла"}
            return {**client, "type": _PROBLEM, "status": self.status}
        return {
            "hint": self.hint,
            "title": "Некорректный запрос",
            "type": _PROBLEM,
            "status": self.status,
            "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
        }


@functools.cache
def _signing_key() -> rsa.RSAPrivateKey:
    """amoCRM signs with RS256 and a key that nobody else has; one for each process is enough."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OAuth:
    """Who may call, and with what. `now` is machine time."""

    def __init__(self, account_id: int, now: Callable[[], float]) -> None:
        self._account_id, self._now = account_id, now
        self._integrations: dict[str, Integration] = {}
        self._grants: dict[str, Grant] = {}

    def register(
        self,
        redirect_uri: str,
        *,
        watched: bool = True,
        client: tuple[str, str] | None = None,
        is_public: bool = False,
    ) -> Integration:
        """An integration with a new id and secret, or with those of a public one."""
        client_id, secret = client or (str(uuid.uuid4()), secrets.token_hex(32))
        integration = Integration(client_id, secret, redirect_uri, watched, is_public)
        self._integrations[integration.client_id] = integration
        return integration

    def code(self, integration: Integration, user_id: int) -> str:
        """As copied from the integration's modal."""
        code = secrets.token_hex(64)
        self._grants[code] = Grant("code", integration, user_id, self._now() + CODE_SECONDS)
        return code

    def long_lived(self, integration: Integration, user_id: int, base: str, *, days: int) -> str:
        """As generated on the tab of keys: no refresh, from a day to five years; a public integration has no such tab."""
        if integration.is_public:
            raise Refused(403, "A public integration has no long-lived tokens.")
        if not 1 <= days <= MOST_DAYS:
            raise Refused(400, "A long-lived token lives from one day to five years.")
        return self._access(integration, user_id, base, "", days * DAY_SECONDS)

    def exchange(self, fields: Mapping[str, object], base: str) -> Json:
        """The token endpoint: a code or a refresh token against a new pair."""
        integration = self._client(fields)
        key = _GRANTS.get(str(fields.get("grant_type")))
        if key is None:
            raise OAuthRefused(400, "Check the `grant_type` parameter")
        unknown = sorted(fields.keys() - {"client_id", "client_secret", "grant_type", "redirect_uri", key})
        if unknown:
            problems = tuple(Problem("NotExpected", name, "This field is not documented here.") for name in unknown)
            raise Refused(400, f"Not documented: {', '.join(unknown)}", problems)
        if fields.get("redirect_uri") != integration.redirect_uri:
            raise OAuthRefused(400, "Check the `redirect_uri` parameter")
        return self._pair(self._used(key, fields.get(key), integration), base)

    def _client(self, fields: Mapping[str, object]) -> Integration:
        integration = self._integrations.get(str(fields.get("client_id")))
        if integration is None or fields.get("client_secret") != integration.secret:
            raise OAuthRefused(401, None)
        return integration

    def _used(self, key: str, given: object, integration: Integration) -> Grant:
        """The grant behind a code or refresh token, which is dead from now on, and the access token of its pair with it."""
        kind = "code" if key == "code" else "refresh"
        status, what = (400, "Authorization code") if kind == "code" else (401, "Token")
        grant = self._grants.get(str(given))
        if grant is None or grant.kind != kind or grant.integration is not integration:
            raise OAuthRefused(400, f"Check the `{key}` parameter")
        if grant.is_dead:
            raise OAuthRefused(status, f"{what} has been revoked")
        if grant.expires_at <= self._now():
            raise OAuthRefused(status, f"{what} has expired")
        grant.is_dead = True
        for other in self._grants.values():
            other.is_dead |= bool(grant.pair) and other.pair == grant.pair
        return grant

    def _pair(self, grant: Grant, base: str) -> Json:
        pair, refresh = str(uuid.uuid4()), secrets.token_hex(64)
        access = self._access(grant.integration, grant.user_id, base, pair, ACCESS_SECONDS)
        self._grants[refresh] = Grant("refresh", grant.integration, grant.user_id, self._now() + REFRESH_SECONDS, pair)
        return {
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "server_time": int(self._now()),
            "access_token": access,
            "refresh_token": refresh,
        }

    def _access(self, integration: Integration, user_id: int, base: str, pair: str, seconds: float) -> str:
        now = int(self._now())
        claims = {
            "aud": integration.client_id,
            "jti": secrets.token_hex(40),
            "iat": now,
            "nbf": now,
            "exp": int(now + seconds),
            "sub": str(user_id),
            "grant_type": "",
            "account_id": self._account_id,
            "base_domain": "amocrm.ru",
            "version": 2,
            "scopes": _SCOPES,
            "hash_uuid": str(uuid.uuid4()),
            "api_domain": base.split("://", 1)[-1],
        }
        token = jwt.encode(claims, _signing_key(), algorithm="RS256")
        self._grants[token] = Grant("access", integration, user_id, now + seconds, pair)
        return token

    def grant_of(self, token: str, kind: str = "access") -> Grant | None:
        """The living grant of an access token (or of a refresh token, which stays unused)."""
        grant = self._grants.get(token)
        alive = grant is not None and grant.kind == kind and not grant.is_dead and grant.expires_at > self._now()
        return grant if alive else None

    def living(self) -> dict[str, Grant]:
        """All that was given out and still works."""
        now = self._now()
        return {key: grant for key, grant in self._grants.items() if not grant.is_dead and grant.expires_at > now}

    def restore(self, integrations: Iterable[Integration], grants: Mapping[str, Grant]) -> None:
        """Go on with what another process has given out."""
        self._integrations = {integration.client_id: integration for integration in integrations}
        known = self._integrations
        self._grants = {
            key: replace(grant, integration=known[grant.integration.client_id]) for key, grant in grants.items()
        }

    def revoke(self, integration: Integration) -> None:
        """As when an admin switches the integration off: nothing that was given out works any more."""
        for grant in self._grants.values():
            grant.is_dead |= grant.integration is integration
