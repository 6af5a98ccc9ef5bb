"""Makes in an account what we need: pipelines, stages, a group and fields. `prepare` lists it, `apply` makes it, `keep` stores what it is
called. Each may be broken off anywhere and done again: what stands is found, nothing is made twice."""

import logging
from typing import Any

from sqlalchemy import select, update

from hub.amocrm import answers, api, blueprint, plan
from hub.amocrm.api import Entity, Request
from hub.amocrm.blueprint import Preset
from hub.amocrm.client import AmoCrm
from hub.amocrm.plan import ENTITIES, Found, FoundField, FoundGroup, FoundPipeline, Plan, Wanted
from hub.amocrm.reading import AccountInfo
from hub.amocrm.schema import CrmSchema
from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, FieldSpec
from hub.rules.settings import Settings
from hub.store.engine import Unit
from hub.store.tables import accounts
from wire import log
from wire.errors import NeedsOperator

logger = logging.getLogger(__name__)


async def prepare(crm: AmoCrm, preset: Preset, zone: str, known: CrmSchema | None = None) -> Plan:
    """Look at the account and list what it lacks; nothing is made yet."""
    return plan.lacking(Wanted(preset, zone, known or CrmSchema()), await _survey(crm))


async def apply(crm: AmoCrm, planned: Plan) -> tuple[CrmSchema, Settings]:
    """Make what the plan lists, look again, and say what everything is called there."""
    await _make_pipelines(crm, planned)
    for entity in planned.groups:
        await _make(crm, api.create_groups(entity, [blueprint.new_group()]))
    await _make_fields(crm, plan.lacking(planned.wanted, await _survey(crm)))
    made = plan.result(plan.lacking(planned.wanted, await _survey(crm)))
    log.info(logger, "account.prepared", account=crm.caller.account.id)
    return made


async def known_schema(unit: Unit) -> CrmSchema | None:
    """What the account called our things when it was last prepared."""
    text = (await unit.execute(select(accounts.c.crm_schema).where(accounts.c.id == unit.account.id))).scalar_one()
    return None if text is None else CrmSchema.model_validate_json(text)


async def keep(unit: Unit, schema: CrmSchema, settings: Settings) -> None:
    """Store both; settings that the account has already stay: its admins may have changed them."""
    mine = accounts.c.id == unit.account.id
    await unit.execute(update(accounts).where(mine).values(crm_schema=schema.model_dump_json()))
    first = settings.model_dump_json(by_alias=True)
    await unit.execute(update(accounts).where(mine, accounts.c.settings.is_(None)).values(settings=first))


async def _survey(crm: AmoCrm) -> Found:
    call = crm.caller.call
    info = await call(api.account(), AccountInfo.model_validate)
    return Found(
        filter_enabled=bool(info.is_api_filter_enabled),
        pipelines=await call(api.pipelines(), _pipelines),
        groups={entity: await call(api.groups(entity), _groups) for entity in ENTITIES},
        fields={entity: await _fields(crm, entity) for entity in ENTITIES},
    )


def _pipelines(value: Any) -> tuple[FoundPipeline, ...]:
    return tuple(
        FoundPipeline.model_validate({**item, "stages": (item.get("_embedded") or {}).get("statuses", ())})
        for item in answers.embedded(value, "pipelines")
    )


def _groups(value: Any) -> tuple[FoundGroup, ...]:
    return tuple(FoundGroup.model_validate(item) for item in answers.embedded(value, "custom_field_groups"))


async def _fields(crm: AmoCrm, entity: Entity) -> tuple[FoundField, ...]:
    request: Request | None = api.fields(entity)
    found: list[FoundField] = []
    while request:  # by the next page, never by count: amoCRM may cut its pages here at 50, whatever is asked
        page, request = await crm.caller.page(request, "custom_fields", FoundField.model_validate)
        found += page
    return tuple(found)


async def _make_pipelines(crm: AmoCrm, planned: Plan) -> None:
    last = max((pipeline.sort for pipeline in planned.found.pipelines), default=0)
    if planned.pipelines:
        items = [blueprint.new_pipeline(spec, last + place) for place, spec in enumerate(planned.pipelines, 1)]
        await _make(crm, api.create_pipelines(items))
    for pipeline, stage in planned.stages:
        await _make(crm, api.create_stages(pipeline.id, [blueprint.new_stage(stage, len(pipeline.stages))]))


async def _make_fields(crm: AmoCrm, planned: Plan) -> None:
    """Fields stand in groups, whose ids are known only after those were made."""
    await _make_some(crm, planned, "leads", [DEAL_FIELDS[key] for key in planned.deal_fields])
    await _make_some(crm, planned, "contacts", [CONTACT_FIELDS[key] for key in planned.contact_fields])
    for entity, field, added in planned.options:
        standing = [enum.model_dump() for enum in field.enums or ()]
        await _make(crm, api.patch_field(entity, field.id, blueprint.more_options(standing, added)))


async def _make_some(crm: AmoCrm, planned: Plan, entity: Entity, specs: list[FieldSpec]) -> None:
    group = plan.group_of(planned.found, entity)
    if group is None:
        raise NeedsOperator("Prepare the account again: amoCRM did not make the group of fields.")
    for start in range(0, len(specs), api.BATCH):
        items = blueprint.new_fields(specs[start : start + api.BATCH], group.id)
        await _make(crm, api.create_fields(entity, items))


async def _make(crm: AmoCrm, request: Request) -> None:
    """What it is called there is read afterwards, in one place."""
    await crm.caller.call(request, lambda _: None)
