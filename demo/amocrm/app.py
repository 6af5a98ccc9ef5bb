"""The stand-in on a socket: turns HTTP into `Incoming` and `Reply` into HTTP; decides nothing."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

from aiohttp import web

from demo.amocrm.archive import Widget
from demo.amocrm.call import Answer
from demo.amocrm.control import PREFIX, control
from demo.amocrm.courier import carrying
from demo.amocrm.front import Front
from demo.amocrm.incoming import Incoming
from demo.amocrm.stand_in import StandIn

MOST_BYTES = 32 * 1024 * 1024
Keep: TypeAlias = Callable[[], object]
HOLD_SECONDS = 60.0
"""How long a request hangs whose fault is a timeout; a client gives up long before."""


def _application(stand_in: StandIn, front: Front | None, keep: Keep) -> web.Application:
    async def handle(request: web.Request) -> web.StreamResponse:
        incoming = await _incoming(request)
        if incoming.path.startswith(PREFIX):
            stand_in.tick()
            return _response(control(stand_in, incoming))
        reply = stand_in.receive(incoming)
        if incoming.method != "GET":
            keep()  # before the answer leaves: what a client was told is there after a power cut, too
        if reply.fault == "timeout":
            await asyncio.sleep(HOLD_SECONDS)
        if reply.fault in ("lost", "timeout") and request.transport:
            request.transport.abort()
        if reply.fault == "drip":
            return await _dripped(request, _response(reply.answer), reply.seconds)
        return _response(reply.answer)

    app = web.Application(client_max_size=MOST_BYTES)
    app.cleanup_ctx.append(lambda _: carrying(stand_in))
    if front:
        app.add_routes(front.routes())
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def _dripped(request: web.Request, whole: web.Response, seconds: float) -> web.StreamResponse:
    """Byte after byte, evenly over the time: each read of a client is quick, the whole answer is not."""
    body = whole.body if isinstance(whole.body, bytes) else b""
    response = web.StreamResponse(status=whole.status, headers=whole.headers)
    response.content_length = len(body)
    await response.prepare(request)
    with contextlib.suppress(ConnectionResetError):  # the client has had enough
        for byte in body:
            await response.write(bytes([byte]))
            await asyncio.sleep(seconds / len(body))
    return response


async def _incoming(request: web.Request) -> Incoming:
    base = f"{request.scheme}://{request.host}"
    body = await request.read()
    return Incoming(request.method, request.path, request.rel_url.raw_query_string, request.headers, body, base)


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status)
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, ensure_ascii=False)
    # The type as documented, without a charset: a client of strangers compares the whole header.
    return web.Response(status=answer.status, body=text.encode(), headers={"Content-Type": answer.type})


@contextlib.asynccontextmanager
async def serving(
    stand_in: StandIn,
    host: str = "127.0.0.1",
    port: int = 0,
    widget: Widget | None = None,
    keep: Keep = lambda: None,
    tls: ssl.SSLContext | None = None,
    also: Sequence[str] = (),
) -> AsyncIterator[str]:
    """Serve until the block ends, with pages if there is a widget to show in them; gives the URL. `keep` makes what a client wrote last;
    `also` are further hosts that lead here, for the day when the account is renamed."""
    front = Front(stand_in, widget) if widget else None
    runner = web.AppRunner(_application(stand_in, front, keep), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        bound = runner.addresses[0][1]
        for other in also:
            await web.TCPSite(runner, other, bound, ssl_context=tls).start()
        url = f"{'https' if tls else 'http'}://{host}:{bound}"
        stand_in.serve_at(url)
        yield stand_in.url
    finally:
        await runner.cleanup()
