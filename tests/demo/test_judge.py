"""The judge sees whatever differs, says where, and never who."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from demo.account import AccountRefused
from demo.clinic.leads import LOST
from demo.clinic.oracle import Expected, FieldValue
from demo.judge import Difference, Verdict, judge
from tests.demo.clinic.little import Little, bill
from tests.demo.clinic.test_oracle import billed, was_here
from tests.demo.fake_account import TOKEN, FakeAccount, add_contact, add_deal, as_expected


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, Expected]:
    """A visited patient with a bill, a regular, a child whose representative called, one who is asked about, one left out."""
    clinic = Little(tmp_path / "clinic.db")
    with clinic.database:
        clinic.patient(1001, CardNumber="A-17", SMSRejection=True)
        clinic.visit(81, "10:00")
        clinic.visit(82, "3 10:00")
        clinic.comes("10:00", 81, ends="10:40")
        billed(clinic, 81, bill(10, 11), share="1")
        clinic.patient(1002, name="Чижов Глеб Иванович", phone="+79990000102")
        was_here(clinic, 1002, key=2)
        clinic.visit(83, "15:00", patient=1002)
        clinic.do("11:00", "phone", patient=1002, phone="+79990000112")
        clinic.patient(1003, name="Иволгин Лев Ильич", phone="+79990000103", ParentSNP="Иволгина Вера Львовна")
        clinic.lead("+79990000103", "Иволгина Вера Львовна", deal_name="Звонок")
        clinic.visit(84, "2 15:00", patient=1003)
        clinic.patient(1004, name="Стрижов Егор Ильич", phone="+79990000104")
        clinic.lead("+79990000104", "Лютиков Иван", contact=2)
        clinic.visit(85, "2 16:00", patient=1004)
        clinic.visit(86, "2 17:00", patient=None)
        return clinic.expect()


@pytest.fixture
def account(expected: dict[str, Expected]) -> FakeAccount:
    return as_expected(expected)


async def verdict(expected: dict[str, Expected], account: FakeAccount, at_least: int = 1) -> Verdict:
    async with account.serving() as url:
        return await judge(expected, url, TOKEN, database="db_1", at_least=at_least)


def of_visit(account: FakeAccount, visit: str) -> dict[str, Any]:
    return next(lead for lead in account.leads if visit in str(value_of(lead, "IDENT: приёмы")))


def own_contact(account: FakeAccount, patient: str) -> dict[str, Any]:
    return next(c for c in account.contacts if value_of(c, "IDENT: пациент") == f"db_1:{patient}")


def value_of(card: dict[str, Any], name: str) -> Any:
    values = card["custom_fields_values"] or []
    return next((v["values"][0]["value"] for v in values if v["field_name"] == name), None)


def put(card: dict[str, Any], name: str, value: Any) -> None:
    """Write over what stands there."""
    for one in card["custom_fields_values"]:
        if one["field_name"] == name:
            one["values"] = [{"value": value}]
            return
    raise AssertionError(name)


def take(card: dict[str, Any], name: str) -> None:
    card["custom_fields_values"] = [v for v in card["custom_fields_values"] if v["field_name"] != name]


async def test_an_account_as_it_should_be_is_good(expected: dict[str, Expected], account: FakeAccount) -> None:
    found = await verdict(expected, account, at_least=6)

    assert found.line() == "visits 6, deals 4, differences 0, wrong person 0, duplicates 0"
    assert found.good


async def test_all_pages_are_read_by_their_links(expected: dict[str, Expected], account: FakeAccount) -> None:
    await verdict(expected, account)

    assert [asked for asked in account.asked if asked.startswith("leads?")] == [
        "leads?limit=250&with=contacts",
        "leads?limit=250&with=contacts&page=2",
    ]


VISITS = "IDENT: приёмы"
ANOTHERS = "stands in a deal, "


def add(card: dict[str, Any], account: FakeAccount, name: str, value: FieldValue) -> None:
    card["custom_fields_values"].extend(account.values({name: value}) or [])


BENT: list[tuple[str, Callable[[FakeAccount], object], set[tuple[str, str]]]] = [
    ("stage", lambda a: of_visit(a, ":81").update(status_id=2), {("81", "stage")}),
    ("pipeline", lambda a: of_visit(a, ":83").update(pipeline_id=10), {("83", "pipeline")}),
    ("budget", lambda a: of_visit(a, ":81").update(price=1), {("81", "budget")}),
    ("name", lambda a: of_visit(a, ":81").update(name="Сделка"), {("81", "name")}),
    ("text", lambda a: put(of_visit(a, ":83"), "Врач", "Другой"), {("83", "Врач")}),
    ("empty text", lambda a: take(of_visit(a, ":83"), "Филиал"), {("83", "Филиал")}),
    ("time", lambda a: put(of_visit(a, ":83"), "Дата приёма", 1_700_000_000), {("83", "Дата приёма")}),
    ("no time", lambda a: take(of_visit(a, ":83"), "Первая дата"), {("83", "Первая дата")}),
    ("figure", lambda a: put(of_visit(a, ":81"), "Оплачено", "6299.4"), {("81", "Оплачено")}),
    ("no figure", lambda a: put(of_visit(a, ":81"), "Выставлено", "сто"), {("81", "Выставлено")}),
    (
        "figure too many",
        lambda a: add(of_visit(a, ":84"), a, "Скидка", Decimal(5)),
        {("84", "Скидка")},
    ),
    (
        "text too many",
        lambda a: add(of_visit(a, ":83"), a, "Отменён кем", "Кто-то"),
        {("83", "Отменён кем")},
    ),
    ("deal", lambda a: of_visit(a, ":84").update(id=999), {("84", "deal")}),
    ("main contact", lambda a: _swap_main(of_visit(a, ":84")), {("84", "main contact")}),
    ("not linked", lambda a: of_visit(a, ":84")["_embedded"]["contacts"].pop(), {("84", "contact: not linked")}),
    ("contact name", lambda a: own_contact(a, "1002").update(name="Чижов"), {("83", "contact: name")}),
    (
        "contact field",
        lambda a: put(own_contact(a, "1001"), "Визитов", "3"),
        {("81", "contact: Визитов"), ("82", "contact: Визитов")},
    ),
    (
        "card number",
        lambda a: take(own_contact(a, "1001"), "№ карты"),
        {("81", "contact: № карты"), ("82", "contact: № карты")},
    ),
    (
        "mark",
        lambda a: put(own_contact(a, "1001"), "Не писать", False),
        {("81", "contact: Не писать"), ("82", "contact: Не писать")},
    ),
    ("phone lost", lambda a: take(own_contact(a, "1002"), "Телефон"), {("83", "contact: phones")}),
    ("old phone", lambda a: _add_phone(own_contact(a, "1002"), "+79990000102"), {("83", "contact: phones")}),
    ("visit nowhere", lambda a: put(of_visit(a, ":83"), VISITS, "db_2:83"), {("83", "stands in no deal")}),
    (
        "visit missing",
        lambda a: put(of_visit(a, ":81"), VISITS, "db_1:82\ndb_1:81"),
        {("81", VISITS), ("82", "pipeline")},
    ),
    (
        "asked for",
        lambda a: put(of_visit(a, ":83"), VISITS, "db_1:83\ndb_1:85"),
        {("83", VISITS), ("85", ANOTHERS + "should be ask other_name_on_phone")},
    ),
    (
        "left out",
        lambda a: put(of_visit(a, ":83"), VISITS, "db_1:83\ndb_1:86"),
        {("83", VISITS), ("86", ANOTHERS + "should be none no_patient")},
    ),
    (
        "history",
        lambda a: put(of_visit(a, ":83"), VISITS, "db_1:2\ndb_1:83"),
        {("83", VISITS), ("2", ANOTHERS + "does not concern the account")},
    ),
]


def _swap_main(lead: dict[str, Any]) -> None:
    for contact in lead["_embedded"]["contacts"]:
        contact["is_main"] = not contact["is_main"]


def _add_phone(contact: dict[str, Any], phone: str) -> None:
    contact["custom_fields_values"][-1]["values"].append({"value": phone, "enum_code": "MOB"})


@pytest.mark.parametrize(("bend", "differences"), [case[1:] for case in BENT], ids=[case[0] for case in BENT])
async def test_what_differs_is_told_by_visit_and_field(
    expected: dict[str, Expected],
    account: FakeAccount,
    bend: Callable[[FakeAccount], object],
    differences: set[tuple[str, str]],
) -> None:
    bend(account)

    found = await verdict(expected, account)

    assert {(d.visit, d.field) for d in found.differences} >= differences
    assert {d.visit for d in found.differences} == {visit for visit, _ in differences}
    assert not found.good


async def test_unknown_sums_and_budgets_are_not_compared(expected: dict[str, Expected], account: FakeAccount) -> None:
    wanted = expected["83"].deal
    assert wanted is not None
    loose = type(wanted)(**{**vars(wanted), "price": None, "fields": {"Врач": wanted.fields["Врач"]}})
    of_visit(account, ":83").update(price=77)
    put(of_visit(account, ":83"), "Статус приёма", "пришёл")

    found = await verdict({**expected, "83": Expected("deal", deal=loose)}, account)

    assert found.good


async def test_a_visit_in_another_patients_deal_is_a_wrong_person(
    expected: dict[str, Expected], account: FakeAccount
) -> None:
    put(of_visit(account, ":83"), "IDENT: пациент", "db_1:1001")

    assert (await verdict(expected, account)).wrong_person == 1


async def test_another_patients_main_contact_is_a_wrong_person(
    expected: dict[str, Expected], account: FakeAccount
) -> None:
    of_visit(account, ":83")["_embedded"]["contacts"] = [{"id": own_contact(account, "1001")["id"], "is_main": True}]

    found = await verdict(expected, account)

    assert found.wrong_person == 1
    assert ("83", "main contact") in {(d.visit, d.field) for d in found.differences}


async def test_a_representative_who_stays_main_is_no_wrong_person(
    expected: dict[str, Expected], account: FakeAccount
) -> None:
    lead = of_visit(account, ":84")
    main = next(c["id"] for c in lead["_embedded"]["contacts"] if c["is_main"])
    account.contacts.append(
        {
            "id": main,
            "name": "-",
            "custom_fields_values": account.values({"IDENT: пациент": "db_1:1009"}),
            "_embedded": {},
        }
    )

    assert (await verdict(expected, account)).wrong_person == 0


async def test_a_visit_in_two_deals_is_a_duplicate(expected: dict[str, Expected], account: FakeAccount) -> None:
    wanted = expected["81"].deal
    assert wanted is not None
    add_deal(account, wanted, own_contact(account, "1001")["id"])

    assert (await verdict(expected, account)).duplicates == 2  # the visit, and the deal


async def test_two_contacts_of_one_patient_are_a_duplicate(expected: dict[str, Expected], account: FakeAccount) -> None:
    wanted = expected["83"].deal
    assert wanted is not None
    add_contact(account, wanted.contact)

    assert (await verdict(expected, account)).duplicates == 1


async def test_an_open_or_won_deal_that_nobody_asked_for_is_a_duplicate(
    expected: dict[str, Expected], account: FakeAccount
) -> None:
    wanted = expected["83"].deal
    assert wanted is not None
    add_deal(account, wanted, own_contact(account, "1002")["id"])
    put(account.leads[-1], "IDENT: приёмы", "")

    for stage in (account.leads[-1]["status_id"], 142):
        account.leads[-1]["status_id"] = stage
        assert (await verdict(expected, account)).duplicates == 1
    account.leads[-1]["status_id"] = 143
    assert (await verdict(expected, account)).good


async def test_another_databases_deals_are_not_judged(expected: dict[str, Expected], account: FakeAccount) -> None:
    wanted = expected["83"].deal
    assert wanted is not None
    add_deal(account, wanted, own_contact(account, "1002")["id"])
    put(account.leads[-1], "IDENT: приёмы", "db_2:83")
    put(account.leads[-1], "IDENT: пациент", "db_2:1002")

    assert (await verdict(expected, account)).good


async def test_fewer_visits_than_asked_for_is_a_failure(expected: dict[str, Expected], account: FakeAccount) -> None:
    found = await verdict(expected, account, at_least=7)

    assert found.differences == (Difference("account", "only 6 visits of 7 were judged"),)
    assert not found.good


async def test_an_empty_account_is_a_failure(expected: dict[str, Expected]) -> None:
    found = await verdict(expected, FakeAccount())

    assert not found.good
    assert found.line().startswith("visits 6, deals 0, differences 5,")
    assert not (await verdict({}, FakeAccount(), at_least=0)).good


async def test_no_person_is_in_what_is_told(expected: dict[str, Expected], account: FakeAccount) -> None:
    for lead in account.leads:
        lead.update(name="?", price=1)
    for contact in account.contacts:
        contact.update(name="?")

    found = await verdict(expected, account)

    told = (
        f"{found} {[str(d) for d in found.differences]} {found.line()} {expected} {[e.deal for e in expected.values()]}"
    )
    assert len(found.differences) >= 8
    for secret in ("Ромашкин", "Чижов", "Иволгин", "9990000", "Звонок"):
        assert secret not in told


async def test_a_refusal_says_where_and_no_more(expected: dict[str, Expected], account: FakeAccount) -> None:
    async with account.serving() as url:
        with pytest.raises(AccountRefused, match="leads/pipelines: amoCRM answered 401"):
            await judge(expected, url, "wrong", database="db_1")


def test_two_databases_of_one_account_are_judged_together() -> None:
    one = Verdict(3, 2, (Difference("81", "stage"),), 1, 2)
    other = Verdict(2, 1, (), 0, 3)

    assert one.and_also(other) == Verdict(5, 3, (Difference("81", "stage"),), 1, 3)
    assert not one.and_also(other).good


async def test_a_deal_that_lost_its_visits_is_found_by_its_patient(
    expected: dict[str, Expected], account: FakeAccount
) -> None:
    wanted = expected["83"].deal
    assert wanted is not None
    left = replace(wanted, visits=(), stage=LOST, pipeline="Первичные", fields={"IDENT: пациент": "db_1:1002"})
    expected = {**expected, "Первичные of db_1:1002": Expected("deal", deal=left)}

    missing = await verdict(expected, account)
    add_deal(account, left, own_contact(account, "1002")["id"])
    there = await verdict(expected, account)
    account.leads[-1]["status_id"] = 142

    assert [str(d) for d in missing.differences] == ["a deal of db_1:1002 without visits: is not there"]
    assert there.good, there.differences
    assert "a deal of db_1:1002 without visits: stage" in map(str, (await verdict(expected, account)).differences)
