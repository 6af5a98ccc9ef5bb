# ruff: noqa: DTZ001 - IDENT's times have no zone
"""A database is known again by its oldest visits."""

from datetime import datetime, timedelta

import pytest

from wire.fingerprint import PARTS, fingerprint, is_same
from wire.frames import DatabaseName

BEGAN = datetime(2019, 3, 1, 9, 0, 0, 123000)
ROWS = [(key, BEGAN + timedelta(hours=key)) for key in range(1, 20)]
OTHERS = [(key, BEGAN + timedelta(hours=key, milliseconds=3)) for key in range(1, 20)]


def test_it_fits_into_the_frame_and_names_no_moment() -> None:
    told = fingerprint(ROWS)
    assert DatabaseName(id="db_1", fingerprint=told).fingerprint == told
    assert len(told.split()) == PARTS
    assert "2019" not in told
    assert fingerprint([]) == ""


def test_it_stays_the_same_for_ever() -> None:
    """The hub keeps it: what is told later must not differ for a change of ours."""
    assert fingerprint(ROWS[:2]) == "f0c0ffbe7323 748aead3afb2"


@pytest.mark.parametrize(
    ("held", "told", "same"),
    [
        (ROWS, ROWS, True),
        (ROWS[:1], ROWS, True),
        (ROWS, ROWS[3:], True),
        (ROWS, ROWS[5:], False),
        (ROWS, OTHERS, False),
        (ROWS[:1], OTHERS[:1], False),
        (ROWS, [*OTHERS[:1], *ROWS[1:]], True),
        ([], ROWS, False),
    ],
)
def test_a_few_rows_may_come_and_go(
    held: list[tuple[int, datetime]], told: list[tuple[int, datetime]], same: bool
) -> None:
    assert is_same(fingerprint(held), fingerprint(told)) is same
