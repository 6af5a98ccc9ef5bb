"""What `aioamocrm` reads out of the stand-in's answers: a client in Python, written by a stranger from the documentation."""

from typing import Any

import aioamocrm
import pytest

from demo.amocrm import notes
from demo.amocrm.automation import Webhook
from demo.amocrm.bodies import NoteBody
from demo.amocrm.stand_in import Options, StandIn
from tests.peers.ground import BUSINESS, MACHINE, Played, ground

pytestmark = pytest.mark.xdist_group("peers")

NEVER = {
    "Contact.is_main",  # it stands where a lead embeds the contact: see the test of links
    "Contact.is_unsorted",  # of «Неразобранное», which holds no contacts here
    "Embedded.customers",  # a kind of card that is not built
}
"""Fields that the peer reads and the stand-in does not say."""
SOMETIMES = {
    "Embedded.companies",  # companies have none
    "Embedded.contacts",  # by `with`
    "Embedded.leads",  # by `with`
    "Embedded.catalog_elements",  # by `with`
    "EntityRef.request_id",  # of what was made, and of tasks
    "EntityRef.updated_at",  # of what was changed
    "EntityRef.entity_id",  # of notes
    "Account.version",  # by `with`
    "Account.amojo_id",
    "Account.embedded",
}
"""Fields that stand in some answers only."""
REFERENCES = {"Embedded"}
"""What these hold are ids and links of cards, not the cards."""


@pytest.fixture
def said(strangers: dict[str, Played]) -> dict[str, Any]:
    return strangers["aioamocrm"].said


def models(value: Any) -> list[aioamocrm.AmoModel]:
    """Every whole model in an answer, however deep."""
    if isinstance(value, aioamocrm.Page):
        return models(value.items)
    if isinstance(value, list):
        return [found for item in value for found in models(item)]
    if not isinstance(value, aioamocrm.AmoModel):
        return []
    inner = [] if type(value).__name__ in REFERENCES else [getattr(value, name) for name in type(value).model_fields]
    return [value, *(found for item in inner for found in models(item))]


def test_a_code_becomes_tokens_once(said: dict[str, Any]) -> None:
    assert said["code"].expires_at == MACHINE + 86_400
    again = said["code again"]
    assert (again.status_code, again.body["hint"]) == (400, "Authorization code has been revoked")


def test_tokens_are_rotated_ahead_of_time_and_after_a_401(said: dict[str, Any], strangers: dict[str, Played]) -> None:
    pairs = [said[step] for step in ("code", "refresh ahead of time", "refresh after a 401")]

    assert len({pair.refresh_token for pair in pairs}) == len({pair.access_token for pair in pairs}) == 3
    used = said["refresh with a used token"]
    assert isinstance(used, aioamocrm.AuthError)
    assert (used.status_code, used.body["hint"]) == (401, "Token has been revoked")


def test_pages_are_walked_by_their_links(said: dict[str, Any]) -> None:
    ids = [ref.id for ref in said["leads made"]]

    assert [[lead.id for lead in page] for page in said["pages"]] == [ids[:2], ids[2:4], ids[4:], []]
    assert [(page.number, page.has_next) for page in said["pages"]] == [(1, True), (2, True), (3, False), (4, False)]
    assert said["walked"] == ids[::-1]
    assert len(said["empty page"]) == 0
    assert [lead.id for lead in said["filtered"]] == ids[1:2]


def test_one_is_read_and_none_is_204(said: dict[str, Any]) -> None:
    assert (said["lead"].name, said["lead"].price, said["lead"].custom_fields_values) == ("Сделка 1", 100, None)
    assert isinstance(said["no lead"], aioamocrm.NotFoundError)
    assert (said["no lead"].status_code, said["no field"].status_code) == (204, 404)


def test_batches_answer_in_order(said: dict[str, Any]) -> None:
    assert [ref.request_id for ref in said["leads made"]] == ["0", "1", "2", "3", "4"]
    assert [ref.id for ref in said["leads changed"]] == [ref.id for ref in said["leads made"][:2]]
    assert {ref.updated_at for ref in said["leads changed"]} == {BUSINESS}


def test_a_complex_answer_is_a_bare_array(said: dict[str, Any]) -> None:
    [made] = said["complex"]
    assert None not in (made.id, made.contact_id, made.company_id)
    assert (made.request_id, made.merged) == (["0"], False)
    [contact] = said["found"]
    assert (contact.id, contact.name) == (made.contact_id, "Пётр Петров")
    assert contact.field_value("PHONE", enum_code="MOB") == "+79990000101"
    assert [company.id for company in contact.embedded.companies] == [made.company_id]


def test_links_show_on_both_sides_and_go(said: dict[str, Any]) -> None:
    lead, person, company = (said[f"{kind} made"][0].id for kind in ("leads", "contacts", "companies"))

    pairs = [(link.entity_type, link.to_entity_type, link.metadata) for link in said["linked"]]
    main = {"main_contact": True}
    assert pairs == [("leads", "contacts", main), ("contacts", "companies", None), ("companies", "leads", None)]
    assert [(link.to_entity_id, link.metadata) for link in said["links"]] == [(person, main)]
    assert [link.to_entity_id for link in said["all links"]] == [company, person, lead]
    embedded = said["lead with people"].embedded
    assert [(one.id, one.is_main) for one in embedded.contacts] == [(person, True)]
    assert [one.id for one in embedded.companies] == [company]
    assert [one.id for one in said["contact"].embedded.leads] == [lead]
    assert [one.id for one in said["company"].embedded.contacts] == [person]
    assert [one.id for one in said["companies"]] == [company]
    assert said["no links"] == []


def test_notes_are_found_again(said: dict[str, Any]) -> None:
    assert [note.text for note in said["notes"]] == ["Перезвонить после 18:00", "мама пациента", "скидка"]
    assert [note.id for note in said["notes"]] == [ref.id for ref in said["notes made"]]
    of_contact, of_company = said["notes"][1:]
    assert said["other notes"] == [said["note"], of_contact, of_contact, of_company, of_company]
    assert (said["note"].note_type, said["note"].created_at) == ("common", BUSINESS)


def test_tasks_are_completed_and_found_by_both_names_of_their_type(said: dict[str, Any]) -> None:
    call, meeting = said["tasks made"]

    assert (said["task"].is_completed, said["task"].result) == (False, None)
    assert said["task completed"].id == call.id
    [done] = said["tasks"]
    assert (done.id, done.result.text) == (call.id, "Дозвонились")
    assert [(task.id, task.text, task.task_type_id) for task in said["open tasks"]] == [
        (meeting.id, "Встретить внизу", 2)
    ]


def test_the_set_up_is_read(said: dict[str, Any]) -> None:
    account = said["account"]
    assert account.embedded["task_types"][0]["code"] == "FOLLOW_UP"
    assert account.embedded["datetime_settings"]["timezone_offset"] == "+03:00"
    assert [user.name for user in said["users"]] == ["Орлова Анна", "Белова Ольга", "Соколов Иван"]
    assert said["user"].rights["is_admin"] is True
    assert said["statuses"] == said["pipeline"].statuses == said["pipelines"][0].statuses
    assert [status.id for status in said["statuses"][-2:]] == [142, 143]
    assert (
        [field.code for field in said["fields"]]
        == [field.code for field in said["company fields"]]
        == ["PHONE", "EMAIL"]
    )
    assert said["company field"] == said["company fields"].items[0]
    assert said["field"].enum_id("MOB") is not None
    assert len(said["no fields"]) == 0


def test_refusals_are_understood(said: dict[str, Any]) -> None:
    found = [(issue.request_id, issue.code, issue.path) for issue in said["400"].errors]
    assert found == [("1", "InvalidType", "price"), ("third", "NotSupportedChoice", "status_id")]
    assert (said["400"].title, said["400"].detail) == ("Bad Request", "Request validation failed")
    kinds = {"401": "AuthError", "402": "PaymentRequiredError", "403_html": "ForbiddenError", "500": "ServerError"}
    kinds |= {
        "504": "ServerError",
        "429": "RateLimitError",
        "429_json": "RateLimitError",
        "429_empty": "RateLimitError",
    }
    assert {step: type(said[step]).__name__ for step in kinds} == kinds
    assert [said[step].retry_after for step in ("429", "429_json", "429_empty")] == [None, None, None]  # no such header
    assert said["after a 429"].id == said["account"].id


async def test_the_peers_own_limiter_keeps_to_the_stand_ins_when_it_leaves_some_distance() -> None:
    async with ground(rate=7) as here:
        clock = here.clock

        async def sleep(seconds: float) -> None:
            clock.now += seconds

        limiter = aioamocrm.RateLimiter(6.9, clock=lambda: clock.now, sleep=sleep)
        token = aioamocrm.LongLivedToken(here.stand_in.long_lived_token(here.url))
        once = aioamocrm.RetryPolicy(max_attempts=1)
        async with aioamocrm.AmoCRMClient(base_url=here.url, auth=token, rate_limit=limiter, retry=once) as amo:
            for _ in range(30):
                await amo.account.get()
            clock.now += 2
            amo.limiter = None
            for _ in range(7):
                await amo.account.get()
            with pytest.raises(aioamocrm.RateLimitError):
                await amo.account.get()
        assert here.stand_in.counts()["offences"] == 1


def test_what_webhooks_say_is_read_by_the_peers_own_parser() -> None:
    """The stand-in turns it into a form by the documentation; this parser was written from it by somebody else."""
    stand_in, told = StandIn(Options()), list[aioamocrm.Webhook]()
    hook = Webhook(1, "http://127.0.0.1:1/", ["add_contact", "status_lead", "note_lead", "update_task"], 0, 1, 0, 0)
    stand_in.account.webhooks[1] = hook
    account = stand_in.account
    stages = [one.id for one in account.main_pipeline().statuses.values() if one.is_editable]
    phone = {"field_code": "PHONE", "values": [{"value": "+79990000101", "enum_code": "MOB"}]}
    lead = stand_in.create_lead(0, {"_embedded": {"contacts": [{"name": "Пётр", "custom_fields_values": [phone]}]}})

    stand_in.edit_lead(0, lead.id, {"status_id": stages[1]})
    body = NoteBody(note_type="common", params={"text": "звонила мама"})
    note = notes.create(account, "leads", lead.id, body, 0)
    while due := stand_in.post.due():
        told.append(aioamocrm.parse_webhook(due[0].body))
        stand_in.post.answered(due[0], 200)

    events = [event for webhook in told for event in webhook.events]
    assert [(event.entity, event.action) for event in events] == [
        ("contacts", "add"), ("leads", "status"), ("leads", "note"),
    ]  # fmt: skip
    assert {(webhook.subdomain, webhook.account_id) for webhook in told} == {("example", account.id)}
    contact, moved, noted = events
    assert (contact.id, contact.field_values("PHONE")) == (lead.main_contact, ["+79990000101"])
    assert (moved.id, moved.payload["status_id"], moved.payload["old_status_id"]) == (
        lead.id, str(stages[1]), str(stages[0]),
    )  # fmt: skip
    assert noted.payload["note"]["element_id"] == str(lead.id)
    assert noted.payload["note"]["id"] == str(note.id)


def test_nothing_was_refused_but_what_was_meant_to_be(strangers: dict[str, Played]) -> None:
    refused = [(no["method"], no["path"], no["status"]) for no in strangers["aioamocrm"].refused]

    assert refused == [("POST", "/api/v4/leads", 400), ("GET", "/api/v4/leads/custom_fields/1", 404)]


def test_every_field_that_the_peer_reads_is_answered(said: dict[str, Any]) -> None:
    answers: dict[str, list[set[str]]] = {}
    known: dict[str, set[str]] = {}
    for model in models(list(said.values())):
        name = type(model).__name__
        known[name] = set(type(model).model_fields)
        answers.setdefault(name, []).append(model.model_fields_set & known[name])

    ever = {name: set().union(*found) for name, found in answers.items()}
    always = {name: set.intersection(*found) for name, found in answers.items()}
    assert {f"{name}.{field}" for name in known for field in known[name] - ever[name]} == NEVER
    assert {f"{name}.{field}" for name in known for field in ever[name] - always[name]} == SOMETIMES
    assert known.keys() >= {"Lead", "Contact", "Company", "Task", "Note", "Pipeline", "Status", "CustomField", "User"}
