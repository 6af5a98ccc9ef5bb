"""What an account offers its admins to choose from: pipelines with their stages, who works there, in which groups and roles. In our words;
read anew for each settings page, with the hub's own token."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from hub.amocrm import answers, api
from hub.amocrm.api import Request
from hub.amocrm.client import AmoCrm

_UNSORTED = 1
"""The type of «Неразобранное»: no deal of ours is put there."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Named(_Part):
    """A group or a role."""

    id: int
    name: str = ""


class StageOffer(_Part):
    """A stage; won and lost stand at the end of each pipeline."""

    id: int
    name: str
    color: str = ""


class PipelineOffer(_Part):
    """A pipeline with the stages in their order."""

    id: int
    name: str
    stages: tuple[StageOffer, ...] = ()


class Worker(_Part):
    """Somebody who works in the account."""

    id: int
    name: str = ""
    group_id: int | None = None
    role_id: int | None = None
    is_admin: bool = False
    is_active: bool = True


@dataclass(frozen=True)
class Directory:
    """All of it."""

    pipelines: tuple[PipelineOffer, ...]
    workers: tuple[Worker, ...]
    groups: tuple[Named, ...]
    roles: tuple[Named, ...]

    def name_of(self, user_id: int) -> str | None:
        """Of a user."""
        return next((worker.name for worker in self.workers if worker.id == user_id and worker.name), None)


async def read_directory(crm: AmoCrm) -> Directory:
    """Three questions, one after the other: amoCRM counts them."""
    pipelines = await crm.caller.call(api.pipelines(), _pipelines)
    groups = await crm.caller.call(api.users_groups(), _groups)
    people = await _people(crm)
    return Directory(
        pipelines,
        tuple(worker for worker, _ in people),
        _named([*groups, *(group for _, told in people for group in told.groups)]),
        _named([role for _, told in people for role in told.roles]),
    )


class _Sorted(_Part):
    id: int
    name: str
    sort: int = 0
    color: str = ""
    type: int = 0
    is_archive: bool = False


class _WorkerRights(_Part):
    group_id: int | None = None
    role_id: int | None = None
    is_admin: bool = False
    is_active: bool = True


class _Embedded(_Part):
    groups: tuple[Named, ...] = ()
    roles: tuple[Named, ...] = ()


async def _people(crm: AmoCrm) -> list[tuple[Worker, _Embedded]]:
    request: Request | None = api.users()
    found: list[tuple[Worker, _Embedded]] = []
    while request:
        page, request = await crm.caller.page(request, "users", _worker)
        found += page
    return found


def _worker(data: api.Json) -> tuple[Worker, _Embedded]:
    rights = _WorkerRights.model_validate(data.get("rights") or {})
    worker = Worker(id=data["id"], name=data.get("name") or "", **rights.model_dump())
    return worker, _Embedded.model_validate(data.get("_embedded") or {})


def _pipelines(value: Any) -> tuple[PipelineOffer, ...]:
    listed = [(_Sorted.model_validate(item), item) for item in answers.embedded(value, "pipelines")]
    return tuple(
        PipelineOffer(id=pipeline.id, name=pipeline.name, stages=_stages(item))
        for pipeline, item in sorted(listed, key=lambda pair: pair[0].sort)
        if not pipeline.is_archive
    )


def _stages(pipeline: api.Json) -> tuple[StageOffer, ...]:
    listed = [_Sorted.model_validate(item) for item in (pipeline.get("_embedded") or {}).get("statuses", ())]
    return tuple(
        StageOffer(id=stage.id, name=stage.name, color=stage.color)
        for stage in sorted(listed, key=lambda stage: stage.sort)
        if stage.type != _UNSORTED
    )


def _groups(value: Any) -> tuple[Named, ...]:
    embedded = (value or {}).get("_embedded") or {}
    return tuple(Named.model_validate(item) for item in embedded.get("users_groups", ()))


def _named(found: list[Named]) -> tuple[Named, ...]:
    return tuple({one.id: one for one in found}.values())
