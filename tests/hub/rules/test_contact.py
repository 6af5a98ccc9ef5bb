"""R9: the patient's own contact."""

import pytest

from hub.rules.contact import before_request, contact_core, desired_contact, new_contact
from hub.rules.fields import ContactField
from hub.rules.model import Contact, ContactMemory, DesiredContact
from tests.hub.clinic_day import at, patient
from tests.hub.rules.made import cancelled, future, scene, visited
from wire.model import Patient

A, B, C = "+79990000101", "+79990000102", "+79990000103"


def wanted(card: Contact, memory: ContactMemory, who: Patient) -> DesiredContact:
    found = desired_contact(contact_core(scene(who), []), card, memory)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("card", "ours", "theirs", "shown", "remembered"),
    [
        ((), (), (A,), (A,), (A,)),
        ((A,), (), (A,), (A,), ()),
        (("8 999 000-01-01",), (), (A, B), ("8 999 000-01-01", B), (B,)),
        ((A, B), (A,), (), (B,), ()),
        ((A, B), (A,), (C,), (B, C), (C,)),
        (("мама 8 999 000 01 01",), (A,), (), (), ()),
        ((f"{A}, {B}",), (A,), (B,), (f"{A}, {B}",), ()),
        (("доб. 12",), (), (A,), ("доб. 12", A), (A,)),
        ((B,), (A,), (A,), (B, A), (A,)),
    ],
)
def test_r9_phones_are_merged(
    card: tuple[str, ...],
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    shown: tuple[str, ...],
    remembered: tuple[str, ...],
) -> None:
    found = wanted(Contact(1, raw_phones=card), ContactMemory(phones=ours), patient(phones=theirs))

    assert (found.phones, found.memory.phones) == (shown, remembered)


def test_r9_unknown_phones_leave_the_card_alone() -> None:
    found = wanted(Contact(1, raw_phones=(A,)), ContactMemory(phones=(A,)), Patient(id="4410", name="Петров Пётр"))

    assert (found.phones, found.memory.phones) == (None, (A,))


@pytest.mark.parametrize(
    ("on_card", "memory", "ours"),
    [
        ("", ContactMemory(), True),
        ("+7 999 000-01-01", ContactMemory(), True),
        ("Заявка с сайта", ContactMemory(), True),
        ("Петя", ContactMemory(), False),
        ("Петя", ContactMemory(name="Петя"), True),
        ("Петя", ContactMemory(name="Пётр"), False),
        ("Петя", ContactMemory(name="Пётр", pending_name="Петя"), True),
    ],
)
def test_r9_a_name_is_ours_only_where_nobody_else_gave_one(on_card: str, memory: ContactMemory, ours: bool) -> None:
    found = wanted(Contact(1, on_card), memory, patient(name="Петров Пётр"))

    assert found.name == ("Петров Пётр" if ours else None)
    assert found.memory.name == ("Петров Пётр" if ours else memory.name)


def test_while_an_answer_is_missing_both_lists_are_remembered() -> None:
    memory = ContactMemory(name="Пётр", phones=(A,))
    found = wanted(Contact(1, "Пётр", raw_phones=(A,)), memory, patient(name="Петров Пётр", phones=(B,)))

    assert before_request(found, memory) == ContactMemory(name="Пётр", pending_name="Петров Пётр", phones=(A, B))


def test_a_birth_date_is_written_only_where_there_is_none() -> None:
    empty = wanted(Contact(1), ContactMemory(), patient())
    filled = wanted(Contact(1, fields={ContactField.BIRTH_DATE: "2017-03-09"}), ContactMemory(), patient())

    assert empty.fields[ContactField.BIRTH_DATE] == "2017-03-08"
    assert ContactField.BIRTH_DATE not in filled.fields


def test_what_is_not_known_of_a_patient_is_not_written() -> None:
    known = contact_core(scene(Patient(id="4410", name="Петров Пётр", card_number=None)), []).fields

    assert set(known) == {
        ContactField.PATIENT_KEY,
        ContactField.CARD_NUMBER,
        ContactField.LAST_VISIT_AT,
        ContactField.NEXT_VISIT_AT,
        ContactField.VISITS_COUNT,
    }


def test_figures_of_all_visits() -> None:
    visits = [
        visited("1", at(10)),
        visited("2", at(10, day=-90), start=at(9, day=-90), booked_at=at(9, day=-91)),
        future("3", start=at(15)),
        future("4", start=at(14)),
        cancelled("5", start=at(13)),
    ]

    fields = contact_core(scene(), visits).fields

    assert fields[ContactField.VISITS_COUNT] == 2
    assert fields[ContactField.LAST_VISIT_AT] == at(9)
    assert fields[ContactField.NEXT_VISIT_AT] == at(14)


def test_a_patient_without_a_name_is_called_by_phone() -> None:
    who = scene(patient(name=None))

    made, memory = new_contact(who, contact_core(who, []))

    assert (made.name, memory.name, memory.phones) == (A, A, (A,))


def test_another_patients_contact_is_left_alone() -> None:
    card = Contact(1, fields={ContactField.PATIENT_KEY: "db_1:9"})

    assert desired_contact(contact_core(scene(), []), card, ContactMemory()) is None
