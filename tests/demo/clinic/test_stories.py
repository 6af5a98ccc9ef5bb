"""What a clinic does, told by acts and followed the whole way: what then stands in the CRM is what the oracle says."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from decimal import Decimal
from typing import TypeAlias

import pytest

from demo.clinic import bills, tasks
from demo.clinic.courses import Course, courses
from tests.demo.clinic.little import PHONE, Little, bill, moment, person
from tests.demo.clinic.whole import Whole, account_of

Follow: TypeAlias = Callable[[], AbstractAsyncContextManager[Whole]]
OTHER_PHONE = "+79990000102"
DOUBLE = "Ромашкин Пётр"


def was_here(clinic: Little, patient: int = 1001, key: int = 1) -> None:
    clinic.visit(key, "-30 10:00", patient=patient, booked="-40 10:00", ReceptionEnded="-30 10:30")


async def agrees(whole: Whole, now: str = "23:00") -> int:
    """Nothing differs; how many deals were compared."""
    verdict = await whole.judged(now)
    assert verdict.good, [str(difference) for difference in verdict.differences] or verdict
    return verdict.deals


async def test_a_visit_comes_and_is_paid(clinic: Little, follow: Follow) -> None:
    clinic.patient()
    clinic.lead()
    clinic.visit(81, "15:00")
    async with follow() as whole:
        await whole.look("08:00")
        clinic.comes("15:00", 81, ends="15:30")

        assert await agrees(whole) == 1


# Families and phones: R5, R8, R9


async def test_a_mother_books_for_her_child_while_she_is_on_the_phone(clinic: Little, follow: Follow) -> None:
    clinic.patient(1001, name="Ромашкина Анна Ивановна")
    clinic.visit(81, "15:00")
    async with follow() as whole:
        child = person("Ромашкин Пётр Ильич", f"{PHONE} мама") | {"parent": "Ромашкина Анна Ивановна"}
        clinic.book("10:00", 82, "15:30", patient=1002, new=child)
        await whole.look("10:01")
        clinic.comes("15:00", 81, ends="15:30")
        clinic.comes("15:31", 82, ends="16:00", patient=1002)

        assert await agrees(whole) == 2
    deals = {clinic.deal(visit).patient: clinic.deal(visit).contact for visit in (81, 82)}
    assert deals["db_1:1002"].fields["Представитель"] == deals["db_1:1001"].name
    assert deals["db_1:1002"].phones == deals["db_1:1001"].phones == {PHONE}


async def test_a_phone_that_is_handed_over_leaves_one_card_and_comes_to_the_other(
    clinic: Little, follow: Follow
) -> None:
    clinic.patient(1001)
    clinic.patient(1002, name="Ромашкина Анна Ивановна", phone=OTHER_PHONE)
    clinic.visit(81, "15:00")
    clinic.visit(82, "16:00", patient=1002)
    async with follow() as whole:
        clinic.do("10:00", "phone", patient=1001, phone=None)
        clinic.do("10:01", "phone", patient=1002, landline=PHONE)

        assert await agrees(whole) == 2
    one, other = clinic.deal(81).contact, clinic.deal(82).contact
    assert (one.phones, one.phones_gone) == (frozenset(), frozenset({PHONE}))
    assert other.phones == {PHONE, OTHER_PHONE}


async def test_a_phone_that_a_second_patient_gets_too_makes_them_a_family(clinic: Little, follow: Follow) -> None:
    clinic.patient(1001)
    clinic.patient(1002, name="Ромашкина Анна Ивановна", phone=OTHER_PHONE)
    clinic.visit(81, "15:00")
    clinic.visit(82, "16:00", patient=1002)
    async with follow() as whole:
        clinic.do("10:00", "phone", patient=1002, landline=f"{PHONE} муж")

        assert await agrees(whole) == 2
    assert clinic.deal(82).contact.phones == {PHONE, OTHER_PHONE}
    assert clinic.deal(81).contact.phones == {PHONE}


# Who wants no messages (R21)


@pytest.mark.parametrize(("acts", "silent"), [(["refuse"], True), (["refuse", "agree"], False)])
async def test_who_refuses_messages_is_marked_and_his_deal_still_moves(
    clinic: Little, follow: Follow, acts: list[str], silent: bool
) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    async with follow() as whole:
        for hour, act in enumerate(acts, 10):
            clinic.do(f"{hour}:00", act)
            await whole.look(f"{hour}:01")
        clinic.do("14:00", "cancel", 81, reason=1)

        assert await agrees(whole) == 1
    assert clinic.deal(81).contact.fields["Не писать"] is silent
    assert clinic.deal(81).stage == "Отменил — вернуть"


# Cards that are merged (R15)


@pytest.mark.parametrize("archives", [False, True])
@pytest.mark.parametrize("regular", [False, True])
async def test_two_cards_of_one_person_become_one(
    clinic: Little, follow: Follow, archives: bool, regular: bool
) -> None:
    """The double's visit goes to the other card, and its deal is closed as a double."""
    clinic.patient(1001)
    if regular:
        was_here(clinic)
    clinic.patient(1002, name=DOUBLE)
    clinic.visit(82, "3 16:00", patient=1002)
    async with follow() as whole:
        await whole.look("08:00")
        clinic.do("10:00", "merge", patient=1001, dead=1002, archives=archives)
        await whole.verify("10:01")

        assert await agrees(whole) == 1
    found = clinic.expect()
    assert clinic.deal(82).patient == "db_1:1001"
    assert {(e.deal.patient, e.deal.stage, e.deal.visits) for e in found.values() if e.deal} == {
        ("db_1:1001", "Записан", ("82",)),
        ("db_1:1002", "Закрыто и не реализовано", ()),
    }


async def test_a_lead_that_the_double_had_joined_stays_open(clinic: Little, follow: Follow) -> None:
    """It is a person's: only our list is taken from it."""
    clinic.patient(1001)
    was_here(clinic)
    clinic.patient(1002, name=DOUBLE, phone=OTHER_PHONE)
    clinic.visit(82, "3 16:00", patient=1002)
    lead = clinic.lead(OTHER_PHONE)
    async with follow() as whole:
        await whole.look("08:00")
        clinic.do("10:00", "merge", patient=1001, dead=1002)
        await whole.verify("10:01")

        assert await agrees(whole) == 1
    left = next(e.deal for e in clinic.expect().values() if e.deal and not e.deal.visits)
    assert (left.name, left.stage) == (lead.deal_name, "Записан")


# Rows that vanish, and keys that are given out again: R2


async def test_a_row_that_vanished_counts_as_cancelled(clinic: Little, follow: Follow) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    clinic.patient(1002, name="Чижов Глеб", phone=OTHER_PHONE)
    clinic.visit(82, "16:00", patient=1002)
    async with follow() as whole:
        clinic.do("10:00", "delete", 81)
        await whole.verify("10:01")

        assert await agrees(whole) == 2
    deal = clinic.deal(81)
    assert (deal.stage, deal.fields["Причина отмены"]) == ("Отменил — вернуть", "удалён в IDENT")


async def test_a_key_that_a_backup_gave_to_another_patient_is_another_visit(clinic: Little, follow: Follow) -> None:
    clinic.patient(1001)
    clinic.patient(1002, name="Чижов Глеб", phone=OTHER_PHONE)
    clinic.visit(80, "3 12:00", patient=1002)
    async with follow() as whole:
        clinic.do("09:00", "backup")
        clinic.book("10:00", 81, "2 15:00", patient=1001)
        await whole.look("10:01")
        clinic.do("11:00", "roll back")
        clinic.book("11:05", 81, "2 17:00", patient=1002)
        await whole.look("11:06")

        assert await agrees(whole) == 2
    found = clinic.expect()
    assert found["81"].deal is not None
    assert found["81"].deal.patient == "db_1:1002"
    former = found["81~1"].deal
    assert former is not None
    assert (former.patient, former.stage, former.fields["Причина отмены"]) == (
        "db_1:1001",
        "Отменил — вернуть",
        "удалён в IDENT",
    )


async def test_a_patients_key_that_was_given_out_again_waits_for_a_person(clinic: Little, follow: Follow) -> None:
    """Nothing of the one is written on the other's cards."""
    clinic.patient(1001)
    clinic.visit(80, "3 12:00")
    former = person("Чижов Глеб Ильич", OTHER_PHONE) | {"birthday": "1990-01-01"}
    other = person("Иволгина Вера Павловна", "+79990000105") | {"birthday": "1970-05-05"}
    async with follow() as whole:
        clinic.do("09:00", "backup")
        clinic.book("10:00", 81, "2 15:00", patient=1002, new=former)
        await whole.look("10:01")
        clinic.do("11:00", "roll back")
        clinic.book("11:05", 81, "4 17:00", patient=1002, new=other)
        await whole.verify("11:06")
        await whole.look("12:00")

        stands = {card.name: card.fields["Дата приёма"] for card in account_of(whole.day).deals}
        assert stands["Чижов Глеб Ильич"] == int(moment("2 15:00").timestamp())
        assert not any("Иволгина" in contact.name for contact in whole.day.crm.contact_cards.values())
        assert (await whole.day.outcomes())["patient:1002"] == ("park", "another_person")


async def test_a_visit_whose_end_a_backup_took_back_stays_in_the_deal_that_it_had_won(
    clinic: Little, follow: Follow
) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    clinic.visit(82, "3 10:00")
    async with follow() as whole:
        clinic.comes("10:00", 81)
        await whole.look("10:01")
        clinic.do("10:20", "backup")
        clinic.do("10:30", "end", 81)
        await whole.look("10:31")
        clinic.do("10:40", "roll back")
        await whole.verify("10:41")
        clinic.do("10:50", "bill", 81, bill=bills.as_json(bill(10)))

        assert await agrees(whole) == 2
    assert (clinic.deal(81).stage, clinic.deal(82).pipeline) == ("Успешно реализовано", "Повторные")


# Updates of the program: R17


async def test_a_column_that_was_dropped_clears_nothing(clinic: Little, follow: Follow) -> None:
    clinic.patient(1001, CardNumber="A-17")
    clinic.patient(1002, name="Чижов Глеб", phone=OTHER_PHONE, CardNumber="A-18")
    clinic.visit(81, "15:00")
    async with follow() as whole:
        await whole.look("08:00")
        clinic.do("10:00", "drop column", table="Patients", column="CardNumber")
        await whole.look("10:01")
        clinic.book("11:00", 82, "16:00", patient=1002)
        clinic.do("12:00", "cancel", 81, reason=2)
        await whole.look("12:01")

        assert await agrees(whole) == 2
    assert clinic.deal(81).contact.fields["№ карты"] == "A-17"
    assert "№ карты" not in clinic.deal(82).contact.fields


async def test_touching_every_row_sends_nothing(clinic: Little, follow: Follow) -> None:
    clinic.patient()
    clinic.visit(81, "15:00")
    async with follow() as whole:
        await whole.look("08:00")
        sent = len(whole.day.crm.requests)
        clinic.do("10:00", "touch")
        await whole.verify("10:01")

        assert len(whole.day.crm.requests) == sent


# What is planned for patients: R6, plans


async def test_checkups_are_told_as_the_clinics_tasks_say(clinic: Little, follow: Follow) -> None:
    clinic.database.load("CRMJobTypes", [{"ID": key, "Name": name} for key, name in tasks.JOB_TYPES])
    for patient in (1001, 1002, 1003):
        clinic.patient(patient)
    clinic.visit(81, "15:00")
    async with follow() as whole:

        async def told() -> dict[int, str | None]:
            open_ones = [each for each in await whole.records("checkup") if not each["closed"]]
            return {int(each["patient_id"]): each["due_on"] for each in open_ones}

        for key, patient in enumerate((1001, 1002, 1003), 91):
            clinic.do("10:00", "checkup", patient=patient, task=key, due="2027-05-24T00:00:00" if key < 93 else None)
        await whole.look("10:01")
        assert await told() == tasks.due(clinic.database) == {1001: "2027-05-24", 1002: "2027-05-24", 1003: None}

        clinic.do("11:00", "put off", patient=1001, task=91, due="2027-06-24T00:00:00")
        clinic.do("11:01", "close checkup", patient=1002, task=92, reason=2)
        clinic.book("11:02", 82, "3 10:00", patient=1003)
        clinic.do("11:03", "close checkup", patient=1003, task=93, closed_by=82)
        await whole.verify("11:04")
        assert await told() == tasks.due(clinic.database) == {1001: "2027-06-24"}
        assert await agrees(whole) == 2


async def test_a_plan_is_told_with_what_of_it_is_done(clinic: Little, follow: Follow) -> None:
    clinic.patient()
    clinic.visit(81, "10:00")
    async with follow() as whole:

        async def told() -> dict[int, Course]:
            return {
                int(plan["id"]): Course(
                    int(plan["patient_id"]), plan["active"], Decimal(plan["agreed"]), Decimal(plan["done"])
                )
                for plan in await whole.records("plan")
            }

        clinic.comes("10:00", 81, ends="10:30")
        clinic.do("10:31", "plan", plan=3001, services=[10, 11, 10, 16])
        await whole.look("10:32")
        first = await told()
        clinic.do("10:40", "bill", 81, bill=bills.as_json(bill(10, 10, 14)))
        clinic.do("10:41", "do planned", 81)
        await whole.verify("10:42")
        second = await told()
        assert second == courses(clinic.database)
        clinic.do("10:50", "close plan", plan=3001)
        await whole.verify("10:51")

        assert await told() == courses(clinic.database) == {3001: replace(second[3001], active=False)}
    assert (first[3001].done, second[3001].done) == (Decimal(0), Decimal(1600))
    assert first[3001].agreed == second[3001].agreed == Decimal("35599.50")
