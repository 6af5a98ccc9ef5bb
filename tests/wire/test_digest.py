"""Equal digests, nothing to send: so the digest covers all that makes a difference, and nothing else."""

from typing import Any

import pytest
from hypothesis import given

from tests.wire.anything import entities
from wire.digest import digest
from wire.model import MODEL_VERSION, Entity, entity

VISIT: dict[str, Any] = {
    "id": "1",
    "status": "booked",
    "start": "2026-12-03T14:30:00+03:00",
    "end": "2026-12-03T15:30:00+03:00",
}


def of(value: dict[str, Any], fields: tuple[str, ...] = ("visit.comment:off",)) -> str:
    return digest(entity("visit", value), fields)


def test_the_same_state_has_the_same_digest_however_it_is_built() -> None:
    assert of(VISIT) == of(dict(reversed(VISIT.items())))


@pytest.mark.parametrize(
    "other",
    [
        VISIT | {"status": "arrived"},
        VISIT | {"comment": None},
        VISIT | {"sums": {}},
        VISIT | {"sums": {"billed": "0.00"}},
        VISIT | {"start": "2026-12-03T15:30:00+04:00"},
    ],
)
def test_another_state_has_another_digest(other: dict[str, Any]) -> None:
    assert of(other) != of(VISIT)


def test_another_list_of_fields_sends_again() -> None:
    assert of(VISIT, ()) != of(VISIT) != of(VISIT, ("visit.comment",))


def test_a_new_model_sends_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(VISIT)
    monkeypatch.setattr("wire.digest.MODEL_VERSION", MODEL_VERSION + 1)

    assert of(VISIT) != before


def test_the_digest_of_this_model_is_what_it_was() -> None:
    """A change here sends everything of every clinic again: raise MODEL_VERSION with it, and know that you do."""
    assert of(VISIT) == "757411c3e8ed81ca4ca40b9cac897bb8"


@given(entities)
def test_what_travelled_has_the_digest_of_what_was_sent(value: Entity) -> None:
    there = type(value).model_validate_json(value.model_dump_json(exclude_unset=True))

    assert digest(there, ("a",)) == digest(value, ("a",))
