"""The stand-in's own routes under `/_stand-in/`, for demos, judges and tests in other processes; no part of amoCRM.

POST  code                       {"user_id"?}                         -> {"code"}            as copied from the modal
POST  token                      {"user_id"?}                         -> {"token"}           long-lived, of the hub's integration
POST  token-life                 {"seconds"}                       -> 204                 of disposable tokens from now on; below 0: expired
POST  turn                       {"seconds"}                          -> 204                 for the index, late requests, webhooks
POST  index-delay                {"seconds"}                          -> 204                 so far behind is the full-text search
POST  form                       one item of leads/unsorted/forms     -> {"uid"}             as the site brings it
POST  required-fields            {"by_api"}                           -> 204                 whether an empty one stops our moves, too
POST  rename                     {"subdomain", "host"}                -> 204                 the old host only tells where
POST  revoke                     {}                                   -> 204                 all tokens of the hub's integration
GET   counts                                                          -> see StandIn.counts; POST counts/reset -> 204
GET   refused                                                         -> {"refused": [...]}  what was not documented
GET   faults / POST faults       see _Fault                           -> what waits; route as "POST /api/v4/leads", or "*"
POST  faults/clear               {}                                   -> 204                 of those that wait
POST  between                    {"user_id", "lead_id", "body"}       -> 204                 an edit after the next reading of that lead
POST  mode                       {"mode": "ok" | "unpaid" | "blocked"}-> 204
GET   limits / POST limits       see limits.Knobs                     -> the knobs           what else stands in a client's way
POST  duplicates                 see automation.DuplicateControl      -> 204                 duplicate control of a pipeline
POST  duplicates/clear           {}                                   -> 204                 of all pipelines, as at the beginning
GET   robots / POST robots       see automation.Robot                 -> those that work     of the digital pipeline
POST  robots/clear               {}                                   -> 204
GET   webhooks / POST webhooks   see post.Knobs                       -> what waits and what was sent; what goes wrong on the way
POST  webhooks/{id}/enable       {}                                   -> 204                 as an admin does by hand
POST  lift                       {}                                   -> 204                 as support does for a blocked account
GET   trouble                                                         -> all of it           what is broken now; see trouble.py
POST  calm                       {}                                   -> 204                 everything is put right
POST  users/{id}/leads           the body of one of leads/complex     -> {"id", "contact_id"}; user 0 is the robot
PATCH users/{id}/leads/{id}      the body of PATCH leads/{id}         -> {"id"}
POST  users/{id}/contacts        the body of one of POST contacts     -> {"id"}
DELETE users/{id}/leads/{id}                                          -> {"id"}              into the bin
POST  users/{id}/contacts/{id}/merge  {"others": [...]}               -> {"id"}              of the one that is kept
PATCH users/{id}/contacts/{id}   the body of PATCH contacts/{id}      -> {"id"}
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from demo.amocrm import hands, trouble
from demo.amocrm.automation import DuplicateControl, Robot
from demo.amocrm.bodies import Part
from demo.amocrm.call import Answer
from demo.amocrm.errors import Refused
from demo.amocrm.faults import SECONDS, Kind, Mode
from demo.amocrm.incoming import Incoming
from demo.amocrm.limits import TooMany
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
    """`seconds`: how long a drip takes, or how much later a late request is applied."""

    route: str
    kind: Kind
    count: Annotated[int, Field(ge=1)] = 1
    apply: bool | None = None
    seconds: Annotated[float, Field(ge=0, strict=False)] = SECONDS


class _Between(Part):
    user_id: int
    lead_id: int
    body: Json


class _Limits(Part):
    """Only what is given changes."""

    others: Annotated[int, Field(ge=0)] = 0
    body: TooMany = "429"
    block_after: Annotated[int, Field(ge=0)] = 0
    large_batch: Annotated[int, Field(ge=0)] = 0
    large_batch_applied: bool = False


class _Enforced(Part):
    by_api: bool


class _Name(Part):
    subdomain: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    host: str


class _Mode(Part):
    mode: Mode


class _Duplicates(Part):
    pipeline_id: int
    by: Literal["phone", "email"] | int = "phone"
    statuses: list[int]
    update: bool = True
    several: Literal["all", "newest", "new"] = "newest"
    task: str = ""


class _Robot(Part):
    pipeline_id: int
    status_id: int
    body: Json
    seconds: Annotated[float, Field(ge=0, strict=False)] = 0.0


class _Post(Part):
    """Only what is given changes."""

    lose: Annotated[int, Field(ge=0)] = 0
    duplicate: Annotated[int, Field(ge=0)] = 0
    reverse: Annotated[int, Field(ge=0)] = 0


class _Merge(Part):
    others: list[int]


def control(stand_in: StandIn, incoming: Incoming) -> Answer:
    """Answer a request to the stand-in itself."""
    try:
        parts = incoming.path.removeprefix(PREFIX).split("/")
        body: Any = json.loads(incoming.body) if incoming.body else {}
        if parts[0] == "users":
            return _hands(stand_in, incoming.method, parts[1:], body)
        if parts[0] == "webhooks" and len(parts) > 1:
            return _enable(stand_in, incoming.method, parts[1:])
        return _knobs(stand_in, incoming.method, "/".join(parts), body, incoming.base)
    except Refused as no:
        return Answer(no.status, no.body(), _JSON)
    except ValidationError as wrong:
        places = [".".join(map(str, error["loc"])) for error in wrong.errors(include_input=False)]
        return Answer(400, Refused(400, f"wrong: {', '.join(places)}").body(), _JSON)
    except ValueError:
        return Answer(400, Refused(400, "The body should be JSON, ids numbers.").body(), _JSON)


def _knobs(stand_in: StandIn, method: str, name: str, body: Any, base: str) -> Answer:
    turn = _TURNS.get(f"{method} {name}")
    if turn is None:
        raise Refused(404, "No such control route.")
    said = turn(stand_in, body, base)
    return Answer(204) if said is None else _said(said)


def _code(stand_in: StandIn, body: Any, _: str) -> Json:
    return {"code": stand_in.code(_Who.model_validate(body).user_id)}


def _token(stand_in: StandIn, body: Any, base: str) -> Json:
    return {"token": stand_in.long_lived_token(base, _Who.model_validate(body).user_id)}


def _token_life(stand_in: StandIn, body: Any, _: str) -> None:
    stand_in.token_seconds = _Life.model_validate(body).seconds


def _index_delay(stand_in: StandIn, body: Any, _: str) -> None:
    stand_in.account.index_delay = _Seconds.model_validate(body).seconds


def _add_fault(stand_in: StandIn, body: Any, _: str) -> None:
    fault = _Fault.model_validate(body)
    stand_in.faults.add(fault.route, fault.kind, fault.count, apply=fault.apply, seconds=fault.seconds)


def _edit_between(stand_in: StandIn, body: Any, _: str) -> None:
    edit = _Between.model_validate(body)
    stand_in.edit_between(edit.user_id, edit.lead_id, edit.body)


def _required_fields(stand_in: StandIn, body: Any, _: str) -> None:
    stand_in.account.requires_fields = _Enforced.model_validate(body).by_api


def _rename(stand_in: StandIn, body: Any, _: str) -> None:
    name = _Name.model_validate(body)
    stand_in.rename(name.subdomain, name.host)


def _mode(stand_in: StandIn, body: Any, _: str) -> None:
    stand_in.faults.mode = _Mode.model_validate(body).mode


def _limits(stand_in: StandIn, body: Any, _: str) -> Json:
    given = _Limits.model_validate(body)
    stand_in.limits.knobs = replace(stand_in.limits.knobs, **given.given(*given.model_fields_set))
    return asdict(stand_in.limits.knobs)


def _webhooks(stand_in: StandIn, body: Any, _: str) -> None:
    given = _Post.model_validate(body)
    stand_in.post.knobs = replace(stand_in.post.knobs, **given.given(*given.model_fields_set))


def _duplicates(stand_in: StandIn, body: Any, _: str) -> None:
    given = _Duplicates.model_validate(body)
    control = DuplicateControl(**{**given.model_dump(), "statuses": tuple(given.statuses)})
    stand_in.control_duplicates(control)


_TURNS: dict[str, Callable[[StandIn, Any, str], Json | None]] = {
    "POST code": _code,
    "POST token": _token,
    "POST token-life": _token_life,
    "POST turn": lambda stand_in, body, _: stand_in.turn(_Seconds.model_validate(body).seconds),
    "POST index-delay": _index_delay,
    "POST form": lambda stand_in, body, _: {"uid": hands.bring_form(stand_in.account, body).uid},
    "POST rename": _rename,
    "POST required-fields": _required_fields,
    "POST revoke": lambda stand_in, _, __: stand_in.revoke(),
    "GET counts": lambda stand_in, _, __: stand_in.counts(),
    "POST counts/reset": lambda stand_in, _, __: stand_in.limits.reset(),
    "GET refused": lambda stand_in, _, __: {"refused": stand_in.refused},
    "GET faults": lambda stand_in, _, __: {"faults": [fault.shape() for fault in stand_in.faults.waiting]},
    "POST faults": _add_fault,
    "POST faults/clear": lambda stand_in, _, __: stand_in.faults.clear(),
    "POST between": _edit_between,
    "POST mode": _mode,
    "GET limits": lambda stand_in, _, __: asdict(stand_in.limits.knobs),
    "POST limits": _limits,
    "POST duplicates": _duplicates,
    "POST duplicates/clear": lambda stand_in, _, __: stand_in.account.duplicate_control.clear(),
    "GET robots": lambda stand_in, _, __: {"robots": [asdict(robot) for robot in stand_in.robots.known]},
    "POST robots": lambda stand_in, body, _: stand_in.robots.add(Robot(**_Robot.model_validate(body).model_dump())),
    "POST robots/clear": lambda stand_in, _, __: stand_in.robots.clear(),
    "GET webhooks": lambda stand_in, _, __: stand_in.post.shape(),
    "POST webhooks": _webhooks,
    "GET trouble": lambda stand_in, _, __: trouble.shape(stand_in),
    "POST calm": lambda stand_in, _, __: trouble.calm(stand_in),
    "POST lift": lambda stand_in, _, __: stand_in.lift(),
}


def _enable(stand_in: StandIn, method: str, parts: list[str]) -> Answer:
    webhook_id = int(parts[0])
    if method != "POST" or parts[1:] != ["enable"] or webhook_id not in stand_in.account.webhooks:
        raise Refused(404, "No such control route, or no such webhook.")
    stand_in.post.enable(webhook_id)
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
        case ("DELETE", "leads", 1):
            return _said({"id": stand_in.delete_lead(user_id, int(rest[0])).id})
        case ("POST", "contacts", 2) if rest[1] == "merge":
            others = _Merge.model_validate(body).others
            return _said({"id": stand_in.merge_contacts(user_id, int(rest[0]), others).id})
        case ("POST", "contacts", 0):
            return _said({"id": stand_in.create_contact(user_id, body).id})
        case ("PATCH", "contacts", 1):
            return _said({"id": stand_in.edit_contact(user_id, int(rest[0]), body).id})
        case _:
            raise Refused(404, "No such control route.")


def _said(body: Json) -> Answer:
    return Answer(200, body, _JSON)
