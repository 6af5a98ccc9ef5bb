"""The stand-in's own routes under `/_stand-in/`, for demos, judges and tests in other processes; no part of amoCRM.

POST  code                       {"user_id"?}                         -> {"code"}            as copied from the modal
POST  token                      {"user_id"?}                         -> {"token"}           long-lived, of the hub's integration
POST  token-life                 {"seconds"}                       -> 204                 of disposable tokens from now on; below 0: expired
POST  turn                       {"seconds"}                          -> 204                 for the index, late requests, webhooks
POST  index-delay                {"seconds"}                          -> 204                 so far behind is the full-text search
POST  revoke                     {}                                   -> 204                 all tokens of the hub's integration
GET   counts                                                          -> see StandIn.counts; POST counts/reset -> 204
GET   refused                                                         -> {"refused": [...]}  what was not documented
GET   faults / POST faults       {"route", "kind", "count"?, "apply"?}-> what waits; route as "POST /api/v4/leads", or "*"
POST  mode                       {"mode": "ok" | "unpaid" | "blocked"}-> 204
POST  users/{id}/leads           the body of one of leads/complex     -> {"id", "contact_id"}; user 0 is the robot
PATCH users/{id}/leads/{id}      the body of PATCH leads/{id}         -> {"id"}
POST  users/{id}/contacts        the body of one of POST contacts     -> {"id"}
PATCH users/{id}/contacts/{id}   the body of PATCH contacts/{id}      -> {"id"}
"""

import json
from typing import Annotated, Any

from pydantic import Field, ValidationError

from demo.amocrm.bodies import Part
from demo.amocrm.call import Answer
from demo.amocrm.errors import Refused
from demo.amocrm.faults import Kind, Mode
from demo.amocrm.incoming import Incoming
from demo.amocrm.model import Json
from demo.amocrm.stand_in import StandIn

PREFIX = "/_stand-in/"
_JSON = "application/json"


class _Who(Part):
    user_id: int | None = None


class _Life(Part):
    seconds: int


class _Seconds(Part):
    seconds: Annotated[float, Field(ge=0, strict=False)]


class _Fault(Part):
    route: str
    kind: Kind
    count: int = 1
    apply: bool | None = None


class _Mode(Part):
    mode: Mode


def control(stand_in: StandIn, incoming: Incoming) -> Answer:
    """Answer a request to the stand-in itself."""
    try:
        parts = incoming.path.removeprefix(PREFIX).split("/")
        body: Any = json.loads(incoming.body) if incoming.body else {}
        if parts[0] == "users":
            return _hands(stand_in, incoming.method, parts[1:], body)
        return _knobs(stand_in, incoming.method, "/".join(parts), body, incoming.base)
    except Refused as no:
        return Answer(no.status, no.body(), _JSON)
    except ValidationError as wrong:
        places = [".".join(map(str, error["loc"])) for error in wrong.errors(include_input=False)]
        return Answer(400, Refused(400, f"wrong: {', '.join(places)}").body(), _JSON)
    except ValueError:
        return Answer(400, Refused(400, "The body should be JSON, ids numbers.").body(), _JSON)


def _knobs(stand_in: StandIn, method: str, name: str, body: Any, base: str) -> Answer:
    match f"{method} {name}":
        case "POST code":
            return _said({"code": stand_in.code(_Who.model_validate(body).user_id)})
        case "POST token":
            return _said({"token": stand_in.long_lived_token(base, _Who.model_validate(body).user_id)})
        case "POST token-life":
            stand_in.token_seconds = _Life.model_validate(body).seconds
        case "POST turn":
            stand_in.turn(_Seconds.model_validate(body).seconds)
        case "POST index-delay":
            stand_in.account.index_delay = _Seconds.model_validate(body).seconds
        case "POST revoke":
            stand_in.revoke()
        case "GET counts":
            return _said(stand_in.counts())
        case "POST counts/reset":
            stand_in.limits.reset()
        case "GET refused":
            return _said({"refused": stand_in.refused})
        case "GET faults":
            return _said({"faults": [fault.shape() for fault in stand_in.faults.waiting]})
        case "POST faults":
            fault = _Fault.model_validate(body)
            stand_in.faults.add(fault.route, fault.kind, fault.count, apply=fault.apply)
        case "POST mode":
            stand_in.faults.mode = _Mode.model_validate(body).mode
        case _:
            raise Refused(404, "No such control route.")
    return Answer(204)


def _hands(stand_in: StandIn, method: str, parts: list[str], body: Any) -> Answer:
    """`{user}/leads`, `{user}/leads/{id}`, and the same of contacts."""
    user_id, entity, *rest = int(parts[0]), *parts[1:]
    match (method, entity, len(rest)):
        case ("POST", "leads", 0):
            lead = stand_in.create_lead(user_id, body)
            return _said({"id": lead.id, "contact_id": lead.main_contact})
        case ("PATCH", "leads", 1):
            return _said({"id": stand_in.edit_lead(user_id, int(rest[0]), body).id})
        case ("POST", "contacts", 0):
            return _said({"id": stand_in.create_contact(user_id, body).id})
        case ("PATCH", "contacts", 1):
            return _said({"id": stand_in.edit_contact(user_id, int(rest[0]), body).id})
        case _:
            raise Refused(404, "No such control route.")


def _said(body: Json) -> Answer:
    return Answer(200, body, _JSON)
