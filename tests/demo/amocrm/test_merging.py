"""What people do to whole cards, and what a client then sees: deals in the bin, contacts that became one."""

from pathlib import Path

import pytest

from demo.amocrm.automation import Webhook
from demo.amocrm.errors import Refused
from demo.amocrm.model import Json
from demo.amocrm.saved import Keeper
from demo.amocrm.stand_in import Options, StandIn
from tests.demo.amocrm.conftest import BUSINESS, Crm, phone


def phones(contact: Json) -> list[str]:
    fields = contact["custom_fields_values"] or []
    return [value["value"] for field in fields if field["field_code"] == "PHONE" for value in field["values"]]


def heard(stand_in: StandIn) -> list[str]:
    """Settings of what webhooks would be told, in order; from now on all is listened to."""
    settings: list[str] = []
    stand_in.account.listen(lambda signal: settings.append(signal.setting))
    return settings


async def test_a_deleted_deal_is_nowhere_but_in_the_bin(crm: Crm) -> None:
    operator = max(crm.stand_in.account.users)
    contact = await crm.contact(name="Петров Пётр")
    lead = await crm.lead(name="Имплантация", price=9, _embedded={"contacts": [{"id": contact}]})
    kept = await crm.lead(name="Осмотр", _embedded={"contacts": [{"id": contact}]})
    settings = heard(crm.stand_in)
    crm.clocks.business += 60

    said = await crm.ask("DELETE", f"/_stand-in/users/{operator}/leads/{lead}", token="")

    assert (said.status, said.body) == (200, {"id": lead})
    assert (await crm.get(f"leads/{lead}")).status == 204
    assert [one["id"] for one in (await crm.get("leads")).items("leads")] == [kept]
    assert (await crm.get("leads?query=Имплантация")).status == 204
    linked = (await crm.get(f"contacts/{contact}?with=leads")).body["_embedded"]["leads"]
    assert [one["id"] for one in linked] == [kept]
    [binned] = (await crm.get("leads?with=only_deleted")).items("leads")
    assert {name: binned[name] for name in ("id", "is_deleted", "updated_by", "updated_at")} == {
        "id": lead, "is_deleted": True, "updated_by": operator, "updated_at": BUSINESS + 60,
    }  # fmt: skip
    [event] = (await crm.get("events?filter[type]=lead_deleted")).items("events")
    assert (event["entity_id"], event["entity_type"], event["created_by"]) == (lead, "lead", operator)
    assert settings == ["delete_lead"]


async def test_a_deleted_deal_is_not_written(crm: Crm) -> None:
    lead = await crm.lead()
    crm.stand_in.delete_lead(0, lead)

    assert (await crm.patch(f"leads/{lead}", {"price": 1})).problems() == [("NotSupportedChoice", "id")]
    assert (await crm.post(f"leads/{lead}/notes", [{"note_type": "common", "params": {"text": "x"}}])).status == 400
    with pytest.raises(Refused):
        crm.stand_in.delete_lead(0, lead)


async def test_a_write_to_what_a_person_has_taken_away_is_refused_and_is_nobodys_fault(crm: Crm) -> None:
    lead, kept, gone = await crm.lead(), await crm.contact(), await crm.contact()
    crm.stand_in.delete_lead(0, lead)
    crm.stand_in.merge_contacts(0, kept, [gone])

    for path, body in (
        (f"leads/{lead}", {"price": 1}),
        ("leads", [{"id": lead, "price": 1}]),
        (f"contacts/{gone}", {"name": "Петров"}),
    ):
        assert (await crm.patch(path, body)).status == 400
    assert (await crm.post("leads", [{"_embedded": {"contacts": [{"id": gone}]}}])).status == 400
    assert crm.stand_in.refused == []

    await crm.patch("leads", [{"id": lead, "price": "1"}])
    await crm.patch("leads", [{"id": 1}])
    assert [problem["code"] for no in crm.stand_in.refused for problem in no["errors"]] == [
        "InvalidType", "NotSupportedChoice",
    ]  # fmt: skip


async def test_a_deal_may_be_deleted_between_our_read_and_a_late_write(crm: Crm) -> None:
    lead = await crm.lead(price=1)
    crm.stand_in.faults.add("PATCH /api/v4/leads/{}", "late")
    assert (await crm.patch(f"leads/{lead}", {"price": 2})).status == 200

    crm.stand_in.delete_lead(0, lead)
    crm.stand_in.turn(20)

    assert (await crm.get(f"leads/{lead}")).status == 204
    assert crm.stand_in.account.deleted_leads[lead].price == 1


async def test_a_merged_contact_has_all_phones_deals_notes_and_tasks(crm: Crm) -> None:
    operator = max(crm.stand_in.account.users)
    card = await crm.field("contacts", "text", code="CARD")
    sex = await crm.field("contacts", "text", code="SEX")

    def value(field: Json, text: str) -> Json:
        return {"field_id": field["id"], "values": [{"value": text}]}

    kept = await crm.contact(
        name="Петров Пётр",
        custom_fields_values=[phone("+79990000101"), value(card, "1187")],
        tags_to_add=[{"name": "a"}],
    )
    gone = await crm.contact(
        name="Петров П.",
        custom_fields_values=[
            {"field_code": "PHONE", "values": [phone("+79990000101")["values"][0], phone("+79990000102")["values"][0]]},
            value(card, "2222"),
            value(sex, "м"),
        ],
        tags_to_add=[{"name": "b"}],
    )
    own = await crm.lead(_embedded={"contacts": [{"id": kept}]})
    moved = await crm.lead(_embedded={"contacts": [{"id": gone}]})
    both = await crm.lead(_embedded={"contacts": [{"id": kept}, {"id": gone, "is_main": True}]})
    await crm.post(f"contacts/{gone}/notes", [{"note_type": "common", "params": {"text": "боится уколов"}}])
    task = {"text": "Позвонить", "complete_till": 5, "entity_id": gone, "entity_type": "contacts"}
    [made] = (await crm.post("tasks", [task])).items("tasks")
    settings = heard(crm.stand_in)

    said = await crm.ask("POST", f"/_stand-in/users/{operator}/contacts/{kept}/merge", {"others": [gone]}, token="")

    assert (said.status, said.body) == (200, {"id": kept})
    contact = (await crm.get(f"contacts/{kept}?with=leads")).body
    assert phones(contact) == ["+79990000101", "+79990000102"]
    texts = {f["field_code"]: f["values"][0]["value"] for f in contact["custom_fields_values"]}
    assert (contact["name"], texts["CARD"], texts["SEX"]) == ("Петров Пётр", "1187", "м")
    assert [tag["name"] for tag in contact["_embedded"]["tags"]] == ["a", "b"]
    assert sorted(one["id"] for one in contact["_embedded"]["leads"]) == [own, moved, both]
    assert (contact["updated_by"], contact["closest_task_at"]) == (operator, 5)
    for lead in (moved, both):
        [linked] = (await crm.get(f"leads/{lead}?with=contacts")).body["_embedded"]["contacts"]
        assert (linked["id"], linked["is_main"]) == (kept, True)
    assert [n["params"]["text"] for n in (await crm.get(f"contacts/{kept}/notes")).items("notes")] == ["боится уколов"]
    assert (await crm.get(f"tasks/{made['id']}")).body["entity_id"] == kept
    assert (await crm.get(f"contacts/{gone}")).status == 204
    found = (await crm.get("contacts?query=9990000102")).items("contacts")
    assert [one["id"] for one in found] == [kept]
    [event] = (await crm.get("events?filter[type]=entity_merged&filter[entity]=contact")).items("events")
    assert (event["entity_id"], event["entity_type"], event["created_by"]) == (kept, "contact", operator)
    assert settings == ["delete_contact", "update_contact"]


async def test_three_contacts_of_one_company_become_one(crm: Crm) -> None:
    ids = [await crm.contact(name=f"Петров {number}") for number in range(3)]
    [company] = (await crm.post("companies", [{"name": "ООО «Ромашка»"}])).items("companies")
    link = {"to_entity_id": company["id"], "to_entity_type": "companies"}
    for contact in ids[1:]:
        assert (await crm.post(f"contacts/{contact}/link", [link])).status == 200

    crm.stand_in.merge_contacts(0, ids[0], ids[1:])

    firm = (await crm.get(f"companies/{company['id']}?with=contacts")).body
    assert [one["id"] for one in firm["_embedded"]["contacts"]] == [ids[0]]
    [linked] = (await crm.get(f"contacts/{ids[0]}")).body["_embedded"]["companies"]
    assert linked["id"] == company["id"]


@pytest.mark.parametrize("others", [[], ["kept"], ["other", "other"], [1]], ids=str)
async def test_a_merge_names_contacts_that_are_there_each_once(crm: Crm, others: list[str | int]) -> None:
    known = {"kept": await crm.contact(), "other": await crm.contact()}
    named = [known[one] if isinstance(one, str) else one for one in others]

    said = await crm.ask("POST", f"/_stand-in/users/0/contacts/{known['kept']}/merge", {"others": named}, token="")

    assert said.status == 400
    assert len(crm.stand_in.account.contacts) == 2


async def test_changes_of_one_field_are_asked_for_alone(crm: Crm) -> None:
    field = await crm.field("leads", "text")
    lead = await crm.lead()
    await crm.patch(
        f"leads/{lead}", {"price": 5, "custom_fields_values": [{"field_id": field["id"], "values": [{"value": "x"}]}]}
    )
    kind = f"custom_field_{field['id']}_value_changed"

    assert [e["entity_id"] for e in (await crm.get(f"events?filter[type][]={kind}")).items("events")] == [lead]
    assert (await crm.get("events?filter[type][]=sale_field_changed")).status == 200
    assert (await crm.get(f"events?filter[type][]={kind}&filter[type][]=sale_field_changed")).status == 400
    assert (await crm.get("events?filter[type][]=lead_restored")).status == 400


def test_the_bin_outlives_the_process(tmp_path: Path) -> None:
    before = StandIn(Options())
    before.account.webhooks[1] = Webhook(1, "http://127.0.0.1:1/", ["delete_lead"], 0, 1, 0, 0)
    lead = before.create_lead(0, {})
    before.delete_lead(0, lead.id)
    Keeper(before, tmp_path / "account.json").step()

    after = StandIn(Options())
    Keeper(after, tmp_path / "account.json").restore()

    assert after.account.deleted_leads == {lead.id: lead}
    assert after.account.leads == {}
