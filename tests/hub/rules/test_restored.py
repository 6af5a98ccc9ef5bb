"""What our deals say of themselves to a store that has forgotten them."""

from decimal import Decimal
from typing import Any

import pytest

from hub.rules.fields import DealField, StatusText
from hub.rules.model import Deal, PatientKey
from hub.rules.restored import listed, made_before, remembered
from tests.hub.clinic_day import BOOKED, LOST, PRESET, at, primary
from tests.hub.rules.made import cancelled, future, ids, scene

KEY = PatientKey("db_1", "4410")
PRIMARY = PRESET.pipelines["primary"]


def deal(deal_id: int = 501, visits: str = "db_1:81234", **more: Any) -> Deal:
    """A deal of ours, as read."""
    fields = {DealField.PATIENT_KEY: str(KEY), DealField.VISITS: visits, **more.pop("fields", {})}
    return Deal(deal_id, more.pop("stage", primary(BOOKED)), name="Петров Пётр Ильич", fields=fields, **more)


@pytest.mark.parametrize(
    ("there", "taken", "found"),
    [
        ([deal()], (), 501),
        ([deal(visits="db_1:70000\r\ndb_1:81234")], (), 501),
        ([deal(502), deal(501, stage=primary(LOST))], (), 501),
        ([deal()], (501,), None),
        ([deal(visits="db_1:812345")], (), None),
        ([deal(visits="db_2:81234")], (), None),
        ([deal(fields={DealField.PATIENT_KEY: "db_1:9999"})], (), None),
        ([deal(fields={DealField.VISITS: None})], (), None),
        ([], (), None),
    ],
)
def test_a_deal_is_known_by_its_key_and_its_list(there: list[Deal], taken: tuple[int, ...], found: int | None) -> None:
    made = made_before(KEY, [future("81234")], {one.id: one for one in there}, taken)

    assert (made.id if made else None) == found


def test_only_what_the_deal_lists_stands_in_it() -> None:
    assert ids(listed(KEY, [future("81234"), future("81300")], deal())) == ["81234"]


def test_how_the_deal_was_left_is_read_off_it() -> None:
    told = {
        DealField.PATIENT: "Петров Пётр Ильич",
        DealField.VISIT_STATUS: StatusText.CANCELLED,
        DealField.FIRST_VISIT_AT: at(14, day=-1),
        DealField.MOVES: Decimal(2),
        DealField.PLANNED: Decimal("5000.40"),
    }

    memory = remembered(scene(), deal(price=5000, fields=told), [future("81234"), future("81300")], PRIMARY)

    written = memory.written
    assert (written.target, written.pipeline_id, written.stage_id) == ("cancelled", 101, BOOKED)
    assert (written.price, written.name) == (5000, "Петров Пётр Ильич")
    assert (memory.first_visit_at, memory.moves) == (at(14, day=-1), 2)
    assert memory.seen.keys() == {"81234"}


def test_what_people_wrote_is_not_taken_for_ours() -> None:
    told = deal(price=9000, fields={DealField.PATIENT: "Петров Пётр", DealField.PLANNED: Decimal(5000)})

    memory = remembered(scene(), told, [future("81234")], None)

    assert (memory.written.price, memory.written.name, memory.written.target) == (None, None, None)


def test_a_pair_is_counted_once() -> None:
    """It is counted anew with each look; only moves of one row are remembered."""
    first, second = cancelled("1", when=at(9)), future("2", booked_at=at(9, 5))
    told = deal(visits="db_1:1\ndb_1:2")

    assert remembered(scene(), told, [first, second], PRIMARY).moves == 0
    told = deal(visits="db_1:1\ndb_1:2", fields={DealField.MOVES: 3})
    assert remembered(scene(), told, [first, second], PRIMARY).moves == 2
