"""Questions are read strictly, answers say nothing of what is unknown, and neither shows a person."""

from typing import Any

import pytest
from pydantic import ValidationError

from wire.lookup import CardAnswer, CardPatient, CardQuestion, FoundPatient, SearchAnswer, SearchQuestion
from wire.model import known

CARD: dict[str, Any] = {
    "patients": [
        {
            "id": "4410",
            "name": "Петров Пётр Ильич",
            "phones": ["+79990000101"],
            "visits": [
                {
                    "id": "81234",
                    "patient_id": "4410",
                    "status": "booked",
                    "start": "2026-12-03T14:30:00+03:00",
                    "end": "2026-12-03T15:30:00+03:00",
                    "sums": {"planned": "100.00"},
                }
            ],
            "more_past": True,
            "bills": [{"date": "2026-11-02", "visit_id": "80110", "gross": "15000.00", "paid": "-1.00", "debt": None}],
            "balance": {"patient_id": "4410", "debt": "12500.00", "advance": "0.00"},
            "checkups": [{"id": "90001", "patient_id": "4410", "due_on": "2026-12-20", "closed": False}],
            "plans": [{"id": "3", "patient_id": "4410", "active": True, "agreed": "60000.00", "unscheduled": "1.00"}],
        }
    ],
    "read_at": "2026-11-23T12:42:00+03:00",
    "more": False,
    "partial": False,
}


def test_a_card_travels_as_it_was_told() -> None:
    assert CardAnswer.model_validate(CARD).dump() == CARD


def test_what_is_unknown_of_a_patient_stays_absent() -> None:
    patient = CardPatient.model_validate({"id": "1", "visits": []})
    assert patient.dump() == {"id": "1", "visits": []}
    assert not known(patient, "bills")
    assert not known(patient, "balance")


@pytest.mark.parametrize("text", ["0101", "анна", "а-н н.а", "А" * 100])
def test_four_letters_or_digits_are_enough_to_search(text: str) -> None:
    assert SearchQuestion(text=text).text == text


@pytest.mark.parametrize("text", ["", "ан1", "- - -  - ан", "А" * 101])
def test_less_or_far_more_is_not_searched(text: str) -> None:
    with pytest.raises(ValidationError):
        SearchQuestion(text=text)


def test_an_answer_with_a_field_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError):
        SearchAnswer.model_validate({"patients": [{"id": "1", "phones": []}]})


def test_no_person_is_shown_by_accident() -> None:
    shown = repr(
        [
            CardAnswer.model_validate(CARD),
            CardQuestion.model_validate({"phones": ["+79990000101"]}),
            SearchQuestion(text="Петров 0101"),
            FoundPatient.model_validate(
                {"id": "1", "name": "Петров", "birth_date": "1990-01-01", "card_number": "К-7"}
            ),
        ]
    )
    assert not [secret for secret in ("Петров", "0101", "1990", "К-7") if secret in shown]
