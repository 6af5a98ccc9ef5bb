"""The made-up clinic holds every odd thing that a real one holds, and the seed alone decides which."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from demo.clinic.database import Database, Row
from demo.clinic.facts import phones_in
from demo.clinic.form import Form
from demo.clinic.make import create
from demo.clinic.people import CANARY_PHONE
from wire import phone as wire_phone

DAY = date(2026, 11, 24)
MIDNIGHT = datetime.combine(DAY, time())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("clinic") / "clinic.db"
    create(path, seed=7, visits=400, day=DAY, zone="Europe/Moscow")
    with Database(path) as database:
        yield database


def contents(path: Path) -> list[Any]:
    with Database(path) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [database.execute(f"SELECT * FROM {name}") for (name,) in tables]  # noqa: S608


def is_cancelled(row: Row) -> bool:
    return row["ReceptionCanceled"] is not None or row["ID_ReceptionCancelReasons"] is not None


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        create(tmp_path / name, seed=seed, visits=40, day=DAY, zone="Europe/Moscow")

    assert contents(tmp_path / "one") == contents(tmp_path / "again")
    assert contents(tmp_path / "one") != contents(tmp_path / "other")


def test_a_smaller_clinic_can_be_made(tmp_path: Path) -> None:
    for visits in (1, 2, 10):
        create(tmp_path / str(visits), seed=1, visits=visits, day=DAY, zone="Europe/Moscow")


def test_the_past_is_bigger_than_the_day(made: Database) -> None:
    starts = [row["PlanStart"] for row in made.rows("Receptions")]
    past = sum(start < MIDNIGHT for start in starts)
    today = sum(MIDNIGHT <= start < MIDNIGHT + timedelta(days=1) for start in starts)
    later = sum(start >= MIDNIGHT + timedelta(days=1) for start in starts)

    assert past > 2 * 400
    assert 250 < today < 400
    assert later > 30
    assert sum(1 for _ in made.rows("Patients")) > 300


def test_the_canary_comes_on_the_day(made: Database) -> None:
    canary = next(row for row in made.rows("Persons") if (row["Surname"] or "").startswith("Канарейкин"))
    visits = [row for row in made.rows("Receptions") if row["ID_Patients"] == canary["ID"]]

    assert canary["MobilePhone"] == CANARY_PHONE == "+79990001234"
    assert any(MIDNIGHT <= row["PlanStart"] < MIDNIGHT + timedelta(days=1) for row in visits)
    bearers = [row for row in made.rows("Persons") if CANARY_PHONE in phones_in(row["MobilePhone"])]
    assert [row["ID"] for row in bearers] == [canary["ID"]]


def test_phones_are_odd_in_every_way_and_are_read_as_the_product_reads_them(made: Database) -> None:
    persons = [row for row in made.rows("Persons") if row["ID"] > 1000]
    typed = [text for row in persons for text in (row["Phone"], row["MobilePhone"]) if text]

    assert [text for text in typed if phones_in(text) != wire_phone.phones_in(text)] == []
    assert all(re.fullmatch(r"\+7999\d{7}", phone) for text in typed for phone in phones_in(text))
    assert any("мама" in text for text in typed)
    assert any(len(phones_in(text)) == 2 for text in typed)
    assert any(row["Phone"] and row["MobilePhone"] for row in persons)
    assert any(row["Surname"] and not row["Phone"] and not row["MobilePhone"] for row in persons)
    bearers = Counter(phone for text in typed for phone in phones_in(text))
    assert max(bearers.values()) >= 3  # a family


def test_cards_are_odd_too(made: Database) -> None:
    cards = list(made.rows("Patients"))
    persons = {row["ID"]: row for row in made.rows("Persons")}
    staff = {row["ID_Persons"] for row in made.rows("Staffs") if not row["Archive"]}
    nameless = [row for row in cards if not persons[row["ID_Persons"]]["Surname"]]

    assert any(row["ParentSNP"] for row in cards)
    assert {row["CardNumber"] for row in cards} >= {"", None}
    assert any(row["ID_ArchivingReasons"] for row in cards)
    assert any(row["ID_Persons"] in staff for row in cards)
    assert any(row["ID_Staffs"] for row in cards)
    assert len(nameless) == 1
    coming = {row["ID_Patients"] for row in made.rows("Receptions") if row["PlanStart"] >= MIDNIGHT}
    assert {nameless[0]["ID_Persons"], None} <= coming


def test_branches_stand_in_one_database(made: Database) -> None:
    branches = {row["ID"]: row for row in made.rows("OwnCompanies")}
    chairs = {row["ID"]: row["ID_OwnCompanies"] for row in made.rows("Armchairs")}

    assert branches.keys() == {1, 2} == set(chairs.values())
    assert [branch["BranchName"] for branch in branches.values()] == ["На Ленина", None]
    assert {chairs[row["ID_Armchairs"]] for row in made.rows("Receptions")} == {1, 2}


def test_cancellations_are_odd_in_every_way(made: Database) -> None:
    rows = list(made.rows("Receptions"))
    cancelled = [row for row in rows if is_cancelled(row)]

    assert any(row["ID_StaffsReceptionCanceled"] is None for row in cancelled)
    assert any(row["ReceptionCanceled"] is None for row in cancelled)
    assert any(row["ID_ReceptionCancelReasons"] is None for row in cancelled)
    assert any(row["ReceptionCanceled"] and row["DateTimeChanged"] < row["ReceptionCanceled"] for row in cancelled)
    chained = {row["ID_ReceptionsTransferFrom"] for row in rows} - {None}
    assert chained <= {row["ID"] for row in cancelled}
    assert any(row["PlanStart"] >= MIDNIGHT for row in cancelled)


def test_some_of_the_past_nobody_marked_to_its_end(made: Database) -> None:
    past = [row for row in made.rows("Receptions") if row["PlanStart"] < MIDNIGHT and not is_cancelled(row)]

    assert any(row["PatientAppeared"] and not row["ReceptionEnded"] for row in past)
    assert any(not row["PatientAppeared"] for row in past)


def test_ids_follow_the_time_of_being_booked(made: Database) -> None:
    rows = list(made.rows("Receptions"))

    assert [row["ReceptionAdded"] for row in rows] == sorted(row["ReceptionAdded"] for row in rows)
    assert all(row["ReceptionAdded"] < MIDNIGHT for row in rows)


def test_no_chair_holds_two_visits_at_once(made: Database) -> None:
    held = Counter((row["ID_Armchairs"], row["PlanStart"]) for row in made.rows("Receptions"))

    assert max(held.values()) == 1


def test_money_is_odd_in_every_way(made: Database) -> None:
    orders, journal = list(made.rows("Orders")), list(made.rows("OrderPaymentsJournal"))

    assert any(order["ID_Receptions"] is None and order["ID_ReceptionsForUnique"] == -order["ID"] for order in orders)
    assert any(order["ID_Receptions"] and not order["IsBillFormed"] for order in orders)
    assert any(row["Amount"] < 0 for row in journal)
    assert any(row["Debt"] > 0 for row in journal)
    assert any(row["InsuranceAmount"] > 0 for row in journal)
    assert any(row["Amount"] != row["AmountWithDiscount"] for row in journal)
    assert all(row["Debt"] >= Decimal() for row in journal)
    assert max(Counter(order["ID_ReceptionsForUnique"] for order in orders).values()) == 1


def test_bills_are_the_sum_of_their_lines(made: Database) -> None:
    prices = {row["ID"]: row["Price"] for row in made.rows("ServiceItemPrices")}
    net: Counter[int] = Counter()
    for line in made.rows("OrderServiceRelation"):
        net[line["ID_Orders"]] += line["CountService"] * prices[line["ID_ServicePrices"]] - line["DiscountSum"]

    whole = [row for row in made.rows("OrderPaymentsJournal") if row["Amount"] > 0]
    assert whole
    assert all(row["AmountWithDiscount"] == net[row["ID_Orders"]] for row in whole)


def test_treatment_plans_are_odd_in_every_way(made: Database) -> None:
    plans = {row["ID"]: row for row in made.rows("TreatmentPlans")}
    services = {row["ID"]: row for row in made.rows("TreatmentPlanElementRelations")}
    orders = {row["ID"]: row for row in made.rows("Orders")}
    lines = [row for row in made.rows("OrderServiceRelation") if row["ID_TreatmentPlanElementRelations"]]
    of_patient = Counter(row["ID_Patients"] for row in plans.values() if row["IsActive"])
    done = {line["ID_TreatmentPlanElementRelations"] for line in lines}

    assert {row["IsActive"] for row in plans.values()} == {True, False}
    assert set(of_patient.values()) >= {1, 2}
    assert plans.keys() > {row["ID_TreatmentPlans"] for row in services.values()}  # some are empty
    assert 0 < len(done) < len(services)
    assert any(row["ID_ServicePrices"] is None for row in services.values())
    assert any(not orders[line["ID_Orders"]]["IsBillFormed"] for line in lines)  # done, not billed
    for line in lines:
        service = services[line["ID_TreatmentPlanElementRelations"]]
        plan = plans[service["ID_TreatmentPlans"]]
        assert plan["ID_Patients"] == orders[line["ID_Orders"]]["ID_Patients"]
        assert (line["ID_TreatmentPlans"], line["ID_ServicePrices"]) == (plan["ID"], service["ID_ServicePrices"])


def test_doctors_are_several_things_at_once(made: Database) -> None:
    held = Counter(row["ID_Staffs"] for row in made.rows("Items"))
    professions = {row["ID"]: row for row in made.rows("ProfessionNames")}

    assert set(held.values()) >= {1, 2, 3}
    assert {row["ID_ProfessionNames"] for row in made.rows("Items")} == professions.keys()
    assert {row["ID_Roles"] for row in professions.values()} == {7, 8, 9}


def test_the_grid_has_quarters_of_an_hour_and_a_cancelled_visit_has_none(made: Database) -> None:
    times = {row["ID"]: row["TimeStartValue"] for row in made.rows("Times")}
    visits = {row["ID"]: row for row in made.rows("Receptions")}
    cells = list(made.rows("CurrentTimeTable"))
    held = [row for row in cells if row["ID_Receptions"]]

    assert len(times) == 96
    assert Counter(Counter(row["ID_Receptions"] for row in held).values()).keys() == {2}
    for row in held:
        visit = visits[row["ID_Receptions"]]
        assert not is_cancelled(visit)
        assert visit["ID_Armchairs"] == row["ID_Armchairs"]
        assert visit["PlanStart"] <= datetime.combine(row["DateOfWork"], times[row["ID_Times"]]) < visit["PlanEnd"]
    assert any(row["IsHeaderCell"] and row["ID_Times"] is None for row in cells)
    assert any(row["ID_TimeReserves"] for row in cells)


def test_an_update_long_ago_left_one_changed_time_on_many_rows(made: Database) -> None:
    changed = Counter(row["DateTimeChanged"] for row in made.rows("Receptions") if row["ID_StaffsChanged"] is None)
    at, count = changed.most_common(1)[0]
    touched = [row for row in made.rows("Receptions") if row["DateTimeChanged"] == at]

    assert count > 10
    assert all(row["ReceptionCanceled"] is None or row["ReceptionCanceled"] < at for row in touched)


def test_visits_were_moved_again_and_again(made: Database) -> None:
    rows = {row["ID"]: row for row in made.rows("Receptions")}
    former = [rows[row["ID_ReceptionsTransferFrom"]] for row in rows.values() if row["ID_ReceptionsTransferFrom"]]

    assert any(row["ID_ReceptionsTransferFrom"] for row in former)


def test_sources_are_known_empty_and_lost(made: Database) -> None:
    names = {row["ID"]: row["Name"] for row in made.rows("InfoSources")}
    named = {row["ID_InfoSources"] for row in made.rows("Patients")}

    assert named > names.keys() | {None}  # one is in no dictionary
    assert "" in names.values()
    assert {row["ID_AppointmentSources"] for row in made.rows("Receptions")} >= {1, 2, 3, None}


def test_patients_who_were_treated_stand_on_the_third_step(made: Database) -> None:
    cards = list(made.rows("Patients"))

    assert {(row["Status"], row["FirstTreat"] is None, row["FirstConsultation"] is None) for row in cards} == {
        (1, True, True),
        (3, False, False),
    }
    assert any(row["FirstVisit"] and row["FirstVisit"].year < 1910 for row in cards)


def test_some_were_reminded_and_money_says_when_it_was_written(made: Database) -> None:
    assert any(row["DateTimeNotified"] and row["IsNotified"] for row in made.rows("Receptions"))
    for table in ("Orders", "OrderServiceRelation", "PaymentsIn"):
        assert all(row["DateTimeAdded"] and row["DateTimeChanged"] for row in made.rows(table))


def test_what_else_stands_there_is_not_empty(made: Database) -> None:
    tables = (
        "OnlineTickets",
        "PaymentsOut",
        "DeferredOrderDiscounts",
        "Diagnoses",
        "ServiceItemContents",
        "ServiceFolders",
    )

    assert [table for table in tables if not list(made.rows(table))] == []
    assert {row["IsCanceled"] for row in made.rows("DeferredOrderDiscounts")} <= {True, False}
    assert any(row["DateTimeTo"] for row in made.rows("ServiceItemContents"))
    assert any(row["PatientFullName"] is None for row in made.rows("OnlineTickets"))


def test_a_clinic_is_as_large_as_it_is_asked_to_be(tmp_path: Path) -> None:
    create(tmp_path / "50", seed=1, day=DAY, zone="Europe/Moscow", form=Form.of(50, 0))
    create(tmp_path / "many", seed=1, day=DAY, zone="Europe/Moscow", form=Form.of(60, 6000))

    with Database(tmp_path / "50") as small, Database(tmp_path / "many") as large:
        assert len(list(small.rows("Patients"))) == 50
        assert len(list(large.rows("Patients"))) == 60
        assert 6000 <= len(list(large.rows("Receptions"))) < 6100
        held = Counter((row["ID_Armchairs"], row["PlanStart"]) for row in large.rows("Receptions"))
        assert max(held.values()) == 1


def test_a_clinic_may_lack_tables_and_columns(tmp_path: Path) -> None:
    lacks = ("OrderPaymentsJournal", "Receptions.Comment", "Receptions.RowVersion", "Persons.Patronymic", "Staffs")
    form = Form(40, without=lacks, indexed=True)
    create(tmp_path / "less", seed=1, day=DAY, zone="Europe/Moscow", form=form)

    with Database(tmp_path / "less") as database:
        for lost in lacks:
            table, _, column = lost.partition(".")
            there = {known.name for known in database.columns(table)}
            assert (not there) if not column else (there and column not in there)
        assert all(row["Comment"] is None and row["RowVersion"] is None for row in database.rows("Receptions"))
        assert list(database.rows("Staffs")) == []
        assert database.execute("SELECT name FROM sqlite_master WHERE type = 'view'") == []


def test_one_variant_has_indexes_on_what_betrays_changes(tmp_path: Path) -> None:
    create(tmp_path / "indexed", seed=1, day=DAY, zone="Europe/Moscow", form=Form(10, indexed=True))

    with Database(tmp_path / "indexed") as database:
        indexes = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        plan = database.execute("EXPLAIN QUERY PLAN SELECT ID FROM Receptions WHERE RowVersion >= x'00'")[0][3]
    assert {"IX_Receptions_RowVersion", "IX_Receptions_DateTimeChanged", "IX_Orders_DateTimeChanged"} <= indexes
    assert "IX_Receptions_RowVersion" in plan
