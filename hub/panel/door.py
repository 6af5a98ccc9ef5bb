"""The panel's door: lets in who brings a token of amoCRM's, and answers so that a browser on the account's pages can read it, errors
too. Knows nothing of patients."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from math import ceil
from typing import Final, TypeAlias, TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from hub.accounts import grant_widget
from hub.amocrm.hosts import Hosts
from hub.clock import machine_now
from hub.integrations import Integration, Integrations
from hub.metrics import PANEL_REQUESTS, PANEL_SECONDS
from hub.panel import token
from hub.panel.origins import Origins
from hub.panel.shared import Shared
from hub.panel.token import BadToken
from hub.panel.visitor import Told, Visitor
from hub.store.engine import is_away
from wire import log
from wire.errors import Retry

logger = logging.getLogger(__name__)

Result: TypeAlias = BaseModel | Mapping[str, object] | web.StreamResponse
Handler: TypeAlias = Callable[[web.Request, Visitor], Awaitable[Result]]
Unnamed: TypeAlias = Callable[[web.Request], Awaitable[Result]]
Shape = TypeVar("Shape", bound=BaseModel)

_Installed: TypeAlias = tuple[Integration | None, str | None]

PREFIX: Final = "/panel/v1"
INSTALLED_HOLDS_SECONDS = 1.0
"""A card asks several things at once. Whoever is taken out is out within a second."""
MOST_BYTES = 64 << 10
AGAIN_AFTER_SECONDS = 2
LOOK_EVERY_SECONDS = 0.25
"""Whether the browser is still there: nothing tells."""

BUSY = "Сейчас не получилось: сервер занят. Повторите через несколько секунд."
FAILED = "Внутренняя ошибка. Повторите; если не поможет, сообщите интегратору время и номер сделки."
BAD_TOKEN = (
    "amoCRM не подтвердила, кто вы. Сохраните карточку и обновите страницу (F5); "  # noqa: S105 a sentence
    "если не поможет, попросите администратора переустановить виджет."
)
BAD_QUESTION = "Запрос не понят. Обновите страницу; если не поможет, сообщите интегратору."
TOO_LONG = "Запрос слишком длинный. Обновите страницу; если не поможет, сообщите интегратору."
NO_SUCH_ADDRESS = "Такого адреса нет. Обновите страницу: возможно, виджет обновился."


class Door:
    """Of one hub."""

    def __init__(self, integrations: Integrations, hosts: Hosts) -> None:
        self._integrations, self._hosts = integrations, hosts
        self._origins = Origins(integrations, hosts)
        self._installed: Shared[tuple[str, int], _Installed] = Shared(lambda _: INSTALLED_HOLDS_SECONDS)

    def route(self, method: str, path: str, handler: Handler, *, reads: bool = False) -> web.RouteDef:
        """A route for visitors. `reads`: it changes nothing, as a GET does not, so it ends when the browser leaves."""

        async def enter(request: web.Request) -> Result:
            return await handler(request, await self._visitor(request))

        return self.open_route(method, path, enter, reads=reads)

    def open_route(self, method: str, path: str, handler: Unnamed, *, reads: bool = False) -> web.RouteDef:
        """A route that proves its visitor by itself, as a ticket does."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._answer(request, handler, reads=reads or method == "GET")

        return web.route(method, path, answer)

    def rest(self) -> web.RouteDef:
        """All other addresses of the panel, and what browsers ask before they ask: to be added last."""
        return web.route("*", PREFIX + "/{rest:.*}", self._rest)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        if request.method != "OPTIONS":
            return await self._answer(request, _nothing_here, reads=True)
        return web.Response(status=204, headers=await self.headers(request) | _PREFLIGHT)

    async def _visitor(self, request: web.Request) -> Visitor:
        """The order of the checks is that of `token`; why one failed is for the log only."""
        try:
            return await self._proved(request)
        except BadToken as bad:
            log.warning(logger, "visitor.refused", reason=bad.reason)
            raise Told(401, "bad_token", BAD_TOKEN) from None

    async def _proved(self, request: web.Request) -> Visitor:
        given = request.headers.getall("X-Auth-Token", [])
        if len(given) != 1 or "Authorization" in request.headers:  # two proofs: which one counts?
            raise BadToken("headers")
        hint = token.hint(given[0])
        integration, host = await self._installed.get(
            (hint.client_uuid, hint.account_id),
            lambda: self._integrations.installed(hint.client_uuid, hint.account_id),
        )
        claims = token.verified(given[0], integration, host, self._hosts, machine_now())
        if request.headers.get("Origin") != claims.iss:
            raise BadToken("origin")
        return Visitor(grant_widget(claims.account_id), claims.user_id, claims.iss)

    async def _answer(self, request: web.Request, handler: Unnamed, *, reads: bool) -> web.StreamResponse:
        started, outcome = time.monotonic(), "left"
        try:
            response, outcome = await self._outcome(request, handler, reads=reads)
        finally:
            PANEL_REQUESTS.labels(outcome).inc()
        if not response.prepared:  # nobody waits for the end of a stream
            PANEL_SECONDS.labels(_pattern(request)).observe(time.monotonic() - started)
            response.headers.update(await self.headers(request))
        return response

    async def _outcome(self, request: web.Request, handler: Unnamed, *, reads: bool) -> tuple[web.StreamResponse, str]:
        """A question ends when the browser leaves. Who clicked and went on to the next card has clicked: what changes things is done."""
        small = request.clone(client_max_size=MOST_BYTES)
        try:
            async with _while_there(request) if reads else nullcontext():
                return _response(await handler(small)), "ok"
        except _Left:
            return web.Response(), "left"
        except Exception as error:  # noqa: BLE001 the fence of a request: whoever asks gets a sentence, the others go on
            told = _meant(_first(error), _pattern(request))
            return _refusal(told), told.code

    async def headers(self, request: web.Request) -> dict[str, str]:
        """An origin is named only if it is that of an account in which we are installed."""
        headers = {"Vary": "Origin", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        origin = request.headers.get("Origin", "")
        if await self._origins.known(origin):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = "Retry-After"
        return headers


async def asked(request: web.Request, shape: type[Shape]) -> Shape:
    """The body of a request, or a refusal that says nothing of it."""
    try:
        return shape.model_validate_json(await request.read())
    except ValidationError:
        raise Told(400, "bad_question", BAD_QUESTION) from None


class _Left(Exception):
    """The browser is gone: nobody waits for the answer."""


@asynccontextmanager
async def _while_there(request: web.Request) -> AsyncIterator[None]:
    """What runs inside is cancelled when the browser leaves."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None
    patience = asyncio.timeout(None)

    def look() -> None:
        nonlocal timer
        if request.transport is None or request.transport.is_closing():
            patience.reschedule(loop.time())
        else:
            timer = loop.call_later(LOOK_EVERY_SECONDS, look)

    try:
        async with patience:
            timer = loop.call_later(LOOK_EVERY_SECONDS, look)
            yield
    except TimeoutError:
        if patience.expired():
            raise _Left from None
        raise
    finally:
        if timer is not None:
            timer.cancel()


async def _nothing_here(_request: web.Request) -> Result:
    raise Told(404, "bad_question", NO_SUCH_ADDRESS)


def _first(error: Exception) -> Exception:
    """What a group of tasks failed with."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _meant(error: Exception, path: str) -> Told:
    """What whoever asks is told of it."""
    match error:
        case Told():
            return error
        case web.HTTPRequestEntityTooLarge():
            return Told(413, "bad_question", TOO_LONG)
        case Retry():
            return _busy(error.after)
        case _ if is_away(error):
            log.warning(logger, "panel.postponed", error=type(error).__name__, path=path)
            return _busy()
    log.defect(logger, "panel.failed", error, path=path)
    return Told(500, "failed", FAILED)


def _busy(after: float | None = None) -> Told:
    return Told(503, "busy", BUSY, ceil(after) if after else AGAIN_AFTER_SECONDS)


def _response(result: Result) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    body = result.model_dump_json() if isinstance(result, BaseModel) else _JSON.dump_json(result).decode()
    return web.Response(text=body, content_type="application/json")


def _refusal(told: Told) -> web.Response:
    body = _JSON.dump_json({"code": told.code, "reason": told.reason}).decode()
    headers = {} if told.retry_after is None else {"Retry-After": str(told.retry_after)}
    return web.Response(status=told.status, text=body, content_type="application/json", headers=headers)


def _pattern(request: web.Request) -> str:
    """The address without its ids."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


_JSON = TypeAdapter(Mapping[str, object])
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "X-Auth-Token, Content-Type, X-Requested-With",  # the last by pages that set jQuery up so
    "Access-Control-Max-Age": "600",
}
