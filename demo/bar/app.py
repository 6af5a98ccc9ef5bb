"""The bar over HTTP, on loopback: one page, what it shows, and what its controls ask. Decides nothing.

GET  /                                   the page, with the stand-in's pages in a frame
GET  /state                              -> Stand of demo/show.py
POST /pace    {"speed"?, "paused"?}      -> Stand
POST /line    {"whole": bool}            -> Stand
POST /book    {"card": "/leads/detail/1" or ""}  -> {"deal", "name", "start"}; 409 where there is nobody to book
"""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from aiohttp import web

from demo.pace import Pace
from demo.show import Show

_FOLDER = Path(__file__).parent
_FILES = {"/bar.js": "text/javascript", "/bar.css": "text/css"}
_CARD = re.compile(r"/(leads|contacts)/detail/(\d+)")
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
_FRESH = {"Cache-Control": "no-store"}


class Bar:
    """`frame` is the address of the stand-in's page that is seen first."""

    def __init__(self, show: Show, frame: str) -> None:
        self._show, self._frame = show, frame

    def app(self) -> web.Application:
        """All routes."""
        app = web.Application(middlewares=[_ours_only])
        app.add_routes([web.get("/", self._page), *(web.get(path, self._file) for path in _FILES)])
        app.add_routes([web.get("/state", self._state), web.post("/pace", self._pace)])
        app.add_routes([web.post("/line", self._line), web.post("/book", self._book)])
        return app

    async def _page(self, _: web.Request) -> web.Response:
        text = (_FOLDER / "index.html").read_text("utf-8").replace("@FRAME@", self._frame)
        return web.Response(text=text, content_type="text/html", headers=_FRESH)

    async def _file(self, request: web.Request) -> web.Response:
        text = (_FOLDER / request.path.removeprefix("/")).read_text("utf-8")
        return web.Response(text=text, content_type=_FILES[request.path], headers=_FRESH)

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self._show.shape(), headers=_FRESH)

    async def _pace(self, request: web.Request) -> web.Response:
        match await request.json():
            case {"speed": int() | float() as speed}:
                self._show.pace = self._show.pace.faster(speed)
            case {"paused": bool(paused)}:
                self._show.pace = Pace(self._show.pace.speed, paused)
            case _:
                raise web.HTTPBadRequest
        return await self._seen()

    async def _line(self, request: web.Request) -> web.Response:
        match await request.json():
            case {"whole": bool(whole)}:
                await self._show.switch(whole=whole)
            case _:
                raise web.HTTPBadRequest
        return await self._seen()

    async def _book(self, request: web.Request) -> web.Response:
        match await request.json():
            case {"card": str(path)}:
                found = _CARD.match(path)
            case _:
                raise web.HTTPBadRequest
        booked = await self._show.book((found[1], int(found[2])) if found else None)
        return web.json_response(booked, status=200 if booked else 409)

    async def _seen(self) -> web.Response:
        await self._show.look()
        return web.json_response(self._show.shape(), headers=_FRESH)


@web.middleware
async def _ours_only(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Another site in the same browser cannot ask for anything: it may send neither JSON nor our host's name."""
    if request.method == "POST" and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    if request.url.host not in ("127.0.0.1", "localhost"):
        raise web.HTTPForbidden
    return await handler(request)


@contextlib.asynccontextmanager
async def serving(bar: Bar, port: int) -> AsyncIterator[str]:
    """Serve until the block ends; gives the address."""
    runner = web.AppRunner(bar.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()
