"""For how long what the CRM refused is not asked for again."""

from datetime import UTC

from hub.rules.refusals import ends_at, holds, refusal
from tests.hub.clinic_day import PRESET, at

NEXT = PRESET.model_copy(update={"version": 2})


def test_a_refusal_holds_until_the_clinics_midnight() -> None:
    mark = refusal("a", PRESET, at(9))

    assert mark == refusal("a", PRESET, at(23, 59))
    assert holds(mark, PRESET, at(23, 59).astimezone(UTC))
    assert not holds(mark, PRESET, at(0, day=1))
    assert ends_at(PRESET, at(9)) == at(0, day=1)


def test_a_refusal_does_not_hold_under_other_settings() -> None:
    mark = refusal("a", PRESET, at(9))

    assert mark != refusal("a", NEXT, at(9))
    assert not holds(mark, NEXT, at(9))


def test_what_was_brought_about_is_no_refusal() -> None:
    assert not holds("a", PRESET, at(9))
    assert not holds(None, PRESET, at(9))
