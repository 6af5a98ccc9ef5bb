"""The data behind the pages: what is shown to whoever looks, and what the person at them writes. JSON of our own; decides no right.

GET    start  board/{id}  leads/new  leads/{id}  contacts/{id}  contacts?query=
POST   leads  {entity}/{id}/notes  {entity}/{id}/tasks  contacts/{id}/merge  unsorted/{uid}/accept|decline
PATCH  {entity}/{id}  tasks/{id}   DELETE  leads/{id}
PUT    widget   POST  crm_post
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from pydantic import ValidationError
from yarl import URL

from demo.amocrm import hands, installing, notes, screens
from demo.amocrm.archive import Widget
from demo.amocrm.bodies import NoteBody, Part
from demo.amocrm.errors import Denied, Refused
from demo.amocrm.model import Entity, Json, User
from demo.amocrm.stand_in import StandIn

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "stand_in_user"
_PREFIX = "/_stand-in/pages/"


class _Switch(Part):
    is_active: bool
    settings: Json


class _Posted(Part):
    url: str
    data: dict[str, str]


class _Text(Part):
    text: str


class _NewTask(Part):
    """`due` is on the account's own clock, as the person typed it."""

    text: str
    due: str
    responsible_user_id: int
    task_type_id: int


class _Others(Part):
    others: list[int]


class _Done(Part):
    result: str


def looking(stand_in: StandIn, request: web.Request) -> User:
    """Whose page it is: the cookie's user, without one the first operator."""
    users = stand_in.account.users
    named = request.cookies.get(COOKIE, "")
    chosen = users.get(int(named)) if named.isascii() and named.isdigit() else None
    return chosen or next(one for one in users.values() if not one.is_admin and one.is_active and not one.is_free)


@dataclass(frozen=True)
class Desk:
    """What the pages of one account ask for and write."""

    stand_in: StandIn
    widget: Widget

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        card = r"{entity:leads|contacts}/{id:\d+}"
        return [
            _route("GET", "start", self._start),
            _route("GET", r"board/{id:\d+}", self._board),
            _route("GET", "leads/new", self._new_lead),
            _route("POST", "leads", self._create_lead),
            _route("GET", card, self._card),
            _route("PATCH", card, self._edit),
            _route("POST", card + "/notes", self._write_note),
            _route("POST", card + "/tasks", self._set_task),
            _route("PATCH", r"tasks/{id:\d+}", self._finish_task),
            _route("DELETE", r"{entity:leads}/{id:\d+}", self._delete),
            _route("GET", "contacts", self._find),
            _route("POST", r"{entity:contacts}/{id:\d+}/merge", self._merge),
            _route("POST", r"unsorted/{uid:\w+}/{what:accept|decline}", self._sort),
            _route("PUT", "widget", self._switch),
            _route("POST", "crm_post", self._crm_post),
        ]

    def _user(self, request: web.Request) -> User:
        return looking(self.stand_in, request)

    def _writer(self, request: web.Request) -> int:
        user = self._user(request)
        if user.is_free or not user.is_active:
            raise Denied
        return user.id

    # What is shown.

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

    async def _find(self, request: web.Request) -> Json:
        found = screens.contacts(self.stand_in.account, self._user(request), request.query.get("query", ""))
        return {"contacts": found}

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

    async def _set_task(self, request: web.Request) -> Json:
        user_id, account = self._writer(request), self.stand_in.account
        card = await self._card(request)
        wanted = _NewTask.model_validate(await request.json())
        due = datetime.fromisoformat(wanted.due).replace(tzinfo=ZoneInfo(account.timezone))
        body = wanted.model_dump(exclude={"due"}) | {"complete_till": int(due.timestamp())}
        task = hands.create_task(account, user_id, body | {"entity_type": card["entity"], "entity_id": card["id"]})
        return {"id": task.id}

    async def _finish_task(self, request: web.Request) -> Json:
        user_id, account = self._writer(request), self.stand_in.account
        task = account.tasks.get(_id(request))
        if task is None or not account.sees(self._user(request), task):
            raise Refused(404, "No such task.")
        result = _Done.model_validate(await request.json()).result
        body = {"is_completed": True} | ({"result": {"text": result}} if result else {})
        return {"id": hands.edit_task(account, user_id, task.id, body).id}

    async def _delete(self, request: web.Request) -> Json:
        user_id = self._writer(request)
        await self._card(request)
        return {"id": hands.delete_lead(self.stand_in.account, user_id, _id(request)).id}

    async def _merge(self, request: web.Request) -> Json:
        """The card that is open stays."""
        user_id, user, account = self._writer(request), self._user(request), self.stand_in.account
        others = _Others.model_validate(await request.json()).others
        for contact_id in (_id(request), *others):
            screens.contact(account, user, contact_id)
        return {"id": hands.merge_contacts(account, user_id, _id(request), others).id}

    async def _sort(self, request: web.Request) -> Json:
        """Take what waits in «Неразобранное», or send it away."""
        user_id, account, uid = self._writer(request), self.stand_in.account, request.match_info["uid"]
        if self._user(request).view == "D" and not self._user(request).is_admin:
            raise Denied
        if request.match_info["what"] == "accept":
            return {"id": hands.accept_form(account, user_id, uid).id}
        hands.decline_form(account, user_id, uid)
        return {}

    async def _switch(self, request: web.Request) -> Json:
        """Save of the widget's settings modal; only admins see that page in amoCRM. To install and to disable it is more than to save."""
        if not self._user(request).is_admin:
            raise Denied
        wanted, was_active = _Switch.model_validate(await request.json()), self.widget.is_active
        self.widget.is_active, self.widget.settings = wanted.is_active, wanted.settings
        if wanted.is_active and not was_active:
            await installing.install(self.stand_in, self._user(request).id, request.host)
        if was_active and not wanted.is_active:
            await installing.disable(self.stand_in)
        return {"is_active": self.widget.is_active}

    async def _crm_post(self, request: web.Request) -> Json:
        """`self.crm_post`: the account's server posts the form itself, so no token and no cookie goes with it."""
        wanted = _Posted.model_validate(await request.json())
        if URL(wanted.url).host not in ("127.0.0.1", "localhost"):
            raise Refused(403, "The stand-in posts to loopback only.")
        async with aiohttp.ClientSession() as session, session.post(wanted.url, data=wanted.data) as answer:
            return {"status": answer.status, "text": await answer.text()}


def _route(method: str, path: str, handle: Callable[[web.Request], Awaitable[Any]]) -> web.RouteDef:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return said(await handle(request))
        except Refused as no:
            return problem(no)
        except (ValidationError, ValueError):
            return problem(Refused(400, "The body is not what this route takes."))

    return web.route(method, _PREFIX + path, answer)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def said(body: Any) -> web.Response:
    """JSON that nobody keeps."""
    return web.json_response(body, headers={"Cache-Control": "no-store"})


def problem(no: Refused) -> web.Response:
    """A refusal in amoCRM's shape."""
    return web.json_response(no.body(), status=no.status, content_type="application/problem+json")
