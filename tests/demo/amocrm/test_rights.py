"""Who may see and write what: an admin, a user of all, of the group's, of the own, of none, a free one; and the routes of admins alone."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.amocrm import hands, seed
from demo.amocrm.api import ROUTES
from demo.amocrm.call import Route
from demo.amocrm.errors import Invalid
from demo.amocrm.model import Json, User
from tests.demo.amocrm.conftest import Crm

PEOPLE = (
    {"name": "Все", "email": "all@example.ru", "group_id": 7},
    {"name": "Группа", "email": "group@example.ru", "view": "G", "group_id": 7},
    {"name": "Своё", "email": "own@example.ru", "view": "M", "group_id": 7},
    {"name": "Ничего", "email": "none@example.ru", "view": "D"},
    {"name": "Бесплатный", "email": "free@example.ru", "is_free": True},
    {"name": "Ушёл", "email": "gone@example.ru", "is_active": False},
)
ADMIN_ROUTES = [route for route in ROUTES if route.admin]


@dataclass
class Office:
    """Users by their names, and a deal with a contact of each who may have one."""

    crm: Crm
    users: dict[str, User]
    deals: dict[str, int]
    contacts: dict[str, int]

    async def ask(self, name: str, method: str, path: str, body: object = None) -> tuple[int, Json]:
        """As that user, with an admin's token."""
        said = await self.crm.ask(method, path, body, X_Context_User_ID=str(self.users[name].id))
        return said.status, said.body if said.text else {}

    async def seen(self, name: str, entity: str) -> set[int]:
        _, said = await self.ask(name, "GET", entity)
        return {card["id"] for card in said["_embedded"][entity]} if said else set()


@pytest.fixture
async def office(crm: Crm, tmp_path: Path) -> Office:
    (tmp_path / "seed.json").write_text(json.dumps({"users": PEOPLE}), "utf-8")
    account = crm.stand_in.account
    seed.add(account, tmp_path / "seed.json")
    users = {user.name: user for user in account.users.values()}
    users["Админ"] = users.pop("Орлова Анна")
    made = {
        name: hands.create_lead(account, users[name].id, {"name": name, "_embedded": {"contacts": [{"name": name}]}})
        for name in ("Админ", "Все", "Группа", "Своё")
    }
    contacts = {name: lead.main_contact or 0 for name, lead in made.items()}
    return Office(crm, users, {name: lead.id for name, lead in made.items()}, contacts)


SEES = {
    "Админ": {"Админ", "Все", "Группа", "Своё"},
    "Все": {"Админ", "Все", "Группа", "Своё"},
    "Группа": {"Все", "Группа", "Своё"},
    "Своё": {"Своё"},
    "Ничего": set[str](),
}


@pytest.mark.parametrize("name", SEES)
async def test_who_sees_a_card_may_write_it_and_nobody_else(office: Office, name: str) -> None:
    mine = SEES[name]
    assert await office.seen(name, "leads") == {office.deals[owner] for owner in mine}
    assert await office.seen(name, "contacts") == {office.contacts[owner] for owner in mine}
    note = [{"note_type": "common", "params": {"text": "x"}}]
    for owner, deal in office.deals.items():
        contact, good = office.contacts[owner], 200 if owner in mine else 403
        link = [{"to_entity_id": contact, "to_entity_type": "contacts"}]
        task = [{"text": "x", "complete_till": 1, "entity_id": deal, "entity_type": "leads"}]
        for method, path, body in (
            ("GET", f"leads/{deal}", None),
            ("GET", f"contacts/{contact}", None),
            ("PATCH", f"leads/{deal}", {"price": 5}),
            ("PATCH", "leads", [{"id": deal, "price": 6}]),
            ("PATCH", f"contacts/{contact}", {"first_name": "И"}),
            ("PATCH", "contacts", [{"id": contact, "last_name": "О"}]),
            ("POST", f"leads/{deal}/notes", note),
            ("POST", "leads/notes", [{**note[0], "entity_id": deal}]),
            ("GET", f"leads/{deal}/links", None),
            ("POST", f"leads/{deal}/link", link),
            ("POST", "tasks", task),
        ):
            assert (await office.ask(name, method, path, body))[0] == good, (owner, method, path)


@pytest.mark.parametrize("name", SEES)
async def test_notes_and_events_are_seen_with_their_cards(office: Office, name: str) -> None:
    for deal in office.deals.values():
        await office.crm.post(f"leads/{deal}/notes", [{"note_type": "common", "params": {"text": "x"}}])
    hands.delete_lead(office.crm.stand_in.account, office.users["Админ"].id, office.deals["Админ"])

    def of(path: str, said: Json) -> set[int]:
        return {one["entity_id"] for one in said["_embedded"][path.rpartition("/")[2]]} if said else set()

    left = {office.deals[owner] for owner in SEES[name]} - {office.deals["Админ"]}
    all_of_all = {office.deals["Админ"]} if name in ("Админ", "Все") else set()
    assert of("leads/notes", (await office.ask(name, "GET", "leads/notes"))[1]) == left
    _, said = await office.ask(name, "GET", "events")
    events = [one for one in said.get("_embedded", {}).get("events", []) if one["entity_type"] == "lead"]
    assert {one["entity_id"] for one in events} == left | all_of_all


async def test_who_has_no_right_to_deals_makes_none(office: Office) -> None:
    for path in ("leads", "leads/complex", "contacts"):
        assert (await office.ask("Ничего", "POST", path, [{"name": "Новая"}]))[0] == 403
        assert (await office.ask("Своё", "POST", path, [{"name": "Новая"}]))[0] == 200


async def test_a_refused_item_leaves_its_batch_undone(office: Office) -> None:
    body = [{"id": office.deals[name], "price": 77} for name in ("Своё", "Все")]

    assert (await office.ask("Своё", "PATCH", "leads", body))[0] == 403

    assert [office.crm.stand_in.account.leads[office.deals[name]].price for name in ("Своё", "Все")] == [0, 0]


@pytest.mark.parametrize("route", ADMIN_ROUTES, ids=lambda route: route.name)
async def test_the_routes_of_admins_refuse_everybody_else(office: Office, route: Route) -> None:
    path = route.path.replace("{}", "1")
    body: list[Json] | None = None if route.method == "GET" else [{}]
    for name in ("Все", "Группа", "Своё", "Ничего"):
        assert (await office.ask(name, route.method, path, body))[0] == 403
    refused = office.crm.stand_in.refused
    assert len(refused) == 4, "a client that asks for them without an admin is told of"


def test_users_fields_pipelines_and_webhooks_are_admins_routes() -> None:
    assert {(route.method, route.path.split("/{}")[0]) for route in ADMIN_ROUTES} >= {
        ("GET", "users"),
        ("POST", "leads/custom_fields"),
        ("POST", "contacts/custom_fields/groups"),
        ("POST", "leads/pipelines"),
        ("DELETE", "leads/pipelines"),
        ("POST", "webhooks"),
        ("DELETE", "webhooks"),
    }


@pytest.mark.parametrize("name", ["Бесплатный", "Ушёл"])
async def test_nobody_acts_as_a_free_user_or_as_one_who_has_left(office: Office, name: str) -> None:
    assert (await office.ask(name, "GET", "leads"))[0] == 401
    assert (await office.crm.ask("GET", "leads", X_Context_User_ID="1")).status == 401
    assert (await office.crm.ask("GET", "leads", X_Context_User_ID="Всё".encode().hex())).status == 401


async def test_only_an_admins_token_acts_as_others(office: Office) -> None:
    token = office.crm.stand_in.long_lived_token(office.crm.url, office.users["Все"].id)
    said = await office.crm.ask("GET", "leads", token=token, X_Context_User_ID=str(office.users["Админ"].id))

    assert said.status == 401
    assert (await office.crm.ask("GET", "leads", token=token)).status == 200


async def test_groups_are_told_where_their_users_are(office: Office) -> None:
    said = (await office.crm.get("account?with=users_groups")).body["_embedded"]["users_groups"]
    users = (await office.crm.get("users")).items("users")

    assert [(one["id"], one["name"]) for one in said] == [(0, "Отдел продаж"), (7, "Группа 7")]
    letters = {one["name"]: (one["rights"]["leads"]["view"], one["_embedded"]["groups"][0]["id"]) for one in users}
    assert letters["Группа"] == ("G", 7)
    assert (letters["Своё"], letters["Ничего"]) == (("M", 7), ("D", 0))


# Fields that a stage requires.


async def required(crm: Crm) -> int:
    """A text field that the third stage asks for."""
    asked = [{"pipeline_id": crm.pipeline, "status_id": crm.stages[2]}]
    field: int = (await crm.field("leads", "text", required_statuses=asked))["id"]
    return field


@pytest.mark.parametrize("by_api", [False, True])
async def test_a_required_field_stops_a_move_by_the_api_only_where_a_test_asks_for_it(crm: Crm, by_api: bool) -> None:
    field, lead = await required(crm), await crm.lead()
    assert (await crm.ask("POST", "/_stand-in/required-fields", {"by_api": by_api}, token="")).status == 204
    move = {"status_id": crm.stages[2], "pipeline_id": crm.pipeline}
    filled = {"custom_fields_values": [{"field_id": field, "values": [{"value": "есть"}]}]}

    assert (await crm.patch(f"leads/{lead}", {"status_id": crm.stages[1]})).status == 200
    said = await crm.patch(f"leads/{lead}", move)
    if by_api:
        assert (said.status, said.problems()) == (400, [("FieldMissing", "custom_fields_values")])
        assert crm.stand_in.account.leads[lead].status_id == crm.stages[1]
        assert (await crm.patch(f"leads/{lead}", move | filled)).status == 200, "filled on the way"
        cleared = {"custom_fields_values": [{"field_id": field, "values": None}]}
        assert (await crm.patch(f"leads/{lead}", move | cleared)).status == 200, "that is no move"
    else:
        assert said.status == 200


async def test_a_required_field_stops_a_person_and_no_robot(crm: Crm) -> None:
    await required(crm)
    lead, account = await crm.lead(), crm.stand_in.account
    operator = max(account.users)

    with pytest.raises(Invalid):
        hands.edit_lead(account, operator, lead, {"status_id": crm.stages[2]})
    hands.edit_lead(account, hands.ROBOT, lead, {"status_id": crm.stages[2]})

    assert account.leads[lead].status_id == crm.stages[2]
