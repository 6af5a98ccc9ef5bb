"""«Неразобранное»: what a form brought is nowhere until somebody takes it."""

from pathlib import Path

import pytest

from demo.amocrm.model import Json
from demo.amocrm.saved import Keeper
from demo.amocrm.stand_in import StandIn
from tests.demo.amocrm.conftest import Crm, phone
from tests.demo.amocrm.furnished import CALL, FORM

PHONE = "+79990000042"


async def waiting(crm: Crm, **brought: list[Json]) -> Json:
    """A form that came; by default with a deal and a new contact."""
    contact = {"first_name": "Анна", "last_name": "Фомина", "custom_fields_values": [phone(PHONE)]}
    embedded = brought or {"leads": [{"name": "Заявка с сайта", "price": 500}], "contacts": [contact]}
    said = await crm.post("leads/unsorted/forms", [{**FORM, "_embedded": embedded}])
    assert said.status == 200, said.text
    return said.items("unsorted")[0]


def ids(one: Json) -> tuple[int, int]:
    return one["_embedded"]["leads"][0]["id"], one["_embedded"]["contacts"][0]["id"]


async def test_what_waits_is_found_nowhere_until_it_is_taken(crm: Crm) -> None:
    one = await waiting(crm)
    lead, contact = ids(one)
    for path in (
        "leads",
        "contacts",
        f"leads/{lead}",
        f"contacts/{contact}",
        f"contacts?query={PHONE[-10:]}",
        "events",
    ):
        assert (await crm.get(path)).status == 204, path
    assert (await crm.patch(f"leads/{lead}", {"price": 1})).status == 400

    operator = max(crm.stand_in.account.users)
    said = await crm.post(f"leads/unsorted/{one['uid']}/accept", {"user_id": operator, "status_id": crm.stages[1]})

    assert (said.status, said.body["category"], ids(said.body)) == (200, "forms", (lead, contact))
    deal = (await crm.get(f"leads/{lead}?with=contacts")).body
    assert (deal["name"], deal["price"], deal["status_id"]) == ("Заявка с сайта", 500, crm.stages[1])
    assert (deal["responsible_user_id"], deal["created_by"]) == (operator, operator)
    assert [one["id"] for one in deal["_embedded"]["contacts"]] == [contact]
    found = (await crm.get(f"contacts?query={PHONE[-10:]}")).items("contacts")
    assert [one["id"] for one in found] == [contact]
    assert (await crm.get("leads/unsorted")).status == 204
    assert (await crm.post(f"leads/unsorted/{one['uid']}/accept", {})).status == 404


async def test_what_is_declined_never_was_and_its_ids_are_not_given_again(crm: Crm) -> None:
    one = await waiting(crm)
    lead, contact = ids(one)

    assert (await crm.ask("DELETE", f"leads/unsorted/{one['uid']}/decline", {})).status == 200

    assert await crm.lead() > lead
    assert await crm.contact() > contact
    assert (await crm.get(f"leads/{lead}")).status == 204
    assert (await crm.get(f"leads/unsorted/{one['uid']}")).status == 404


async def test_what_is_taken_later_keeps_the_ids_of_its_beginning(crm: Crm) -> None:
    one = await waiting(crm)
    later = await crm.lead()

    await crm.post(f"leads/unsorted/{one['uid']}/accept", {})

    assert ids(one)[0] < later
    assert await crm.lead() == later + 1
    assert crm.stand_in.account.leads[ids(one)[0]].status_id == crm.stages[0]


async def test_what_waits_outlives_a_restart(crm: Crm, tmp_path: Path) -> None:
    one = await waiting(crm)
    Keeper(crm.stand_in, tmp_path / "account.json").step(ended=True)

    reborn = StandIn()
    assert Keeper(reborn, tmp_path / "account.json").restore()

    assert reborn.account.unsorted == crm.stand_in.account.unsorted
    assert list(reborn.account.unsorted) == [one["uid"]]


async def test_a_form_may_come_with_a_contact_that_is_known(crm: Crm) -> None:
    contact = await crm.contact(name="Петров Пётр")

    one = await waiting(crm, leads=[{}], contacts=[{"id": contact}])
    await crm.post(f"leads/unsorted/{one['uid']}/accept", {})

    assert ids(one)[1] == contact
    assert crm.stand_in.account.contacts[contact].leads == [ids(one)[0]]


async def test_the_list_looks_as_documented_and_is_filtered(crm: Crm) -> None:
    one = await waiting(crm)

    [listed] = (await crm.get("leads/unsorted")).items("unsorted")

    assert listed == (await crm.get(f"leads/unsorted/{one['uid']}")).body
    assert listed.keys() >= {"uid", "source_uid", "source_name", "category", "pipeline_id", "created_at", "metadata"}
    assert (listed["pipeline_id"], listed["category"]) == (crm.pipeline, "forms")
    for query, status in (
        (f"filter[uid]={one['uid']}", 200),
        (f"filter[uid][]={one['uid']}&filter[category][]=forms", 200),
        ("filter[uid]=other", 204),
        ("filter[category][]=sip", 204),
        (f"filter[pipeline_id]={crm.pipeline}", 200),
        ("filter[pipeline_id]=1", 204),
        ("filter[category][]=letters", 400),
        ("order[created_at]=desc", 200),
        ("order[updated_at]=desc", 400),
    ):
        assert (await crm.get(f"leads/unsorted?{query}")).status == status, query


@pytest.mark.parametrize("needed", [True, False])
async def test_a_call_waits_like_a_form_and_the_deal_is_told_of_it_where_asked_for(crm: Crm, needed: bool) -> None:
    said = await crm.post(
        "leads/unsorted/sip",
        [
            {
                "source_name": "Номер",
                "source_uid": "call-1",
                "metadata": {**CALL, "is_call_event_needed": needed},
                "_embedded": {"leads": [{"name": "Звонок"}], "contacts": [{"name": "Без имени"}]},
            }
        ],
    )
    [one] = said.items("unsorted")
    [listed] = (await crm.get("leads/unsorted?filter[category][]=sip")).items("unsorted")
    assert (listed["uid"], listed["category"], listed["metadata"]) == (one["uid"], "sip", CALL)

    taken = await crm.post(f"leads/unsorted/{one['uid']}/accept", {})

    assert (taken.body["category"], ids(taken.body)) == ("sip", ids(one))
    told = await crm.get(f"leads/{ids(one)[0]}/notes")
    calls = [note["params"] for note in told.items("notes")] if told.status == 200 else []
    known = {name: CALL[name] for name in ("uniq", "duration", "link", "phone")}
    assert calls == ([{**known, "source": CALL["service_code"], "call_responsible": ""}] if needed else [])


async def test_the_summary_counts_what_came_whether_it_waits_or_not(crm: Crm, tmp_path: Path) -> None:
    forms = [{**FORM, "source_uid": f"form-{number}"} for number in range(4)]
    first, second, third, _ = (await crm.post("leads/unsorted/forms", forms)).items("unsorted")
    since = crm.clocks.business + 1
    crm.clocks.business += 60
    await crm.post(f"leads/unsorted/{first['uid']}/accept", {})
    await crm.post(f"leads/unsorted/{second['uid']}/accept", {})
    crm.clocks.business += 120
    await crm.ask("DELETE", f"leads/unsorted/{third['uid']}/decline", {})
    await crm.post("leads/unsorted/sip", [{"source_name": "Номер", "source_uid": "call-1", "metadata": CALL}])

    def counts(body: Json) -> list[int]:
        kinds = [body["categories"][kind]["total"] for kind in ("sip", "mail", "forms", "chats")]
        return [*(body[name] for name in ("total", "accepted", "declined", "average_sort_time")), *kinds]

    async def told(query: str) -> list[int]:
        return counts((await crm.get(f"leads/unsorted/summary?{query}")).body)

    assert await told("") == [5, 2, 1, 100, 1, 0, 4, 0]
    assert await told(f"filter[created_at][from]={since}") == [1, 0, 0, 0, 1, 0, 0, 0]
    assert await told(f"filter[uid][]={first['uid']}&filter[uid][]={third['uid']}") == [2, 1, 1, 120, 0, 0, 2, 0]
    assert await told("filter[pipeline_id]=1") == [0] * 8
    Keeper(crm.stand_in, tmp_path / "account.json").step(ended=True)
    reborn = StandIn()
    Keeper(reborn, tmp_path / "account.json").restore()
    assert reborn.account.sorted_out == crm.stand_in.account.sorted_out


async def test_nothing_that_comes_by_the_api_may_be_linked_to_another_deal(crm: Crm) -> None:
    """The official library lets chats and letters only."""
    one = await waiting(crm)

    said = await crm.post(f"leads/unsorted/{one['uid']}/link", {"link": {"entity_id": 1, "entity_type": "leads"}})

    assert said.status == 404


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source_uid": "form-1"}, ("Duplicate", "source_uid")),
        ({"pipeline_id": 1}, ("NotSupportedChoice", "pipeline_id")),
        ({"metadata": {"form_id": "1"}}, ("FieldMissing", "metadata.form_name")),
        ({"_embedded": {"leads": [{"surprise": 1}]}}, ("NotExpected", "_embedded.leads.0.surprise")),
        ({"_embedded": {"leads": [{}, {}]}}, ("TooMany", "_embedded.leads")),
    ],
)
async def test_a_form_that_is_wrong_or_there_already_is_refused(
    crm: Crm, change: Json, problem: tuple[str, str]
) -> None:
    await waiting(crm)

    said = await crm.post("leads/unsorted/forms", [{**FORM, "source_uid": "form-2", **change}])

    assert said.status == 400
    assert problem in said.problems()
    assert len(crm.stand_in.account.unsorted) == 1


@pytest.mark.parametrize(("body", "path"), [({"user_id": 1}, "user_id"), ({"status_id": 1}, "status_id")])
async def test_nothing_is_taken_for_nobody_or_to_nowhere(crm: Crm, body: Json, path: str) -> None:
    one = await waiting(crm)

    said = await crm.post(f"leads/unsorted/{one['uid']}/accept", body)

    assert said.problems() == [("NotSupportedChoice", path)]
    assert (await crm.get("leads/unsorted")).status == 200
