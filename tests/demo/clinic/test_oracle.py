"""Little clinics, and what must stand in amoCRM: each line of docs/rules.md once."""

from decimal import Decimal
from typing import Any

import pytest

from demo.clinic import bills
from demo.clinic.leads import LOST, PRIMARY, REPEAT, WON
from tests.demo.clinic.little import PHONE, Little, bill, moment, person

BOOKED, LOST_AGAIN, WAS_HERE, NEW = "Записан", "Отменил — вернуть", "Был на приёме", "Новое обращение"
OTHER_PHONE = "+79990000102"


def was_here(clinic: Little, patient: int = 1001, key: int = 1) -> None:
    clinic.visit(key, "-30 10:00", patient=patient, booked="-40 10:00", ReceptionEnded="-30 10:30")


# Which visits concern the account


def test_a_visit_to_come_makes_a_deal_with_all_that_is_known_of_it(clinic: Little) -> None:
    clinic.patient(CardNumber="A-17", ParentSNP="Ромашкина Анна Ивановна", ID_Staffs=32, SMSRejection=True)
    clinic.visit(81, "15:00", ID_Armchairs=2)

    deal = clinic.deal(81, now="10:00")

    assert (deal.patient, deal.pipeline, deal.stage, deal.name) == ("db_1:1001", PRIMARY, BOOKED, "Ромашкин Пётр Ильич")
    assert (deal.deal_id, deal.main_contact, deal.price) == (None, None, 0)
    assert deal.fields == {
        "IDENT: приёмы": "db_1:81",
        "IDENT: пациент": "db_1:1001",
        "Пациент": "Ромашкин Пётр Ильич",
        "Врач": "Зеркалов Захар Юрьевич",
        "Филиал": "Филиал на Садовой",
        "Кто записал": "Пломбин Леонид Юрьевич",
        "Дата приёма": moment("15:00"),
        "Приём, время филиала": "вт 24 ноя, 15:00",
        "Первая дата": moment("15:00"),
        "Статус приёма": "будущий приём",
        "Переносов": 0,
        "Отменён когда": None,
        "Отменён кем": None,
        "Причина отмены": None,
        **dict.fromkeys(("План", "Выставлено", "Сумма до скидки", "Скидка", "Оплачено", "Долг по сделке"), 0),
    }
    assert (deal.contact.name, deal.contact.phones, deal.contact.contact_id) == (
        "Ромашкин Пётр Ильич",
        frozenset({PHONE}),
        None,
    )
    assert deal.contact.fields == {
        "IDENT: пациент": "db_1:1001",
        "№ карты": "A-17",
        "Представитель": "Ромашкина Анна Ивановна",
        "Лечащий врач": "Пломбина Инна Юрьевна",
        "Последний приём": None,
        "Следующий приём": moment("15:00"),
        "Визитов": 0,
        "Не писать": True,
    }


def test_history_concerns_nobody(clinic: Little) -> None:
    clinic.patient()
    was_here(clinic)
    clinic.visit(2, "15:00", ReceptionCanceled="-1 12:00")
    clinic.visit(3, "15:30", ID_ReceptionCancelReasons=1)
    clinic.visit(4, "-1 12:00")

    assert clinic.expect() == {}


def test_what_makes_no_deal_says_why(clinic: Little) -> None:
    clinic.visit(81, "15:00", patient=None)
    clinic.patient(1002, name="", phone=None)
    clinic.visit(82, "15:00", patient=1002)
    clinic.patient(1003, ID_ArchivingReasons=1)
    clinic.visit(83, "15:00", patient=1003)
    clinic.database.load("Patients", [{"ID_Persons": 21}])
    clinic.visit(84, "15:00", patient=21)

    found = {visit: (e.outcome, e.reason) for visit, e in clinic.expect().items()}

    assert found == {
        "81": ("none", "no_patient"),
        "82": ("none", "nameless"),
        "83": ("none", "archived"),
        "84": ("none", "staff"),
    }


def test_former_staff_are_patients_like_others(clinic: Little) -> None:
    former = next(row["ID_Persons"] for row in clinic.database.rows("Staffs") if row["Archive"])
    clinic.database.load("Patients", [{"ID_Persons": former}])
    clinic.visit(81, "15:00", patient=former)

    assert clinic.expect()["81"].outcome == "deal"


# Which deal a visit stands in: R10, R23


def test_a_patient_who_was_here_goes_to_repeat(clinic: Little) -> None:
    clinic.patient()
    was_here(clinic)
    clinic.visit(81, "15:00")

    deal = clinic.deal(81, now="10:00")

    assert (deal.pipeline, deal.stage) == (REPEAT, BOOKED)
    assert deal.contact.fields["Визитов"] == 1
    assert deal.contact.fields["Последний приём"] == moment("-30 10:00")


@pytest.mark.parametrize("row", [{"ReceptionCanceled": "-31 10:00"}, {}])
def test_history_that_was_not_visited_leaves_a_patient_new(clinic: Little, row: dict[str, Any]) -> None:
    clinic.patient()
    clinic.visit(1, "-30 10:00", booked="-40 10:00", **row)
    clinic.visit(81, "15:00")

    assert clinic.deal(81, now="10:00").pipeline == PRIMARY


def test_a_visit_of_an_earlier_day_without_end_counts_as_visited(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(1, "-30 10:00", booked="-40 10:00", PatientAppeared="-30 10:00")
    clinic.visit(81, "15:00")

    assert clinic.deal(81, now="10:00").pipeline == REPEAT


def test_the_first_visit_wins_the_first_deal_and_what_lies_ahead_goes_to_repeat(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.visit(82, "3 10:00")
    clinic.comes("10:00", 81, ends="10:40")

    first, second = clinic.deal(81), clinic.deal(82)

    assert (first.pipeline, first.stage, first.visits) == (PRIMARY, WON, ("81",))
    assert (second.pipeline, second.stage, second.visits) == (REPEAT, BOOKED, ("82",))
    assert first.fields["Статус приёма"] == "посетил"
    assert second.fields["Первая дата"] == moment("3 10:00")
    assert first.contact.fields["Следующий приём"] == moment("3 10:00")


def test_later_visits_join_one_repeat_deal(clinic: Little) -> None:
    clinic.patient()
    was_here(clinic)
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81, ends="10:40")
    clinic.book("11:00", 82, "3 10:00")
    clinic.book("11:30", 83, "2 10:00")

    deal = clinic.deal(81)

    assert deal.visits == ("81", "82", "83")
    assert deal.fields["IDENT: приёмы"] == "db_1:81\ndb_1:82\ndb_1:83"
    assert (deal.stage, deal.fields["Дата приёма"], deal.fields["Первая дата"]) == (
        BOOKED,
        moment("2 10:00"),
        moment("10:00"),
    )


def test_visits_are_sorted_by_number(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(9, "15:00")
    clinic.visit(10, "16:00")

    assert clinic.deal(10).fields["IDENT: приёмы"] == "db_1:9\ndb_1:10"


def test_visited_with_nothing_ahead_stands_as_having_been_here(clinic: Little) -> None:
    clinic.patient()
    was_here(clinic)
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81, ends="10:40")

    assert clinic.deal(81).stage == WAS_HERE


def test_nobody_marked_the_patient(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")

    deal = clinic.deal(81)

    assert (deal.stage, deal.fields["Статус приёма"], deal.fields["Дата приёма"]) == (
        BOOKED,
        "не отмечен приход",
        moment("10:00"),
    )
    assert deal.contact.fields["Следующий приём"] is None


def test_a_late_mark_corrects_it(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.comes("11:30", 81, ends="12:00")

    assert (clinic.deal(81).stage, clinic.deal(81).fields["Статус приёма"]) == (WON, "посетил")


@pytest.mark.parametrize(("ends", "status"), [(None, "идёт приём"), ("10:30", "посетил")])
def test_the_patient_is_there(clinic: Little, ends: str | None, status: str) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81, ends=ends)

    assert clinic.deal(81).fields["Статус приёма"] == status


# Visits that are cancelled (R1)


def test_a_cancelled_visit_is_brought_back(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "cancel", 81, reason=2, by=22)

    deal = clinic.deal(81)

    assert (deal.stage, deal.fields["Статус приёма"]) == (LOST_AGAIN, "отменён")
    assert deal.fields["Дата приёма"] is deal.fields["Приём, время филиала"] is None
    assert deal.fields["Первая дата"] == moment("15:00")
    assert (deal.fields["Отменён когда"], deal.fields["Отменён кем"]) == (moment("10:00"), "Пломбин Леонид Юрьевич")
    assert deal.fields["Причина отмены"] == "Передумал"


def test_in_the_grace_time_everything_stays_as_it_was(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "cancel", 81, reason=2, by=None)

    deal = clinic.deal(81, now="10:14")

    assert (deal.stage, deal.fields["Статус приёма"], deal.fields["Дата приёма"]) == (
        BOOKED,
        "будущий приём",
        moment("15:00"),
    )
    assert deal.contact.fields["Следующий приём"] is None
    assert clinic.deal(81, now="10:15").stage == LOST_AGAIN


def test_in_the_grace_time_no_deal_is_made(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00", booked="09:59", ReceptionCanceled="10:00")

    assert (clinic.expect(now="10:10")["81"].outcome, clinic.expect(now="10:10")["81"].reason) == ("none", "grace")
    assert clinic.deal(81, now="10:20").stage == LOST_AGAIN


def test_an_unknown_author_and_reason_stay_empty(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "cancel", 81, reason=None, by=None)

    assert clinic.deal(81).fields["Отменён кем"] is clinic.deal(81).fields["Причина отмены"] is None


def test_a_cancellation_beside_another_visit_moves_nothing(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.visit(82, "2 15:00")
    clinic.do("10:00", "cancel", 81, reason=2)

    deal = clinic.deal(81)
    assert (deal.stage, deal.fields["Дата приёма"], deal.fields["Отменён когда"]) == (BOOKED, moment("2 15:00"), None)


@pytest.mark.parametrize("back", ["10:10", "10:40"])
def test_a_cancellation_that_is_taken_back_leaves_nothing(clinic: Little, back: str) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "cancel", 81, reason=2)
    clinic.do(back, "restore", 81)

    deal = clinic.deal(81, now="11:00")
    assert (deal.stage, deal.fields["Статус приёма"], deal.fields["Причина отмены"]) == (BOOKED, "будущий приём", None)
    assert deal.fields["Переносов"] == 0


def test_a_visit_that_is_taken_back_returns_to_the_stage_before(clinic: Little) -> None:
    """The lead was joined by a cancelled visit: its stage before is the form's, not that of `booked`."""
    clinic.patient()
    clinic.lead()
    clinic.visit(81, "3 15:00", booked="07:10", ReceptionCanceled="07:12")
    clinic.do("09:00", "restore", 81)

    assert clinic.deal(81, now="08:00").stage == LOST_AGAIN
    assert clinic.deal(81, now="10:00").stage == NEW


def test_a_new_visit_after_a_cancellation_stands_as_booked(clinic: Little) -> None:
    clinic.patient()
    clinic.lead()
    clinic.visit(81, "3 15:00", booked="07:10", ReceptionCanceled="07:12")
    clinic.book("09:00", 82, "4 15:00")

    assert clinic.deal(82, now="10:00").stage == BOOKED


# Visits that are moved (R2)


@pytest.mark.parametrize(
    ("start", "chair", "doctor", "moves"),
    [("16:00", 1, 31, 1), ("15:00", 1, 33, 1), ("15:00", 2, 31, 1), ("15:00", 3, 31, 0), ("15:00", 1, 31, 0)],
)
def test_the_same_row_moves_by_time_doctor_or_branch(
    clinic: Little, start: str, chair: int, doctor: int, moves: int
) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.move("10:00", 81, start, chair=chair, doctor=doctor)

    deal = clinic.deal(81, now="11:00")

    assert (deal.fields["Переносов"], deal.stage) == (moves, BOOKED)
    assert (deal.fields["Дата приёма"], deal.fields["Первая дата"]) == (moment(start), moment("15:00"))


def test_each_move_counts_also_there_and_back(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.move("10:00", 81, "16:00")
    clinic.move("11:00", 81, "15:00")

    assert clinic.deal(81).fields["Переносов"] == 2


def test_a_cancelled_visit_moves_only_when_it_is_taken_back(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "cancel", 81, reason=1)
    clinic.move("11:00", 81, "2 15:00")
    clinic.do("12:00", "restore", 81)

    assert clinic.deal(81, now="11:30").fields["Переносов"] == 0
    assert clinic.deal(81, now="12:30").fields["Переносов"] == 1


def test_a_row_that_names_its_former_one_is_a_move(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "transfer", 82, moved_from=81, reason=4, by=22, start=clinic_time("2 09:00"), chair=1, doctor=31)

    deal = clinic.deal(82)

    assert deal.visits == ("81", "82")
    assert (deal.fields["Переносов"], deal.fields["Дата приёма"], deal.fields["Первая дата"]) == (
        1,
        moment("2 09:00"),
        moment("15:00"),
    )


@pytest.mark.parametrize(("booked", "moves"), [("10:15", 1), ("10:16", 0)])
def test_a_new_visit_within_the_grace_time_is_a_move(clinic: Little, booked: str, moves: int) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "cancel", 81, reason=1)
    clinic.book(booked, 82, "2 09:00")

    assert (clinic.deal(82).fields["Переносов"], clinic.deal(82).stage) == (moves, BOOKED)


def test_what_was_moved_before_the_account_knew_is_no_move(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(80, "15:00", ReceptionCanceled="-1 12:00")
    clinic.visit(81, "16:00", booked="-1 12:00", ID_ReceptionsTransferFrom=80)

    assert clinic.deal(81).fields["Переносов"] == 0
    assert "80" not in clinic.expect()


def test_a_move_stays_with_the_deal_that_saw_it(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.visit(82, "3 10:00")
    clinic.move("08:00", 82, "4 10:00")
    clinic.comes("10:00", 81, ends="10:40")

    assert (clinic.deal(81).fields["Переносов"], clinic.deal(82).fields["Переносов"]) == (1, 0)
    assert clinic.deal(82).fields["Первая дата"] == moment("4 10:00")


def test_touching_every_row_means_nothing(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    before = clinic.expect()

    clinic.do("10:00", "touch")

    assert clinic.expect() == before


# Sums and the budget (R3)


def clinic_time(text: str) -> str:
    return moment(text).replace(tzinfo=None).isoformat()


def billed(clinic: Little, visit: int, of: bills.Bill, at: str = "10:50", share: str | None = None) -> None:
    clinic.do(at, "bill", visit, bill=bills.as_json(of))
    if share:
        clinic.do(at, "pay", visit, share=share)


def test_a_bill_fills_the_sums_and_the_budget_in_whole_roubles(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81, ends="10:40")
    billed(clinic, 81, bill(11, discount="999"), share="0.5")

    deal = clinic.deal(81)

    sums = {
        name: deal.fields[name]
        for name in ("План", "Выставлено", "Сумма до скидки", "Скидка", "Оплачено", "Долг по сделке")
    }
    assert sums == {
        "План": Decimal("4500.50"),
        "Выставлено": Decimal("4500.50"),
        "Сумма до скидки": Decimal("5499.50"),
        "Скидка": Decimal(999),
        "Оплачено": Decimal("2250.25"),
        "Долг по сделке": Decimal("2250.25"),
    }
    assert deal.price == 4501  # half up


def test_an_order_without_bill_is_a_plan(clinic: Little) -> None:
    clinic.patient()
    was_here(clinic)
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81)
    clinic.do("10:40", "end", 81, order=bills.as_json(bill(10, 14)))

    deal = clinic.deal(81)

    assert (deal.fields["План"], deal.fields["Выставлено"], deal.price) == (Decimal("1250.40"), 0, 1250)


def test_a_bill_follows_the_order_that_is_there(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81)
    clinic.do("10:40", "end", 81, order=bills.as_json(bill(10)))
    billed(clinic, 81, bill(16))

    assert (clinic.deal(81).fields["Выставлено"], clinic.deal(81).price) == (800, 800)


def test_the_insurers_share_counts_in_the_budget_and_is_nobodys_debt(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81, ends="10:40")
    billed(clinic, 81, bill(10, insured="500"))

    deal = clinic.deal(81)
    assert (deal.price, deal.fields["Долг по сделке"], deal.fields["Оплачено"]) == (800, 300, 0)


def test_sums_are_of_all_visits_of_the_deal(clinic: Little) -> None:
    clinic.patient()
    was_here(clinic)
    for key, start in ((81, "10:00"), (82, "13:00")):
        clinic.visit(key, start)
        clinic.comes(start, key, ends=start.replace(":00", ":40"))
    billed(clinic, 81, bill(10))
    billed(clinic, 82, bill(15), at="13:50")

    assert (clinic.deal(81).fields["Выставлено"], clinic.deal(81).price) == (Decimal("4799.99"), 4800)


def test_a_bill_below_zero_leaves_its_fields_alone(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81, ends="10:40")
    billed(clinic, 81, bill(10))
    clinic.database.execute("UPDATE OrderPaymentsJournal SET Amount = -1, AmountWithDiscount = -1")

    deal = clinic.deal(81)

    assert not {"Выставлено", "Сумма до скидки"} & deal.fields.keys()
    assert (deal.fields["План"], deal.price) == (800, None)


def test_a_typed_budget_stays_until_the_deal_is_won(clinic: Little) -> None:
    clinic.patient()
    clinic.lead(price=5000)
    clinic.visit(81, "10:00")
    assert (clinic.deal(81, now="09:00").price, clinic.deal(81, now="09:00").fields["План"]) == (5000, 0)

    clinic.comes("10:00", 81, ends="10:40")
    billed(clinic, 81, bill(10))

    deal = clinic.deal(81)
    assert (deal.price, deal.fields["План"], deal.fields["Выставлено"]) == (800, 5000, 800)


def test_a_won_deal_without_bill_has_no_budget(clinic: Little) -> None:
    clinic.patient()
    clinic.lead(price=5000)
    clinic.visit(81, "10:00")
    clinic.comes("10:00", 81, ends="10:40")

    assert clinic.deal(81).price == 0


# Whose names and phones stand on a card: R9


def test_a_changed_phone_replaces_the_one_that_we_wrote(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "phone", phone="8 (999) 000-01-02 мама")

    contact = clinic.deal(81).contact
    assert (contact.phones, contact.phones_gone) == (frozenset({OTHER_PHONE}), frozenset({PHONE}))


def test_a_phone_that_others_wrote_stays(clinic: Little) -> None:
    clinic.patient()
    clinic.lead()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "phone", phone=OTHER_PHONE)

    contact = clinic.deal(81).contact
    assert (contact.phones, contact.phones_gone) == (frozenset({OTHER_PHONE}), frozenset())


def test_a_phone_that_comes_back_is_not_gone(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "phone", phone=OTHER_PHONE)
    clinic.do("11:00", "phone", phone=PHONE)

    contact = clinic.deal(81).contact
    assert (contact.phones, contact.phones_gone) == (frozenset({PHONE}), frozenset({OTHER_PHONE}))


def test_our_names_follow_the_patients(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "rename", surname="Одуванчиков")

    deal = clinic.deal(81)
    assert deal.name == deal.contact.name == deal.fields["Пациент"] == "Одуванчиков Пётр Ильич"


def test_names_that_others_gave_stay(clinic: Little) -> None:
    clinic.patient()
    clinic.lead(name="РОМАШКИН ПЕТР ИЛЬИЧ", deal_name="Консультация")
    clinic.visit(81, "15:00")
    clinic.do("10:00", "rename", surname="Одуванчиков")

    deal = clinic.deal(81)
    assert (deal.name, deal.contact.name, deal.fields["Пациент"]) == (
        "Консультация",
        "РОМАШКИН ПЕТР ИЛЬИЧ",
        "Одуванчиков Пётр Ильич",
    )


def test_a_name_that_we_gave_to_a_forms_contact_follows_too(clinic: Little) -> None:
    clinic.patient()
    clinic.lead()
    clinic.visit(81, "15:00")
    clinic.do("10:00", "rename", surname="Одуванчиков")

    deal = clinic.deal(81)
    assert (deal.name, deal.contact.name) == ("Заявка", "Одуванчиков Пётр Ильич")


# Leads by phone (R8, R11)


@pytest.mark.parametrize("name", ["Заявка с сайта", "заявка №12", "", "+7 999 000-01-01", "ромашкин  петр ильич"])
def test_a_lead_on_the_phone_is_joined(clinic: Little, name: str) -> None:
    clinic.patient()
    lead = clinic.lead("8 (999) 000-01-01", name)
    clinic.visit(81, "15:00")

    deal = clinic.deal(81, now="10:00")

    assert (deal.deal_id, deal.contact.contact_id, deal.main_contact) == (lead.deal_id, lead.contact_id, None)
    assert (deal.pipeline, deal.stage, deal.name) == (PRIMARY, BOOKED, "Заявка")


@pytest.mark.parametrize(
    ("lead", "own"),
    [
        ({"created_at": moment("-61 10:00")}, True),
        ({"stage": LOST}, True),
        ({"stage": WON}, True),
        ({"stage": None}, True),
        ({"pipeline": "Отзывы"}, True),
        ({"name": "Чижов Глеб", "stage": None}, False),
        ({"name": "Чижов Глеб", "stage": LOST}, False),
        ({"name": "Чижов Глеб", "created_at": moment("-61 10:00")}, False),
        ({"phone": OTHER_PHONE}, False),
    ],
)
def test_what_is_no_lead_leaves_a_new_deal(clinic: Little, lead: dict[str, object], own: bool) -> None:
    clinic.patient()
    given = clinic.lead(**lead)  # type: ignore[arg-type]
    clinic.visit(81, "15:00")

    deal = clinic.deal(81, now="10:00")

    assert (deal.deal_id, deal.name, deal.main_contact) == (None, "Ромашкин Пётр Ильич", None)
    assert deal.contact.contact_id == (given.contact_id if own else None)


def test_a_lead_of_another_name_is_asked_about(clinic: Little) -> None:
    clinic.patient()
    clinic.lead(name="Чижов Глеб")
    clinic.visit(81, "10:00")
    clinic.visit(82, "3 15:00")
    clinic.comes("10:00", 81, ends="10:40")

    found = clinic.expect()

    assert {(e.outcome, e.reason) for e in found.values()} == {("ask", "other_name_on_phone")}


@pytest.mark.parametrize(
    "leads",
    [
        [{}, {"contact": 1}],
        [{}, {"contact": 2}],
        [{"stage": None}, {"contact": 2, "stage": None}],
        [{"name": "Чижов Глеб"}, {"contact": 2, "name": "Иволгин Лев"}],
        [{}, {"contact": 2, "name": "Чижов Глеб"}],
    ],
)
def test_several_candidates_are_asked_about(clinic: Little, leads: list[dict[str, object]]) -> None:
    clinic.patient()
    for lead in leads:
        clinic.lead(**lead)  # type: ignore[arg-type]
    clinic.visit(81, "15:00")

    assert (clinic.expect()["81"].outcome, clinic.expect()["81"].reason) == ("ask", "several_candidates")


def test_a_stranger_without_a_deal_does_not_count_beside_a_lead(clinic: Little) -> None:
    clinic.patient()
    lead = clinic.lead()
    clinic.lead(contact=2, name="Чижов Глеб", stage=None)
    clinic.visit(81, "15:00")

    assert clinic.deal(81).deal_id == lead.deal_id


def test_the_representatives_lead_is_joined_and_stays_the_representatives(clinic: Little) -> None:
    clinic.patient(ParentSNP="Ромашкина Анна Ивановна")
    lead = clinic.lead(name="ромашкина анна ивановна", deal_name="Звонок")
    clinic.visit(81, "15:00")

    deal = clinic.deal(81)

    assert (deal.deal_id, deal.main_contact, deal.name) == (lead.deal_id, lead.contact_id, "Звонок")
    assert (deal.contact.contact_id, deal.contact.name) == (None, "Ромашкин Пётр Ильич")


def test_without_a_deal_the_representatives_contact_is_left_alone(clinic: Little) -> None:
    clinic.patient(ParentSNP="Ромашкина Анна Ивановна")
    clinic.lead(name="Ромашкина Анна Ивановна", stage=None)
    clinic.visit(81, "15:00")

    deal = clinic.deal(81)
    assert (deal.deal_id, deal.main_contact, deal.contact.contact_id) == (None, None, None)


def test_a_family_on_one_phone_has_a_contact_and_a_deal_each(clinic: Little) -> None:
    clinic.patient(1001)
    clinic.patient(1002, name="Ромашкина Анна Ильинична")
    clinic.visit(81, "15:00", patient=1001)
    clinic.visit(82, "16:00", patient=1002)

    one, other = clinic.deal(81), clinic.deal(82)

    assert (one.patient, other.patient) == ("db_1:1001", "db_1:1002")
    assert (one.contact.name, other.contact.name) == ("Ромашкин Пётр Ильич", "Ромашкина Анна Ильинична")
    assert one.contact.phones == other.contact.phones == {PHONE}


def test_of_a_family_who_booked_first_gets_the_lead(clinic: Little) -> None:
    clinic.patient(1001)
    clinic.patient(1002, name="Ромашкина Анна Ильинична")
    lead = clinic.lead()
    clinic.visit(81, "15:00", patient=1001, booked="-2 12:00")
    clinic.visit(82, "16:00", patient=1002, booked="-3 12:00")

    assert (clinic.deal(81).deal_id, clinic.deal(82).deal_id) == (None, lead.deal_id)


def test_a_request_on_a_relatives_own_contact_is_joined_beside_it(clinic: Little) -> None:
    """The mother is a regular with a contact of her own; she called for the child."""
    clinic.patient(1001, name="Ромашкина Анна Ивановна")
    was_here(clinic, 1001)
    lead = clinic.lead(name="Ромашкина Анна Ивановна", deal_name="Звонок")
    clinic.visit(81, "15:00", patient=1001)
    clinic.patient(1002, name="Ромашкин Пётр Ильич")
    clinic.visit(82, "3 16:00", patient=1002, booked="-1 10:00")

    mother, child = clinic.deal(81), clinic.deal(82)

    assert (mother.deal_id, mother.contact.contact_id) == (None, lead.contact_id)
    assert (child.deal_id, child.main_contact, child.contact.contact_id) == (lead.deal_id, lead.contact_id, None)


def test_a_regular_keeps_the_contact_and_joins_no_lead(clinic: Little) -> None:
    clinic.patient()
    was_here(clinic)
    lead = clinic.lead(name="Ромашкин Пётр Ильич")
    clinic.visit(81, "15:00")

    deal = clinic.deal(81)
    assert (deal.pipeline, deal.deal_id, deal.contact.contact_id) == (REPEAT, None, lead.contact_id)


def test_a_new_patient_of_the_day_joins_the_request_that_he_left(clinic: Little) -> None:
    lead = clinic.lead()
    clinic.book("10:00", 81, "15:00", patient=1001, new=person("Чижов Глеб Ильич", "8-999-000-01-01"))

    deal = clinic.deal(81)
    assert (deal.deal_id, deal.contact.name) == (lead.deal_id, "Чижов Глеб Ильич")


def test_a_patient_without_phone_gets_an_own_contact(clinic: Little) -> None:
    clinic.patient(phone=None)
    clinic.lead()
    clinic.visit(81, "15:00")

    assert (clinic.deal(81).deal_id, clinic.deal(81).contact.phones) == (None, frozenset())
