"""Duplicate control of a pipeline: what `/leads/complex` melts into what is there, and what it leaves alone."""

from typing import Any, Literal

import pytest

from demo.amocrm.automation import DuplicateControl
from demo.amocrm.errors import Refused
from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm, phone

NUMBER = "+79990000101"


def control(crm: Crm, **what: Any) -> None:
    given: Json = {"pipeline_id": crm.pipeline, "statuses": tuple(crm.stages), **what}
    crm.stand_in.control_duplicates(DuplicateControl(**given))


def came(number: str = NUMBER, **lead: Any) -> Json:
    contact = {"name": "Петров П.", "custom_fields_values": [phone(number)]}
    return {"name": "Заявка", **lead, "_embedded": {"contacts": [contact]}}


async def complex_(crm: Crm, *bodies: Json) -> list[Json]:
    said = await crm.post("leads/complex", list(bodies))
    assert said.status == 200, said.text
    made: list[Json] = said.body
    return made


async def known(crm: Crm, number: str = NUMBER, **lead: Any) -> int:
    """A lead whose main contact has this phone."""
    contact = await crm.contact(name="Петров Пётр", custom_fields_values=[phone(number)])
    return await crm.lead(**lead, _embedded={"contacts": [{"id": contact}]})


async def test_a_lead_melts_into_the_one_that_is_there(crm: Crm) -> None:
    lead = await known(crm, name="Прежняя", price=5, status_id=crm.stages[1])
    control(crm)

    [made] = await complex_(crm, came("8 (999) 000-01-01", price=7))

    account = crm.stand_in.account
    contact = account.leads[lead].main_contact
    assert made == {"id": lead, "contact_id": contact, "company_id": None, "request_id": ["0"], "merged": True}
    assert (len(account.leads), len(account.contacts)) == (1, 1)
    assert (account.leads[lead].name, account.leads[lead].price) == ("Заявка", 7)
    assert account.leads[lead].status_id == crm.stages[1]
    assert account.contacts[contact or 0].name == "Петров П."


async def test_the_family_phone_melts_deals_of_different_people(crm: Crm) -> None:
    """Why the hub keeps duplicate control off for its own source."""
    mother = await known(crm)
    control(crm)

    child = came(name="Петрова Маша, 7 лет")
    [made] = await complex_(crm, child)

    assert (made["id"], made["merged"]) == (mother, True)
    assert crm.stand_in.account.leads[mother].name == "Петрова Маша, 7 лет"


@pytest.mark.parametrize(("update", "price", "name"), [(True, 7, "Заявка"), (False, 5, "Прежняя")])
async def test_on_a_conflict_the_new_wins_or_the_old(crm: Crm, update: bool, price: int, name: str) -> None:
    source = await crm.field("leads", "text")
    note = await crm.field("leads", "textarea")

    def value(field: Json, text: str) -> Json:
        return {"field_id": field["id"], "values": [{"value": text}]}

    lead = await known(crm, name="Прежняя", price=5, custom_fields_values=[value(source, "сайт")])
    control(crm, update=update)

    await complex_(crm, came(price=7, custom_fields_values=[value(source, "звонок"), value(note, "пусто было")]))

    card = crm.stand_in.account.leads[lead]
    assert (card.name, card.price) == (name, price)
    assert card.values[source["id"]][0]["value"] == ("звонок" if update else "сайт")
    assert card.values[note["id"]][0]["value"] == "пусто было"


@pytest.mark.parametrize("update", [True, False])
async def test_phones_add_up_whoever_wins(crm: Crm, update: bool) -> None:
    lead = await known(crm)
    control(crm, update=update)
    both = [phone("8 999 000 01 01")["values"][0], phone("+79990000102", "HOME")["values"][0]]
    contact = {"custom_fields_values": [{"field_code": "PHONE", "values": both}]}

    await complex_(crm, {"_embedded": {"contacts": [contact]}})

    main = (await crm.get(f"contacts/{crm.stand_in.account.leads[lead].main_contact}")).body
    [field] = main["custom_fields_values"]
    assert [(value["value"], value["enum_code"]) for value in field["values"]] == [
        (NUMBER, "MOB"), ("+79990000102", "HOME"),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("several", ["all", "newest", "new"])
async def test_two_or_three_are_a_choice_and_more_are_ignored(
    crm: Crm, count: int, several: Literal["all", "newest", "new"]
) -> None:
    there = [await known(crm, name="Прежняя") for _ in range(count)]
    control(crm, several=several)

    [made] = await complex_(crm, came())

    if count > 3 or (count > 1 and several == "new"):
        touched = [made["id"]]
        assert made["id"] not in there
    else:
        touched = there if several == "all" else there[-1:]
        assert made["id"] == there[-1]
    assert made["merged"] is (made["id"] in there)
    leads = crm.stand_in.account.leads.values()
    assert [lead.id for lead in leads if lead.name == "Заявка"] == touched


async def test_what_one_request_brings_is_never_its_own_duplicate(crm: Crm) -> None:
    control(crm)

    first = await complex_(crm, came(), came())
    assert [made["merged"] for made in first] == [False, False]

    control(crm, several="all")
    again = await complex_(crm, came())
    assert again[0]["merged"] is True
    assert len(crm.stand_in.account.leads) == 2


async def test_only_the_main_contact_in_a_selected_status_of_this_pipeline_counts(crm: Crm) -> None:
    contact = await crm.contact(custom_fields_values=[phone(NUMBER)])
    other = await crm.contact(name="Другой")
    beside = {"contacts": [{"id": other, "is_main": True}, {"id": contact}]}
    await crm.lead(_embedded=beside, status_id=crm.stages[0])
    await crm.lead(_embedded={"contacts": [{"id": contact}]}, status_id=crm.stages[1])
    control(crm, statuses=(crm.stages[0],))
    [made] = await complex_(crm, came(status_id=crm.stages[0]))
    assert made["merged"] is False

    [again] = await complex_(crm, came())
    assert (again["merged"], again["id"]) == (True, made["id"])


async def test_without_control_or_by_a_plain_post_nothing_melts(crm: Crm) -> None:
    await known(crm)
    assert (await complex_(crm, came()))[0]["merged"] is False
    control(crm)
    contact = next(iter(crm.stand_in.account.contacts))

    lead = await crm.lead(_embedded={"contacts": [{"id": contact}]})

    assert lead in crm.stand_in.account.leads
    assert len(crm.stand_in.account.leads) == 3


async def test_a_text_that_is_not_one_number_is_like_no_other(crm: Crm) -> None:
    await known(crm, "+79990000101 доб. 5 и 9990000102")
    control(crm)

    assert (await complex_(crm, came("+79990000101 доб. 5 и 9990000102")))[0]["merged"] is False


async def test_contacts_are_told_apart_by_mail_or_by_a_field(crm: Crm) -> None:
    card = await crm.field("contacts", "text")

    def person(mail: str, number: str) -> Json:
        values = [
            {"field_code": "EMAIL", "values": [{"value": mail, "enum_code": "PRIV"}]},
            {"field_id": card["id"], "values": [{"value": number}]},
        ]
        return {"_embedded": {"contacts": [{"name": "Петров", "custom_fields_values": values}]}}

    [first] = await complex_(crm, person("petrov@example.ru", "1187"))
    control(crm, by="email")
    assert (await complex_(crm, person("Petrov@example.ru", "2")))[0]["id"] == first["id"]
    assert (await complex_(crm, person("other@example.ru", "1187")))[0]["merged"] is False

    control(crm, by=card["id"])
    assert (await complex_(crm, person("third@example.ru", "1187")))[0]["merged"] is True


async def test_a_contact_that_is_known_is_linked_beside_the_main_one(crm: Crm) -> None:
    lead = await known(crm)
    wife = await crm.contact(name="Петрова", custom_fields_values=[phone(NUMBER)])
    control(crm)

    [made] = await complex_(crm, {"_embedded": {"contacts": [{"id": wife}]}})

    assert (made["id"], made["merged"]) == (lead, True)
    assert made["contact_id"] == crm.stand_in.account.leads[lead].main_contact != wife
    assert wife in crm.stand_in.account.leads[lead].contacts


async def test_a_merge_is_an_update_to_whoever_listens(crm: Crm) -> None:
    await known(crm)
    control(crm)
    settings: list[str] = []
    crm.stand_in.account.listen(lambda signal: settings.append(signal.setting))

    await complex_(crm, came())

    assert settings == ["update_lead", "update_contact"]


async def test_a_merge_may_leave_a_task_for_whoever_is_responsible(crm: Crm) -> None:
    operator = max(crm.stand_in.account.users)
    lead = await known(crm, responsible_user_id=operator)
    await complex_(crm, came())
    control(crm, several="all", task="Проверьте дубль")

    again = await complex_(crm, came(number="+79990000109"))
    assert (await crm.get("tasks")).status == 204
    [merged] = await complex_(crm, came())

    assert (again[0]["merged"], merged["merged"]) == (False, True)
    tasks = (await crm.get("tasks")).items("tasks")
    assert [(task["text"], task["created_by"], task["entity_type"]) for task in tasks] == [
        ("Проверьте дубль", 0, "leads")
    ] * 2
    assert tasks[0]["entity_id"] == lead
    assert tasks[0]["responsible_user_id"] == operator


async def test_control_names_what_is_there(crm: Crm) -> None:
    date = await crm.field("contacts", "date")
    for wrong in ({"pipeline_id": 1}, {"statuses": (1,)}, {"by": 1}, {"by": date["id"]}):
        with pytest.raises(Refused):
            control(crm, **wrong)
    assert crm.stand_in.account.duplicate_control == {}


async def test_control_has_a_knob(crm: Crm) -> None:
    await known(crm)
    body = {"pipeline_id": crm.pipeline, "statuses": crm.stages, "by": "phone", "update": False, "several": "all"}

    assert (await crm.ask("POST", "/_stand-in/duplicates", body)).status == 204
    assert (await complex_(crm, came()))[0]["merged"] is True
    assert (await crm.ask("POST", "/_stand-in/duplicates/clear", {})).status == 204
    assert (await complex_(crm, came()))[0]["merged"] is False
    assert (await crm.ask("POST", "/_stand-in/duplicates", {**body, "by": "pixel"})).status == 400
