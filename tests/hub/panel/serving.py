"""A panel behind a real socket, two installed accounts, and a browser's way of asking."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from hub.accounts import grant_operation
from hub.clock import machine_now
from hub.integrations import Integrations, Pair, install
from hub.panel.visitor import Visitor
from hub.store.engine import Store
from tests.hub.panel.tokens import ACCOUNT, HOST, INTEGRATION, USER, claims, signed

OTHER, OTHER_HOST = 31000002, "other.amocrm.ru"


async def install_two(store: Store) -> None:
    """Two accounts with the same (public) integration."""
    await Integrations(store).put(INTEGRATION)
    for account_id, host in ((ACCOUNT, HOST), (OTHER, OTHER_HOST)):
        async with store.writing(grant_operation(account_id)) as unit:
            await install(unit, INTEGRATION.key, host, Pair("access"))


def visitor(user_id: int = USER, account_id: int = ACCOUNT, host: str = HOST) -> Visitor:
    """Somebody who was let in."""
    return Visitor(grant_operation(account_id), user_id, f"https://{host}")


@dataclass(frozen=True)
class Told:
    """An answer as the browser sees it."""

    status: int
    headers: Any
    body: Any = field(default=None)

    @property
    def code(self) -> str:
        return str(self.body["code"])

    @property
    def readable_by(self) -> str | None:
        """The pages whose script may read it."""
        named: str | None = self.headers.get("Access-Control-Allow-Origin")
        return named


class Browser:
    """A page of an account with its user's token."""

    def __init__(self, session: aiohttp.ClientSession, base: str, **changed: Any) -> None:
        self.session, self.base = session, base
        self.claims = claims(machine_now(), **changed)
        self.origin = self.claims["iss"]

    @property
    def token(self) -> str:
        return signed(self.claims)

    async def ask(self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, **given: Any) -> Told:
        """As `$authorizedAjax` does; a header that is changed into "" is absent."""
        sent = {"Origin": self.origin, "X-Auth-Token": self.token} | (headers or {})
        sent = {name: value for name, value in sent.items() if value}
        async with self.session.request(method, self.base + path, headers=sent, **given) as answer:
            is_json = answer.content_type == "application/json"
            return Told(answer.status, answer.headers, await answer.json() if is_json else await answer.text())


@asynccontextmanager
async def serving(routes: Iterable[web.RouteDef]) -> AsyncIterator[str]:
    """On a free port; gives the address."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
