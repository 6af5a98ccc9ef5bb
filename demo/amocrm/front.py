"""The stand-in's pages over HTTP: the shell, our files, the unpacked widget, data for the pages, live changes; decides nothing.

GET   /  /leads/...  /contacts/...  /settings/...        the shell; which page it is the browser finds out by the path
GET   /upl/{code}/widget/{file}                          a file of the archive
GET   /ajax/v2/integrations/{uuid}/disposable_token      -> {"token"}; wants the cookie's user and X-Requested-With
GET   /_stand-in/login/{user_id}?to=/path                sets the cookie; without one the first operator looks
GET   /_stand-in/live                                    server-sent events: {"entity", "id"} of each changed card
GET   /oauth?client_id=&state=                           the page that lets the integration in; its buttons lead to the redirect_uri
      /_stand-in/pages/...                               data for the pages, and what the person at them writes: see desk.py
"""

import asyncio
import contextlib
import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from demo.amocrm import consent, installing
from demo.amocrm.archive import Widget
from demo.amocrm.desk import COOKIE, Desk, looking, problem, said
from demo.amocrm.errors import Refused
from demo.amocrm.model import Entity
from demo.amocrm.stand_in import StandIn

FOLDER = Path(__file__).parent / "pages"
MODULES = FOLDER / "node_modules"
VENDOR = {
    "require.js": MODULES / "requirejs/require.js",
    "jquery.js": MODULES / "jquery/dist/jquery.js",
    "underscore.js": MODULES / "underscore/underscore.js",
    "backbone.js": MODULES / "backbone/backbone.js",
    "moment.js": MODULES / "moment/moment.js",
    "twig.js": MODULES / "twig/twig.js",
}
BEAT_SECONDS = 15.0
MOST_WAITING = 1000
_SHELL = ("/leads/", "/leads/add", r"/leads/list/pipeline/{id:\d+}", r"/leads/detail/{id:\d+}",
          r"/contacts/detail/{id:\d+}", "/settings/widgets/", r"/settings/widgets/{code:\w+}/")  # fmt: skip
_FRESH = {"Cache-Control": "no-cache"}


class NotSetUp(Exception):
    """Third-party files of the pages are missing."""

    def __str__(self) -> str:
        return "demo/amocrm/pages/node_modules is missing or not whole: run `make demo`, it sets all up"


@dataclass(frozen=True)
class Front:
    """The pages of one account with one widget in it."""

    stand_in: StandIn
    widget: Widget

    def __post_init__(self) -> None:
        if not all(path.is_file() for path in VENDOR.values()):
            raise NotSetUp

    def routes(self) -> list[web.RouteDef]:
        """All of them; they go before the routes of the API."""
        return [
            web.get("/", self._home),
            *(web.get(path, self._shell) for path in _SHELL),
            web.get("/_stand-in/files/{name}", self._file),
            web.get("/_stand-in/vendor/{name}", self._vendor),
            web.get("/upl/{code}/widget/{name:.+}", self._of_widget),
            web.get("/ajax/v2/integrations/{uuid}/disposable_token", self._token),
            web.get(r"/_stand-in/login/{user_id:\d+}", self._login),
            web.get("/_stand-in/live", self._live),
            web.get("/oauth", self._ask),
            web.post("/oauth", self._answer),
            *Desk(self.stand_in, self.widget).routes(),
        ]

    # Who looks.

    async def _login(self, request: web.Request) -> web.StreamResponse:
        user_id, to = int(request.match_info["user_id"]), request.query.get("to", "/")
        if user_id not in self.stand_in.account.users or not to.startswith("/") or to.startswith("//"):
            return problem(Refused(404, "No such user, or not a path of ours."))
        answer = web.Response(status=303, headers={"Location": to})
        answer.set_cookie(COOKIE, str(user_id), httponly=True, samesite="Lax")
        return answer

    async def _token(self, request: web.Request) -> web.StreamResponse:
        """What stands behind $authorizedAjax."""
        if request.headers.get("X-Requested-With") != "XMLHttpRequest":
            return problem(Refused(403, "X-Requested-With should be XMLHttpRequest."))
        if request.match_info["uuid"] != self.stand_in.integration.client_id:
            return problem(Refused(404, "No such integration."))
        base = f"{request.scheme}://{request.host}"
        return said({"token": self.stand_in.disposable_token(base, looking(self.stand_in, request).id)})

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        """The page that asks an admin whether the integration may come in."""
        try:
            wanted = consent.asked(self.stand_in, looking(self.stand_in, request), request.query)
        except Refused as no:
            return problem(no)
        return web.Response(text=consent.page(self.stand_in, wanted), content_type="text/html")

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        user, allow = looking(self.stand_in, request), (await request.post()).get("allow")
        if not user.is_admin or allow not in ("yes", "no"):
            return problem(Refused(403, "Only an admin says yes or no here."))
        to = installing.back(self.stand_in, user.id, request.host, request.query.get("state"), allowed=allow == "yes")
        return web.Response(status=303, headers={"Location": to})

    # Files.

    async def _home(self, request: web.Request) -> web.StreamResponse:
        pipeline = self.stand_in.account.main_pipeline()
        here = f"/leads/list/pipeline/{pipeline.id}"
        return web.Response(status=303, headers={"Location": str(request.rel_url.with_path(here, keep_query=True))})

    async def _shell(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(FOLDER / "index.html", headers=_FRESH)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """One of our own: they all lie flat in the folder."""
        name = request.match_info["name"]
        known = {path.name: path for path in FOLDER.glob("*.*") if path.suffix in (".js", ".css", ".svg")}
        return web.FileResponse(known[name], headers=_FRESH) if name in known else _missing()

    async def _vendor(self, request: web.Request) -> web.StreamResponse:
        path = VENDOR.get(request.match_info["name"])
        return web.FileResponse(path, headers=_FRESH) if path else _missing()

    async def _of_widget(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        data = self.widget.files.get(name) if request.match_info["code"] == self.widget.code else None
        if data is None:
            return _missing()
        kind = mimetypes.guess_type(name)[0] or "text/plain"
        charset = None if kind.startswith("image/") else "utf-8"
        return web.Response(body=data, content_type=kind, charset=charset, headers=_FRESH)

    # Live.

    async def _live(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        changes: asyncio.Queue[tuple[Entity, int]] = asyncio.Queue(MOST_WAITING)

        def put(entity: Entity, card_id: int) -> None:
            if not changes.full():  # a browser that does not read will be gone soon
                changes.put_nowait((entity, card_id))

        with self.stand_in.account.watched(put):
            await response.prepare(request)
            line = b": open\n\n"
            with contextlib.suppress(ConnectionResetError):  # the tab was closed
                while True:
                    await response.write(line)
                    line = await _next_line(changes)
        return response


async def _next_line(changes: asyncio.Queue[tuple[Entity, int]]) -> bytes:
    try:
        async with asyncio.timeout(BEAT_SECONDS):
            entity, card_id = await changes.get()
    except TimeoutError:
        return b": beat\n\n"
    return f"data: {json.dumps({'entity': entity, 'id': card_id})}\n\n".encode()


def _missing() -> web.Response:
    return problem(Refused(404, "No such file."))
