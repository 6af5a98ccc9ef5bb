"""«Неразобранное»: what came by a form and nobody has taken yet. Until then its lead and its contact are in no list and behind no id."""

import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from demo.amocrm import leads
from demo.amocrm.bodies import (
    ComplexCompany,
    ComplexContact,
    FieldValuesBody,
    Item,
    LeadComplex,
    Money,
    Part,
    TagsEmbedded,
)
from demo.amocrm.call import Answer, Call, Route, page, total
from demo.amocrm.cards import Writer
from demo.amocrm.checks import Checks, batch, single
from demo.amocrm.errors import Problem, Refused
from demo.amocrm.model import UNSORTED, Json, Lead, Pipeline, Unsorted
from demo.amocrm.query import Spec, refuse_not_numbers
from demo.amocrm.store import Account

_CATEGORIES = ("sip", "mail", "forms", "chats")
_CREATED = "created_at"


class FormData(Part):
    form_id: str
    form_name: str
    form_page: str
    form_sent_at: int
    ip: str = ""
    referer: str = ""


class WaitingLead(Part):
    """What a lead may say before it stands anywhere."""

    name: str = ""
    price: Money = 0
    custom_fields_values: list[FieldValuesBody] = Field(default_factory=list)
    embedded: TagsEmbedded = Field(default=TagsEmbedded(), alias="_embedded")


class Brought(Part):
    """As of `/leads/complex`, apart from each other."""

    leads: list[WaitingLead] = Field(default_factory=list, max_length=1)
    contacts: list[ComplexContact] = Field(default_factory=list, max_length=1)
    companies: list[ComplexCompany] = Field(default_factory=list, max_length=1)

    def lead(self, pipeline_id: int) -> Json:
        """The complex lead that they make."""
        given: Json = self.model_dump(by_alias=True, exclude_unset=True)
        lead: Json = next(iter(given.pop("leads", [])), {})
        return {**lead, "pipeline_id": pipeline_id, "_embedded": {**lead.get("_embedded", {}), **given}}


class Form(Item):
    source_name: str
    source_uid: str
    pipeline_id: int = 0
    metadata: FormData
    embedded: Brought = Field(default=Brought(), alias="_embedded")


class Accept(Part):
    user_id: int = 0
    status_id: int = 0


class Decline(Part):
    user_id: int = 0


def check(account: Account, body: Form, checks: Checks, by: int) -> tuple[Form, Pipeline] | None:
    """A form to be: what it brings is checked as if it came at once."""
    pipeline = account.pipelines.get(body.pipeline_id) if body.pipeline_id else account.main_pipeline()
    if not checks.choice("pipeline_id", pipeline is not None and _has_unsorted(pipeline)) or pipeline is None:
        return None
    if any(one.source_uid == body.source_uid for one in account.unsorted.values()):
        checks.refuse("Duplicate", "source_uid", "This is in «Неразобранное» already.")
    _check_lead(account, body.embedded.lead(pipeline.id), checks, by)
    return body, pipeline


def _has_unsorted(pipeline: Pipeline) -> bool:
    return any(status.type == UNSORTED for status in pipeline.statuses.values())


def _check_lead(account: Account, raw: Json, checks: Checks, by: int) -> None:
    """Of what is wrong each thing is named by where it stands in the form."""
    its = Checks()
    leads.new_complex(account, LeadComplex.model_validate(raw), its, Writer(by))
    for problem in its.problems:
        place = "" if problem.path.startswith("_embedded.co") else "_embedded.leads.0."
        checks.refuse(problem.code, place + problem.path, problem.detail)


def put(account: Account, body: Form, pipeline: Pipeline) -> Unsorted:
    """Let what was checked wait."""
    raw = body.embedded.lead(pipeline.id)
    ids = {"lead": account.next_id("lead")}
    cards: dict[str, Sequence[ComplexContact | ComplexCompany]] = {
        "contact": body.embedded.contacts,
        "company": body.embedded.companies,
    }
    for kind, given in cards.items():
        if given and given[0].id is None:
            ids[kind] = account.next_id(kind)
    metadata = body.metadata.model_dump()
    one = Unsorted(uuid.uuid4().hex, body.source_uid, body.source_name, pipeline.id, account.now(), metadata, raw, ids)
    account.unsorted[one.uid] = one
    account.changed("leads", one.ids["lead"])
    return one


def accept(account: Account, one: Unsorted, given: Accept, by: int) -> Lead:
    """From now on the lead, its contact and its company are there, under the ids that were given out."""
    user_id = given.user_id or by
    raw: Json = {**one.raw, "responsible_user_id": user_id}
    if given.status_id:
        raw["status_id"] = given.status_id
    plan = single(raw, LeadComplex, lambda body, checks: leads.new_complex(account, body, checks, Writer(user_id)))
    del account.unsorted[one.uid]
    with account.counting_from(one.ids):
        return leads.create(account, plan)


def decline(account: Account, one: Unsorted) -> None:
    """The lead and what came with it never were; their ids are never given out again."""
    del account.unsorted[one.uid]
    account.changed("leads", one.ids["lead"])


def _add_forms(call: Call) -> Answer:
    call.adding()
    plans = [
        (name, plan)
        for name, plan in batch(call.body, Form, lambda b, c: check(call.account, b, c, call.actor.id))
        if plan
    ]
    made = [(name, put(call.account, *plan)) for name, plan in plans]
    return total(call, "unsorted", [{**_short(call, one), "request_id": name} for name, one in made])


def _short(call: Call, one: Unsorted) -> Json:
    return {
        "uid": one.uid,
        "account_id": call.account.id,
        "_links": call.itself(f"leads/unsorted/{one.uid}"),
        "_embedded": _brought(call, one),
    }


def _brought(call: Call, one: Unsorted) -> Json:
    """Ids of what waits with it; they are given out, and lead nowhere yet."""

    def refs(entity: str, kind: str) -> list[Json]:
        given: list[Json] = one.raw["_embedded"].get(entity, [])
        ids = [one.ids[kind]] if kind in one.ids else [ref["id"] for ref in given]
        return [{"id": card_id, "_links": call.itself(f"{entity}/{card_id}")} for card_id in ids]

    return {
        name: refs(name, kind) for name, kind in (("contacts", "contact"), ("leads", "lead"), ("companies", "company"))
    }


def _shape(call: Call, one: Unsorted) -> Json:
    return {
        **_short(call, one),
        "source_uid": one.source_uid,
        "source_name": one.source_name,
        "category": "forms",
        "pipeline_id": one.pipeline_id,
        _CREATED: one.created_at,
        "metadata": one.metadata,
    }


def _list(call: Call) -> Answer:
    wanted = call.query.wanted()
    refuse_not_numbers(wanted, "pipeline_id")
    if unknown := wanted.get("category", set()) - set(_CATEGORIES):
        problem = Problem("NotSupportedChoice", "filter[category]", f"not documented: {', '.join(sorted(unknown))}")
        raise Refused(400, f"{problem.path}: {problem.detail}", (problem,))
    found = [one for one in call.account.unsorted.values() if _fits(one, wanted)]
    found.sort(key=lambda one: one.created_at, reverse=call.query.order == (_CREATED, True))
    return page(call, "unsorted", found, lambda one: _shape(call, one))


def _fits(one: Unsorted, wanted: dict[str, set[str]]) -> bool:
    told = {"uid": one.uid, "pipeline_id": str(one.pipeline_id), "category": "forms"}
    return all(told[name] in values for name, values in wanted.items())


def _found(call: Call) -> Unsorted:
    one = call.account.unsorted.get(call.words[0])
    if one is None:
        raise Refused(404, "Nothing of this uid is in «Неразобранное».")
    return one


def _accept(call: Call) -> Answer:
    call.adding()
    one, account = _found(call), call.account
    given = single(call.body, Accept, lambda body, checks: _choices(account, one, body, checks))
    accept(account, one, given, call.actor.id)
    return _taken_out(call, one)


def _choices(account: Account, one: Unsorted, body: Accept, checks: Checks) -> Accept:
    statuses = account.pipelines[one.pipeline_id].statuses
    _person(account, body.user_id, checks)
    if body.status_id:
        checks.choice("status_id", body.status_id in statuses and statuses[body.status_id].type != UNSORTED)
    return body


def _person(account: Account, user_id: int, checks: Checks) -> None:
    checks.choice("user_id", user_id == 0 or user_id in account.users)


def _decline(call: Call) -> Answer:
    call.adding()
    one = _found(call)

    def known(body: Decline, checks: Checks) -> Decline:
        _person(call.account, body.user_id, checks)
        return body

    single(call.body if call.body is not None else {}, Decline, known)
    decline(call.account, one)
    return _taken_out(call, one)


def _taken_out(call: Call, one: Unsorted) -> Answer:
    shape: dict[str, Any] = {"uid": one.uid, "pipeline_id": one.pipeline_id, "category": "forms"}
    return Answer(200, {**shape, _CREATED: one.created_at, "_embedded": _brought(call, one)})


_LIST = Spec(
    paged=True,
    order=frozenset({_CREATED}),
    filters=(r"filter\[(uid|category)\](\[\d*\])?", r"filter\[pipeline_id\]"),
)
ROUTES = [
    Route("GET", "leads/unsorted", _list, _LIST),
    Route("POST", "leads/unsorted/forms", _add_forms),
    Route("GET", "leads/unsorted/{word}", lambda call: Answer(200, _shape(call, _found(call)))),
    Route("POST", "leads/unsorted/{word}/accept", _accept),
    Route("DELETE", "leads/unsorted/{word}/decline", _decline),
]
