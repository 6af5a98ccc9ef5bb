"""How an account comes to us and leaves: authorisation codes from the widget's install, from a browser or from the command line;
and amoCRM's uninstall hook. What arrives here is anybody's text until amoCRM itself has confirmed it."""

import asyncio
import hmac
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Never

from aiohttp import web

from hub.accounts import grant_hook, grant_install
from hub.amocrm import answers, api, oauth
from hub.amocrm.client import AmoCrms
from hub.amocrm.reading import AccountInfo
from hub.amocrm.tokens import carried_through
from hub.amocrm.transport import Uncounted
from hub.clock import machine_now
from hub.codes import Code, Codes, TooManyCodes, finish
from hub.integrations import Integration, Pair, install
from wire import log
from wire.errors import NeedsOperator, Park, Retry

logger = logging.getLogger(__name__)

STATE_LIVES = timedelta(hours=1)
PAIR_LIVES = timedelta(hours=20)
TRY_AGAIN_AFTER = timedelta(seconds=5)
BROWSER_WAITS_SECONDS = 20.0
LOOK_EVERY_SECONDS = 5.0

WRONG_ACCOUNT = "Install again: the token says another account than amoCRM does."


class UnderWay(Retry):
    """This very code is being exchanged, or is to be tried again in a moment."""


class Installer:
    """Turns codes into installations. What was begun and not finished is found again after a restart."""

    def __init__(self, amocrm: AmoCrms, now: Callable[[], datetime] = machine_now) -> None:
        self.hosts = amocrm.tools.hosts
        self._tools, self._now = amocrm.tools, now
        self._store = amocrm.tools.integrations.store
        self._codes = Codes(self._store)
        self._arrived = asyncio.Event()

    async def install(self, key: str, code: str, host: str) -> int:
        """Exchange a code that a person copied from amoCRM; returns the account's id. The same code may be given again: after a
        `Retry` to go on, after a success to hear it once more."""
        await self._tools.integrations.get(key)
        self.hosts.base(host)
        account_id = await self.finish_now(key, self.hosts.known(host) or host, code)
        if account_id is None:
            raise UnderWay(TRY_AGAIN_AFTER.total_seconds())
        return account_id

    async def install_long_lived(self, key: str, token: str, host: str) -> int:
        """Keep a long-lived token; returns the account's id."""
        integration = await self._tools.integrations.get(key)
        pair = oauth.long_lived(token)
        account = grant_install(await self._account_of(host, pair))
        async with self._store.writing(account) as unit:
            await install(unit, integration.key, self.hosts.known(host) or host, pair)
        return account.id

    async def start_url(self, key: str) -> str:
        """Where an administrator begins in the browser."""
        integration = await self._tools.integrations.get(key)
        return oauth.authorise_url(
            integration.client_id, self._state(key, int((self._now() + STATE_LIVES).timestamp()))
        )

    def state_is_ours(self, key: str, state: str) -> bool:
        """We issued it for this integration within the hour."""
        until = state.partition(".")[0]
        if not (until.isascii() and until.isdigit()) or int(until) < self._now().timestamp():
            return False
        return hmac.compare_digest(self._state(key, int(until)).encode(), state.encode())

    async def keep(self, key: str, host: str, code: str) -> None:
        """A code came from amoCRM's server: it is stored when this returns, and exchanged by the loop."""
        await self._codes.keep(key, host, code)
        self._arrived.set()

    async def finish_now(self, key: str, host: str, code: str) -> int | None:
        """A code came while a person waits. Whatever does not succeed now is left to the loop; None where the loop is at it."""
        taken = await self._codes.keep_and_take(key, host, code)
        if taken is None or taken.account_id is not None:
            return taken.account_id if taken else None
        return await self._advance(taken)

    async def step(self) -> bool:
        """Work at one code; False where none waits."""
        code = await self._codes.take()
        if code is None:
            return False
        try:
            await self._advance(code)
        except Retry as error:
            log.warning(logger, "install.delayed", kind=code.integration, host=code.host, error=type(error).__name__)
        except (NeedsOperator, Park) as error:
            hint = getattr(error, "hint", oauth.NEW_CODE)
            log.error(logger, "install.refused", kind=code.integration, host=code.host, hint=hint)
        return True

    async def run(self) -> Never:
        """The loop around it."""
        while True:
            while await self.step():
                pass
            await self._wait()

    async def uninstall(self, integration: Integration, account_id: int) -> None:
        """The account's admin took the integration out."""
        if await self._tools.integrations.uninstall(grant_hook(account_id), integration.key):
            log.info(logger, "account.uninstalled", account=account_id, kind=integration.key)

    async def integration(self, key: str) -> Integration:
        """The integration whose addresses these are."""
        return await self._tools.integrations.get(key)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_SECONDS):
                await self._arrived.wait()
        except TimeoutError:
            return
        self._arrived.clear()

    async def _advance(self, code: Code) -> int:
        """From wherever it stands to the end. Each of its two steps is durable: a code works once."""
        try:
            self._refuse_old(code)
            pair = code.pair if code.pair else await carried_through(self._exchange(code))
            account = grant_install(await self._account_of(code.host, pair))
        except Retry:
            await self._codes.give_back(code, TRY_AGAIN_AFTER)
            raise
        except (NeedsOperator, Park):
            await self._codes.drop(code)
            raise
        async with self._store.writing(account) as unit:
            await install(unit, code.integration, code.host, pair)
            await finish(unit, code)
        log.info(logger, "account.installed", account=account.id, kind=code.integration, host=code.host)
        return account.id

    def _refuse_old(self, code: Code) -> None:
        if self._now() - code.arrived_at > (PAIR_LIVES if code.pair else oauth.CODE_LIVES):
            raise NeedsOperator(oauth.NEW_CODE)

    async def _exchange(self, code: Code) -> Pair:
        integration = await self._tools.integrations.get(code.integration)
        pair = await self._tools.endpoint.exchange(integration, code.host, code.code)
        await self._codes.exchanged(code, pair)
        return pair

    async def _account_of(self, host: str, pair: Pair) -> int:
        """The account is whichever amoCRM says the token is of; a query's word for it is worth nothing."""
        request, headers = api.account(), {"Authorization": f"Bearer {pair.access}"}
        answer = await self._tools.transport.send(self.hosts.base(host), request, headers, Uncounted())
        try:
            info = AccountInfo.model_validate(answers.decipher(request, answer))
        except ValueError:
            raise answers.unknown_outcome(request) from None
        if oauth.claims(pair.access).account_id not in (None, info.id):
            raise NeedsOperator(WRONG_ACCOUNT)
        return info.id

    def _state(self, key: str, until: int) -> str:
        return f"{until}.{self._store.keys.hub().mac(f'oauth.state:{key}:{until}')}"


# HTTP


def routes(installer: Installer) -> list[web.RouteDef]:
    """The redirect address of each integration, and the address of its uninstall hook."""

    async def arrive(request: web.Request) -> web.Response:
        return await _arrive(installer, request)

    async def uninstall(request: web.Request) -> web.Response:
        return await _uninstall(installer, request)

    return [web.get("/oauth/{key}", arrive), web.get("/oauth/{key}/uninstall", uninstall)]


async def _arrive(installer: Installer, request: web.Request) -> web.Response:
    key, query = request.match_info["key"], request.query
    host = installer.hosts.known(query.get("referer", ""))
    code, state = query.get("code"), query.get("state")
    try:
        await installer.integration(key)
    except NeedsOperator:
        return _page(404, "Такой интеграции здесь нет. Проверьте адрес перенаправления в её настройках.")
    if "error" in query:
        return _page(200, "Доступ не выдан. Чтобы подключить IDENT, начните установку ещё раз и нажмите «Разрешить».")
    if code is None:  # amoCRM looks from time to time whether the address answers; so do people
        return _page(200, "Это адрес, по которому amoCRM подключает IDENT. Начните установку в amoCRM.")
    if not code or host is None:
        return _page(400, "В ссылке нет кода или адреса аккаунта amoCRM. Начните установку ещё раз из amoCRM.")
    if state is not None and not installer.state_is_ours(key, state):
        return _page(400, "Ссылка устарела. Начните установку ещё раз.")
    log.info(logger, "code.arrived", kind=key, host=host)
    try:
        if "from_widget" not in query:
            return await _finish(installer, key, host, code)
        await installer.keep(key, host, code)  # a server waits, for three seconds: only the storing fits into them
    except TooManyCodes:
        return _page(503, "Сейчас слишком много установок. Попробуйте через несколько минут.")
    return web.Response()


async def _finish(installer: Installer, key: str, host: str, code: str) -> web.Response:
    try:
        async with asyncio.timeout(BROWSER_WAITS_SECONDS):
            done = await installer.finish_now(key, host, code) is not None
    except TooManyCodes:
        raise
    except (Retry, TimeoutError):
        done = False
    except (NeedsOperator, Park) as error:
        log.error(logger, "install.refused", kind=key, host=host, hint=getattr(error, "hint", oauth.NEW_CODE))
        return _page(409, "amoCRM не приняла код. Начните установку ещё раз; если не поможет, напишите интегратору.")
    if done:
        return _page(200, "Готово: аккаунт подключён. Эту страницу можно закрыть.")
    return _page(202, "Код принят. amoCRM отвечает медленно: подключение закончится само в течение нескольких минут.")


async def _uninstall(installer: Installer, request: web.Request) -> web.Response:
    account_id = request.query.get("account_id", "")
    try:
        integration = await installer.integration(request.match_info["key"])
    except NeedsOperator:
        return web.Response(status=404)
    if (
        not account_id.isascii()
        or not account_id.isdigit()
        or not oauth.uninstall_is_signed(integration, request.query)
    ):
        return web.Response(status=403)
    await installer.uninstall(integration, int(account_id))
    return web.Response()


_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",  # the address holds the code
}


def _page(status: int, text: str) -> web.Response:
    body = f'<!doctype html><html lang="ru"><meta charset="utf-8"><title>IDENT и amoCRM</title><p>{text}</p></html>'
    return web.Response(status=status, text=body, content_type="text/html", headers=_HEADERS)
