"""Links between leads and contacts."""

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm


def to(contact: int, **more: object) -> Json:
    return {"to_entity_id": contact, "to_entity_type": "contacts", **more}


async def linked(crm: Crm, lead: int) -> list[tuple[int, bool]]:
    """Contacts of a lead as the lead says, checked against what the links say."""
    embedded = (await crm.get(f"leads/{lead}?with=contacts")).body["_embedded"]["contacts"]
    found = [(contact["id"], contact["is_main"]) for contact in embedded]
    said = await crm.get(f"leads/{lead}/links")
    links = said.items("links") if said.status == 200 else []
    assert [(link["to_entity_id"], link["metadata"]["main_contact"]) for link in links] == found
    return found


async def test_a_link_is_written_with_is_main_and_read_with_main_contact(crm: Crm) -> None:
    lead, contact = await crm.lead(), await crm.contact()

    said = await crm.post(f"leads/{lead}/link", [to(contact, metadata={"is_main": True})])

    assert said.status == 200
    assert said.body["_total_items"] == 1
    assert said.items("links") == [
        {
            "entity_id": lead,
            "entity_type": "leads",
            "to_entity_id": contact,
            "to_entity_type": "contacts",
            "metadata": {"main_contact": True},
        }
    ]
    assert await linked(crm, lead) == [(contact, True)]


async def test_the_first_contact_is_main_until_another_is_named(crm: Crm) -> None:
    lead, first, second, third = await crm.lead(), await crm.contact(), await crm.contact(), await crm.contact()
    await crm.post(f"leads/{lead}/link", [to(first), to(second)])
    assert await linked(crm, lead) == [(first, True), (second, False)]

    await crm.post("leads/link", [to(third, entity_id=lead, metadata={"is_main": True})])

    assert await linked(crm, lead) == [(first, False), (second, False), (third, True)]


async def test_linking_again_changes_only_who_is_main(crm: Crm) -> None:
    lead, first, second = await crm.lead(), await crm.contact(), await crm.contact()
    await crm.post(f"leads/{lead}/link", [to(first), to(second)])
    await crm.post(f"leads/{lead}/link", [to(second, metadata={"is_main": True})])

    assert await linked(crm, lead) == [(first, False), (second, True)]


async def test_many_links_at_once_and_their_list(crm: Crm) -> None:
    leads, contact = [await crm.lead(), await crm.lead()], await crm.contact()

    said = await crm.post("leads/link", [to(contact, entity_id=lead) for lead in leads])

    assert [link["entity_id"] for link in said.items("links")] == leads
    listed = await crm.get(f"leads/links?filter[entity_id][]={leads[0]}&filter[entity_id][]={leads[1]}")
    assert [link["entity_id"] for link in listed.items("links")] == leads
    found = (await crm.get(f"contacts/{contact}?with=leads")).body
    assert [lead["id"] for lead in found["_embedded"]["leads"]] == leads


async def test_unlinking_is_204_and_passes_the_main_on(crm: Crm) -> None:
    lead, first, second = await crm.lead(), await crm.contact(), await crm.contact()
    await crm.post(f"leads/{lead}/link", [to(first), to(second)])

    said = await crm.post(f"leads/{lead}/unlink", [to(first)])

    assert (said.status, said.text) == (204, "")
    assert await linked(crm, lead) == [(second, True)]
    assert (await crm.post("leads/unlink", [to(second, entity_id=lead)])).status == 204
    assert await linked(crm, lead) == []
    assert (await crm.get(f"leads/{lead}/links")).status == 204


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"to_entity_id": 1}, ("NotSupportedChoice", "to_entity_id")),
        ({"to_entity_type": "leads"}, ("NotSupportedChoice", "to_entity_type")),
        ({"metadata": {"main_contact": True}}, ("FieldMissing", "metadata.is_main")),
        ({"metadata": {"is_main": 1}}, ("InvalidType", "metadata.is_main")),
    ],
)
async def test_a_wrong_link_is_refused_by_key(crm: Crm, body: Json, problem: tuple[str, str]) -> None:
    lead, contact = await crm.lead(), await crm.contact()

    said = await crm.post(f"leads/{lead}/link", [{**to(contact), **body}])

    assert said.problems()[0] == problem
    assert await linked(crm, lead) == []


async def test_what_is_not_there_cannot_be_linked_or_unlinked(crm: Crm) -> None:
    lead, contact = await crm.lead(), await crm.contact()

    assert (await crm.post("leads/1/link", [to(contact)])).problems() == [("NotSupportedChoice", "id")]
    assert (await crm.post("leads/link", [to(contact, entity_id=1)])).problems() == [
        ("NotSupportedChoice", "entity_id")
    ]
    assert (await crm.post(f"leads/{lead}/unlink", [to(contact)])).problems() == [
        ("NotSupportedChoice", "to_entity_id")
    ]
    assert (await crm.get("leads/links")).status == 400


async def test_one_main_contact_at_creation(crm: Crm) -> None:
    first, second = await crm.contact(), await crm.contact()

    lead = await crm.lead(_embedded={"contacts": [{"id": first}, {"id": second, "is_main": True}]})

    assert await linked(crm, lead) == [(first, False), (second, True)]
    both = [{"id": first, "is_main": True}, {"id": second, "is_main": True}]
    assert (await crm.post("leads", [{"_embedded": {"contacts": both}}])).problems() == [
        ("TooMany", "_embedded.contacts")
    ]
