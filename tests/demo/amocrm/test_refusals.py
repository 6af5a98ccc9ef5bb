"""Nothing that is not documented is let through silently: each route refuses it, names it, and remembers it."""

from typing import Any

import pytest

from demo.amocrm.call import Route
from tests.demo.amocrm.conftest import Crm
from tests.demo.amocrm.furnished import READS, WRITES, asked, body_of, furnish, path_of


def with_unknown_key(body: Any) -> Any:
    if isinstance(body, list):
        return [with_unknown_key(body[0])]
    return {**(body or {}), "surprise": 1}


@pytest.mark.parametrize("route", READS, ids=lambda route: route.name)
async def test_every_read_answers_and_refuses_an_unknown_parameter(crm: Crm, route: Route) -> None:
    await furnish(crm)
    good = asked(route, path_of(route, crm))
    assert (await crm.get(good)).status in (200, 204)
    assert crm.stand_in.refused == []

    said = await crm.get(f"{good}{'&' if '?' in good else '?'}surprise=1")

    assert (said.status, said.type) == (400, "application/problem+json")
    assert "surprise" in said.body["detail"]
    assert crm.stand_in.refused[-1]["errors"][0]["path"] == "surprise"


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.name)
async def test_every_write_refuses_an_unknown_key_and_takes_the_body_without_it(crm: Crm, route: Route) -> None:
    await furnish(crm)
    path, body = path_of(route, crm), body_of(route, crm)

    said = await crm.ask(route.method, path, with_unknown_key(body))

    assert said.status == 400
    assert said.problems() == [("NotExpected", "surprise")]
    assert crm.stand_in.refused[-1]["path"] == f"/api/v4/{path}"
    good = await crm.ask(route.method, path, body)
    assert good.status in (200, 201, 204), good.text
    assert len(crm.stand_in.refused) == 1


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.name)
async def test_every_write_refuses_a_parameter(crm: Crm, route: Route) -> None:
    await furnish(crm)
    said = await crm.ask(route.method, f"{path_of(route, crm)}?with=contacts", body_of(route, crm))

    assert said.status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "customers", 404),
        ("GET", "leads/one", 404),
        ("GET", "leads/1/2", 404),
        ("GET", "customers/1/links", 404),
        ("GET", "/api/v2/leads", 404),
        ("GET", "/", 404),
        ("DELETE", "leads/1", 405),
        ("PUT", "leads", 405),
    ],
)
async def test_an_unknown_route_is_refused_and_remembered(crm: Crm, method: str, path: str, status: int) -> None:
    said = await crm.ask(method, path)

    assert (said.status, said.type) == (status, "application/problem+json")
    assert [(r["method"], r["status"]) for r in crm.stand_in.refused] == [(method, status)]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=251", "limit"),
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("page=0", "page"),
        ("page=1&page=2", "page"),
        ("filter[id]=1&filter[id]=2", "filter[id]"),
        ("with=contacts,companies", "with"),
        ("order[price]=asc", "order[price]"),
        ("order[id]=up", "order[id]"),
        ("filter[phone][]=1", "filter[phone][]"),
        ("filter[created_at]=1", "filter[created_at]"),
    ],
)
async def test_a_wrong_value_of_a_known_parameter_is_refused(crm: Crm, query: str, path: str) -> None:
    said = await crm.get(f"leads?{query}")

    assert said.status == 400
    assert [error["path"] for error in crm.stand_in.refused[-1]["errors"]] == [path]


@pytest.mark.parametrize("body", [None, [], {}, "text", 1], ids=repr)
async def test_a_batch_is_a_non_empty_array(crm: Crm, body: Any) -> None:
    assert (await crm.post("leads", body)).status == 400


@pytest.mark.parametrize("body", [[], [{}], "text"], ids=repr)
async def test_a_patch_of_one_is_an_object(crm: Crm, body: Any) -> None:
    lead = await crm.lead()

    assert (await crm.patch(f"leads/{lead}", body)).status == 400


async def test_a_body_that_is_no_json_is_refused(crm: Crm) -> None:
    headers = {"Authorization": f"Bearer {crm.token}", "Content-Type": "application/json"}
    async with crm.session.post(f"{crm.url}/api/v4/leads", data=b"[{", headers=headers) as answer:
        assert answer.status == 400
    async with crm.session.post(
        f"{crm.url}/api/v4/leads", data=b"[{}]", headers={**headers, "Content-Type": "text/plain"}
    ) as answer:
        assert answer.status == 400
    assert (await crm.ask("GET", "leads", {})).status == 400
    assert len(crm.stand_in.refused) == 3


async def test_one_bad_item_leaves_the_whole_batch_undone(crm: Crm) -> None:
    said = await crm.post("leads", [{"name": "первая"}, {"price": "1000"}, {"status_id": 1, "request_id": "third"}])

    assert [item["request_id"] for item in said.body["validation-errors"]] == ["1", "third"]
    assert said.problems() == [("InvalidType", "price"), ("NotSupportedChoice", "status_id")]
    assert said.body["detail"] == "Request validation failed"
    assert crm.stand_in.account.leads == {}


@pytest.mark.parametrize(("path", "most"), [("leads", 250), ("contacts", 250), ("leads/complex", 50)])
async def test_a_batch_has_a_limit(crm: Crm, path: str, most: int) -> None:
    assert (await crm.post(path, [{}] * (most + 1))).status == 400
    assert crm.stand_in.account.leads == {}
    assert (await crm.post(path, [{}] * most)).status == 200


async def test_refusals_name_keys_and_never_values(crm: Crm) -> None:
    await crm.post("leads", [{"name": 7, "price": "Канарейкин", "Имя": "Канарейкин"}])

    assert "Канарейкин" not in str(crm.stand_in.refused)
