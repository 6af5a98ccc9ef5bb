"""The port `hub.crm` against a real server: batches, halves, pages, and lost answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.accounts import Account
from hub.amocrm import prepare
from hub.amocrm.client import AmoCrm, AmoCrms, open_amocrm
from hub.crm import AnswerLost, Created, CrmBusy, CrmDown, CrmRejected, CrmUnauthorised
from hub.rules.fields import ContactField, DealField
from hub.rules.model import (
    AddNote,
    CreateContact,
    CreateDeal,
    LinkContact,
    NewContact,
    PatchContact,
    PatchDeal,
    Stage,
)
from hub.rules.settings import Pipeline, Settings
from hub.store.engine import Store
from tests.hub.amocrm.conftest import fresh_pair, installed
from tests.hub.amocrm.schemas import contact_id, deal_id, schema
from tests.hub.amocrm.server import CLOSE, DRIP, EMPTY, Asked, Reply, Server, listed, nginx, problem

LEADS, CONTACTS, COMPLEX = "GET /api/v4/leads", "GET /api/v4/contacts", "POST /api/v4/leads/complex"
PATCH = "PATCH /api/v4/leads"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def lead(id_: int, **changes: Any) -> dict[str, Any]:
    created_at = int(NOW.timestamp())
    return {"id": id_, "name": "x", "status_id": 311, "pipeline_id": 31, "created_at": created_at} | changes


def contact(id_: int, phone: str = "+79990000101", **changes: Any) -> dict[str, Any]:
    phones = {"field_id": 3, "field_code": "PHONE", "values": [{"value": phone, "enum_code": "MOB"}]}
    return {"id": id_, "name": "x", "updated_at": int(NOW.timestamp()), "custom_fields_values": [phones]} | changes


def asked_ids(asked: Asked) -> list[int]:
    return [int(value) for name, value in asked.query if name == "filter[id][]"]


def some_deals(count: int) -> list[CreateDeal]:
    return [CreateDeal(f"k{n}", Stage(31, 311), f"deal {n}", 0, {}, NewContact("x", (), {})) for n in range(count)]


def some_patches(count: int) -> list[PatchDeal]:
    return [PatchDeal(n, price=n) for n in range(1, count + 1)]


def created(asked: Asked) -> Reply:
    """As the complex method answers: a bare array, each with its place."""
    numbers = [int(item["name"].removeprefix("deal ")) for item in asked.body]
    return Reply(
        200,
        [
            {"id": 1000 + n, "contact_id": 2000 + n, "company_id": None, "request_id": [str(place)], "merged": False}
            for place, n in enumerate(numbers)
        ],
    )


async def use_schema(store: Store, account: Account, *, filter_enabled: bool) -> None:
    settings = Settings(pipelines={"primary": Pipeline(pipeline_id=31), "repeat": Pipeline(pipeline_id=32)})
    async with store.writing(account) as unit:
        await prepare.keep(unit, schema(filter_enabled=filter_enabled), settings)


# Reading by id


async def test_deals_are_read_by_fifties(crm: AmoCrm, server: Server) -> None:
    server.on(LEADS, lambda asked: listed("leads", [lead(id_) for id_ in asked_ids(asked)]))

    assert sorted(await crm.deals(range(1, 121))) == list(range(1, 121))
    assert [len(asked_ids(asked)) for asked in server.asked] == [50, 50, 20]


async def test_each_deal_is_asked_for_once(crm: AmoCrm, server: Server) -> None:
    server.on(LEADS, listed("leads", [lead(1), lead(2)]))

    await crm.deals([2, 1, 2])
    assert asked_ids(server.asked[0]) == [1, 2]


async def test_nothing_is_asked_for_nothing(crm: AmoCrm, server: Server) -> None:
    assert await crm.deals([]) == {}
    assert server.asked == []


async def test_deals_that_are_gone_are_absent(crm: AmoCrm, server: Server) -> None:
    server.on(LEADS, listed("leads", [lead(1), lead(3, is_deleted=True)]))

    assert list(await crm.deals([1, 2, 3])) == [1]


async def test_an_empty_answer_is_no_error(crm: AmoCrm, server: Server) -> None:
    server.on(LEADS, EMPTY)

    assert await crm.deals([1, 2]) == {}


async def test_without_the_paid_filter_deals_are_read_one_by_one(
    crm: AmoCrm, server: Server, lite: Store, account: Account
) -> None:
    await use_schema(lite, account, filter_enabled=False)
    server.on("GET /api/v4/leads/1", Reply(200, lead(1)))
    server.on("GET /api/v4/leads/2", EMPTY)
    server.on("GET /api/v4/leads/3", problem(404))

    assert list(await crm.deals([1, 2, 3])) == [1]


async def test_a_filter_that_is_silently_ignored_is_noticed(crm: AmoCrm, server: Server) -> None:
    server.on(LEADS, listed("leads", [lead(id_) for id_ in range(900, 1100)]))
    for id_ in range(1, 61):
        server.on(f"GET /api/v4/leads/{id_}", Reply(200, lead(id_)))

    assert sorted(await crm.deals(range(1, 61))) == list(range(1, 61))
    assert len(server.asked_for(LEADS)) == 1
    await crm.deals([1, 2])
    assert len(server.asked_for(LEADS)) == 1  # and it is not tried again


@pytest.mark.parametrize(("rate", "expected"), [(1, 1), (7, 12), (50, 50)])
async def test_what_is_read_one_by_one_is_read_for_two_seconds_at_most(
    server: Server, lite: Store, account: Account, rate: int, expected: int
) -> None:
    await installed(lite, server.host, fresh_pair())
    await use_schema(lite, account, filter_enabled=False)

    async with open_amocrm(lite, stand_ins=[server.host], rate=rate) as amocrms:
        assert await amocrms.crm_of(account).at_once() == expected


async def test_less_is_read_at_once_when_the_filter_turns_out_to_be_ignored(
    server: Server, lite: Store, account: Account
) -> None:
    await installed(lite, server.host, fresh_pair())
    server.on(LEADS, listed("leads", [lead(900)]))
    for id_ in (1, 2):
        server.on(f"GET /api/v4/leads/{id_}", Reply(200, lead(id_)))
    async with open_amocrm(lite, stand_ins=[server.host], rate=7) as amocrms:
        crm = amocrms.crm_of(account)
        assert await crm.at_once() == 50

        await crm.deals([1, 2])

        assert await crm.at_once() == 12


async def test_contacts_are_read_alike(crm: AmoCrm, server: Server) -> None:
    server.on(CONTACTS, listed("contacts", [contact(1), contact(2)]))

    assert {id_: found.phones for id_, found in (await crm.contacts([1, 2])).items()} == {
        1: ("+79990000101",),
        2: ("+79990000101",),
    }


async def test_a_read_that_is_too_much_is_halved(crm: AmoCrm, server: Server) -> None:
    def at_most_two(asked: Asked) -> Reply:
        ids = asked_ids(asked)
        return nginx(504) if len(ids) > 2 else listed("leads", [lead(id_) for id_ in ids])

    server.on(LEADS, at_most_two)
    server.on("GET /api/v4/leads/3", Reply(200, lead(3)))

    assert sorted(await crm.deals(range(1, 6))) == [1, 2, 3, 4, 5]


# Searching


async def test_a_phone_is_searched_by_ten_digits_and_each_hit_is_looked_at(crm: AmoCrm, server: Server) -> None:
    hits = [
        contact(1, "8 (999) 000-01-01"),
        contact(2, "+79990000102"),
        contact(3, "+7 999 000 01 01", is_deleted=True),
    ]
    server.on(CONTACTS, listed("contacts", hits))

    assert [found.id for found in await crm.contacts_with_phone("+79990000101")] == [1]
    assert ("query", "9990000101") in server.asked[0].query
    assert ("with", "leads") in server.asked[0].query


async def test_a_key_is_searched_and_only_who_bears_it_is_taken(crm: AmoCrm, server: Server) -> None:
    """The search knows words, not fields: `db_1:44` is found in `db_1:4410`, and in whatever people wrote."""

    def bears(key: str, field_id: int = contact_id(ContactField.PATIENT_KEY)) -> list[dict[str, Any]]:
        return [{"field_id": field_id, "values": [{"value": key}]}]

    hits = [
        contact(1, custom_fields_values=bears("db_1:44")),
        contact(2, custom_fields_values=bears("db_1:4410")),
        contact(3, custom_fields_values=bears("db_1:44", contact_id(ContactField.REPRESENTATIVE))),
    ]
    server.on(CONTACTS, listed("contacts", hits))

    assert [found.id for found in await crm.contacts_with_key("db_1:44")] == [1]
    assert ("query", "db_1:44") in server.asked[0].query


async def test_a_search_goes_on_to_the_last_page(crm: AmoCrm, server: Server) -> None:
    following = f"{server.base}/api/v4/contacts?query=9990000101&page=2"
    server.on(CONTACTS, [listed("contacts", [contact(1)], following), listed("contacts", [contact(1), contact(2)])])

    assert [found.id for found in await crm.contacts_with_phone("+79990000101")] == [1, 2]
    assert ("page", "2") in server.asked[1].query


async def test_a_next_page_on_another_host_is_never_asked_for(crm: AmoCrm, server: Server) -> None:
    server.on(CONTACTS, listed("contacts", [contact(1)], "http://127.0.0.2:9/api/v4/contacts?page=2"))

    with pytest.raises(CrmDown):
        await crm.contacts_with_phone("+79990000101")


def at(seconds: int) -> int:
    return int((NOW + timedelta(seconds=seconds)).timestamp())


async def test_new_deals_are_read_until_an_older_one(crm: AmoCrm, server: Server) -> None:
    following = f"{server.base}/api/v4/leads?page=2"
    server.on(
        LEADS,
        [
            listed("leads", [lead(5, created_at=at(9)), lead(4, created_at=at(5))], following),
            listed(
                "leads",
                [lead(4, created_at=at(5)), lead(3, created_at=at(0)), lead(2, created_at=at(-1))],
                following[:-1] + "3",
            ),
        ],
    )

    found = [deal.id async for deal in crm.deals_created_since(NOW + timedelta(milliseconds=700))]
    assert found == [5, 4, 3]
    assert len(server.asked) == 2
    assert ("order[created_at]", "desc") in server.asked[0].query


async def test_no_new_deals_are_no_error(crm: AmoCrm, server: Server) -> None:
    server.on(LEADS, EMPTY)

    assert [deal async for deal in crm.deals_created_since(NOW)] == []


async def test_changed_contacts_are_read_until_an_older_one(crm: AmoCrm, server: Server) -> None:
    server.on(CONTACTS, listed("contacts", [contact(5, updated_at=at(1)), contact(4, updated_at=at(-1))]))

    assert [found.id async for found in crm.contacts_changed_since(NOW)] == [5]
    assert ("order[updated_at]", "desc") in server.asked[0].query
    assert len(server.asked) == 1


async def test_a_contact_that_leaps_to_the_front_while_pages_are_read_is_found(crm: AmoCrm, server: Server) -> None:
    following = f"{server.base}/api/v4/contacts?page=2"
    server.on(
        CONTACTS,
        [
            listed("contacts", [contact(5, updated_at=at(9))], following),
            listed("contacts", [contact(3, updated_at=at(1)), contact(2, updated_at=at(-1))]),
            listed("contacts", [contact(4, updated_at=at(10)), contact(5, updated_at=at(9))], following),
        ],
    )

    assert [found.id async for found in crm.contacts_changed_since(NOW)] == [5, 3, 4]


async def test_our_notes_are_read_newest_first(crm: AmoCrm, server: Server) -> None:
    def note(text: str, service: str = "IDENT") -> dict[str, Any]:
        return {"id": 1, "note_type": "extended_service_message", "params": {"service": service, "text": text}}

    server.on("GET /api/v4/leads/7/notes", listed("notes", [note("b"), note("x", "Other"), note("a")]))

    assert await crm.notes_of(7) == ["b", "a"]


# Creating


async def test_deals_are_created_in_one_request_and_answered_in_order(crm: AmoCrm, server: Server) -> None:
    server.on(COMPLEX, created)

    assert await crm.create_deals(some_deals(3)) == [Created(1000 + n, 2000 + n) for n in range(3)]
    assert len(server.asked) == 1
    assert isinstance(server.asked[0].body, list)


async def test_a_long_list_of_new_deals_is_cut(crm: AmoCrm, server: Server) -> None:
    server.on(COMPLEX, created)

    assert [made.deal_id for made in await crm.create_deals(some_deals(70))] == [1000 + n for n in range(70)]
    assert [len(asked.body) for asked in server.asked] == [50, 20]


@pytest.mark.parametrize(
    "reply", [CLOSE, DRIP, nginx(500), nginx(504), EMPTY, Reply(200, {"_embedded": {"leads": []}})]
)
async def test_a_creation_without_its_answer_may_have_happened_and_is_not_repeated(
    crm: AmoCrm, server: Server, reply: Reply
) -> None:
    server.on(COMPLEX, reply)

    with pytest.raises(AnswerLost):
        await crm.create_deals(some_deals(2))
    assert len(server.asked) == 1


async def test_after_a_lost_answer_less_is_asked_at_once_until_it_works_again(crm: AmoCrm, server: Server) -> None:
    server.on(COMPLEX, [nginx(504)])
    with pytest.raises(AnswerLost):
        await crm.create_deals(some_deals(40))
    server.on(COMPLEX, created)
    await crm.create_deals(some_deals(90))

    assert [len(asked.body) for asked in server.asked] == [40, 20, 40, 30]


@pytest.mark.parametrize("interruption", [nginx(429), problem(402), nginx(403), CLOSE])
async def test_when_a_part_of_the_deals_stands_only_reading_tells_which(
    crm: AmoCrm, server: Server, interruption: Reply
) -> None:
    server.on(COMPLEX, [Reply(200, created_body(50)), interruption])

    with pytest.raises(AnswerLost) as lost:
        await crm.create_deals(some_deals(60))
    assert [len(asked.body) for asked in server.asked] == [50, 10]
    assert lost.value.untaken == (set() if interruption is CLOSE else {*range(50, 60)})


def created_body(count: int) -> list[dict[str, Any]]:
    return [{"id": n + 1, "contact_id": n + 1, "request_id": [str(n)], "merged": False} for n in range(count)]


def creating_all_but(*bad: int, named: bool = True) -> Any:
    """Refuses batches that hold one of these deals, and names its place, or nobody's."""

    def answer(asked: Asked) -> Reply:
        places = [place for place, item in enumerate(asked.body) if item["name"] in [f"deal {n}" for n in bad]]
        errors = [{"request_id": str(place), "errors": [{"code": "NotSupportedChoice"}]} for place in places]
        return problem(400, **({"validation-errors": errors} if named else {})) if errors else created(asked)

    return answer


async def test_refused_deals_are_named_and_all_others_are_created(crm: AmoCrm, server: Server) -> None:
    server.on(COMPLEX, creating_all_but(1))

    with pytest.raises(CrmRejected) as rejected:
        await crm.create_deals(some_deals(3))
    assert rejected.value.codes == {1: ("NotSupportedChoice",)}
    assert rejected.value.answers == {0: Created(1000, 2000), 2: Created(1002, 2002)}
    assert [len(asked.body) for asked in server.asked] == [3, 2]


async def test_a_refused_batch_that_names_no_deal_is_asked_for_in_halves(crm: AmoCrm, server: Server) -> None:
    server.on(COMPLEX, creating_all_but(5, 6, named=False))

    with pytest.raises(CrmRejected) as rejected:
        await crm.create_deals(some_deals(8))
    assert rejected.value.codes == {5: ("400",), 6: ("400",)}
    assert rejected.value.answers == {n: Created(1000 + n, 2000 + n) for n in (0, 1, 2, 3, 4, 7)}
    assert [len(asked.body) for asked in server.asked] == [8, 4, 4, 2, 1, 1, 2, 1, 1]


async def test_a_refused_note_keeps_no_other_from_being_told(crm: AmoCrm, server: Server) -> None:
    def somebody(asked: Asked) -> Reply:
        return problem(400) if 3 in _entities(asked) else listed("notes", [{"id": 1}] * len(asked.body))

    server.on("POST /api/v4/leads/notes", somebody)
    with pytest.raises(CrmRejected) as rejected:
        await crm.add_notes([AddNote(str(n), n, "x") for n in range(1, 5)])

    assert rejected.value.codes == {2: ("400",)}
    told = [item["entity_id"] for asked in server.asked for item in asked.body if 3 not in _entities(asked)]
    assert sorted(told) == [1, 2, 4]


def _entities(asked: Asked) -> list[int]:
    return [item["entity_id"] for item in asked.body]


async def test_a_creation_that_is_interrupted_while_it_is_tracked_down_may_have_happened(
    crm: AmoCrm, server: Server
) -> None:
    server.on(COMPLEX, [problem(400), Reply(200, created_body(4)), problem(400), CLOSE])

    with pytest.raises(AnswerLost) as lost:
        await crm.create_deals(some_deals(8))
    assert lost.value.untaken == {6, 7}


async def test_a_deal_that_duplicate_control_merged_is_told(
    crm: AmoCrm, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.on(COMPLEX, Reply(200, [{"id": 5, "contact_id": 6, "request_id": ["0"], "merged": True}]))

    assert await crm.create_deals(some_deals(1)) == [Created(5, 6)]
    assert "deal.merged" in caplog.text


async def test_contacts_are_created_in_order(crm: AmoCrm, server: Server) -> None:
    made = [{"id": 12, "request_id": "1"}, {"id": 11, "request_id": "0"}]
    server.on("POST /api/v4/contacts", listed("contacts", made))

    new = [CreateContact(f"k{n}", NewContact("x", ("+79990000101",), {})) for n in range(2)]
    assert await crm.create_contacts(new) == [11, 12]


async def test_notes_are_added_to_many_deals_at_once(crm: AmoCrm, server: Server) -> None:
    server.on("POST /api/v4/leads/notes", listed("notes", [{"id": 1}, {"id": 2}]))

    await crm.add_notes([AddNote("a", 1, "один"), AddNote("b", 2, "два")])
    assert [(item["entity_id"], item["params"]["text"]) for item in server.asked[0].body] == [(1, "один"), (2, "два")]


async def test_contacts_are_linked_to_many_deals_at_once(crm: AmoCrm, server: Server) -> None:
    server.on("POST /api/v4/leads/link", listed("links", []))

    await crm.link_contacts([LinkContact(1, 5), LinkContact(2, 6)])
    assert [(item["entity_id"], item["to_entity_id"]) for item in server.asked[0].body] == [(1, 5), (2, 6)]


# Patching


async def test_patches_go_by_fifties_in_their_order(crm: AmoCrm, server: Server) -> None:
    server.on(PATCH, listed("leads", []))

    await crm.patch_deals(some_patches(120))
    assert [len(asked.body) for asked in server.asked] == [50, 50, 20]
    assert [item["id"] for asked in server.asked for item in asked.body] == list(range(1, 121))


async def test_a_patch_of_nothing_is_not_sent(crm: AmoCrm, server: Server) -> None:
    await crm.patch_deals([PatchDeal(1)])
    await crm.patch_contacts([])

    assert server.asked == []


async def test_contacts_are_patched_alike(crm: AmoCrm, server: Server) -> None:
    server.on("PATCH /api/v4/contacts", listed("contacts", []))

    await crm.patch_contacts([PatchContact(5, name="Тестова")])
    assert server.asked[0].body == [{"id": 5, "updated_by": 0, "name": "Тестова"}]


async def test_a_patch_that_is_too_much_is_halved(crm: AmoCrm, server: Server) -> None:
    server.on(PATCH, lambda asked: nginx(504) if len(asked.body) > 13 else listed("leads", []))

    await crm.patch_deals(some_patches(50))
    assert [len(asked.body) for asked in server.asked] == [50, 25, 13, 12, 25, 13, 12]
    applied = [item["id"] for asked in server.asked if len(asked.body) <= 13 for item in asked.body]
    assert applied == list(range(1, 51))


async def test_a_lone_patch_that_is_too_much_may_have_been_applied(crm: AmoCrm, server: Server) -> None:
    server.on(PATCH, nginx(504))

    with pytest.raises(AnswerLost):
        await crm.patch_deals(some_patches(1))


def refusing(*bad: int) -> Any:
    """Refuses batches that hold one of these deals, and names its place."""

    def answer(asked: Asked) -> Reply:
        errors = [
            {"request_id": str(place), "errors": [{"code": "NotSupportedChoice", "path": "price"}]}
            for place, item in enumerate(asked.body)
            if item["id"] in bad
        ]
        return problem(400, **{"validation-errors": errors}) if errors else listed("leads", [])

    return answer


async def test_refused_patches_are_named_by_their_place_and_all_others_are_applied(crm: AmoCrm, server: Server) -> None:
    server.on(PATCH, refusing(3, 60))

    with pytest.raises(CrmRejected) as rejected:
        await crm.patch_deals(some_patches(70))
    assert rejected.value.codes == {2: ("NotSupportedChoice price",), 59: ("NotSupportedChoice price",)}
    applied = [item["id"] for asked in server.asked for item in asked.body if len(asked.body) in (49, 19)]
    assert sorted(applied) == [n for n in range(1, 71) if n not in (3, 60)]


async def test_a_refusal_that_names_no_item_is_tracked_down(crm: AmoCrm, server: Server) -> None:
    def somebody(asked: Asked) -> Reply:
        return problem(400) if 3 in [item["id"] for item in asked.body] else listed("leads", [])

    server.on(PATCH, somebody)
    with pytest.raises(CrmRejected) as rejected:
        await crm.patch_deals(some_patches(8))

    assert rejected.value.codes == {2: ("400",)}
    assert [len(asked.body) for asked in server.asked] == [8, 4, 2, 2, 1, 1, 4]


async def test_places_count_the_patches_that_change_nothing(crm: AmoCrm, server: Server) -> None:
    server.on(PATCH, refusing(7))

    with pytest.raises(CrmRejected) as rejected:
        await crm.patch_deals([PatchDeal(1), PatchDeal(7, price=1)])
    assert list(rejected.value.codes) == [1]


async def test_a_patch_goes_out_as_it_is_documented(crm: AmoCrm, server: Server) -> None:
    server.on(PATCH, listed("leads", []))

    await crm.patch_deals([PatchDeal(7, stage=Stage(31, 142), fields={DealField.CANCEL_REASON: None})])
    assert server.asked[0].body == [
        {
            "id": 7,
            "updated_by": 0,
            "pipeline_id": 31,
            "status_id": 142,
            "custom_fields_values": [{"field_id": deal_id(DealField.CANCEL_REASON), "values": None}],
        }
    ]


# The account


async def test_each_account_has_one_client(amocrms: AmoCrms, account: Account) -> None:
    assert amocrms.crm_of(account) is amocrms.crm_of(account)


@pytest.mark.parametrize(
    ("reply", "error"), [(nginx(429), CrmBusy), (nginx(502), CrmDown), (nginx(302), CrmUnauthorised)]
)
async def test_a_read_that_fails_says_what_to_do(
    crm: AmoCrm, server: Server, reply: Reply, error: type[Exception]
) -> None:
    server.on("GET /api/v4/leads/7/notes", reply)
    server.on("POST /oauth2/access_token", problem(401, hint="…"))

    with pytest.raises(error):
        await crm.notes_of(7)
