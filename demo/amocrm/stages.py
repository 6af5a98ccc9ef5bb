"""Where a lead may stand: which stage a body means, and what a move leaves behind; knows no JSON."""

from collections.abc import Mapping

from demo.amocrm.bodies import LeadComplex, LeadCreate, LeadPatch
from demo.amocrm.checks import Checks
from demo.amocrm.model import LOST, UNSORTED, WON, Lead, Pipeline, Values
from demo.amocrm.store import Account

Stage = tuple[int, int]
"""(pipeline_id, status_id)"""

_CLOSED = (WON, LOST)
_NOT_IN_PIPELINE = "This status does not belong to this pipeline (142 and 143: send pipeline_id with them)."


def of_new(
    account: Account, body: LeadCreate | LeadComplex, checks: Checks, its_pipeline: int | None = None
) -> Stage | None:
    """The stage of a lead to be: by default the first of the named pipeline, of that of its source, or of the main one."""
    status_id = body.given("status_id").get("status_id")
    pipeline = _pipeline(account, body.given("pipeline_id").get("pipeline_id"), checks)
    if pipeline is None and "pipeline_id" in body.model_fields_set:
        return None
    if status_id is None:
        pipeline = pipeline or account.pipelines.get(its_pipeline or 0) or account.main_pipeline()
        return pipeline.id, account.first_stage(pipeline).id
    if pipeline is None and status_id not in _CLOSED:
        pipeline = next((p for p in account.pipelines.values() if status_id in p.statuses), None)
    return _checked(pipeline, status_id, checks)


def of_move(account: Account, lead: Lead, body: LeadPatch, checks: Checks) -> Stage | None:
    """The stage that a patch asks for; None where it asks for none."""
    given = body.given("status_id", "pipeline_id")
    if not given:
        return None
    if "status_id" not in given and given["pipeline_id"] != lead.pipeline_id:
        checks.refuse("FieldMissing", "status_id", "Another pipeline needs a status of that pipeline.")
        return None
    status_id = given.get("status_id", lead.status_id)
    if "pipeline_id" not in given and status_id in _CLOSED and status_id != lead.status_id:
        checks.choice("status_id", good=False, detail=_NOT_IN_PIPELINE)
        return None
    pipeline = _pipeline(account, given.get("pipeline_id", lead.pipeline_id), checks)
    return _checked(pipeline, status_id, checks) if pipeline else None


def _pipeline(account: Account, pipeline_id: int | None, checks: Checks) -> Pipeline | None:
    if pipeline_id is None:
        return None
    pipeline = account.pipelines.get(pipeline_id)
    checks.choice("pipeline_id", pipeline is not None)
    return pipeline


def _checked(pipeline: Pipeline | None, status_id: int, checks: Checks) -> Stage | None:
    status = pipeline.statuses.get(status_id) if pipeline else None
    if pipeline is None or status is None:
        checks.choice("status_id", good=False, detail=_NOT_IN_PIPELINE)
        return None
    if status.type == UNSORTED:
        checks.choice("status_id", good=False, detail="Not documented: putting a lead into «Неразобранное».")
        return None
    return pipeline.id, status.id


def loss_reason(account: Account, given: int | None, status_id: int, checks: Checks) -> None:
    """A reason goes with 143 only."""
    if given is None:
        return
    if checks.choice("loss_reason_id", given in account.loss_reasons):
        checks.choice("loss_reason_id", status_id == LOST, "A loss reason is accepted with status 143 only.")


def required(
    account: Account, lead: Lead, stage: Stage | None, planned: Mapping[int, Values | None], checks: Checks
) -> None:
    """Refuse a move to a stage where a field is required that is empty, and is not filled on the way."""
    if stage is None or stage == (lead.pipeline_id, lead.status_id):
        return
    place = {"pipeline_id": stage[0], "status_id": stage[1]}
    for field in account.fields["leads"].values():
        asked_here = any(place.items() <= one.items() for one in field.required_statuses)
        if asked_here and not planned.get(field.id, lead.values.get(field.id)):
            checks.refuse("FieldMissing", "custom_fields_values", f"In this status the field {field.id} is required.")


def put(account: Account, lead: Lead, stage: Stage, by: int) -> None:
    """Stand the lead there; a real move is an event, and closing and opening show in `closed_at`."""
    if (lead.pipeline_id, lead.status_id) == stage:
        return
    before, old_status_id = _shape(lead), lead.status_id
    lead.pipeline_id, lead.status_id = stage
    lead.closed_at = account.now() if is_closed(lead.status_id) else None
    account.happened("lead_status_changed", "leads", lead.id, by, before, _shape(lead))
    account.announce("status_lead", lead, old_status_id=old_status_id)


def is_closed(status_id: int) -> bool:
    """Won or lost."""
    return status_id in _CLOSED


def _shape(lead: Lead) -> Values:
    return [{"lead_status": {"id": lead.status_id, "pipeline_id": lead.pipeline_id}}]
