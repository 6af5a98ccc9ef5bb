"""The stand-in's own routes, and what people do at the cards."""

from typing import Any

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import REDIRECT, Crm, Said, phone


async def control(crm: Crm, method: str, path: str, body: Any = None) -> Said:
    return await crm.ask(method, f"/_stand-in/{path}", body, token="")


async def test_a_code_comes_from_the_modal(crm: Crm) -> None:
    code = (await control(crm, "POST", "code")).body["code"]

    chosen = crm.stand_in.integration
    said = await crm.ask(
        "POST",
        "/oauth2/access_token",
        {
            "client_id": chosen.client_id,
            "client_secret": chosen.secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
        },
    )
    assert said.status == 200


async def test_a_long_lived_token_comes_from_the_keys_and_can_be_revoked(crm: Crm) -> None:
    operator = max(crm.stand_in.account.users)
    token = (await control(crm, "POST", "token", {"user_id": operator})).body["token"]
    crm.clocks.machine += 300 * 86_400
    assert (await crm.ask("GET", "account", token=token)).body["current_user_id"] == operator

    assert (await control(crm, "POST", "revoke", {})).status == 204

    assert (await crm.ask("GET", "account", token=token)).status == 401


async def test_counts_and_refusals_are_told(crm: Crm) -> None:
    await crm.get("leads?surprise=1")

    counts = (await control(crm, "GET", "counts")).body
    refused = (await control(crm, "GET", "refused")).body["refused"]

    assert [counts[name] for name in ("requests", "most_in_a_second", "refused", "offences")] == [1, 1, 1, 0]
    assert [(r["method"], r["path"], r["status"]) for r in refused] == [("GET", "/api/v4/leads", 400)]
    assert (await control(crm, "POST", "counts/reset")).status == 204
    assert (await control(crm, "GET", "counts")).body["requests"] == 0


async def test_faults_and_modes_are_set(crm: Crm) -> None:
    fault = {"route": "GET /api/v4/account", "kind": "503", "count": 2}
    assert (await control(crm, "POST", "faults", fault)).status == 204

    assert (await crm.get("account")).status == 503

    waiting = (await control(crm, "GET", "faults")).body["faults"]
    assert waiting == [{**fault, "count": 1, "apply": False, "seconds": 20.0}]
    assert (await control(crm, "POST", "mode", {"mode": "blocked"})).status == 204
    assert (await crm.get("leads")).status == 403


async def test_every_fault_and_limit_has_a_knob(crm: Crm) -> None:
    lead = await crm.lead(price=1)
    late = {"route": "PATCH /api/v4/leads/{}", "kind": "late", "seconds": 7}
    assert (await control(crm, "POST", "faults", late)).status == 204
    await crm.patch(f"leads/{lead}", {"price": 2})
    assert (await control(crm, "POST", "turn", {"seconds": 7})).status == 204
    assert (await crm.get(f"leads/{lead}")).body["price"] == 2

    edit = {"user_id": 0, "lead_id": lead, "body": {"price": 3}}
    assert (await control(crm, "POST", "between", edit)).status == 204
    assert (await crm.get(f"leads/{lead}")).body["price"] == 2
    assert (await crm.get(f"leads/{lead}")).body["price"] == 3

    await control(crm, "POST", "faults", {"route": "*", "kind": "drip"})
    assert (await control(crm, "POST", "faults/clear", {})).status == 204
    assert (await control(crm, "GET", "faults")).body == {"faults": []}

    said = (await control(crm, "POST", "limits", {"large_batch": 1})).body
    assert said == (await control(crm, "GET", "limits")).body
    assert said == {
        "others": 0, "body": "429", "block_after": 0, "large_batch": 1, "large_batch_applied": False
    }  # fmt: skip
    assert (await crm.post("leads", [{}, {}])).status == 504
    await control(crm, "POST", "limits", {"block_after": 1, "others": 1_000_000, "body": "429_json"})
    assert (await crm.get("account")).type == "application/problem+json"
    assert (await crm.get("account")).status == 403
    assert (await control(crm, "POST", "lift", {})).status == 204
    assert (await crm.get("account")).status == 429


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "faults", {"route": "*", "kind": "500", "count": 0}, 400),
        ("POST", "between", {"user_id": 0, "lead_id": 1, "body": {}}, 400),
        ("POST", "limits", {"others": -1}, 400),
        ("POST", "limits", {"surprise": 1}, 400),
        ("GET", "surprise", None, 404),
        ("POST", "counts", None, 404),
        ("POST", "code", {"surprise": 1}, 400),
        ("POST", "faults", {"route": "*", "kind": "418"}, 400),
        ("POST", "mode", {"mode": "broken"}, 400),
        ("POST", "users/1/leads", {}, 404),
        ("POST", "users/me/leads", {}, 400),
        ("DELETE", "users/0/leads", None, 404),
        ("PATCH", "users/0/leads/1", {}, 400),
        ("POST", "users/0/leads", {"surprise": 1}, 400),
    ],
)
async def test_control_is_as_strict(crm: Crm, method: str, path: str, body: Any, status: int) -> None:
    assert (await control(crm, method, path, body)).status == status
    assert crm.stand_in.refused == []


async def test_an_operator_makes_a_deal_with_a_contact_and_moves_it(crm: Crm) -> None:
    operator = max(crm.stand_in.account.users)
    contact = {"name": "Петрова Мария", "custom_fields_values": [phone("8 999 000 01 01")]}
    body = {"name": "Заявка с сайта", "_embedded": {"contacts": [contact]}}

    made = (await control(crm, "POST", f"users/{operator}/leads", body)).body
    await control(crm, "PATCH", f"users/{operator}/leads/{made['id']}", {"status_id": crm.stages[1], "price": 500})

    lead = (await crm.get(f"leads/{made['id']}?with=contacts")).body
    assert [lead[name] for name in ("created_by", "updated_by", "price", "status_id")] == [
        operator, operator, 500, crm.stages[1],
    ]  # fmt: skip
    assert [c["id"] for c in lead["_embedded"]["contacts"]] == [made["contact_id"]]
    event = (await crm.get("events?filter[type][]=lead_status_changed")).items("events")[0]
    assert (event["entity_id"], event["created_by"]) == (made["id"], operator)
    assert crm.stand_in.counts()["by_route"].keys() == {"GET /api/v4/leads/{}", "GET /api/v4/events"}


async def test_people_make_and_edit_contacts(crm: Crm) -> None:
    made = (await control(crm, "POST", "users/0/contacts", {"name": "Петров"})).body
    assert (await control(crm, "PATCH", f"users/0/contacts/{made['id']}", {"name": "Петров Пётр"})).body == made

    assert (await crm.get(f"contacts/{made['id']}")).body["name"] == "Петров Пётр"
    assert (await crm.get("contacts?query=пётр")).status == 200


@pytest.mark.parametrize("api_only", [True, False])
async def test_people_cannot_edit_what_only_the_api_may(crm: Crm, api_only: bool) -> None:
    operator = max(crm.stand_in.account.users)
    field = await crm.field("leads", "text", is_api_only=api_only)
    lead = await crm.lead()
    edit: Json = {"custom_fields_values": [{"field_id": field["id"], "values": [{"value": "рукой"}]}]}

    said = await control(crm, "PATCH", f"users/{operator}/leads/{lead}", edit)

    assert said.status == (400 if api_only else 200)
    assert (await crm.patch(f"leads/{lead}", edit)).status == 200


async def test_a_robot_that_computes_the_budget_leaves_its_mark(crm: Crm) -> None:
    lead = await crm.lead(price=1)

    async def mark() -> bool:
        found = (await crm.get(f"leads/{lead}?with=is_price_modified_by_robot")).body
        return bool(found["is_price_modified_by_robot"])

    await control(crm, "PATCH", f"users/0/leads/{lead}", {"price": 2})
    assert await mark()
    await control(crm, "PATCH", f"users/0/leads/{lead}", {"name": "имя"})
    assert await mark()
    await crm.patch(f"leads/{lead}", {"price": 3})
    assert not await mark()
