"""The routes of «Неразобранное». There is no `link`: it is for chats and letters, and neither comes by this API."""

from collections.abc import Iterable
from typing import Any, TypeVar

from demo.amocrm.call import Answer, Call, Route, page, total
from demo.amocrm.checks import Checks, batch, single
from demo.amocrm.errors import Problem, Refused
from demo.amocrm.model import UNSORTED, Json, SortedOut, Unsorted
from demo.amocrm.query import Spec, refuse_not_numbers, within
from demo.amocrm.store import Account
from demo.amocrm.unsorted import Accept, Decline, Form, Sip, accept, check, decline, put

_CATEGORIES = ("sip", "mail", "forms", "chats")
_CREATED = "created_at"
Came = TypeVar("Came", Unsorted, SortedOut)


def _add(call: Call, kind: type[Form] | type[Sip]) -> Answer:
    call.adding()
    plans = batch(call.body, kind, lambda body, checks: check(call.account, body, checks, call.actor.id))
    made = [(name, put(call.account, *plan)) for name, plan in plans if plan]
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
        "category": one.category,
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


def _fits(one: Unsorted | SortedOut, wanted: dict[str, set[str]]) -> bool:
    told = {"uid": one.uid, "pipeline_id": str(one.pipeline_id), "category": one.category}
    return all(told[name] in values for name, values in wanted.items() if name in told)


def _summary(call: Call) -> Answer:
    """Of all that came in that time, whether it waits or not."""
    wanted, account = call.query.wanted(), call.account
    refuse_not_numbers(wanted, "pipeline_id", "created_at", "created_at from", "created_at to")

    def chosen(ones: Iterable[Came]) -> list[Came]:
        return [one for one in ones if _fits(one, wanted) and within(one.created_at, wanted, _CREATED)]

    waiting, done = chosen(account.unsorted.values()), chosen(account.sorted_out)
    came = [one.category for one in waiting] + [one.category for one in done]
    body = {
        "total": len(came),
        "accepted": sum(one.is_accepted for one in done),
        "declined": sum(not one.is_accepted for one in done),
        "average_sort_time": sum(one.took for one in done) // len(done) if done else 0,
        "categories": {category: {"total": came.count(category)} for category in _CATEGORIES},
    }
    return Answer(200, body)


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
    shape: dict[str, Any] = {"uid": one.uid, "pipeline_id": one.pipeline_id, "category": one.category}
    return Answer(200, {**shape, _CREATED: one.created_at, "_embedded": _brought(call, one)})


_LIST = Spec(
    paged=True,
    order=frozenset({_CREATED}),
    filters=(r"filter\[(uid|category)\](\[\d*\])?", r"filter\[pipeline_id\]"),
)
_SUMMARY = Spec(filters=(r"filter\[uid\](\[\d*\])?", r"filter\[pipeline_id\]", r"filter\[created_at\](\[(from|to)\])?"))
ROUTES = [
    Route("GET", "leads/unsorted", _list, _LIST),
    Route("GET", "leads/unsorted/summary", _summary, _SUMMARY),
    Route("POST", "leads/unsorted/forms", lambda call: _add(call, Form)),
    Route("POST", "leads/unsorted/sip", lambda call: _add(call, Sip)),
    Route("GET", "leads/unsorted/{word}", lambda call: Answer(200, _shape(call, _found(call)))),
    Route("POST", "leads/unsorted/{word}/accept", _accept),
    Route("DELETE", "leads/unsorted/{word}/decline", _decline),
]
