"""What a change leaves of itself as events, how a card's feed tells it, and what people do at the pages with tasks and whole cards."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from demo.amocrm import desk, feed, hands, seed
from demo.amocrm.app import serving
from demo.amocrm.archive import unpacked
from demo.amocrm.model import Json
from demo.amocrm.stand_in import StandIn
from tests.demo.amocrm.conftest import BUSINESS, Clocks, Crm, phone
from tests.demo.amocrm.furnished import FORM
from tests.widget.archives import good, packed

STAFF = {
    "users": [
        {"name": "Своё", "email": "own@example.ru", "view": "M"},
        {"name": "Бесплатный", "email": "free@example.ru", "is_free": True},
    ]
}
DAY = 86_400


@pytest.fixture
def people(stand_in: StandIn, tmp_path: Path) -> list[int]:
    """Ids of: admin, two operators, one who sees the own cards, a free user."""
    (tmp_path / "seed.json").write_text(json.dumps(STAFF), "utf-8")
    seed.add(stand_in.account, tmp_path / "seed.json")
    return list(stand_in.account.users)


@pytest.fixture
async def crm(stand_in: StandIn, clocks: Clocks, tmp_path: Path, people: list[int]) -> AsyncIterator[Crm]:
    (tmp_path / "widget.zip").write_bytes(packed(good()))
    async with (
        serving(stand_in, widget=unpacked(tmp_path / "widget.zip")) as url,
        aiohttp.ClientSession() as session,
    ):
        yield Crm(session, url, stand_in.long_lived_token(url), stand_in, clocks)


async def at_page(crm: Crm, user_id: int, method: str, path: str, body: object = None) -> tuple[int, Json]:
    """A request of the pages of that user."""
    cookies, url = {desk.COOKIE: str(user_id)}, f"{crm.url}/_stand-in/pages/{path}"
    async with aiohttp.ClientSession(cookies=cookies) as session, session.request(method, url, json=body) as answer:
        return answer.status, await answer.json(content_type=None)


async def lines(crm: Crm, lead: int, user_id: int | None = None) -> list[Json]:
    """The feed of a deal, as its page shows it."""
    _, said = await at_page(crm, user_id or min(crm.stand_in.account.users), "GET", f"leads/{lead}")
    found: list[Json] = said["feed"]
    return found


# Events.


async def events(crm: Crm) -> list[Json]:
    said = (await crm.get("events")).items("events")
    return list(reversed(said))


async def test_each_field_that_changes_is_an_event_with_what_it_was(crm: Crm, people: list[int]) -> None:
    field = await crm.field("leads", "text")
    lead = await crm.lead(name="Имплант", price=100)
    text = {"field_id": field["id"], "values": [{"value": "синий"}]}
    await crm.patch(f"leads/{lead}", {"price": 250, "custom_fields_values": [text]})
    await crm.patch(f"leads/{lead}", {"name": "Коронка", "responsible_user_id": people[1], "price": 250})
    await crm.patch(
        f"leads/{lead}", {"custom_fields_values": [{"field_id": field["id"], "values": None}], "updated_by": 0}
    )

    _, sale, filled, name, responsible, cleared = await events(crm)
    kind = f"custom_field_{field['id']}_value_changed"
    value = {"custom_field_value": {"field_id": field["id"], "field_type": "text", "enum_id": None, "text": "синий"}}

    def told(event: Json) -> tuple[str, list[Json], list[Json]]:
        return event["type"], event["value_before"], event["value_after"]

    assert told(sale) == (
        "sale_field_changed",
        [{"sale_field_value": {"sale": 100}}],
        [{"sale_field_value": {"sale": 250}}],
    )
    assert told(filled) == (kind, [], [value])
    assert told(cleared) == (kind, [value], [])
    assert (name["type"], name["value_after"]) == ("name_field_changed", [{"name_field_value": {"name": "Коронка"}}])
    assert responsible["value_after"] == [{"responsible_user": {"id": people[1]}}]
    assert [one["created_by"] for one in (sale, cleared)] == [people[0], 0]


async def test_a_patch_that_changes_nothing_leaves_no_event(crm: Crm) -> None:
    lead = await crm.lead(name="Имплант", price=100)
    contact = await crm.contact(custom_fields_values=[phone("+79990000001")])
    before = len(await events(crm))

    await crm.patch(f"leads/{lead}", {"name": "Имплант", "price": 100})
    await crm.patch(f"contacts/{contact}", {"custom_fields_values": [phone("+79990000001")]})

    assert len(await events(crm)) == before


# The feed.


async def test_the_feed_tells_robots_integrations_and_people_apart(crm: Crm, people: list[int]) -> None:
    lead = hands.create_lead(crm.stand_in.account, people[1], {"name": "Имплант"}).id
    crm.stand_in.edit_lead(hands.ROBOT, lead, {"status_id": crm.stages[1]})
    await crm.patch(f"leads/{lead}", {"status_id": crm.stages[2], "updated_by": 0})
    await crm.post(f"leads/{lead}/notes", [{"note_type": "common", "params": {"text": "Записан"}}])
    await at_page(crm, people[2], "POST", f"leads/{lead}/notes", {"text": "Перезвонить"})

    told = [(line["type"], line["who"]["kind"], line["who"]["name"]) for line in await lines(crm, lead)]

    assert told == [
        ("lead_added", "person", "Белова Ольга"),
        ("lead_status_changed", "robot", "Робот"),
        ("lead_status_changed", "integration", "Робот"),
        ("common", "integration", "Орлова Анна"),
        ("common", "person", "Соколов Иван"),
    ]
    assert [line["after"]["name"] for line in await lines(crm, lead) if "after" in line] == [
        "Переговоры",
        "Принимают решение",
    ]


async def test_a_feed_is_as_long_as_one_looks_at_it_and_ends_with_what_is_to_be_done(
    crm: Crm, people: list[int]
) -> None:
    lead = hands.create_lead(crm.stand_in.account, people[1], {"name": "Имплант"}).id
    at = {"entity_type": "leads", "entity_id": lead}
    for days, text in ((2, "позже"), (1, "раньше"), (-1, "давно")):
        hands.create_task(crm.stand_in.account, people[1], {"text": text, "complete_till": BUSINESS + days * DAY, **at})
    for price in range(1, feed.MOST_LINES + 5):
        crm.stand_in.edit_lead(people[1], lead, {"price": price})

    told = await lines(crm, lead)

    assert [line["kind"] for line in told] == ["event"] * feed.MOST_LINES + ["task"] * 3
    assert [(line["text"], line["is_late"]) for line in told[-3:]] == [
        ("давно", True),
        ("раньше", False),
        ("позже", False),
    ]
    assert told[-4]["after"] == feed.MOST_LINES + 4


async def test_what_was_deleted_since_is_told_as_such(crm: Crm, people: list[int]) -> None:
    field, lead = await crm.field("leads", "text"), await crm.lead()
    await crm.patch(
        f"leads/{lead}", {"custom_fields_values": [{"field_id": field["id"], "values": [{"value": "синий"}]}]}
    )
    await crm.patch(f"leads/{lead}", {"status_id": crm.stages[1]})
    await crm.ask("DELETE", f"leads/custom_fields/{field['id']}")
    await crm.ask("DELETE", f"leads/pipelines/{crm.pipeline}/statuses/{crm.stages[1]}")

    told = await lines(crm, lead)

    assert [line["field"] for line in told if line["type"] == "field_changed"] == ["Удалённое поле"]
    assert [line["after"]["name"] for line in told if line["type"] == "lead_status_changed"][:1] == ["Удалённый этап"]


# What people do.


async def test_a_task_is_set_on_the_accounts_clock_and_finished_once_by_who_may(crm: Crm, people: list[int]) -> None:
    admin, operator, _, own, free = people
    lead = hands.create_lead(crm.stand_in.account, operator, {"name": "Имплант"}).id
    wanted = {"text": "Позвонить", "due": "2026-11-25T18:00", "responsible_user_id": operator, "task_type_id": 1}

    status, made = await at_page(crm, admin, "POST", f"leads/{lead}/tasks", wanted)
    task = crm.stand_in.account.tasks[made["id"]]
    assert (status, task.created_by, task.responsible_user_id) == (200, admin, operator)
    assert task.complete_till == 1_795_618_800, "15:00 in UTC"
    assert crm.stand_in.account.leads[lead].closest_task_at == task.complete_till
    for wrong in ({"due": "завтра"}, {"responsible_user_id": 1}, {"text": ""}, {"task_type_id": 9}):
        assert (await at_page(crm, admin, "POST", f"leads/{lead}/tasks", wanted | wrong))[0] == 400

    assert (await at_page(crm, own, "PATCH", f"tasks/{task.id}", {"result": "x"}))[0] == 404
    assert (await at_page(crm, free, "PATCH", f"tasks/{task.id}", {"result": "x"}))[0] == 403
    assert (await at_page(crm, own, "POST", f"leads/{lead}/tasks", wanted))[0] == 403
    assert (await at_page(crm, operator, "PATCH", f"tasks/{task.id}", {"result": "Придёт"}))[0] == 200
    assert (task.is_completed, task.result) == (True, "Придёт")
    assert crm.stand_in.account.leads[lead].closest_task_at is None


async def test_whoever_may_not_see_both_contacts_merges_none_and_deletes_no_deal(crm: Crm, people: list[int]) -> None:
    _, operator, _, own, free = people
    account = crm.stand_in.account
    theirs = hands.create_contact(account, operator, {"name": "Чужой"}).id
    mine = hands.create_contact(account, own, {"name": "Свой"}).id
    lead = hands.create_lead(account, operator, {"name": "Имплант"}).id

    for user in (own, free):
        assert (await at_page(crm, user, "POST", f"contacts/{mine}/merge", {"others": [theirs]}))[0] == 403
        assert (await at_page(crm, user, "DELETE", f"leads/{lead}"))[0] == 403
    assert (await at_page(crm, operator, "POST", f"contacts/{mine}/merge", {"others": [1]}))[0] == 404
    assert {mine, theirs} <= account.contacts.keys()
    assert lead in account.leads

    _, found = await at_page(crm, own, "GET", "contacts?query=ой")
    assert [one["id"] for one in found["contacts"]] == [mine], "only what this user may see"
    assert (await at_page(crm, operator, "POST", f"contacts/{mine}/merge", {"others": [theirs]}))[0] == 200
    assert (await at_page(crm, operator, "DELETE", f"leads/{lead}"))[0] == 200
    assert (await at_page(crm, operator, "GET", f"leads/{lead}"))[0] == 404


async def test_what_waits_is_taken_once_by_who_may_make_deals(crm: Crm, people: list[int]) -> None:
    _, operator, _, own, free = people
    account = crm.stand_in.account
    uid = hands.bring_form(account, {**FORM, "_embedded": {"contacts": [{"name": "Анна Фомина"}]}}).uid
    account.users[operator].view = "D"

    for user in (operator, free):
        assert (await at_page(crm, user, "POST", f"unsorted/{uid}/accept", {}))[0] == 403
    _, seen = await at_page(crm, operator, "GET", f"board/{crm.pipeline}")
    assert seen["unsorted"] == []
    _, seen = await at_page(crm, own, "GET", f"board/{crm.pipeline}")
    assert [(one["uid"], one["contact"]) for one in seen["unsorted"]] == [(uid, "Анна Фомина")]
    status, made = await at_page(crm, own, "POST", f"unsorted/{uid}/accept", {})
    assert (status, account.leads[made["id"]].responsible_user_id) == (200, own)
    for what in ("accept", "decline"):
        assert (await at_page(crm, own, "POST", f"unsorted/{uid}/{what}", {}))[0] == 404


async def test_the_tester_sees_all_that_is_broken_and_puts_it_right(crm: Crm, people: list[int]) -> None:
    async def control(method: str, path: str, body: object = None) -> Json:
        said = await crm.ask(method, f"/_stand-in/{path}", body, token="")
        assert said.status in (200, 204), said.text
        return said.body if said.status == 200 else {}

    lead = await crm.lead()
    calm = await control("GET", "trouble")
    assert calm.pop("routes") == ["POST /api/v4/leads"]
    await control("POST", "faults", {"route": "*", "kind": "500", "count": 2})
    await control("POST", "between", {"user_id": 0, "lead_id": lead, "body": {"price": 5}})
    await control("POST", "limits", {"others": 40})
    await control("POST", "webhooks", {"lose": 1})
    await control("POST", "index-delay", {"seconds": 30})
    await control("POST", "mode", {"mode": "blocked"})

    broken = await control("GET", "trouble")
    assert (broken["mode"], broken["limits"]["others"], broken["post"]["lose"]) == ("blocked", 40, 1)
    assert (len(broken["faults"]), broken["between"], broken["index_delay"]) == (
        1,
        [{"lead_id": lead, "user_id": 0}],
        30,
    )

    await control("POST", "calm", {})
    mended = await control("GET", "trouble")
    mended.pop("routes")
    assert mended == calm
    assert (await crm.get(f"leads/{lead}")).status == 200
