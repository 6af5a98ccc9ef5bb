"""A card says what stands in the clinic's database at this moment, of everybody on the phone."""
# ruff: noqa: S608 - keys of our own

import re
import sqlite3
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.lookup import card
from tests.agent.lookup.desk import MOSCOW, Desk, desk, ids
from tests.agent.mis.clinic import NOW, Clinic
from wire.lookup import MAX_PATIENTS, CardAnswer, CardPatient
from wire.model import Visit, known


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """What really stands in the file."""
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def by_phone(path: Path) -> dict[str, set[str]]:
    """Whose phone is whose, by the last ten digits of what was typed."""
    people = rows(path, "SELECT ID, MobilePhone, Phone FROM Persons JOIN Patients ON ID_Persons = ID")
    found: dict[str, set[str]] = defaultdict(set)
    for key, *typed in people:
        for text in filter(None, typed):
            for number in re.findall(r"\d{10}$|\d{10}(?=\D)", re.sub(r"[ ()+-]", "", text)):
                found[f"+7{number}"].add(str(key))
    return found


async def test_each_phone_leads_to_everybody_who_has_it_however_it_was_typed(demo: Desk, made: Path) -> None:
    expected = by_phone(made)
    assert len(expected) > 20
    assert max(map(len, expected.values())) > 1  # a family

    assert {phone: set(ids(await demo.card(phone))) for phone in expected} == expected


async def test_a_card_holds_the_patients_visits_as_they_stand(demo: Desk, made: Path) -> None:
    now = rows(made, "SELECT now FROM _server")[0][0]
    told = 0
    for (key,) in rows(made, "SELECT ID_Persons FROM Patients"):
        (patient,) = (await demo.card(ids=[key])).patients
        visits = rows(made, f"SELECT ID, PlanStart FROM Receptions WHERE ID_Patients = {key} ORDER BY PlanStart, ID")
        past = [visit for visit, start in visits if start < now]
        future = [visit for visit, start in visits if start >= now]

        assert sorted(int(visit.id) for visit in patient.visits) == sorted(past[-20:] + future)
        assert [visit.start for visit in patient.visits] == sorted(visit.start for visit in patient.visits)
        assert patient.more_past == (len(past) > 20)
        told += len(visits)
    assert told > 100


async def test_a_card_holds_the_bills_that_were_issued(demo: Desk, made: Path) -> None:
    told = 0
    for (key,) in rows(made, "SELECT ID_Persons FROM Patients"):
        (patient,) = (await demo.card(ids=[key])).patients
        issued = rows(
            made,
            "SELECT date(j.DateTimeBill), o.ID_Receptions, j.Amount, j.AmountWithDiscount, j.Debt "
            "FROM OrderPaymentsJournal AS j JOIN Orders AS o ON o.ID = j.ID_Orders "
            f"WHERE j.IsBillFormed = 1 AND j.Amount >= 0 AND o.ID_Patients = {key} ORDER BY 1, 2",
        )  # a negative bill says nothing that can be told
        as_told = [
            (bill.date, bill.visit_id and int(bill.visit_id), bill.gross, bill.billed, bill.debt)
            for bill in patient.bills
        ]
        in_roubles = [(day, visit, *(Decimal(sum_) / 10**10 for sum_ in sums)) for day, visit, *sums in issued]
        assert sorted(as_told, key=str) == sorted(
            ((d, v, a, b, max(c, Decimal())) for d, v, a, b, c in in_roubles), key=str
        )
        told += len(issued)
    assert told > 30


async def test_a_card_says_of_a_visit_what_the_pushes_say(demo: Desk) -> None:
    """The hub compares the two."""
    frame = await demo.outbox.batch("backfill", 1 << 20)
    while frame is not None:
        for change in getattr(frame, "changes", ()):
            if change.kind == "visit" and change.value["patient_id"] is not None:
                (patient,) = (await demo.card(ids=[change.value["patient_id"]])).patients
                (visit,) = [visit.dump() for visit in patient.visits if visit.id == change.key]
                assert visit == change.value
        await demo.outbox.pushed("backfill", frame.seq, "")
        frame = await demo.outbox.batch("backfill", 1 << 20)


async def test_a_patient_without_a_phone_is_asked_for_by_id(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    clinic.put("Persons", 1001, MobilePhone=None)
    await here.load()

    (patient,) = (await here.card(ids=[1001])).patients
    assert (patient.id, patient.phones) == ("1001", ())


async def test_who_is_asked_for_by_id_comes_first_and_once(clinic: Clinic, here: Desk) -> None:
    for key in (1001, 1002, 1003):
        clinic.patient(key)
        clinic.put("Persons", key, MobilePhone="мама 8 (999) 000-01-01, папа 9990000102")
    await here.load()

    assert ids(await here.card("+79990000101", ids=[1003])) == ["1003", "1001", "1002"]
    assert ids(await here.card("+79990000102", "+79990000101")) == ["1001", "1002", "1003"]


@pytest.mark.parametrize("key", ["0", "-1", "1e3", "9" * 60, "1001; DROP TABLE Patients", "١٠٠١", "99999999999"])
async def test_an_id_that_nobody_has_finds_nobody(clinic: Clinic, here: Desk, key: str) -> None:
    clinic.patient(1001)
    await here.load()
    assert ids(await here.card(ids=[key])) == []


async def test_old_visits_are_left_out_and_said_to_be_there(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    for number in range(25):
        clinic.visit(number + 1, day=-number - 1)
    clinic.visit(90, day=3)
    clinic.visit(91, day=2)
    await here.load()

    (patient,) = (await here.card(ids=[1001])).patients

    assert [int(visit.id) for visit in patient.visits] == [*range(20, 0, -1), 91, 90]
    assert patient.more_past


async def test_a_phone_of_half_the_town_is_cut_short(clinic: Clinic, here: Desk) -> None:
    for key in range(1001, 1001 + MAX_PATIENTS + 3):
        clinic.patient(key)
        clinic.put("Persons", key, MobilePhone="+79990000101")
    await here.load()

    answer = await here.card("+79990000101")
    assert (len(answer.patients), answer.more) == (MAX_PATIENTS, True)


# In step with the clinic


async def test_a_new_phone_finds_and_the_old_one_does_not(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    clinic.put("Persons", 1001, MobilePhone="8 999 000 22 22")

    assert ids(await here.card("+79990001001")) == []  # the index is old, what is read is not
    clinic.put("Patients", 1001, Comment="и телефон")
    await here.scan.step()

    assert ids(await here.card("+79990002222")) == ["1001"]
    assert ids(await here.card("+79990001001")) == []
    assert await here.outbox.index.having([["phone +79990001001"]], 9) == []


async def test_a_card_is_read_and_not_remembered(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    clinic.visit(1)
    await here.load()
    clinic.put("Receptions", 1, ReceptionCanceled=NOW)
    clinic.put("Persons", 1001, Surname="Воробушкин")

    (patient,) = (await here.card("+79990001001")).patients

    assert patient.name == "Воробушкин Пётр"
    assert [visit.status for visit in patient.visits] == ["cancelled"]


async def test_a_new_visit_is_on_the_card_after_the_next_step(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    clinic.visit(1)
    await here.scan.step()

    assert [visit.id for visit in (await here.card(ids=[1001])).patients[0].visits] == ["1"]


async def test_a_visit_that_went_to_somebody_else_is_on_no_wrong_card(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    clinic.patient(1002)
    clinic.visit(1)
    await here.load()
    clinic.put("Receptions", 1, ID_Patients=1002)

    assert (await here.card(ids=[1001])).patients[0].visits == ()
    await here.scan.step()
    assert [visit.id for visit in (await here.card(ids=[1002])).patients[0].visits] == ["1"]


async def test_a_deleted_patient_is_found_no_more(clinic: Clinic, here: Desk) -> None:
    for key in range(1001, 1031):
        clinic.patient(key)
    await here.load()
    clinic.delete("Patients", 1001)

    assert ids(await here.card("+79990001001")) == []
    for _ in range(9):
        await here.scan.step()
    assert await here.outbox.index.having([["phone +79990001001"]], 9) == []


async def test_during_the_first_load_visits_are_found_by_patient(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    for number in range(25):
        clinic.visit(number + 1, day=-number - 1)
    clinic.visit(90, day=3)

    early = await here.card(ids=[1001])
    assert "visits_of_patients" in here.cards.asked
    assert early.partial
    await here.load()
    here.cards.asked.clear()

    late = await here.card(ids=[1001])
    assert "visits_of_patients" not in here.cards.asked
    assert (late.patients, late.partial) == (early.patients, False)


# What cannot be read is unknown


@pytest.mark.parametrize(
    ("lost", "absent"),
    [
        (("OrderPaymentsJournal",), {"bills"}),
        (("Orders",), {"bills"}),
        (("Orders", "ID_Patients"), {"bills"}),
        (("Patients", "CardNumber"), {"card_number"}),
        (("Persons", "Birthday"), {"birth_date"}),
    ],
)
async def test_a_lost_column_takes_only_what_it_feeds(
    clinic: Clinic, here: Desk, lost: tuple[str, ...], absent: set[str]
) -> None:
    clinic.drop(*lost)
    clinic.patient(1001)
    clinic.visit(1)
    await here.load()

    (patient,) = (await here.card("+79990001001")).patients
    every = {"bills", "card_number", "birth_date", "visits", "phones"}
    assert {name for name in every if not known(patient, name)} == absent


async def test_sums_stay_where_only_the_owner_of_a_bill_is_lost(clinic: Clinic, here: Desk) -> None:
    clinic.drop("Orders", "ID_Patients")
    clinic.patient(1001)
    clinic.visit(1, day=-1)
    clinic.put("Orders", 5, ID_Receptions=1, IsBillFormed=True, DateTimeBillFormed=NOW)
    money: dict[str, Any] = {
        "Amount": Decimal(900),
        "AmountWithDiscount": Decimal(800),
        "Debt": Decimal(300),
        "InsuranceAmount": Decimal(),
    }
    clinic.put("OrderPaymentsJournal", 5, IsBillFormed=True, **money)
    await here.load()

    (visit,) = (await here.card(ids=[1001])).patients[0].visits
    assert visit.sums is not None
    assert (visit.sums.gross, visit.sums.billed, visit.sums.paid, visit.sums.debt) == tuple(
        map(Decimal, (900, 800, 500, 300))
    )


async def test_a_bill_without_a_visit_is_told_and_an_unissued_one_is_not(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    clinic.put("Orders", 5, ID_Patients=1001, IsBillFormed=True, DateTimeBillFormed=NOW)
    clinic.put("Orders", 6, ID_Patients=1001, IsBillFormed=False)
    money: dict[str, Any] = {
        "Amount": Decimal("90.005"),
        "AmountWithDiscount": Decimal(80),
        "Debt": Decimal(),
        "InsuranceAmount": Decimal(),
    }
    for order in (5, 6):
        clinic.put("OrderPaymentsJournal", order, IsBillFormed=order == 5, **money)
    await here.load()

    (patient,) = (await here.card(ids=[1001])).patients
    assert [bill.dump() for bill in patient.bills] == [
        {
            "date": "2026-11-24",
            "visit_id": None,
            "gross": "90.01",
            "billed": "80.00",
            "discount": "10.01",
            "debt": "0.00",
            "paid": "80.00",
        }
    ]


async def test_a_column_lost_later_costs_one_question(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    await here.card(ids=[1001])
    clinic.drop("Patients", "CardNumber")

    assert await here.fault("card", {"patient_ids": ["1001"]}) == "mis_refused"
    (patient,) = (await here.card(ids=[1001])).patients
    assert not known(patient, "card_number")


async def test_a_comment_stays_in_the_clinic(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    clinic.visit(1, Comment="лично")
    await here.load()

    value = await here.ask("card", {"patient_ids": ["1001"]})
    assert "лично" not in str(value)


# What travels


def visit(key: int, patient: str = "1") -> Visit:
    start = datetime(2026, 11, 24, tzinfo=MOSCOW) + timedelta(days=key)
    values = {"id": str(key), "patient_id": patient, "status": "booked", "start": start, "end": start}
    return Visit.model_validate(values)


def answer(*visits: int) -> CardAnswer:
    patients = [
        CardPatient.model_validate({"id": str(number), "visits": [visit(key) for key in range(count)]})
        for number, count in enumerate(visits)
    ]
    return CardAnswer.model_validate({"patients": patients, "read_at": datetime(2026, 11, 24, tzinfo=MOSCOW)})


def test_an_answer_that_fits_is_told_as_it_is() -> None:
    assert card.fitting(answer(3, 4), 10_000) == answer(3, 4)


def test_a_large_answer_loses_its_last_patients() -> None:
    less = card.fitting(answer(3, 40, 40), 7_000)
    assert ([len(patient.visits) for patient in less.patients], less.more) == ([3, 40], True)


def test_a_large_patient_loses_the_oldest_visits() -> None:
    (patient,) = card.fitting(answer(40), 3_000).patients
    assert (patient.visits[-1].id, patient.more_past) == ("39", True)
    assert 0 < len(patient.visits) < 40


async def test_without_the_first_load_nothing_is_found_by_phone_yet(made: Path, tmp_path: Path) -> None:
    async with desk(made, tmp_path / "outbox.db") as early:
        found = await early.card("+79990001234")
    assert (found.patients, found.partial) == ((), True)
