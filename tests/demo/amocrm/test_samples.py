"""Every documented parameter and every documented field of every route: taken as documented, refused and recorded when it is not."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import BaseModel

from demo.amocrm import checks
from demo.amocrm.call import Answer, Route
from demo.amocrm.incoming import Incoming
from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm
from tests.demo.amocrm.furnished import READS, WRITES, asked, furnish, path_of
from tests.demo.amocrm.samples import furnish_for_samples, samples

Place = tuple[str | int, ...]
WRONG: Json = {"surprise": 1}
NAMED = re.compile(r"\(((?:\w+\|)*\w+)\)")
CANDIDATES = ("1", "lead", "leads", "contacts", "common", "lead_added", "Петров", "10000001", "forms")


def ask(crm: Crm, method: str, path: str, body: Any = None, **query: str) -> Answer:
    """In process: there are thousands of them."""
    path, _, needed = path.partition("?")
    raw = "&".join(filter(None, (needed, urlencode(query))))
    headers = {"Authorization": f"Bearer {crm.token}", "Content-Type": "application/json"}
    sent = b"" if body is None else json.dumps(body).encode()
    return crm.stand_in.receive(Incoming(method, f"/api/v4/{path}", raw, headers, sent, crm.url)).answer


def refused(crm: Crm, said: Answer) -> set[str]:
    """Which keys were refused, as they were recorded; that they were recorded is a must."""
    assert said.status == 400, said.body
    record = crm.stand_in.refused.pop()
    assert crm.stand_in.refused == []
    assert record["detail"] == said.body["detail"]
    return {error["path"] for error in record["errors"]}


@pytest.fixture
async def furnished(crm: Crm) -> Crm:
    await furnish(crm)
    await furnish_for_samples(crm)
    assert crm.stand_in.refused == []
    return crm


# Bodies.


def places(body: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Everything in a body, with the way that leads there."""
    yield at, body
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        yield from places(value, (*at, key))


def changed(body: Any, at: Place, value: Any) -> Any:
    """The body with another value at that place."""
    whole = copy.deepcopy(body)
    if not at:
        return value
    inside = whole
    for key in at[:-1]:
        inside = inside[key]
    inside[at[-1]] = value
    return whole


def dotted(body: Any, at: Place) -> str:
    """As a refusal names it: within the item of a batch."""
    return ".".join(map(str, at[1:] if isinstance(body, list) else at))


async def test_an_unknown_key_at_any_depth_of_any_body_is_refused_and_recorded(furnished: Crm) -> None:
    tried = 0
    for route in WRITES:
        path = path_of(route, furnished)
        for body in samples(route, furnished):
            for at, part in places(body):
                if isinstance(part, dict):
                    said = ask(furnished, route.method, path, changed(body, at, {**part, **WRONG}))
                    assert refused(furnished, said) == {dotted(body, (*at, "surprise"))}, (route.name, at)
                    tried += 1
    assert tried > 200


async def test_a_value_of_another_type_is_refused_at_any_place_and_recorded(furnished: Crm) -> None:
    for route in WRITES:
        path = path_of(route, furnished)
        for body in samples(route, furnished):
            for at, part in places(body):
                if at and not isinstance(part, dict):
                    wrong = [["surprise"]] if isinstance(part, list) else WRONG
                    paths = refused(furnished, ask(furnished, route.method, path, changed(body, at, wrong)))
                    assert any(name.startswith(dotted(body, at)) for name in paths), (route.name, at, paths)


async def test_the_samples_are_taken_and_name_every_field_of_every_body(
    furnished: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[type[BaseModel], set[str]] = {}
    parsed = checks.parsed

    def watch(model: Any, raw: Any, *rest: Any) -> Any:
        body = parsed(model, raw, *rest)
        if body is not None:
            note(body, seen)
        return body

    monkeypatch.setattr(checks, "parsed", watch)
    for route in sorted(WRITES, key=lambda one: one.method == "DELETE"):
        for body in samples(route, furnished):
            said = ask(furnished, route.method, path_of(route, furnished), body)
            assert said.status in (200, 201, 204), (route.name, said.body)
    assert furnished.stand_in.refused == []
    missing = {model.__name__: set(model.model_fields) - given for model, given in seen.items()}
    assert {name: fields for name, fields in missing.items() if fields} == {}
    assert len(seen) > 30


def note(body: BaseModel, seen: dict[type[BaseModel], set[str]]) -> None:
    """Remember which fields this body gave, and those within it."""
    seen.setdefault(type(body), set()).update(body.model_fields_set)
    for name in body.model_fields_set:
        value = getattr(body, name)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, BaseModel):
                note(inner, seen)


# Parameters.


def names_of(pattern: str) -> list[str]:
    """Parameters that a pattern of a filter means: each of its alternatives, with a value in each pair of brackets and without."""
    choices = [pattern]
    while any(NAMED.search(one) for one in choices):
        choices = [
            one[: match.start()] + choice + one[match.end() :]
            for one in choices
            if (match := NAMED.search(one))
            for choice in match[1].split("|")
        ]
    found: list[str] = []
    for one in choices:
        bare = re.sub(r"\(\\\[\\d\*\\\]\)\?|\((\\\[\w+\\\])\)\?", "", one)
        full = re.sub(r"\(\\\[\\d\*\\\]\)\?", "[0]", re.sub(r"\((\\\[\w+\\\])\)\?", r"\1", one))
        found += [bare, full]
    plain = (re.sub(r"\(?\\d[*+]?\)?", "0", one).replace("\\", "") for one in found)
    return list(dict.fromkeys(plain))


def test_the_names_of_filters_are_those_of_the_pattern() -> None:
    for pattern in {pattern for route in READS for pattern in route.query.filters if "values" not in pattern}:
        for name in names_of(pattern):
            assert re.fullmatch(pattern, name), (pattern, name)


def parameters(route: Route) -> dict[str, tuple[tuple[str, ...], str]]:
    """Each documented parameter of a read: values of which one at least is good, and a bad one ("" is none)."""
    spec = route.query
    known: dict[str, tuple[tuple[str, ...], str]] = {}
    if spec.paged:
        known |= {"page": (("1",), "0"), "limit": ((str(spec.most),), str(spec.most + 1))}
    if spec.text:
        known |= {"query": (("Петров",), " ")}
    for name in spec.order:
        known[f"order[{name}]"] = (("asc",), "up")
    for pattern in spec.filters:
        if "custom_fields_values" not in pattern:
            known |= dict.fromkeys(names_of(pattern), (CANDIDATES, ""))
    return known


async def test_every_parameter_of_every_read_is_taken_and_its_neighbours_are_refused(furnished: Crm) -> None:
    tried = 0
    for route in READS:
        good = asked(route, path_of(route, furnished))
        for name, (values, bad) in parameters(route).items():
            if route.query.needs and name.startswith(route.query.needs):
                continue  # `asked` holds it
            assert is_taken(furnished, good, name, values), (route.name, name)
            near = name[:-1] + "_surprise]" if name.endswith("]") else name + "_surprise"
            assert refused(furnished, ask(furnished, "GET", good, **{near: values[0]})) == {near}
            if bad:
                assert refused(furnished, ask(furnished, "GET", good, **{name: bad})) == {name}
            tried += 1
        for value in sorted(route.query.with_):
            assert is_taken(furnished, good, "with", (value,)), (route.name, value)
        if route.query.with_:
            both = f"{min(route.query.with_)},surprise"
            assert refused(furnished, ask(furnished, "GET", good, **{"with": both})) == {"with"}
        for name in {"page", "limit", "query", "with", "order[id]", "filter[id]"} - taken_by(route):
            assert refused(furnished, ask(furnished, "GET", good, **{name: "1"})) == {name}, route.name
    assert tried > 150


def taken_by(route: Route) -> set[str]:
    with_ = {"with"} if route.query.with_ else set()
    ids = {"filter[id]"} if any(re.fullmatch(pattern, "filter[id]") for pattern in route.query.filters) else set()
    return parameters(route).keys() | with_ | ids


def is_taken(crm: Crm, good: str, name: str, values: tuple[str, ...]) -> bool:
    """With one of these values at least, if need be beside the parameter that it goes with."""
    beside = {
        "filter[entity_id]": {"filter[entity]": "lead", "filter[entity_type]": "leads"},
        "filter[to_entity_id]": {"filter[to_entity_type]": "contacts"},
        "filter[to_entity_type]": {"filter[to_entity_id]": "1"},
    }
    companions = next((what for start, what in beside.items() if name.startswith(start)), {})
    pairs = [{}, *({key: value} for key, value in companions.items())]
    taken = [
        ask(crm, "GET", good, **{name: value}, **companion).status in (200, 204)
        for value in values
        for companion in pairs
    ]
    crm.stand_in.refused.clear()
    return any(taken)


async def test_a_filter_of_a_field_takes_that_field_only(furnished: Crm) -> None:
    for entity, fields in furnished.stand_in.account.fields.items():
        text = next(field for field in fields.values() if field.type == "text")
        assert ask(furnished, "GET", entity, **{f"filter[custom_fields_values][{text.id}][]": "x"}).status in (200, 204)
        for name in (f"[{text.id}][from]", "[1][]", "[x][]", f"[{text.id}]", f"[{text.id}][below]"):
            whole = f"filter[custom_fields_values]{name}"
            assert refused(furnished, ask(furnished, "GET", entity, **{whole: "1"})) == {whole}
