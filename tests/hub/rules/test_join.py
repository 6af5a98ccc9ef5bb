"""R11, R8: which lead or contact a first deal joins."""

from dataclasses import replace

import pytest

from hub.rules.fields import ContactField, DealField
from hub.rules.join import Answer, Ask, Found, Join, Make, join, join_chosen
from hub.rules.model import LOST, WON, Contact, Deal, Stage
from tests.hub.clinic_day import NEW, PRIMARY, at, patient
from tests.hub.rules.made import scene

PHONE = ("+79990000101",)
CHILD = scene(patient(representative="Петрова Мария"))


def contact(number: int, name: str, *deals: int, **more: object) -> Contact:
    return Contact(number, name, PHONE, PHONE, deals, **more)  # type: ignore[arg-type]


def lead(number: int, **more: object) -> Deal:
    spec = {"stage": Stage(PRIMARY, NEW), "created_at": at(8, day=-1)} | more
    return Deal(number, **spec)  # type: ignore[arg-type]


OWN, MOTHER, OTHER, FORM = "Петров Пётр Ильич", "Петрова  МАРИЯ", "Кузнецова Ольга", "Заявка с сайта"


def answered(contacts: list[Contact], deals: list[Deal], taken_contacts: set[int], *, leads: bool = True) -> Answer:
    found = Found(contacts, {deal.id: deal for deal in deals}, taken_contacts, {99})
    return join(CHILD, found, leads=leads)


@pytest.mark.parametrize(
    ("contacts", "deals", "taken", "expected"),
    [
        # nobody, one of the same name, a form, the representative; with and without a lead
        ([], [], set(), Make()),
        ([contact(1, OWN, 11)], [lead(11)], set(), Join(11, 1)),
        ([contact(1, "петров петр  ильич ", 11)], [lead(11)], set(), Join(11, 1)),
        ([contact(1, FORM, 11)], [lead(11)], set(), Join(11, 1)),
        ([contact(1, "", 11)], [lead(11)], set(), Join(11, 1)),
        ([contact(1, "+7 999 000-01-01", 11)], [lead(11)], set(), Join(11, 1)),
        ([contact(1, MOTHER, 11)], [lead(11)], set(), Join(11, None)),
        ([contact(1, OWN)], [], set(), Make(1)),
        ([contact(1, FORM)], [], set(), Make(1)),
        ([contact(1, MOTHER)], [], set(), Make()),
        # another name
        ([contact(1, OTHER)], [], set(), Make()),
        ([contact(1, OTHER, 11)], [lead(11)], set(), Ask("other_name_on_phone", (1,), (11,))),
        ([contact(1, OTHER, 11, 12)], [lead(11), lead(12)], set(), Ask("several_candidates", (1,), (11, 12))),
        ([contact(1, OTHER), contact(2, OWN, 12)], [lead(12)], set(), Join(12, 2)),
        ([contact(1, OTHER, 11), contact(2, OWN)], [lead(11)], set(), Ask("other_name_on_phone", (1,), (11,))),
        (
            [contact(1, OTHER, 11), contact(2, OWN, 12)],
            [lead(11), lead(12)],
            set(),
            Ask("several_candidates", (2, 1), (12, 11)),
        ),
        # another patient's contact on the phone
        ([contact(1, OTHER, 11)], [lead(11)], {1}, Join(11, None)),
        ([contact(1, OTHER)], [], {1}, Make()),
        ([contact(1, OTHER, 99)], [lead(99)], {1}, Make()),
        ([contact(1, OTHER), contact(2, FORM)], [], {1}, Make(2)),
        ([contact(1, OTHER, 11, fields={ContactField.PATIENT_KEY: "db_1:7"})], [lead(11)], set(), Join(11, None)),
        # more than one candidate
        ([contact(1, OWN), contact(2, FORM)], [], set(), Ask("several_candidates", (1, 2))),
        ([contact(1, OWN, 11, 12)], [lead(11), lead(12)], set(), Ask("several_candidates", (1,), (11, 12))),
        ([contact(1, OWN, 11), contact(2, OTHER, 11)], [lead(11)], set(), Join(11, 1)),
        # deals that are no candidates
        ([contact(1, OWN, 11)], [lead(11, stage=Stage(PRIMARY, LOST))], set(), Make(1)),
        ([contact(1, OWN, 11)], [lead(11, stage=Stage(900, 1))], set(), Make(1)),
        ([contact(1, OWN, 11)], [lead(11, created_at=at(12, day=-60))], set(), Make(1)),
        ([contact(1, OWN, 11)], [lead(11, created_at=at(12, 1, day=-60))], set(), Join(11, 1)),
        ([contact(1, OWN, 11)], [lead(11, created_at=None)], set(), Make(1)),
        ([contact(1, OWN, 11)], [lead(11, fields={DealField.PATIENT_KEY: "db_1:7"})], set(), Make(1)),
        # ours already, by its field: an answer of old was lost
        ([contact(1, "Петя", fields={ContactField.PATIENT_KEY: "db_1:4410"}), contact(2, OWN)], [], set(), Make(1)),
    ],
)
def test_r11(contacts: list[Contact], deals: list[Deal], taken: set[int], expected: Answer) -> None:
    assert answered(contacts, deals, taken) == expected


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        ([contact(1, OWN, 11)], Make(1)),
        ([contact(1, OTHER, 11)], Make()),
        ([contact(1, OWN, 11), contact(2, FORM)], Ask("several_candidates", (1, 2))),
    ],
)
def test_r11_a_regulars_contact_is_found_as_if_there_were_no_leads(contacts: list[Contact], expected: Answer) -> None:
    assert answered(contacts, [lead(11)], set(), leads=False) == expected


NOBODYS = contact(1, OTHER, 11)


@pytest.mark.parametrize(
    ("contacts", "deals", "taken", "chosen", "expected"),
    [
        # whatever the name on its contact, and however old
        ([NOBODYS], [lead(11)], set(), (11,), Join(11, None, chosen=True)),
        ([NOBODYS], [lead(11, created_at=at(12, day=-400))], set(), (11,), Join(11, None, chosen=True)),
        ([contact(1, OWN, 11)], [lead(11)], set(), (11,), Join(11, 1, chosen=True)),
        ([contact(1, FORM, 11)], [lead(11)], set(), (11,), Join(11, 1, chosen=True)),
        ([contact(1, MOTHER, 11)], [lead(11)], set(), (11,), Join(11, None, chosen=True)),
        ([contact(1, OWN, 11)], [lead(11)], {1}, (11,), Join(11, None, chosen=True)),
        # the patient's own contact elsewhere
        ([NOBODYS, contact(2, OWN)], [lead(11)], set(), (11,), Join(11, 2, chosen=True)),
        ([NOBODYS, contact(2, OWN), contact(3, FORM)], [lead(11)], set(), (11,), Join(11, None, chosen=True)),
        ([contact(1, OWN, 11), contact(2, OWN)], [lead(11)], set(), (11,), Join(11, 1, chosen=True)),
        (
            [contact(1, OWN, 11), contact(2, "Петя", fields={ContactField.PATIENT_KEY: "db_1:4410"})],
            [lead(11)],
            set(),
            (11,),
            Join(11, 2, chosen=True),
        ),
        # the newest that will do
        ([NOBODYS], [lead(11), lead(12)], set(), (12, 11), Join(12, None, chosen=True)),
        ([NOBODYS], [lead(11), lead(12, stage=Stage(PRIMARY, LOST))], set(), (12, 11), Join(11, None, chosen=True)),
        # it is kept for showing, and joins nothing
        ([NOBODYS], [lead(11, stage=Stage(PRIMARY, LOST))], set(), (11,), None),
        ([NOBODYS], [lead(11, stage=Stage(PRIMARY, WON))], set(), (11,), None),
        ([NOBODYS], [lead(11, stage=Stage(900, 1))], set(), (11,), None),
        ([NOBODYS], [], set(), (11,), None),
        ([NOBODYS], [lead(99)], set(), (99,), None),
        ([NOBODYS], [lead(11, fields={DealField.PATIENT_KEY: "db_1:7"})], set(), (11,), None),
        ([NOBODYS], [lead(11, fields={DealField.PATIENT_KEY: "db_1:4410"})], set(), (11,), Join(11, None, chosen=True)),
    ],
)
def test_r11_choice(
    contacts: list[Contact], deals: list[Deal], taken: set[int], chosen: tuple[int, ...], expected: Join | None
) -> None:
    cards = [replace(deal, contact_ids=(1,)) for deal in deals]
    found = Found(contacts, {deal.id: deal for deal in cards}, taken, {99})

    assert join_chosen(CHILD, found, chosen) == expected
