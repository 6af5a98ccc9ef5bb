"""Sends one request and brings back its answer, unread; tells whether a request without answer had been sent. Knows no JSON of amoCRM's."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Protocol

import aiohttp
from yarl import URL

from hub.amocrm.answers import Answer, unknown_outcome
from hub.amocrm.api import Request
from hub.crm import CrmDown
from wire import log

logger = logging.getLogger(__name__)

REQUEST_SECONDS = 30.0
"""From the first byte to the last: an answer that drips in counts as lost."""

_CONNECT_SECONDS = 10.0
_LARGEST_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024


class Sent(Protocol):
    """Wants to know the moment at which the request was written to its connection."""

    def sent(self) -> None: ...


class Transport:
    """The only door to amoCRM: no cookies, no redirects, a deadline on everything."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(
        self,
        base: str,
        request: Request,
        headers: dict[str, str],
        sent: Sent,
        *,
        within_seconds: float = REQUEST_SECONDS,
    ) -> Answer:
        """`CrmDown` if nothing reached amoCRM; otherwise, for want of an answer, what `unknown_outcome` says of this request."""
        journey = _Journey(sent)
        try:
            async with self._session.request(
                request.method,
                URL(base + request.path).with_query(list(request.query)),
                json=request.body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=within_seconds, connect=_CONNECT_SECONDS),
                allow_redirects=False,
                trace_request_ctx=journey,
            ) as response:
                body = await _read(response)
        except (aiohttp.ClientError, TimeoutError, OSError, _TooLarge) as error:
            log.warning(logger, "request.lost", error=type(error).__name__, path=request.path, kind=request.method)
            raise (unknown_outcome(request) if journey.begun else CrmDown()) from None
        return Answer(
            response.status,
            response.headers.get("Content-Type", "").lower(),
            body,
            response.headers.get("Retry-After"),
        )


@asynccontextmanager
async def open_transport() -> AsyncIterator[Transport]:
    """The connections to amoCRM, closed at the end."""
    tracing = aiohttp.TraceConfig()
    tracing.on_request_headers_sent.append(_begun)
    async with aiohttp.ClientSession(
        headers={"User-Agent": "ident-link"}, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[tracing]
    ) as session:
        yield Transport(session)


class _Journey:
    def __init__(self, sent: Sent) -> None:
        self._sent, self.begun = sent, False

    def begin(self) -> None:
        self.begun = True
        self._sent.sent()


class _TooLarge(Exception):
    """No answer of amoCRM's is that long."""


async def _begun(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.begin()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(_CHUNK):
        size += len(part)
        if size > _LARGEST_ANSWER:
            raise _TooLarge
        parts.append(part)
    return b"".join(parts)


class Uncounted:
    """For requests to the token endpoint: they are few, and not part of the API that is counted."""

    def sent(self) -> None:
        """Nobody counts it."""
