"""When a deal moves: people win, closed deals stay closed, a quarrel is given up."""

from datetime import datetime
from typing import Any

import pytest

from hub.rules.model import LOST, WON, Deal, Memory, Pending, SeenVisit, Stage, Written
from hub.rules.settings import Pipeline
from hub.rules.stand import Stand
from hub.rules.targets import first_stage, move, quarrels, what_we_wrote
from tests.hub.clinic_day import BACK, BOOKED, NEW, PRESET, PRIMARY, at
from tests.hub.rules.made import NOON, cancelled, deal, future, visited

PIPELINE = PRESET.pipelines["primary"]
CONFIRMED = 1099
BOOKED_STAND = Stand(future("1"), "booked")
CANCELLED_STAND = Stand(cancelled("1"), "cancelled")


def stands(stage_id: int) -> Deal:
    return deal(Stage(PRIMARY, stage_id))


def written(**more: Any) -> Written:
    return Written(target="booked", pipeline_id=PRIMARY, stage_id=BOOKED, **more)


def check(there: Deal, wrote: Written, stand: Stand, goes_to: int | None, pipeline: Pipeline = PIPELINE) -> Written:
    found = move(stand, there, wrote, Memory(), pipeline, NOON)

    assert found.stage == (None if goes_to is None else Stage(there.stage.pipeline_id, goes_to))
    return found.written


@pytest.mark.parametrize(
    ("there", "wrote", "stand", "goes_to"),
    [
        (stands(NEW), Written(), BOOKED_STAND, BOOKED),
        (stands(BOOKED), Written(), BOOKED_STAND, None),
        (stands(CONFIRMED), written(), BOOKED_STAND, None),
        (stands(CONFIRMED), written(), CANCELLED_STAND, BACK),
        (stands(BOOKED), written(), Stand(future("1"), "arrived"), None),
        (stands(LOST), written(), CANCELLED_STAND, None),
        (stands(WON), written(), CANCELLED_STAND, None),
        (stands(BOOKED), written(), Stand(visited("1"), "visited"), WON),
        (stands(BOOKED), Written(target="visited"), Stand(visited("1"), "visited", won=True), WON),
        (stands(BOOKED), Written(target="visited", won=True), Stand(visited("1"), "visited", won=True), None),
    ],
)
def test_a_deal_moves_only_when_its_target_changed(
    there: Deal, wrote: Written, stand: Stand, goes_to: int | None
) -> None:
    after = check(there, wrote, stand, goes_to)

    assert (after.target, after.won) == (stand.target, stand.won)


@pytest.mark.parametrize(
    ("rule", "there", "goes_to"),
    [
        ({"stage": BACK, "from": [BOOKED]}, BOOKED, BACK),
        ({"stage": BACK, "from": [BOOKED]}, CONFIRMED, None),
        ({"stage": BACK, "accepted": [CONFIRMED]}, CONFIRMED, None),
        ({"stage": None}, BOOKED, None),
        ({}, BOOKED, None),
    ],
)
def test_a_target_leaves_and_accepts_what_its_settings_say(
    rule: dict[str, Any], there: int, goes_to: int | None
) -> None:
    pipeline = Pipeline.model_validate({"pipeline_id": PRIMARY, "targets": {"cancelled": rule} if rule else {}})

    check(stands(there), written(), CANCELLED_STAND, goes_to, pipeline)


@pytest.mark.parametrize(
    ("there", "seen_cancelled", "goes_to"),
    [(BACK, True, CONFIRMED), (NEW, True, BOOKED), (BACK, False, BOOKED)],
)
def test_r1_back_from_a_cancellation(there: int, seen_cancelled: bool, goes_to: int) -> None:
    wrote = Written(
        target="cancelled", pipeline_id=PRIMARY, stage_id=BACK, left_stage_id=CONFIRMED, remembered_stage_id=CONFIRMED
    )
    memory = Memory(seen={"1": SeenVisit(start=at(14), cancelled=seen_cancelled)})

    found = move(BOOKED_STAND, stands(there), wrote, memory, PIPELINE, NOON)

    assert found.stage == Stage(PRIMARY, goes_to)
    assert found.written.remembered_stage_id is None


def test_a_cancellation_remembers_where_the_deal_stood() -> None:
    after = check(stands(CONFIRMED), written(), CANCELLED_STAND, BACK)

    assert (after.stage_id, after.left_stage_id, after.remembered_stage_id) == (BACK, CONFIRMED, CONFIRMED)


def put_back(times: tuple[datetime, ...]) -> tuple[Stage | None, tuple[datetime, ...]]:
    """Others put it back to where it stood before our move, and now the target changes."""
    wrote = written(left_stage_id=CONFIRMED)
    found = move(CANCELLED_STAND, stands(CONFIRMED), wrote, Memory(moved_back_at=times), PIPELINE, NOON)
    return found.stage, found.moved_back_at


@pytest.mark.parametrize(
    ("times", "moves"),
    [((), True), ((at(11, 30),), False), ((at(10, 59),), True), ((at(11, 0),), True)],
)
def test_a_quarrel_is_given_up_for_an_hour(times: tuple[datetime, ...], moves: bool) -> None:
    stage, moved_back_at = put_back(times)

    assert (stage is not None) is moves
    assert moved_back_at[-1] == NOON
    assert quarrels(moved_back_at, NOON) is not moves


def test_one_putting_back_counts_once() -> None:
    found = move(BOOKED_STAND, stands(CONFIRMED), written(left_stage_id=CONFIRMED), Memory(), PIPELINE, NOON)
    again = move(
        BOOKED_STAND, stands(CONFIRMED), found.written, Memory(moved_back_at=found.moved_back_at), PIPELINE, NOON
    )

    assert found.moved_back_at == again.moved_back_at == (NOON,)


@pytest.mark.parametrize(
    ("pending", "applied"),
    [
        (Pending(written=Written(target="cancelled"), stage_id=BACK), True),
        (Pending(written=Written(target="cancelled"), stage_id=NEW), False),
        (Pending(written=Written(target="cancelled"), price=500), True),
        (Pending(written=Written(target="cancelled"), price=501), False),
        (Pending(written=Written(target="cancelled"), name="Петров"), True),
        (Pending(written=Written(target="cancelled"), stage_id=NEW, price=500), True),
        (Pending(written=Written(target="cancelled")), False),
        (None, False),
    ],
)
def test_the_deal_as_read_says_whether_a_lost_request_was_applied(pending: Pending | None, applied: bool) -> None:
    there = deal(Stage(PRIMARY, BACK), price=500, name="Петров")

    found = what_we_wrote(Memory(written=written(), pending=pending), there)

    assert (found.target == "cancelled") is applied


@pytest.mark.parametrize(
    ("stand", "stage_id"),
    [
        (BOOKED_STAND, BOOKED),
        (CANCELLED_STAND, BACK),
        (Stand(future("1"), "arrived"), BOOKED),
        (Stand(visited("1"), "visited", won=True), WON),
    ],
)
def test_a_new_deal_is_created_in_its_targets_stage(stand: Stand, stage_id: int) -> None:
    assert first_stage(stand, PIPELINE) == Stage(PRIMARY, stage_id)


def test_without_a_stage_for_booked_no_deal_is_created() -> None:
    assert first_stage(BOOKED_STAND, Pipeline(pipeline_id=PRIMARY)) is None
