"""Values: absent is not empty, money is no float, and what is wrong is told by its place."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.wire.anything import VALUES
from wire.errors import InvalidChange, Park
from wire.model import ENTITIES, Balance, Patient, Visit, entity, known

ENTITY_FILES = sorted((Path(__file__).parent / "entities").glob("*.json"))
CANARY = "Канарейкин"
VISIT = {"id": "1", "status": "booked", "start": "2026-12-03T14:30:00+03:00", "end": "2026-12-03T15:30:00+03:00"}


def test_each_kind_has_a_golden_value_and_a_strategy() -> None:
    assert {path.stem for path in ENTITY_FILES} == set(ENTITIES) == set(VALUES)


@pytest.mark.parametrize("path", ENTITY_FILES, ids=lambda path: path.stem)
def test_a_golden_value_is_read_and_written_as_it_stands(path: Path) -> None:
    told = json.loads(path.read_text("utf-8"))

    value = entity(path.stem, told)  # type: ignore[arg-type]

    assert value.dump() == told
    assert set(told) == set(type(value).model_fields)


@pytest.mark.parametrize("kind", sorted(VALUES))
def test_any_value_comes_back_as_it_was(kind: Any) -> None:
    @settings(max_examples=60)
    @given(VALUES[kind])
    def check(told: dict[str, Any]) -> None:
        value = entity(kind, told)
        back = entity(kind, value.dump())

        assert set(value.dump()) == set(told)
        assert (back, back.model_fields_set) == (value, value.model_fields_set)
        assert back.dump() == value.dump()

    check()


def test_absent_is_not_empty() -> None:
    absent, empty = entity("visit", VISIT), entity("visit", VISIT | {"comment": None})

    assert isinstance(absent, Visit)
    assert (known(absent, "comment"), known(empty, "comment")) == (False, True)
    assert "comment" not in absent.dump()
    assert empty.dump()["comment"] is None


def test_absent_is_not_empty_inside_the_sums() -> None:
    value = entity("visit", VISIT | {"sums": {"planned": None}})

    assert isinstance(value, Visit)
    assert value.sums
    assert (known(value.sums, "planned"), known(value.sums, "billed")) == (True, False)


# Money


@pytest.mark.parametrize("money", ["0.00", "12500", "12500.5", "-3.20", 0, 12500])
def test_money_is_exact(money: object) -> None:
    value = entity("balance", {"patient_id": "1", "net": money})

    assert isinstance(value, Balance)
    assert value.net == Decimal(str(money))
    assert json.loads(value.model_dump_json(exclude_unset=True))["net"] == str(money)


@pytest.mark.parametrize("money", [0.1, 12500.0, True, "0.001", "NaN", "Infinity", "1,5", "много", "99999999999999999"])
def test_what_is_no_money_is_refused(money: object) -> None:
    with pytest.raises(InvalidChange) as refused:
        entity("balance", {"patient_id": "1", "net": money})

    assert refused.value.places == ("net",)


@pytest.mark.parametrize("field", ["debt", "advance"])
def test_a_debt_is_not_negative(field: str) -> None:
    with pytest.raises(InvalidChange):
        entity("balance", {"patient_id": "1", field: "-0.01"})


# What is wrong

INVALID: list[tuple[Any, Any, tuple[str, ...]]] = [
    ("visit", None, ("value",)),
    ("visit", CANARY, ("value",)),
    ("visit", {}, ("end", "id", "start", "status")),
    ("visit", VISIT | {"status": CANARY}, ("status",)),
    ("visit", VISIT | {"start": "2026-12-03T14:30:00"}, ("start",)),
    ("visit", VISIT | {CANARY: 1, "+79990001234": 1}, ("?",)),
    ("visit", VISIT | {"unheard_of": CANARY}, ("unheard_of",)),
    ("visit", VISIT | {"sums": {"billed": 0.5}}, ("sums.billed",)),
    ("visit", VISIT | {"practitioner": {"name": CANARY}}, ("practitioner.id",)),
    ("visit", VISIT | {"id": ""}, ("id",)),
    ("visit", VISIT | {"id": "1\x00"}, ("id",)),
    ("visit", VISIT | {"id": "x" * 65}, ("id",)),
    ("visit", VISIT | {"comment": ""}, ("comment",)),
    ("visit", VISIT | {"comment": "x" * 501}, ("comment",)),
    ("patient", {"id": "1", "phones": ["+79990000101", "8 999 000-12-34", CANARY]}, ("phones.1", "phones.2")),
    ("patient", {"id": "1", "phones": ["+7９９９0001234"]}, ("phones.0",)),
    ("patient", {"id": "1", "birth_date": "28.02.2017"}, ("birth_date",)),
    ("patient", {"id": "1", "birth_date": "2017-02-29"}, ("birth_date",)),
    ("checkup", {"id": "1"}, ("patient_id",)),
]


@pytest.mark.parametrize(("kind", "value", "places"), INVALID)
def test_an_invalid_value_is_told_by_its_places_only(kind: Any, value: Any, places: tuple[str, ...]) -> None:
    with pytest.raises(InvalidChange) as refused:
        entity(kind, value)

    assert refused.value.places == places
    assert isinstance(refused.value, Park)
    told = f"{refused.value!s} {refused.value!r}"
    assert CANARY not in told
    assert "79990001234" not in told
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_a_value_shows_no_person() -> None:
    patient = entity(
        "patient",
        {"id": "4410", "name": CANARY, "birth_date": "2017-02-28", "phones": ["+79990001234"], "card_number": CANARY}
        | {"representative": CANARY, "practitioner": {"id": "17", "name": CANARY}},
    )
    visit = entity("visit", VISIT | {"comment": CANARY, "booked_by": {"id": "31", "name": CANARY}})

    for value in (patient, visit):
        assert "id='" in repr(value)
        assert CANARY not in f"{value!r} {value!s}"
        assert "79990001234" not in f"{value!r} {value!s}"


def test_values_are_frozen() -> None:
    patient = entity("patient", {"id": "1"})

    assert isinstance(patient, Patient)
    with pytest.raises(ValueError, match="frozen"):
        patient.name = "Другой"  # type: ignore[misc]
