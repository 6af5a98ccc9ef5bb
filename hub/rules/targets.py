"""When a deal moves, and where to: only when its target changed, never over what people did. Knows stages, not visits' details."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from hub.rules.model import WON, Deal, Memory, SeenVisit, Stage, Written
from hub.rules.settings import Pipeline, TargetStage
from hub.rules.stand import Stand

Stays: TypeAlias = Literal["closed", "unmapped", "blank", "kept_from"]

QUARREL = "robot_quarrel"
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Move:
    """Where the deal goes (None: it stays), and what we remember of it. `stays`: why it does not go where a new target wants it."""

    stage: Stage | None
    written: Written
    moved_back_at: tuple[datetime, ...]
    stays: Stays | None = None


def what_we_wrote(memory: Memory, deal: Deal) -> Written:
    """Where the answer to our last request was lost, the deal itself says whether it was applied."""
    pending = memory.pending
    if pending is None:
        return memory.written
    applied = (
        deal.stage.stage_id == pending.stage_id
        or deal.price == pending.price
        or deal.name == pending.name  # None is never equal
    )
    return pending.written if applied else memory.written


def move(stand: Stand, deal: Deal, written: Written, memory: Memory, pipeline: Pipeline | None, now: datetime) -> Move:
    """Decide on a deal that stands; `memory` is from before this look."""
    put_back = written.left_stage_id is not None and deal.stage == Stage(
        written.pipeline_id or 0, written.left_stage_id
    )
    moved_back_at = tuple(at for at in (*memory.moved_back_at, *((now,) if put_back else ())) if at > now - _AN_HOUR)
    if put_back:
        written = written.model_copy(update={"left_stage_id": None})
    if (stand.target, stand.won) == (written.target, written.won):
        return Move(None, written, moved_back_at)
    goal = _goal(stand, deal, written, memory.seen, pipeline)
    stays = _stays(deal.stage, goal, stand, pipeline)
    if goal is None or quarrels(moved_back_at, now) or not _may_go(deal.stage, goal, stand, pipeline):
        goal = None
    return Move(goal, _remembered(stand, deal.stage, goal, written), moved_back_at, stays)


def quarrels(moved_back_at: tuple[datetime, ...], now: datetime) -> bool:
    """Others put it back twice within the last hour: we stop."""
    return len([at for at in moved_back_at if at > now - _AN_HOUR]) >= 2


def first_stage(stand: Stand, pipeline: Pipeline) -> Stage | None:
    """Where a deal is created; None where the pipeline has not even a stage for `booked`."""
    if stand.won:
        return Stage(pipeline.pipeline_id, WON)
    return (pipeline.stage(stand.target) if stand.target else None) or pipeline.stage("booked")


def _goal(
    stand: Stand, deal: Deal, written: Written, seen: Mapping[str, SeenVisit], pipeline: Pipeline | None
) -> Stage | None:
    if pipeline is None or stand.target is None:
        return None
    if stand.won:
        return Stage(pipeline.pipeline_id, WON)
    before = seen.get(stand.shown.id)
    taken_back = stand.target == "booked" and written.target == "cancelled" and before is not None and before.cancelled
    if taken_back and written.remembered_stage_id is not None and deal.stage.stage_id == written.stage_id:
        return Stage(deal.stage.pipeline_id, written.remembered_stage_id)
    return pipeline.stage(stand.target)


def _stays(stage: Stage, goal: Stage | None, stand: Stand, pipeline: Pipeline | None) -> Stays | None:
    """A deal that is there already needs no word."""
    if not stage.open:
        return None if stage == goal else "closed"
    if pipeline is None:
        return "unmapped"
    if goal is None:
        return "blank"
    rule = pipeline.targets.get(stand.target, TargetStage()) if stand.target else TargetStage()
    is_there = stage == goal or stage.stage_id in (*rule.accepted, rule.stage)
    return None if is_there or _may_go(stage, goal, stand, pipeline) else "kept_from"


def _may_go(stage: Stage, goal: Stage, stand: Stand, pipeline: Pipeline | None) -> bool:
    if not stage.open or stage == goal:
        return False
    rule = pipeline.targets.get(stand.target, TargetStage()) if pipeline and stand.target else TargetStage()
    if stand.won:
        return True
    return stage.stage_id not in (*rule.accepted, rule.stage) and (
        rule.leaves == "any" or stage.stage_id in rule.leaves
    )


def _remembered(stand: Stand, stage: Stage, goal: Stage | None, written: Written) -> Written:
    """The target is remembered also where nothing moves."""
    changed: dict[str, object] = {"target": stand.target, "won": stand.won, "remembered_stage_id": None}
    if goal is not None:
        changed |= {"pipeline_id": goal.pipeline_id, "stage_id": goal.stage_id, "left_stage_id": stage.stage_id}
        if stand.target == "cancelled":
            changed["remembered_stage_id"] = stage.stage_id
    return written.model_copy(update=changed)
