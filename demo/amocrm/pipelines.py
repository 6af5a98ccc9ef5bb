"""Pipelines and their statuses; 142 and 143 stand at the end of each, «Неразобранное» at the beginning."""

from demo.amocrm import stages
from demo.amocrm.bodies import PipelineCreate, PipelinePatch, StatusCreate, StatusInPipeline, StatusPatch
from demo.amocrm.call import EMPTY, Answer, Call, Route, total
from demo.amocrm.checks import Checks, batch, nothing, single
from demo.amocrm.errors import Refused
from demo.amocrm.model import LOST, UNSORTED, WON, Json, Pipeline, Status
from demo.amocrm.store import Account

MOST_PIPELINES = 50
MOST_STATUSES = 100
_CLOSING = ((WON, "Успешно реализовано", 10000, "#CCFF66"), (LOST, "Закрыто и не реализовано", 11000, "#D5D8DB"))


def create(account: Account, body: PipelineCreate) -> Pipeline:
    """Make what was checked."""
    pipeline = Pipeline(account.next_id("pipeline"), body.name, body.sort, body.is_main, body.is_unsorted_on)
    if body.is_main:
        for other in account.pipelines.values():
            other.is_main = False
    account.pipelines[pipeline.id] = pipeline
    if body.is_unsorted_on:
        _add(account, pipeline, "Неразобранное", 10, "#c1c1c1", kind=UNSORTED)
    for status_id, name, sort, color in _CLOSING:
        pipeline.statuses[status_id] = Status(status_id, pipeline.id, name, sort, color, is_editable=False)
    for status in body.embedded.statuses:
        if status.id is not None:
            pipeline.statuses[status.id].name = status.name
        else:
            _add(account, pipeline, status.name, status.sort or 0, status.color or "")
    return pipeline


def _add(account: Account, pipeline: Pipeline, name: str, sort: int, color: str, *, kind: int = 0) -> Status:
    status = Status(account.next_id("status"), pipeline.id, name, sort, color, kind, is_editable=kind != UNSORTED)
    pipeline.statuses[status.id] = status
    return status


def check(account: Account, body: PipelineCreate, checks: Checks) -> PipelineCreate:
    """Check a pipeline to be."""
    if len(account.pipelines) >= MOST_PIPELINES:
        checks.refuse("TooMany", "name", f"An account holds {MOST_PIPELINES} pipelines or less.")
    if all(status.id is not None for status in body.embedded.statuses):
        checks.refuse("FieldMissing", "_embedded.statuses", "Not documented: a pipeline without a stage of its own.")
    for number, status in enumerate(body.embedded.statuses):
        _check_status(status, f"_embedded.statuses.{number}", checks)
    return body


def _check_status(status: StatusInPipeline, path: str, checks: Checks) -> None:
    for name in ("sort", "color"):
        given = getattr(status, name) is not None
        if status.id is None and not given:
            checks.refuse("FieldMissing", f"{path}.{name}", "This field is missing.")
        if status.id is not None and given:
            checks.refuse("NotExpected", f"{path}.{name}", "142 and 143 may be renamed, nothing else.")


def shape(call: Call, pipeline: Pipeline) -> Json:
    """A pipeline with all its statuses."""
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "sort": pipeline.sort,
        "is_main": pipeline.is_main,
        "is_unsorted_on": pipeline.is_unsorted_on,
        "is_archive": False,
        "account_id": call.account.id,
        "_links": call.itself(f"leads/pipelines/{pipeline.id}"),
        "_embedded": {"statuses": [_status_shape(call, status) for status in _in_order(pipeline)]},
    }


def _in_order(pipeline: Pipeline) -> list[Status]:
    return sorted(pipeline.statuses.values(), key=lambda status: (status.sort, status.id))


def _status_shape(call: Call, status: Status) -> Json:
    return {
        "id": status.id,
        "name": status.name,
        "sort": status.sort,
        "is_editable": status.is_editable,
        "pipeline_id": status.pipeline_id,
        "color": status.color,
        "type": status.type,
        "account_id": call.account.id,
        "_links": call.itself(f"leads/pipelines/{status.pipeline_id}/statuses/{status.id}"),
    }


def _pipeline(call: Call) -> Pipeline:
    pipeline = call.account.pipelines.get(call.ids[0])
    if pipeline is None:
        raise Refused(404, "No such pipeline.")
    return pipeline


def _list(call: Call) -> Answer:
    found = sorted(call.account.pipelines.values(), key=lambda pipeline: (pipeline.sort, pipeline.id))
    return total(call, "pipelines", [shape(call, pipeline) for pipeline in found])


def _one(call: Call) -> Answer:
    return Answer(200, shape(call, _pipeline(call)))


def _create(call: Call) -> Answer:
    plans = batch(
        call.body, PipelineCreate, lambda body, checks: check(call.account, body, checks), most=MOST_PIPELINES
    )
    made = [(name, create(call.account, body)) for name, body in plans]
    return total(call, "pipelines", [{**shape(call, pipeline), "request_id": name} for name, pipeline in made])


def _statuses(call: Call) -> Answer:
    return total(call, "statuses", [_status_shape(call, status) for status in _in_order(_pipeline(call))])


def _patch(call: Call) -> Answer:
    pipeline = _pipeline(call)

    def prepare(body: PipelinePatch, checks: Checks) -> PipelinePatch:
        given = body.given("is_main", "is_unsorted_on")
        if pipeline.is_main and given.get("is_main") is False:
            checks.refuse("NotExpected", "is_main", "Not documented: an account without a main pipeline.")
        if given.get("is_unsorted_on", pipeline.is_unsorted_on) != pipeline.is_unsorted_on:
            checks.refuse("NotExpected", "is_unsorted_on", "Not built: switching «Неразобранное».")
        return body

    body = single(call.body, PipelinePatch, prepare)
    if body.is_main:
        for other in call.account.pipelines.values():
            other.is_main = other is pipeline
    for name, value in body.given("name", "sort").items():
        setattr(pipeline, name, value)
    return Answer(200, shape(call, pipeline))


def _delete(call: Call) -> Answer:
    nothing(call.body)
    pipeline = _pipeline(call)
    if pipeline.is_main:
        raise Refused(400, "Not documented: deleting the main pipeline, which also the last one is.")
    if any(lead.pipeline_id == pipeline.id for lead in call.account.leads.values()):
        raise Refused(400, "A pipeline with leads cannot be deleted.")
    del call.account.pipelines[pipeline.id]
    return EMPTY


def _found_status(call: Call) -> Status:
    status = _pipeline(call).statuses.get(call.ids[1])
    if status is None:
        raise Refused(404, "No such status.")
    return status


def _status(call: Call) -> Answer:
    return Answer(200, _status_shape(call, _found_status(call)))


def _patch_status(call: Call) -> Answer:
    status = _found_status(call)

    def prepare(body: StatusPatch, checks: Checks) -> StatusPatch:
        for name in body.model_fields_set - ({"name"} if status.type != UNSORTED else set()):
            if not status.is_editable:
                checks.refuse(
                    "NotExpected", name, "142 and 143 may be renamed, nothing else; «Неразобранное» not at all."
                )
        return body

    for name, value in single(call.body, StatusPatch, prepare).given("name", "sort", "color").items():
        setattr(status, name, value)
    return Answer(200, _status_shape(call, status))


def _delete_status(call: Call) -> Answer:
    """Its leads go to the first stage that is left."""
    nothing(call.body)
    pipeline, status = _pipeline(call), _found_status(call)
    if not status.is_editable:
        raise Refused(400, "142, 143 and «Неразобранное» cannot be deleted.")
    if sum(other.is_editable for other in pipeline.statuses.values()) == 1:
        raise Refused(400, "Not documented: a pipeline without a stage of its own.")
    del pipeline.statuses[status.id]
    first = call.account.first_stage(pipeline)
    for lead in call.account.leads.values():
        if (lead.pipeline_id, lead.status_id) == (pipeline.id, status.id):
            stages.put(call.account, lead, (pipeline.id, first.id), call.actor.id)
            call.account.changed("leads", lead.id)
    return EMPTY


def _create_statuses(call: Call) -> Answer:
    pipeline = _pipeline(call)
    room = MOST_STATUSES - len(pipeline.statuses)
    plans = batch(call.body, StatusCreate, lambda body, _: body, most=room)
    made = [(name, _add(call.account, pipeline, body.name, body.sort, body.color)) for name, body in plans]
    return total(call, "statuses", [{**_status_shape(call, status), "request_id": name} for name, status in made])


ROUTES = [
    Route("GET", "leads/pipelines", _list),
    Route("POST", "leads/pipelines", _create, admin=True),
    Route("GET", "leads/pipelines/{}", _one),
    Route("PATCH", "leads/pipelines/{}", _patch, admin=True),
    Route("DELETE", "leads/pipelines/{}", _delete, admin=True),
    Route("GET", "leads/pipelines/{}/statuses", _statuses),
    Route("POST", "leads/pipelines/{}/statuses", _create_statuses, admin=True),
    Route("GET", "leads/pipelines/{}/statuses/{}", _status),
    Route("PATCH", "leads/pipelines/{}/statuses/{}", _patch_status, admin=True),
    Route("DELETE", "leads/pipelines/{}/statuses/{}", _delete_status, admin=True),
]
