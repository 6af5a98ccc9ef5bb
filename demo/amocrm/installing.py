"""How the integration comes into an account and leaves it, and what its integrator is told: by GET, once, with three seconds of patience.

Facts: oauth/step-by-step of amoCRM's developer pages. Nobody outside this machine is dialled."""

import asyncio
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import aiohttp
from yarl import URL

from demo.amocrm.courier import LOOPBACK
from demo.amocrm.oauth import Integration
from demo.amocrm.stand_in import StandIn

PATIENCE_SECONDS = 3.0
NO_ANSWER = 0
_PLATFORM = "1"
"""amocrm.ru; 2 is the other domain."""


def signed(integration: Integration, account_id: int) -> dict[str, str]:
    """What the uninstall hook says; anybody who knows the secret can tell that it is amoCRM's."""
    message = f"{integration.client_id}|{account_id}".encode()
    signature = hmac.new(integration.secret.encode(), message, "sha256").hexdigest()
    return {"account_id": str(account_id), "client_uuid": integration.client_id, "signature": signature}


def back(stand_in: StandIn, user_id: int, host: str, state: str | None, *, allowed: bool) -> str:
    """Where the browser goes from the page that asks an admin whether the integration may come in."""
    said = {"error": "access_denied"}
    if allowed:
        said = {"code": stand_in.code(user_id), "referer": host, "platform": _PLATFORM}
    return _with(stand_in.integration.redirect_uri, said | ({} if state is None else {"state": state}))


async def install(stand_in: StandIn, user_id: int, host: str) -> int:
    """An admin pressed «Установить» at the widget: amoCRM's server brings a code. The status matters to nobody but a test."""
    said = {"code": stand_in.code(user_id), "referer": host, "from_widget": "1", "platform": _PLATFORM}
    return await _get(_with(stand_in.integration.redirect_uri, said))


async def disable(stand_in: StandIn) -> int:
    """An admin switched the integration off: nothing that was given out works any more, and the hook says so, if there is one."""
    stand_in.revoke()
    address = stand_in.options.uninstall_uri
    return await _get(_with(address, signed(stand_in.integration, stand_in.account.id))) if address else NO_ANSWER


def _with(address: str, query: Mapping[str, str]) -> str:
    return urlsplit(address)._replace(query=urlencode(query)).geturl()


async def _get(address: str) -> int:
    """Once: whoever misses it has missed it."""
    if URL(address).host not in LOOPBACK:
        return NO_ANSWER
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), aiohttp.ClientSession() as session:
            async with session.get(URL(address, encoded=True), allow_redirects=False) as answer:
                return answer.status
    except (TimeoutError, aiohttp.ClientError):
        return NO_ANSWER
