"""What an account lacks of what we need. Pure: from what was found to a plan, and from there to our names for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from hub.amocrm.api import Entity
from hub.amocrm.blueprint import PIPELINES, PipelineSpec, Preset, StageSpec
from hub.amocrm.schema import CrmSchema, FieldRef, PipelineRef
from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, GROUP_NAME, ContactField, DealField, FieldSpec
from hub.rules.model import LOST, WON, Role
from hub.rules.settings import Pipeline, Settings, TargetStage
from wire.errors import NeedsOperator

ENTITIES: tuple[Entity, ...] = ("leads", "contacts")
Key = TypeVar("Key", DealField, ContactField)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True)


class FoundStage(_Part):
    """A stage of the account."""

    id: int
    name: str


class FoundPipeline(_Part):
    """A pipeline of the account."""

    id: int
    name: str
    sort: int = 0
    is_archive: bool = False
    stages: tuple[FoundStage, ...] = ()


class FoundGroup(_Part):
    """A tab of fields."""

    id: str
    name: str


class _StageRef(_Part):
    status_id: int | None = None


class FoundEnum(_Part):
    """An option of a select."""

    id: int
    value: str


class FoundField(_Part):
    """A field of the account."""

    id: int
    name: str
    type: str
    group_id: str | None = None
    is_required: bool | None = False
    required_statuses: tuple[_StageRef, ...] | None = ()
    hidden_statuses: tuple[_StageRef, ...] | None = ()
    enums: tuple[FoundEnum, ...] | None = ()


@dataclass(frozen=True)
class Found:
    """What stands in the account."""

    filter_enabled: bool
    pipelines: tuple[FoundPipeline, ...]
    groups: Mapping[Entity, tuple[FoundGroup, ...]]
    fields: Mapping[Entity, tuple[FoundField, ...]]


@dataclass(frozen=True)
class Wanted:
    """What was asked for, and what is known from the last time."""

    preset: Preset
    zone: str
    known: CrmSchema


@dataclass(frozen=True)
class Plan:
    """What would be made. Nothing is ever renamed or taken away."""

    wanted: Wanted
    found: Found
    pipelines: tuple[PipelineSpec, ...] = ()
    stages: tuple[tuple[FoundPipeline, StageSpec], ...] = ()
    groups: tuple[Entity, ...] = ()
    deal_fields: tuple[DealField, ...] = ()
    contact_fields: tuple[ContactField, ...] = ()
    options: tuple[tuple[Entity, FoundField, tuple[str, ...]], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether all is there."""
        return not (
            self.pipelines or self.stages or self.groups or self.deal_fields or self.contact_fields or self.options
        )

    def lines(self) -> list[str]:
        """For the integrator to read before it is done."""
        return [
            *(f"+ pipeline {spec.name}: {', '.join(stage.name for stage in spec.stages)}" for spec in self.pipelines),
            *(f"+ stage {stage.name} in pipeline {pipeline.name}" for pipeline, stage in self.stages),
            *(f"+ group {GROUP_NAME} of {_CARDS[entity]}" for entity in self.groups),
            *(_field_line("deal", DEAL_FIELDS[key]) for key in self.deal_fields),
            *(_field_line("contact", CONTACT_FIELDS[key]) for key in self.contact_fields),
            *(f"+ options of {field.name}: {', '.join(added)}" for _, field, added in self.options),
            *(f"! {warning}" for warning in self.warnings),
        ]


_CARDS: Mapping[Entity, str] = {"leads": "deals", "contacts": "contacts"}


def _field_line(card: str, spec: FieldSpec) -> str:
    return f"+ {card} field {spec.name} ({spec.type}{'' if spec.people_edit else ', only we write it'})"


@dataclass(frozen=True)
class _Standing:
    """What of ours stands there already."""

    pipelines: Mapping[Role, FoundPipeline]
    stages: Mapping[Role, Mapping[str, int]]
    deal_fields: Mapping[DealField, FoundField]
    contact_fields: Mapping[ContactField, FoundField]


def lacking(wanted: Wanted, found: Found) -> Plan:
    """What would have to be made."""
    there, known = _standing(wanted, found), wanted.known
    specs = PIPELINES[wanted.preset]
    return Plan(
        wanted,
        found,
        pipelines=tuple(spec for spec in specs if spec.role not in there.pipelines),
        stages=tuple(
            (there.pipelines[spec.role], stage)
            for spec in specs
            if spec.role in there.pipelines
            for stage in spec.stages
            if stage.key not in there.stages[spec.role]
        ),
        groups=tuple(entity for entity in ENTITIES if group_of(found, entity) is None),
        deal_fields=tuple(key for key in DEAL_FIELDS if key not in there.deal_fields),
        contact_fields=tuple(key for key in CONTACT_FIELDS if key not in there.contact_fields),
        options=(
            *_options("leads", DEAL_FIELDS, known.deal_fields, there.deal_fields),
            *_options("contacts", CONTACT_FIELDS, known.contact_fields, there.contact_fields),
        ),
        warnings=(*_warnings("deal", there.deal_fields.values()), *_warnings("contact", there.contact_fields.values())),
    )


def result(made: Plan) -> tuple[CrmSchema, Settings]:
    """Our names for what stands there, and the preset's settings; raises where something is lacking still."""
    if not made.empty:
        raise NeedsOperator(f"Prepare the account again: amoCRM did not make {made.lines()[0].removeprefix('+ ')}.")
    wanted, found, known = made.wanted, made.found, made.wanted.known
    there = _standing(wanted, found)
    schema = CrmSchema(
        zone=wanted.zone,
        filter_enabled=found.filter_enabled,
        deal_fields=_refs(DEAL_FIELDS, known.deal_fields, there.deal_fields),
        contact_fields=_refs(CONTACT_FIELDS, known.contact_fields, there.contact_fields),
        pipelines={
            role: PipelineRef(id=pipeline.id, stages=dict(there.stages[role]))
            for role, pipeline in there.pipelines.items()
        },
        stage_names={p.id: {stage.id: stage.name for stage in p.stages} for p in found.pipelines},
    )
    return schema, settings(wanted, schema)


def settings(wanted: Wanted, schema: CrmSchema) -> Settings:
    """The preset's settings: every target may leave any open stage and accepts only its own."""
    pipelines = {spec.role: _pipeline_settings(spec, schema.pipelines[spec.role]) for spec in PIPELINES[wanted.preset]}
    return Settings(preset=wanted.preset, zone=wanted.zone, pipelines=dict(pipelines))


def _pipeline_settings(spec: PipelineSpec, ref: PipelineRef) -> Pipeline:
    stages = {target: ref.stages[to] if isinstance(to, str) else to for target, to in spec.targets.items()}
    targets = {target: TargetStage(stage=stage, accepted=(stage,)) for target, stage in stages.items()}
    return Pipeline(pipeline_id=ref.id, targets=targets, win_after_days=spec.win_after_days)


# Finding: by the id that we know, else by name


def _standing(wanted: Wanted, found: Found) -> _Standing:
    known = wanted.known
    specs = {spec.role: spec for spec in PIPELINES[wanted.preset]}
    pipelines = {
        role: pipeline
        for role, spec in specs.items()
        if (pipeline := _pipeline(spec, known.pipelines.get(role), found))
    }
    return _Standing(
        pipelines,
        {role: _stages(specs[role], known.pipelines.get(role), there) for role, there in pipelines.items()},
        _fields("leads", DEAL_FIELDS, known.deal_fields, found),
        _fields("contacts", CONTACT_FIELDS, known.contact_fields, found),
    )


def _pipeline(spec: PipelineSpec, known: PipelineRef | None, found: Found) -> FoundPipeline | None:
    alive = [pipeline for pipeline in found.pipelines if not pipeline.is_archive]
    by_id = [pipeline for pipeline in alive if known and pipeline.id == known.id]
    by_name = [pipeline for pipeline in alive if _same(pipeline.name, spec.name)]
    return next(iter(by_id + by_name), None)


def _stages(spec: PipelineSpec, known: PipelineRef | None, pipeline: FoundPipeline) -> dict[str, int]:
    own = [stage for stage in pipeline.stages if stage.id not in (WON, LOST)]
    found: dict[str, int] = {}
    for wanted in spec.stages:
        by_id = [stage.id for stage in own if known and stage.id == known.stages.get(wanted.key)]
        by_name = [stage.id for stage in own if _same(stage.name, wanted.name)]
        if by_id or by_name:
            found[wanted.key] = (by_id + by_name)[0]
    return found


def group_of(found: Found, entity: Entity) -> FoundGroup | None:
    """Our tab of the card."""
    return next((group for group in found.groups[entity] if _same(group.name, GROUP_NAME)), None)


def _fields(
    entity: Entity, specs: Mapping[Key, FieldSpec], known: Mapping[Key, FieldRef], found: Found
) -> dict[Key, FoundField]:
    group = group_of(found, entity)
    there: dict[Key, FoundField] = {}
    for key, spec in specs.items():
        alike = [field for field in found.fields[entity] if field.type == spec.type]
        by_id = [field for field in alike if key in known and field.id == known[key].id]
        by_name = [field for field in alike if group and field.group_id == group.id and _same(field.name, spec.name)]
        if by_id or by_name:
            there[key] = (by_id + by_name)[0]
    return there


def _refs(
    specs: Mapping[Key, FieldSpec], known: Mapping[Key, FieldRef], there: Mapping[Key, FoundField]
) -> dict[Key, FieldRef]:
    return {
        key: FieldRef(id=field.id, options=_option_ids(specs[key], known.get(key), field))
        for key, field in there.items()
    }


def _option_ids(spec: FieldSpec, known: FieldRef | None, field: FoundField) -> dict[str, int]:
    """An option that an admin renamed keeps its meaning by its id."""
    enums = field.enums or ()
    ids = {enum.value: enum.id for enum in enums}
    remembered = known.options if known and known.id == field.id else {}
    still = {text: id_ for text, id_ in remembered.items() if id_ in ids.values()}
    return {text: id_ for text in spec.options if (id_ := still.get(text) or ids.get(text))}


def _options(
    entity: Entity, specs: Mapping[Key, FieldSpec], known: Mapping[Key, FieldRef], there: Mapping[Key, FoundField]
) -> list[tuple[Entity, FoundField, tuple[str, ...]]]:
    lacking = [
        (entity, field, tuple(t for t in specs[key].options if t not in _option_ids(specs[key], known.get(key), field)))
        for key, field in there.items()
    ]
    return [item for item in lacking if item[2]]


def _warnings(card: str, fields: Iterable[FoundField]) -> list[str]:
    """A field of ours that people must fill stops them, and us, on the way to a stage; a hidden one explains nothing."""
    said: list[str] = []
    for field in fields:
        if field.is_required or field.required_statuses:
            said.append(f"the {card} field {field.name} is required: make it optional in amoCRM")
        if field.hidden_statuses:
            said.append(f"the {card} field {field.name} is hidden in some stages: show it there")
    return said


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
