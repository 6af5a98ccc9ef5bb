"""What the preset makes in an account, and how amoCRM wants it said. Pure. The stages stand in docs/rules.md, the fields in
`hub.rules.fields`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hub.amocrm.api import Json
from hub.rules.fields import GROUP_NAME, FieldSpec
from hub.rules.model import WON, Role, Target

Preset: TypeAlias = Literal["deal_per_inquiry"]


@dataclass(frozen=True)
class StageSpec:
    """A stage that the preset makes; the colour is one of amoCRM's 21."""

    key: str
    name: str
    color: str


@dataclass(frozen=True)
class PipelineSpec:
    """A pipeline that the preset makes, and which stage (by key, or 142) each target leads to."""

    role: Role
    name: str
    stages: tuple[StageSpec, ...]
    targets: Mapping[Target, str | int]
    win_after_days: int | None = None


_NEW = StageSpec("new", "Новое обращение", "#d6eaff")
_BOOKED = StageSpec("booked", "Записан", "#fffeb2")
_CANCELLED = StageSpec("cancelled", "Отменил — вернуть", "#ffdbdb")
_VISITED = StageSpec("visited", "Был на приёме", "#ebffb1")

PIPELINES: Mapping[Preset, tuple[PipelineSpec, ...]] = {
    "deal_per_inquiry": (
        PipelineSpec(
            "primary",
            "Первичные",
            (_NEW, _BOOKED, _CANCELLED),
            {"booked": "booked", "cancelled": "cancelled", "visited": WON},
        ),
        PipelineSpec(
            "repeat",
            "Повторные",
            (_NEW, _BOOKED, _CANCELLED, _VISITED),
            {"booked": "booked", "cancelled": "cancelled", "visited": "visited"},
            win_after_days=30,
        ),
    )
}


def new_pipeline(spec: PipelineSpec, sort: int) -> Json:
    """Without «Неразобранное»: a lead there is found neither by phone nor by the order of creation, and would be made twice."""
    stages = [new_stage(stage, place) for place, stage in enumerate(spec.stages)]
    return {
        "name": spec.name,
        "sort": sort,
        "is_main": False,
        "is_unsorted_on": False,
        "_embedded": {"statuses": stages},
    }


def new_stage(spec: StageSpec, place: int) -> Json:
    return {"name": spec.name, "sort": 10 * (place + 2), "color": spec.color}


def new_group() -> Json:
    return {"name": GROUP_NAME, "sort": 100}


def new_fields(specs: Sequence[FieldSpec], group_id: str) -> list[Json]:
    """In the order of the specification; never required; people cannot write what is ours."""
    return [_new_field(spec, group_id, 500 + place) for place, spec in enumerate(specs)]


def _new_field(spec: FieldSpec, group_id: str, sort: int) -> Json:
    made: Json = {"name": spec.name, "type": spec.type, "group_id": group_id, "sort": sort}
    made["is_api_only"] = not spec.people_edit
    if spec.options:
        made["enums"] = [{"value": text, "sort": place} for place, text in enumerate(spec.options)]
    return made


def more_options(standing: Sequence[Json], added: Sequence[str]) -> Json:
    """With the ids of those that stand: an option that is sent without its id loses it, and with it every deal's value."""
    return {"enums": [{**enum, "sort": i} for i, enum in enumerate([*standing, *({"value": text} for text in added)])]}
