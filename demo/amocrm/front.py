"""The stand-in's pages over HTTP: the shell, our files, the unpacked widget, data for the pages, live changes; decides nothing.

GET   /  /leads/...  /contacts/...  /settings/...        the shell; which page it is the browser finds out by the path
GET   /upl/{code}/widget/{file}                          a file of the archive
GET   /ajax/v2/integrations/{uuid}/disposable_token      -> {"token"}; wants the cookie's user and X-Requested-With
GET   /_stand-in/login/{user_id}?to=/path                sets the cookie; without one the first operator looks
GET   /_stand-in/live                                    server-sent events: {"entity", "id"} of each changed card
      /_stand-in/pages/...                               data for the pages, and what the person at them writes
"""

import asyncio
import contextlib
import json
import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
from aiohttp import web
from pydantic import ValidationError
from yarl import URL

from demo.amocrm import notes, screens
from demo.amocrm.archive import Widget
from demo.amocrm.bodies import NoteBody, Part
from demo.amocrm.errors import Denied, Refused
from demo.amocrm.model import Entity, Json, User
from demo.amocrm.stand_in import StandIn

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

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
COOKIE = "stand_in_user"
BEAT_SECONDS = 15.0
MOST_WAITING = 1000
_SHELL = ("/leads/", "/leads/add", r"/leads/list/pipeline/{id:\d+}", r"/leads/detail/{id:\d+}",
          r"/contacts/detail/{id:\d+}", "/settings/widgets/", r"/settings/widgets/{code:\w+}/")  # fmt: skip
_FRESH = {"Cache-Control": "no-cache"}


class NotSetUp(Exception):
    """Third-party files of the pages are missing."""

    def __str__(self) -> str:
        return "demo/amocrm/pages/node_modules is missing or not whole: run `make demo`, it sets all up"


class _Switch(Part):
    is_active: bool
    settings: Json


class _Posted(Part):
    url: str
    data: dict[str, str]


class _Text(Part):
    text: str


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
        data = "/_stand-in/pages/"
        return [
            web.get("/", self._home),
            *(web.get(path, self._shell) for path in _SHELL),
            web.get("/_stand-in/files/{name}", self._file),
            web.get("/_stand-in/vendor/{name}", self._vendor),
            web.get("/upl/{code}/widget/{name:.+}", self._of_widget),
            web.get("/ajax/v2/integrations/{uuid}/disposable_token", self._token),
            web.get(r"/_stand-in/login/{user_id:\d+}", self._login),
            web.get("/_stand-in/live", self._live),
            web.get(data + "start", _answering(self._start)),
            web.get(data + r"board/{id:\d+}", _answering(self._board)),
            web.get(data + "leads/new", _answering(self._new_lead)),
            web.post(data + "leads", _answering(self._create_lead)),
            web.get(data + r"{entity:leads|contacts}/{id:\d+}", _answering(self._card)),
            web.patch(data + r"{entity:leads|contacts}/{id:\d+}", _answering(self._edit)),
            web.post(data + r"{entity:leads|contacts}/{id:\d+}/notes", _answering(self._write_note)),
            web.put(data + "widget", _answering(self._switch)),
            web.post(data + "crm_post", _answering(self._crm_post)),
        ]

    # Who looks.

    def _user(self, request: web.Request) -> User:
        users = self.stand_in.account.users
        named = request.cookies.get(COOKIE, "")
        chosen = users.get(int(named)) if named.isascii() and named.isdigit() else None
        return chosen or next(one for one in users.values() if not one.is_admin and one.is_active and not one.is_free)

    def _writer(self, request: web.Request) -> int:
        user = self._user(request)
        if user.is_free or not user.is_active:
            raise Denied
        return user.id

    async def _login(self, request: web.Request) -> web.StreamResponse:
        user_id, to = int(request.match_info["user_id"]), request.query.get("to", "/")
        if user_id not in self.stand_in.account.users or not to.startswith("/") or to.startswith("//"):
            return _problem(Refused(404, "No such user, or not a path of ours."))
        answer = web.Response(status=303, headers={"Location": to})
        answer.set_cookie(COOKIE, str(user_id), httponly=True, samesite="Lax")
        return answer

    async def _token(self, request: web.Request) -> web.StreamResponse:
        """What stands behind $authorizedAjax."""
        if request.headers.get("X-Requested-With") != "XMLHttpRequest":
            return _problem(Refused(403, "X-Requested-With should be XMLHttpRequest."))
        if request.match_info["uuid"] != self.stand_in.integration.client_id:
            return _problem(Refused(404, "No such integration."))
        base = f"{request.scheme}://{request.host}"
        return _json({"token": self.stand_in.disposable_token(base, self._user(request).id)})

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

    # Data.

    async def _start(self, request: web.Request) -> Json:
        client_uuid = self.stand_in.integration.client_id
        return screens.start(self.stand_in.account, self._user(request), self.widget, client_uuid)

    async def _board(self, request: web.Request) -> Json:
        return screens.board(self.stand_in.account, self._user(request), _id(request))

    async def _new_lead(self, request: web.Request) -> Json:
        return screens.new_lead(self.stand_in.account, self._user(request))

    async def _card(self, request: web.Request) -> Json:
        show = screens.lead if request.match_info["entity"] == "leads" else screens.contact
        return show(self.stand_in.account, self._user(request), _id(request))

    # What the person writes.

    async def _create_lead(self, request: web.Request) -> Json:
        return {"id": self.stand_in.create_lead(self._writer(request), await request.json()).id}

    async def _edit(self, request: web.Request) -> Json:
        user_id = self._writer(request)
        await self._card(request)  # whoever may not see a card may not write it
        edit = self.stand_in.edit_lead if request.match_info["entity"] == "leads" else self.stand_in.edit_contact
        return {"id": edit(user_id, _id(request), await request.json()).id}

    async def _write_note(self, request: web.Request) -> Json:
        user_id = self._writer(request)
        card = await self._card(request)
        text = _Text.model_validate(await request.json()).text
        entity: Entity = card["entity"]
        body = NoteBody(note_type="common", params={"text": text}, is_need_to_trigger_digital_pipeline=False)
        return {"id": notes.create(self.stand_in.account, entity, card["id"], body, user_id).id}

    async def _switch(self, request: web.Request) -> Json:
        """Save of the widget's settings modal; only admins see that page in amoCRM."""
        if not self._user(request).is_admin:
            raise Denied
        wanted = _Switch.model_validate(await request.json())
        self.widget.is_active, self.widget.settings = wanted.is_active, wanted.settings
        return {"is_active": self.widget.is_active}

    async def _crm_post(self, request: web.Request) -> Json:
        """`self.crm_post`: the account's server posts the form itself, so no token and no cookie goes with it."""
        wanted = _Posted.model_validate(await request.json())
        if URL(wanted.url).host not in ("127.0.0.1", "localhost"):
            raise Refused(403, "The stand-in posts to loopback only.")
        async with aiohttp.ClientSession() as session, session.post(wanted.url, data=wanted.data) as answer:
            return {"status": answer.status, "text": await answer.text()}

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


def _answering(handle: Callable[[web.Request], Awaitable[Any]]) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return _json(await handle(request))
        except Refused as no:
            return _problem(no)
        except (ValidationError, ValueError):
            return _problem(Refused(400, "The body is not what this route takes."))

    return answer


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _json(body: Any) -> web.Response:
    return web.json_response(body, headers={"Cache-Control": "no-store"})


def _problem(no: Refused) -> web.Response:
    return web.json_response(no.body(), status=no.status, content_type="application/problem+json")


def _missing() -> web.Response:
    return _problem(Refused(404, "No such file."))
