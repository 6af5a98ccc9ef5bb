"""What the account says of itself: settings, people, loss reasons, events."""

import dataclasses

import pytest

from demo.amocrm.stand_in import Options
from tests.demo.amocrm.conftest import Crm


async def test_the_account_says_more_when_asked(crm: Crm) -> None:
    plain = (await crm.get("account")).body
    more = (
        await crm.get("account?with=is_api_filter_enabled,users_groups,task_types,datetime_settings,version,amojo_id")
    ).body

    assert plain.keys() >= {"id", "name", "subdomain", "current_user_id", "country", "customers_mode", "is_unsorted_on",
                            "is_loss_reason_enabled", "is_technical_account", "contact_name_display_order", "uuid"}  # fmt: skip
    assert "is_api_filter_enabled" not in plain
    assert "_embedded" not in plain
    assert more["is_api_filter_enabled"] is False
    assert [kind["id"] for kind in more["_embedded"]["task_types"]] == [1, 2]
    assert more["_embedded"]["datetime_settings"]["timezone"] == "Europe/Moscow"
    assert (await crm.get("account?with=entity_names")).status == 400


async def test_users_are_listed_with_their_rights(crm: Crm) -> None:
    said = await crm.get("users?limit=2")

    assert [said.body[name] for name in ("_total_items", "_page", "_page_count")] == [3, 1, 2]
    user = said.items("users")[0]
    assert user.keys() == {"id", "name", "email", "lang", "rights", "_links", "_embedded"}
    assert user["rights"]["is_admin"]
    assert user["rights"]["leads"] == {"view": "A", "edit": "A", "add": "A", "delete": "A", "export": "A"}
    assert user["_embedded"].keys() == {"roles", "groups"}
    assert (await crm.get(f"users/{user['id']}")).body == user
    assert (await crm.get("users/1")).status == 404


async def test_loss_reasons_are_listed(crm: Crm) -> None:
    reasons = (await crm.get("leads/loss_reasons")).items("loss_reasons")

    assert "Дубль (IDENT)" in [reason["name"] for reason in reasons]
    assert reasons[0].keys() == {"id", "name", "sort", "created_at", "updated_at", "_links"}


async def test_events_come_last_first_and_are_filtered_whatever_was_paid(crm: Crm) -> None:
    lead = await crm.lead()
    crm.clocks.business += 100
    contact = await crm.contact()
    since = crm.clocks.business
    await crm.patch(f"leads/{lead}", {"status_id": crm.stages[1]})

    async def kinds(query: str) -> list[str]:
        said = await crm.get(f"events?{query}")
        return [event["type"] for event in said.items("events")] if said.status == 200 else []

    assert await kinds("") == ["lead_status_changed", "contact_added", "lead_added"]
    assert await kinds(f"filter[created_at][from]={since}") == ["lead_status_changed", "contact_added"]
    assert await kinds(f"filter[created_at][to]={since - 1}") == ["lead_added"]
    assert await kinds("filter[type][]=lead_added&filter[type][]=contact_added") == ["contact_added", "lead_added"]
    assert await kinds(f"filter[entity][]=contact&filter[entity_id][]={contact}") == ["contact_added"]
    assert await kinds(f"filter[entity]=contact&filter[entity_id]={contact}&filter[created_at]={since}") == [
        "contact_added"
    ]
    assert await kinds("filter[created_by][]=0") == []
    event = (await crm.get("events?limit=1")).items("events")[0]
    assert len(event["id"]) == 26
    assert event["_embedded"]["entity"]["id"] == lead


@pytest.mark.parametrize(
    "query",
    [
        "limit=101",
        "filter[type][]=lead_restored",
        "filter[type][]=incoming_chat_message",
        "filter[entity_id][]=1",
        "filter[entity][]=leads",
        "filter[created_by][]=me",
        "&".join(["filter[entity][]=lead", *(f"filter[entity_id][]={n}" for n in range(11))]),
    ],
)
async def test_events_that_are_not_documented_or_not_recorded_are_refused(crm: Crm, query: str) -> None:
    assert (await crm.get(f"events?{query}")).status == 400


async def test_notes_tasks_and_links_are_events_as_well(crm: Crm) -> None:
    contact = await crm.contact()
    lead = await crm.lead(_embedded={"contacts": [{"id": contact}]})
    [note] = (await crm.post(f"leads/{lead}/notes", [{"note_type": "common", "params": {"text": "ждёт"}}])).items(
        "notes"
    )
    [task] = (await crm.post("tasks", [{"text": "Перезвонить", "complete_till": 1}])).items("tasks")
    await crm.patch(f"tasks/{task['id']}", {"is_completed": True})
    await crm.patch(f"tasks/{task['id']}", {"is_completed": True})
    await crm.post(f"leads/{lead}/unlink", [{"to_entity_id": contact, "to_entity_type": "contacts"}])

    found = [
        (event["type"], event["entity_type"], event["entity_id"], event["value_before"], event["value_after"])
        for event in reversed((await crm.get("events")).items("events"))
    ]

    to_lead = [{"link": {"entity": {"type": "lead", "id": lead}}}]
    to_contact = [{"link": {"entity": {"type": "contact", "id": contact}}}]
    assert found == [
        ("contact_added", "contact", contact, [], []),
        ("lead_added", "lead", lead, [], []),
        ("contact_linked", "lead", lead, [], to_contact),
        ("lead_linked", "contact", contact, [], to_lead),
        ("common_note_added", "lead", lead, [], [{"note": {"id": note["id"]}}]),
        ("task_added", "task", task["id"], [], []),
        ("task_completed", "task", task["id"], [], []),
        ("contact_unlinked", "lead", lead, to_contact, []),
        ("lead_unlinked", "contact", contact, to_lead, []),
    ]
    [done] = (await crm.get("events?filter[entity]=task&filter[type]=task_completed")).items("events")
    assert done["_embedded"]["entity"]["_links"]["self"]["href"].endswith(f"/api/v4/tasks/{task['id']}")


async def test_every_type_that_is_named_may_be_asked_for(crm: Crm) -> None:
    types = (await crm.get("events/types")).items("events_types")

    assert len({one["key"] for one in types}) == len({one["type"] for one in types}) == len(types)
    assert all(one["lang"] for one in types)
    for one in types:
        assert (await crm.get(f"events?filter[type][]={one['key']}")).status == 204, one


@pytest.mark.parametrize("options", [dataclasses.replace(Options(), filters=True)], ids=["paid"])
async def test_the_account_says_that_filters_work(crm: Crm) -> None:
    assert (await crm.get("account?with=is_api_filter_enabled")).body["is_api_filter_enabled"] is True


async def test_tags_are_made_counted_and_found(crm: Crm) -> None:
    said = await crm.post("leads/tags", [{"name": "Опт", "request_id": "a"}, {"name": "розница"}])

    [first, second] = said.items("tags")
    assert said.body["_total_items"] == 2
    assert first == {"id": first["id"], "name": "Опт", "color": None, "request_id": "a"}
    for query, wanted in (
        ("query=опт", [first]),
        ("filter[name]=Опт", [first]),
        ("filter[name]=опт", []),
        (f"filter[id]={second['id']}", [second]),
        (f"filter[id][]={first['id']}&filter[id][]={second['id']}", [first, second]),
    ):
        found = await crm.get(f"leads/tags?{query}")
        ids = [tag["id"] for tag in found.items("tags")] if found.status == 200 else []
        assert ids == [tag["id"] for tag in wanted], query
    assert (await crm.get("companies/tags")).status == 204
