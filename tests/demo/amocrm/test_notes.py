"""Notes in the feeds of cards."""

from typing import Any

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import BUSINESS, Crm

CALL = {"uniq": "1", "duration": 5, "source": "s", "link": "l", "phone": "+79990000101", "call_responsible": "Анна"}


async def test_a_note_looks_as_documented(crm: Crm) -> None:
    lead = await crm.lead()
    admin = next(iter(crm.stand_in.account.users))
    params = {"service": "IDENT", "text": "Записан"}
    body = {"note_type": "extended_service_message", "params": params, "created_by": 0, "request_id": "n1"}

    said = await crm.post(f"leads/{lead}/notes", [body])

    note = said.items("notes")[0]
    link = {"self": {"href": f"{crm.url}/api/v4/leads/{lead}/notes/{note['id']}"}}
    assert note == {"id": note["id"], "entity_id": lead, "request_id": "n1", "_links": link}
    for path in (f"leads/{lead}/notes/{note['id']}", f"leads/notes/{note['id']}"):
        assert (await crm.get(path)).body == {
            "id": note["id"],
            "entity_id": lead,
            "created_by": 0,
            "updated_by": 0,
            "created_at": BUSINESS,
            "updated_at": BUSINESS,
            "responsible_user_id": admin,
            "group_id": 0,
            "note_type": "extended_service_message",
            "params": params,
            "account_id": crm.stand_in.account.id,
            "_links": link,
        }


async def test_notes_of_many_leads_at_once_and_their_order(crm: Crm) -> None:
    first, second = await crm.lead(), await crm.lead()
    for number, lead in enumerate((first, second, first)):
        crm.clocks.business += 1
        body = {"entity_id": lead, "note_type": "common", "params": {"text": str(number)}}
        said = await crm.post("leads/notes", [body])
        assert said.items("notes")[0]["entity_id"] == lead

    async def texts(path: str) -> list[str]:
        return [note["params"]["text"] for note in (await crm.get(path)).items("notes")]

    assert await texts(f"leads/{first}/notes?order[id]=desc&limit=250") == ["2", "0"]
    assert await texts(f"leads/{first}/notes?order[updated_at]=asc") == ["0", "2"]
    assert await texts("leads/notes?order[id]=asc&limit=2") == ["0", "1"]
    assert (await crm.get(f"leads/{first}/notes?page=2")).status == 204
    assert (await crm.get("contacts/notes")).status == 204


async def test_a_note_starts_robots_unless_told_otherwise(crm: Crm) -> None:
    lead = await crm.lead()
    note: Json = {"note_type": "common", "params": {"text": "тихо"}}
    await crm.post(f"leads/{lead}/notes", [{**note, "is_need_to_trigger_digital_pipeline": False}])
    assert crm.stand_in.counts()["notes_that_trigger"] == 0

    await crm.post(f"leads/{lead}/notes", [note])

    assert crm.stand_in.counts()["notes_that_trigger"] == 1


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("common", {"text": "a"}),
        ("call_in", CALL),
        ("call_out", {**CALL, "call_responsible": 9_000_001}),
        ("service_message", {"service": "s", "text": "a"}),
        ("extended_service_message", {"service": "s", "text": "a"}),
        ("message_cashier", {"status": "shown", "text": "a"}),
        ("geolocation", {"text": "a", "address": "b", "longitude": "1", "latitude": "2"}),
        ("sms_in", {"text": "a", "phone": "+79990000101"}),
        ("sms_out", {"text": "a", "phone": "+79990000101"}),
        ("attachment", {"file_uuid": "u", "file_name": "f"}),
    ],
)
async def test_each_type_of_note_has_its_own_params(crm: Crm, kind: str, params: Json) -> None:
    contact = await crm.contact()
    path, note = f"contacts/{contact}/notes", {"note_type": kind, "params": params}
    assert (await crm.post(path, [note])).status == 200

    for name, value in params.items():
        rest = {other: kept for other, kept in params.items() if other != name}
        assert (await crm.post(path, [{**note, "params": rest}])).problems() == [("FieldMissing", f"params.{name}")]
        wrong: Any = [value]
        assert (await crm.post(path, [{**note, "params": {**rest, name: wrong}}])).problems() == [
            ("InvalidType", f"params.{name}")
        ]
    assert (await crm.post(path, [{**note, "params": {**params, "surprise": "a"}}])).problems() == [
        ("NotExpected", "params.surprise")
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"note_type": "letter"}, ("NotSupportedChoice", "note_type")),
        ({"created_by": 1}, ("NotSupportedChoice", "created_by")),
        ({"text": "a"}, ("NotExpected", "text")),
        ({"is_need_to_trigger_digital_pipeline": "false"}, ("InvalidType", "is_need_to_trigger_digital_pipeline")),
    ],
)
async def test_a_wrong_note_is_refused_by_key(crm: Crm, changes: Json, problem: tuple[str, str]) -> None:
    lead = await crm.lead()

    said = await crm.post(f"leads/{lead}/notes", [{"note_type": "common", "params": {"text": "a"}, **changes}])

    assert said.problems() == [problem]


async def test_a_note_needs_its_card(crm: Crm) -> None:
    note = {"note_type": "common", "params": {"text": "a"}}

    assert (await crm.post("leads/1/notes", [note])).problems() == [("NotSupportedChoice", "entity_id")]
    assert (await crm.post("leads/notes", [note])).problems() == [("FieldMissing", "entity_id")]


async def test_a_note_is_changed_where_it_is(crm: Crm) -> None:
    lead, other = await crm.lead(), await crm.lead()
    note: Json = {"note_type": "common", "params": {"text": "Записан"}}
    made = (await crm.post(f"leads/{lead}/notes", [{**note, "created_by": 0}])).items("notes")[0]["id"]
    crm.clocks.business += 60
    better: Json = {**note, "params": {"text": "Записана"}}

    said = await crm.patch(f"leads/{lead}/notes/{made}", {**better, "entity_id": lead})
    many = await crm.patch("leads/notes", [{"id": made, **better}])

    link = {"self": {"href": f"{crm.url}/api/v4/leads/{lead}/notes/{made}"}}
    assert said.body == {"id": made, "entity_id": lead, "updated_at": BUSINESS + 60, "_links": link}
    assert many.items("notes") == [said.body]
    read = (await crm.get(f"leads/notes/{made}")).body
    assert (read["params"], read["created_at"], read["updated_at"]) == (better["params"], BUSINESS, BUSINESS + 60)
    assert (read["created_by"], read["updated_by"]) == (0, next(iter(crm.stand_in.account.users)))
    for path, body, problem in (
        (f"leads/{other}/notes/{made}", better, ("NotSupportedChoice", "entity_id")),
        (f"leads/{lead}/notes/{made}", {**better, "note_type": "sms_in"}, ("NotSupportedChoice", "note_type")),
        (f"leads/{lead}/notes/{made}", {**better, "params": {}}, ("FieldMissing", "params.text")),
        (f"leads/{lead}/notes/1", better, ("NotSupportedChoice", "id")),
    ):
        assert (await crm.patch(path, body)).problems() == [problem]


async def test_notes_are_found_by_filters(crm: Crm) -> None:
    first, second = await crm.lead(), await crm.lead()
    made = []
    for lead, kind in ((first, "common"), (second, "sms_in"), (first, "sms_in")):
        params = {"text": "а"} if kind == "common" else {"text": "а", "phone": "+79990000101"}
        said = await crm.post("leads/notes", [{"entity_id": lead, "note_type": kind, "params": params}])
        made.append(said.items("notes")[0]["id"])
        crm.clocks.business += 60

    async def ids(path: str) -> list[int]:
        said = await crm.get(path)
        return [note["id"] for note in said.items("notes")] if said.status == 200 else []

    assert await ids("leads/notes?filter[note_type]=common") == made[:1]
    assert await ids("leads/notes?filter[note_type][]=common&filter[note_type][]=sms_in") == made
    assert await ids(f"leads/notes?filter[entity_id][]={first}") == [made[0], made[2]]
    assert await ids(f"leads/{first}/notes?filter[id]={made[2]}") == made[2:]
    assert await ids(f"leads/notes?filter[updated_at][from]={BUSINESS + 60}") == made[1:]
    assert await ids(f"leads/notes?filter[updated_at]={BUSINESS + 120}") == made[2:]
    assert (await crm.get(f"leads/{first}/notes?filter[entity_id]={first}")).status == 400
    assert (await crm.get("leads/notes?filter[id]=one")).status == 400
