"""Tasks: as they look, by which filters they are found, and how they are completed."""

from typing import Any

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import BUSINESS, Crm

TILL = BUSINESS + 3600


async def task(crm: Crm, **body: Any) -> int:
    """A new task's id."""
    said = await crm.post("tasks", [{"text": "Перезвонить", "complete_till": TILL, **body}])
    assert said.status == 200, said.text
    task_id: int = said.items("tasks")[0]["id"]
    return task_id


async def found(crm: Crm, query: str) -> list[int]:
    said = await crm.get(f"tasks?{query}")
    return [one["id"] for one in said.items("tasks")] if said.status == 200 else []


async def test_a_task_looks_as_documented(crm: Crm) -> None:
    lead = await crm.lead()
    admin = next(iter(crm.stand_in.account.users))

    made = await task(crm, entity_type="leads", entity_id=lead, request_id="t")

    assert (await crm.get(f"tasks/{made}")).body == {
        "id": made,
        "created_by": admin,
        "updated_by": admin,
        "created_at": BUSINESS,
        "updated_at": BUSINESS,
        "responsible_user_id": admin,
        "group_id": 0,
        "entity_id": lead,
        "entity_type": "leads",
        "duration": 0,
        "is_completed": False,
        "task_type_id": 1,
        "text": "Перезвонить",
        "result": [],
        "complete_till": TILL,
        "account_id": crm.stand_in.account.id,
        "_links": {"self": {"href": f"{crm.url}/api/v4/tasks/{made}"}},
    }
    assert (await crm.get("tasks/1")).status == 204


async def test_a_task_is_completed_with_a_result(crm: Crm) -> None:
    first, second = await task(crm), await task(crm)
    crm.clocks.business += 60

    one = await crm.patch(f"tasks/{first}", {"is_completed": True, "result": {"text": "Дозвонились"}})
    many = await crm.patch("tasks", [{"id": second, "is_completed": True, "request_id": "c"}])

    link = {"self": {"href": f"{crm.url}/api/v4/tasks/{first}"}}
    assert one.body == {"id": first, "updated_at": BUSINESS + 60, "request_id": "0", "_links": link}
    assert [item["request_id"] for item in many.items("tasks")] == ["c"]
    assert (await crm.get(f"tasks/{first}")).body["result"] == {"text": "Дозвонились"}
    assert (await crm.get(f"tasks/{second}")).body["result"] == []


async def test_a_card_says_when_its_next_open_task_is_due(crm: Crm) -> None:
    lead, contact = await crm.lead(), await crm.contact()
    later = await task(crm, entity_type="leads", entity_id=lead)
    sooner = await task(crm, entity_type="leads", entity_id=lead, complete_till=TILL - 60)

    async def due(path: str) -> int | None:
        at: int | None = (await crm.get(path)).body["closest_task_at"]
        return at

    assert await due(f"leads/{lead}") == TILL - 60
    await crm.patch(f"tasks/{sooner}", {"is_completed": True})
    assert await due(f"leads/{lead}") == TILL
    await crm.patch(f"tasks/{later}", {"entity_type": "contacts", "entity_id": contact})
    assert (await due(f"leads/{lead}"), await due(f"contacts/{contact}")) == (None, TILL)


async def test_filters_of_tasks_are_no_paid_option(crm: Crm) -> None:
    lead = await crm.lead()
    operator = list(crm.stand_in.account.users)[1]
    plain = await task(crm, is_completed=True)
    crm.clocks.business += 60
    meeting = await task(crm, task_type_id=2, entity_type="leads", entity_id=lead, responsible_user_id=operator)

    assert crm.stand_in.account.filters is False
    for query, wanted in {
        "filter[is_completed]=1": [plain],
        "filter[is_completed]=0": [meeting],
        "filter[task_type]=2": [meeting],
        "filter[task_type_id][]=2&filter[task_type]=1": [plain, meeting],
        f"filter[entity_type]=leads&filter[entity_id][0]={lead}": [meeting],
        "filter[entity_type]=contacts": [],
        f"filter[responsible_user_id]={operator}": [meeting],
        f"filter[id][]={plain}&filter[id][]=1": [plain],
        f"filter[updated_at]={BUSINESS + 1}": [meeting],
        f"filter[updated_at][from]={BUSINESS}&filter[updated_at][to]={BUSINESS + 1}": [plain],
        "order[id]=desc": [meeting, plain],
        "limit=1&page=2": [meeting],
    }.items():
        assert await found(crm, query) == wanted, query


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("filter[entity_id]=1", "filter[entity_type]"),
        ("filter[is_completed]=yes", "filter[is_completed]"),
        ("filter[entity_type]=lead", "filter[entity_type]"),
        ("filter[id]=one", "filter[id]"),
        ("filter[text]=a", "filter[text]"),
        ("query=a", "query"),
        ("order[updated_at]=asc", "order[updated_at]"),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(crm: Crm, query: str, path: str) -> None:
    assert (await crm.get(f"tasks?{query}")).status == 400
    assert [error["path"] for error in crm.stand_in.refused[-1]["errors"]] == [path]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text": ""}, ("NotBlank", "text")),
        ({"complete_till": "завтра"}, ("InvalidType", "complete_till")),
        ({"task_type_id": 3}, ("NotSupportedChoice", "task_type_id")),
        ({"entity_id": 1}, ("FieldMissing", "entity_type")),
        ({"entity_type": "leads"}, ("FieldMissing", "entity_id")),
        ({"entity_type": "leads", "entity_id": 1}, ("NotSupportedChoice", "entity_id")),
        ({"responsible_user_id": 0}, ("NotSupportedChoice", "responsible_user_id")),
        ({"created_by": 1}, ("NotSupportedChoice", "created_by")),
        ({"result": {"text": "рано"}}, ("NotExpected", "result")),
        ({"is_completed": True, "result": []}, ("InvalidType", "result")),
    ],
)
async def test_a_wrong_task_is_refused_by_key(crm: Crm, changes: Json, problem: tuple[str, str]) -> None:
    said = await crm.post("tasks", [{"text": "Перезвонить", "complete_till": TILL, **changes}])

    assert said.problems() == [problem]
    assert crm.stand_in.account.tasks == {}


async def test_a_task_needs_text_and_time(crm: Crm) -> None:
    assert (await crm.post("tasks", [{}])).problems() == [("FieldMissing", "text"), ("FieldMissing", "complete_till")]
    assert (await crm.patch("tasks", [{"is_completed": True}])).problems() == [("FieldMissing", "id")]
    assert (await crm.patch("tasks/1", {})).problems() == [("NotSupportedChoice", "id")]


async def test_who_sees_only_the_own_sees_own_tasks(crm: Crm) -> None:
    account = crm.stand_in.account
    admin, operator = list(account.users)[:2]
    account.users[operator].view = "M"
    own, others = await task(crm, responsible_user_id=operator), await task(crm)

    said = await crm.ask("GET", "tasks", X_Context_User_ID=str(operator))

    assert [one["id"] for one in said.items("tasks")] == [own]
    assert (await crm.ask("GET", f"tasks/{others}", X_Context_User_ID=str(operator))).status == 204
    assert (await crm.ask("GET", f"tasks/{others}", X_Context_User_ID=str(admin))).status == 200
