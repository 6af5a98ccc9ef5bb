"""Leads: their shape, how they are created and changed, and where they may stand."""

from typing import Any

import pytest

from demo.amocrm.model import LOST, WON, Json
from tests.demo.amocrm.conftest import BUSINESS, Crm


async def one(crm: Crm, lead_id: int, with_: str = "") -> Json:
    said = await crm.get(f"leads/{lead_id}{f'?with={with_}' if with_ else ''}")
    assert said.status == 200
    found: Json = said.body
    return found


async def test_a_new_lead_looks_as_documented(crm: Crm) -> None:
    admin = next(iter(crm.stand_in.account.users))
    said = await crm.post("leads", [{"name": "Петров Пётр", "price": 12}])

    made = said.items("leads")[0]
    link = {"self": {"href": f"{crm.url}/api/v4/leads/{made['id']}"}}
    assert (said.status, said.type) == (200, "application/hal+json")
    assert made == {"id": made["id"], "request_id": "0", "_links": link}
    assert said.body["_links"] == {"self": {"href": f"{crm.url}/api/v4/leads"}}
    assert await one(crm, made["id"]) == {
        "id": made["id"],
        "name": "Петров Пётр",
        "price": 12,
        "responsible_user_id": admin,
        "group_id": 0,
        "status_id": crm.stages[0],
        "pipeline_id": crm.pipeline,
        "loss_reason_id": None,
        "created_by": admin,
        "updated_by": admin,
        "created_at": BUSINESS,
        "updated_at": BUSINESS,
        "closed_at": None,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "score": None,
        "account_id": crm.stand_in.account.id,
        "labor_cost": None,
        "_links": link,
        "_embedded": {"tags": [], "companies": []},
    }


async def test_embedded_parts_come_only_when_asked_for(crm: Crm) -> None:
    contact = await crm.contact(name="Петров Пётр")
    reason = next(iter(crm.stand_in.account.loss_reasons))
    lead_id = await crm.lead(
        status_id=LOST, pipeline_id=crm.pipeline, loss_reason_id=reason, _embedded={"contacts": [{"id": contact}]}
    )
    link = {"self": {"href": f"{crm.url}/api/v4/contacts/{contact}"}}

    assert (await one(crm, lead_id))["_embedded"] == {"tags": [], "companies": []}
    lead = await one(crm, lead_id, "contacts,loss_reason,catalog_elements,is_price_modified_by_robot,source_id")
    assert lead["_embedded"]["contacts"] == [{"id": contact, "is_main": True, "_links": link}]
    assert [found["id"] for found in lead["_embedded"]["loss_reason"]] == [reason]
    assert lead["_embedded"]["catalog_elements"] == []
    assert (lead["is_price_modified_by_robot"], lead["source_id"]) == (False, None)


async def test_request_ids_are_echoed_or_positional(crm: Crm) -> None:
    said = await crm.post("leads", [{}, {"request_id": "mine"}, {}])

    assert [item["request_id"] for item in said.items("leads")] == ["0", "mine", "2"]


async def test_what_is_not_there_is_204_without_a_body(crm: Crm) -> None:
    for path in ("leads", "leads/10000001", "contacts", "contacts/20000001", "leads/tags", "leads/notes"):
        said = await crm.get(path)
        assert (said.status, said.text) == (204, "")


async def test_pages_are_followed_by_links(crm: Crm) -> None:
    await crm.post("leads", [{"name": str(number)} for number in range(5)])

    first = await crm.get("leads?limit=2&order[created_at]=desc&with=contacts")
    names, pages, said = [], 0, first
    while True:
        pages += 1
        names += [lead["name"] for lead in said.items("leads")]
        if "next" not in said.body["_links"]:
            break
        said = await crm.get(said.body["_links"]["next"]["href"].removeprefix(crm.url))

    assert (pages, names) == (3, ["4", "3", "2", "1", "0"])
    assert first.body["_page"] == 1
    assert first.body["_links"].keys() == {"self", "next"}
    assert said.body["_links"].keys() == {"self", "first", "prev"}
    assert (await crm.get("leads?page=4&limit=2")).status == 204


async def test_lists_are_ordered_as_asked(crm: Crm) -> None:
    ids = []
    for moment in (30, 10, 20):
        crm.clocks.business = BUSINESS + moment
        ids.append(await crm.lead())
    crm.clocks.business = BUSINESS + 40
    await crm.patch(f"leads/{ids[1]}", {"price": 1})

    async def order(query: str) -> list[int]:
        return [ids.index(lead["id"]) for lead in (await crm.get(f"leads?{query}")).items("leads")]

    assert await order("order[created_at]=desc") == [0, 2, 1]
    assert await order("order[created_at]=asc") == [1, 2, 0]
    assert await order("order[updated_at]=desc") == [1, 0, 2]
    assert await order("order[id]=desc") == [2, 1, 0]


async def test_a_patch_answers_with_id_time_and_link(crm: Crm) -> None:
    lead_id = await crm.lead(name="Старое")
    crm.clocks.business += 60

    said = await crm.patch("leads", [{"id": lead_id, "name": "Новое", "updated_by": 0}])

    link = {"self": {"href": f"{crm.url}/api/v4/leads/{lead_id}"}}
    assert said.items("leads") == [{"id": lead_id, "updated_at": BUSINESS + 60, "_links": link}]
    lead = await one(crm, lead_id)
    assert (lead["name"], lead["updated_by"], lead["updated_at"]) == ("Новое", 0, BUSINESS + 60)
    alone = await crm.patch(f"leads/{lead_id}", {"price": 5})
    assert alone.body["id"] == lead_id
    assert (await one(crm, lead_id))["updated_by"] != 0


async def test_a_patch_changes_only_what_it_names(crm: Crm) -> None:
    text, numeric = await crm.field("leads", "text"), await crm.field("leads", "numeric")
    values = [
        {"field_id": text["id"], "values": [{"value": "Иванова"}]},
        {"field_id": numeric["id"], "values": [{"value": "100"}]},
    ]
    lead_id = await crm.lead(name="Сделка", price=7, custom_fields_values=values)

    await crm.patch(f"leads/{lead_id}", {"custom_fields_values": [{"field_id": numeric["id"], "values": None}]})

    lead = await one(crm, lead_id)
    assert (lead["name"], lead["price"]) == ("Сделка", 7)
    assert [value["field_id"] for value in lead["custom_fields_values"]] == [text["id"]]
    await crm.patch(f"leads/{lead_id}", {"custom_fields_values": [{"field_id": text["id"], "values": None}]})
    assert (await one(crm, lead_id))["custom_fields_values"] is None


async def test_tags_are_added_taken_away_or_replaced(crm: Crm) -> None:
    lead_id = await crm.lead(tags_to_add=[{"name": "IDENT"}], _embedded={"tags": [{"name": "первая"}]})

    async def tags(**body: Any) -> list[str]:
        assert (await crm.patch(f"leads/{lead_id}", body)).status == 200
        return [tag["name"] for tag in (await one(crm, lead_id))["_embedded"]["tags"]]

    assert await tags() == ["первая", "IDENT"]
    assert await tags(tags_to_add=[{"name": "вторая"}], tags_to_delete=[{"name": "первая"}]) == ["IDENT", "вторая"]
    assert await tags(_embedded={"tags": [{"name": "третья"}]}) == ["третья"]
    known = crm.stand_in.account.tag_named("leads", "IDENT").id
    assert await tags(tags_to_add=[{"id": known}]) == ["третья", "IDENT"]
    assert await tags(_embedded={"tags": None}) == []
    assert (await crm.patch(f"leads/{lead_id}", {"tags_to_add": [{"id": 1}]})).problems() == [
        ("NotSupportedChoice", "tags_to_add.0.id")
    ]
    assert [tag["name"] for tag in (await crm.get("leads/tags")).items("tags")] == [
        "первая",
        "IDENT",
        "вторая",
        "третья",
    ]


async def second_pipeline(crm: Crm) -> tuple[int, int]:
    stage = {"name": "Записан", "sort": 20, "color": "#98cbff"}
    body = {
        "name": "Повторные",
        "sort": 2,
        "is_main": False,
        "is_unsorted_on": True,
        "_embedded": {"statuses": [stage]},
    }
    made = (await crm.post("leads/pipelines", [body])).items("pipelines")[0]
    return made["id"], next(s["id"] for s in made["_embedded"]["statuses"] if s["name"] == "Записан")


@pytest.mark.parametrize(
    ("body", "stands"),
    [
        ({}, "first of main"),
        ({"status_id": "second"}, "second of main"),
        ({"pipeline_id": "other"}, "other"),
        ({"status_id": "other's"}, "other"),
        ({"status_id": "other's", "pipeline_id": "other"}, "other"),
        ({"status_id": WON, "pipeline_id": "other"}, "won"),
        ({"status_id": WON}, "status_id"),
        ({"status_id": "other's", "pipeline_id": "main"}, "status_id"),
        ({"status_id": "unsorted"}, "status_id"),
        ({"pipeline_id": 1}, "pipeline_id"),
        ({"status_id": 1}, "status_id"),
    ],
)
async def test_a_new_lead_stands_in_a_stage_of_its_pipeline(crm: Crm, body: Json, stands: str) -> None:
    names, stages = await places(crm)

    said = await crm.post("leads", [{key: names.get(value, value) for key, value in body.items()}])

    if said.status == 200:
        lead = await one(crm, said.items("leads")[0]["id"])
        assert (lead["pipeline_id"], lead["status_id"]) == stages[stands]
    else:
        assert said.problems() == [("NotSupportedChoice", stands)]


@pytest.mark.parametrize(
    ("body", "stands"),
    [
        ({"status_id": "second"}, "second of main"),
        ({"status_id": "second", "pipeline_id": "main"}, "second of main"),
        ({"status_id": "other's", "pipeline_id": "other"}, "other"),
        ({"status_id": WON, "pipeline_id": "main"}, "won in main"),
        ({"pipeline_id": "main"}, "first of main"),
        ({"status_id": "other's"}, "status_id"),
        ({"pipeline_id": "other"}, "status_id"),
        ({"status_id": LOST}, "status_id"),
        ({"status_id": "second", "pipeline_id": "other"}, "status_id"),
        ({"status_id": "unsorted", "pipeline_id": "main"}, "status_id"),
    ],
)
async def test_a_lead_moves_to_a_stage_of_the_pipeline_that_it_names(crm: Crm, body: Json, stands: str) -> None:
    names, stages = await places(crm)
    lead_id = await crm.lead()

    said = await crm.patch(f"leads/{lead_id}", {key: names.get(value, value) for key, value in body.items()})

    lead = await one(crm, lead_id)
    if said.status == 200:
        assert (lead["pipeline_id"], lead["status_id"]) == stages[stands]
    else:
        assert [path for _, path in said.problems()] == [stands]
        assert (lead["pipeline_id"], lead["status_id"]) == stages["first of main"]


async def places(crm: Crm) -> tuple[dict[object, int], dict[str, tuple[int, int]]]:
    other, others = await second_pipeline(crm)
    first, second, *_ = crm.stages
    unsorted = next(s.id for s in crm.stand_in.account.main_pipeline().statuses.values() if s.type == 1)
    names: dict[object, int] = {
        "main": crm.pipeline,
        "other": other,
        "second": second,
        "other's": others,
        "unsorted": unsorted,
    }
    stages = {
        "first of main": (crm.pipeline, first),
        "second of main": (crm.pipeline, second),
        "other": (other, others),
        "won": (other, WON),
        "won in main": (crm.pipeline, WON),
    }
    return names, stages


async def test_closing_is_dated_and_reopening_forgets_the_date(crm: Crm) -> None:
    lead_id = await crm.lead()
    for status, expected in ((WON, 10), (LOST, 20), (crm.stages[0], None)):
        crm.clocks.business += 10
        said = await crm.patch(f"leads/{lead_id}", {"status_id": status, "pipeline_id": crm.pipeline})
        assert said.status == 200
        assert (await one(crm, lead_id))["closed_at"] == (expected and BUSINESS + expected)


async def test_a_closed_lead_does_not_change_its_pipeline_without_a_status(crm: Crm) -> None:
    other, _ = await second_pipeline(crm)
    lead_id = await crm.lead(status_id=WON, pipeline_id=crm.pipeline)

    assert (await crm.patch(f"leads/{lead_id}", {"pipeline_id": other})).problems() == [("FieldMissing", "status_id")]
    assert (await crm.patch(f"leads/{lead_id}", {"pipeline_id": other, "status_id": WON})).status == 200


async def test_a_loss_reason_goes_with_143_only(crm: Crm) -> None:
    reason = next(iter(crm.stand_in.account.loss_reasons))
    lead_id = await crm.lead()

    assert (await crm.patch(f"leads/{lead_id}", {"loss_reason_id": reason})).problems() == [
        ("NotSupportedChoice", "loss_reason_id")
    ]
    lost = {"status_id": LOST, "pipeline_id": crm.pipeline, "loss_reason_id": reason}
    assert (await crm.patch(f"leads/{lead_id}", lost)).status == 200
    assert (await crm.patch(f"leads/{lead_id}", {"loss_reason_id": 1})).status == 400
    assert (await crm.patch(f"leads/{lead_id}", {"loss_reason_id": None})).status == 200
    assert (await one(crm, lead_id))["loss_reason_id"] is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"price": "12"}, ("InvalidType", "price")),
        ({"price": 12.5}, ("InvalidType", "price")),
        ({"price": True}, ("InvalidType", "price")),
        ({"price": -1}, ("NotSupportedChoice", "price")),
        ({"name": None}, ("InvalidType", "name")),
        ({"responsible_user_id": 1}, ("NotSupportedChoice", "responsible_user_id")),
        ({"responsible_user_id": 0}, ("NotSupportedChoice", "responsible_user_id")),
        ({"created_by": 1}, ("NotSupportedChoice", "created_by")),
        ({"created_at": 1}, ("NotExpected", "created_at")),
        ({"custom_fields_values": None}, ("InvalidType", "custom_fields_values")),
        ({"_embedded": {"companies": [{"id": 1}]}}, ("NotSupportedChoice", "_embedded.companies.0.id")),
        ({"_embedded": {"contacts": [{"id": 1}]}}, ("NotSupportedChoice", "_embedded.contacts.0.id")),
        ({"_embedded": {"contacts": [{"is_main": True}]}}, ("FieldMissing", "_embedded.contacts.0.id")),
    ],
)
async def test_a_wrong_lead_is_refused_by_key(crm: Crm, body: Json, problem: tuple[str, str]) -> None:
    assert (await crm.post("leads", [body])).problems() == [problem]


async def test_a_batch_names_each_lead_once(crm: Crm) -> None:
    lead_id = await crm.lead()

    assert (await crm.patch("leads", [{"price": 1}])).problems() == [("FieldMissing", "id")]
    assert (await crm.patch("leads", [{"id": 1, "price": 1}])).problems() == [("NotSupportedChoice", "id")]
    twice = await crm.patch("leads", [{"id": lead_id, "price": 1}, {"id": lead_id, "price": 2}])
    assert twice.problems() == [("Duplicate", "id")]
    assert (await crm.patch("leads/1", {"price": 1})).problems() == [("NotSupportedChoice", "id")]
    assert (await crm.patch(f"leads/{lead_id}", {"id": lead_id + 1})).problems() == [("NotSupportedChoice", "id")]


async def test_a_move_is_an_event_and_other_changes_are_not(crm: Crm) -> None:
    lead_id = await crm.lead()
    before = {"lead_status": {"id": crm.stages[0], "pipeline_id": crm.pipeline}}
    after = {"lead_status": {"id": crm.stages[1], "pipeline_id": crm.pipeline}}
    await crm.patch(f"leads/{lead_id}", {"price": 1, "status_id": crm.stages[0]})
    await crm.patch(f"leads/{lead_id}", {"status_id": crm.stages[1], "updated_by": 0})

    events = (await crm.get("events?filter[type][]=lead_status_changed")).items("events")

    assert [(e["entity_id"], e["created_by"], e["value_before"], e["value_after"]) for e in events] == [
        (lead_id, 0, [before], [after])
    ]


async def test_a_lead_of_a_source_starts_in_its_pipeline_and_names_it_by_with(crm: Crm) -> None:
    stage = {"name": "Этап", "sort": 20, "color": "#fffeb2"}
    spare = {"name": "Сайт", "sort": 2, "is_main": False, "is_unsorted_on": False, "_embedded": {"statuses": [stage]}}
    [pipeline] = (await crm.post("leads/pipelines", [spare])).items("pipelines")
    body = {"name": "Сайт клиники", "external_id": "site", "pipeline_id": pipeline["id"]}
    [source] = (await crm.post("sources", [body])).items("sources")
    site = {"source": {"external_id": "site", "type": "widget"}}

    there, here, without = [
        (await crm.get(f"leads/{lead}?with=source,source_id")).body
        for lead in (
            await crm.lead(_embedded=site),
            await crm.lead(pipeline_id=crm.pipeline, _embedded=site),
            await crm.lead(),
        )
    ]

    assert [lead["pipeline_id"] for lead in (there, here, without)] == [pipeline["id"], crm.pipeline, crm.pipeline]
    named = {"id": source["id"], "name": "Сайт клиники"}
    assert [lead["_embedded"]["source"] for lead in (there, here, without)] == [named, named, None]
    assert [lead["source_id"] for lead in (there, here, without)] == [source["id"], source["id"], None]
    plain = (await crm.get(f"leads/{there['id']}")).body
    assert "source_id" not in plain
    assert "source" not in plain["_embedded"]
    said = await crm.post("leads", [{"_embedded": {"source": {"external_id": "other", "type": "widget"}}}])
    assert said.problems() == [("NotSupportedChoice", "_embedded.source.external_id")]
