"""Sources: where an integration says that its leads come from. Which of several integrations owns one is not kept."""

from typing import Annotated, Any

from pydantic import Field

from demo.amocrm.bodies import Item, Name, Part
from demo.amocrm.call import EMPTY, Answer, Call, Route, total
from demo.amocrm.checks import Checks, batch, existing, named, nothing, single
from demo.amocrm.errors import NotThere, Refused
from demo.amocrm.model import Json, Source
from demo.amocrm.query import Spec
from demo.amocrm.store import Account

MOST = AT_ONCE = 50
"""Documented: 100 in all, and 50 a request; the library's own page says 50 in all, which is the stricter."""
_PLAIN = ("name", "origin_code")


class _SourceBody(Item):
    pipeline_id: int | None = None
    default: bool = False
    origin_code: str | None = None
    services: list[Any] = Field(default_factory=list, max_length=0)
    """Messengers' numbers on a button of a site; not built."""


class SourceCreate(_SourceBody):
    name: Name
    external_id: Annotated[str, Field(min_length=1, max_length=36)]


class SourcePatch(_SourceBody):
    id: int | None = None
    name: Name = "-"


class SourceRef(Part):
    id: int


def _check(account: Account, body: SourceCreate | SourcePatch, checks: Checks) -> None:
    checks.choice("pipeline_id", body.pipeline_id is None or body.pipeline_id in account.pipelines)


def _apply(account: Account, source: Source, body: SourceCreate | SourcePatch) -> None:
    source.pipeline_id = body.pipeline_id or source.pipeline_id
    for name, value in body.given(*_PLAIN).items():
        setattr(source, name, value)
    if "default" in body.model_fields_set:
        for other in account.sources.values():
            other.is_default &= not body.default
        source.is_default = body.default


def _shape(call: Call, source: Source) -> Json:
    return {
        "id": source.id,
        "name": source.name,
        "pipeline_id": source.pipeline_id,
        "external_id": source.external_id,
        "services": [],
        "default": source.is_default,
        "origin_code": source.origin_code,
        "_links": call.itself(f"sources/{source.id}"),
    }


def _list(call: Call) -> Answer:
    wanted = call.query.wanted().get("external_id")
    found = [source for source in call.account.sources.values() if wanted is None or source.external_id in wanted]
    return total(call, "sources", [_shape(call, source) for source in found])


def _found(call: Call) -> Source:
    source = call.account.sources.get(call.ids[0])
    if source is None:
        raise Refused(404, "No such source.")
    return source


def _one(call: Call) -> Answer:
    return Answer(200, _shape(call, _found(call)))


def _create(call: Call) -> Answer:
    account = call.account
    known = {source.external_id for source in account.sources.values()}

    def prepare(body: SourceCreate, checks: Checks) -> SourceCreate:
        _check(account, body, checks)
        checks.choice("external_id", body.external_id not in known, "Another source has this external_id.")
        known.add(body.external_id)
        return body

    plans = batch(call.body, SourceCreate, prepare, most=min(AT_ONCE, MOST - len(account.sources)))
    made = [(name, _made(account, body)) for name, body in plans]
    return total(call, "sources", [{**_shape(call, source), "request_id": name} for name, source in made])


def _made(account: Account, body: SourceCreate) -> Source:
    source = Source(account.next_id("source"), body.name, body.external_id, account.main_pipeline().id)
    account.sources[source.id] = source
    _apply(account, source, body)
    return source


def _patch_many(call: Call) -> Answer:
    seen: set[int] = set()

    def prepare(body: SourcePatch, checks: Checks) -> tuple[Source, SourcePatch] | None:
        _check(call.account, body, checks)
        source = named(call.account.sources, body.id, seen, checks)
        return (source, body) if source else None

    plans = [(name, plan) for name, plan in batch(call.body, SourcePatch, prepare, most=AT_ONCE) if plan]
    for _, (source, body) in plans:
        _apply(call.account, source, body)
    return total(call, "sources", [{**_shape(call, source), "request_id": name} for name, (source, _) in plans])


def _patch_one(call: Call) -> Answer:
    source = existing(call.account.sources, call.ids[0])

    def prepare(body: SourcePatch, checks: Checks) -> SourcePatch:
        checks.choice("id", body.id in (None, source.id))
        _check(call.account, body, checks)
        return body

    _apply(call.account, source, single(call.body, SourcePatch, prepare))
    return Answer(200, _shape(call, source))


def _delete_many(call: Call) -> Answer:
    plans = batch(call.body, SourceRef, lambda body, _: body.id, most=AT_ONCE)
    if lost := [name for name, source_id in plans if source_id not in call.account.sources]:
        raise NotThere(lost)
    for _, source_id in plans:
        call.account.sources.pop(source_id, None)
    return EMPTY


def _delete_one(call: Call) -> Answer:
    nothing(call.body)
    del call.account.sources[_found(call).id]
    return EMPTY


ROUTES = [
    Route("GET", "sources", _list, Spec(filters=(r"filter\[external_id\]\[\d*\]",))),
    Route("POST", "sources", _create),
    Route("PATCH", "sources", _patch_many),
    Route("DELETE", "sources", _delete_many),
    Route("GET", "sources/{}", _one),
    Route("PATCH", "sources/{}", _patch_one),
    Route("DELETE", "sources/{}", _delete_one),
]
