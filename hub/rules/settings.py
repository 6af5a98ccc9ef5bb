"""The settings of an account, as its admins edit them. Parsed once, frozen; the shape stands in docs/rules.md."""

from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hub.rules.model import Role, Stage, Target


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; write for example Europe/Moscow") from None
    return name


Zone: TypeAlias = Annotated[str, AfterValidator(_zone)]
Whom: TypeAlias = Annotated[str, Field(pattern=r"^(all|admin|group:\d+|role:\d+)$")]
MoneyWay: TypeAlias = Literal["journal", "net"]
"""How a clinic's balances are reckoned: debt and advance by IDENT's journal of orders, or without it what is left over of both."""
Minutes: TypeAlias = Annotated[int, Field(ge=0, le=7 * 24 * 60)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Budget(_Part):
    """R3: what the budget follows, and whether a figure that a person typed stays."""

    basis: Literal["bills", "payments", "plan"] = "bills"
    people_win: bool = True


class TargetStage(_Part):
    """Where a target leads: `stage` None is no move; `accepted` count as being there; `from` are those it may leave."""

    stage: int | None = None
    accepted: tuple[int, ...] = ()
    leaves: tuple[int, ...] | Literal["any"] = Field("any", alias="from")


class Pipeline(_Part):
    """One pipeline of ours."""

    pipeline_id: int
    budget: Budget = Budget()
    targets: dict[Target, TargetStage] = {}
    win_after_days: int | None = None
    """R10: won so many days after the last visit with nothing ahead; None: won at the first visited visit."""

    def stage(self, target: Target) -> Stage | None:
        """The stage that the target leads to, or None where it moves nothing."""
        found = self.targets.get(target)
        return Stage(self.pipeline_id, found.stage) if found and found.stage else None


class NoShow(_Part):
    """R13."""

    shown_after_start_minutes: Minutes = 15
    task_after_end_minutes: Minutes = 30


class BranchRoute(_Part):
    """R7: a branch of a database, its zone and its pair of pipelines."""

    database: str
    branch: str
    name: str
    zone: Zone = "Europe/Moscow"
    pipelines: dict[Role, str] = {"primary": "primary", "repeat": "repeat"}
    responsible: tuple[int, ...] = ()


class Filters(_Part):
    """R24: visits that make no deal. Ids with their database: `db_1:17`."""

    skip_branches: tuple[str, ...] = ()
    skip_practitioners: tuple[str, ...] = ()
    skip_sources: tuple[str, ...] = ()
    skip_patients: tuple[str, ...] = ()


class Rights(_Part):
    """R25: who may see what. `all`, `admin`, `group:5` or `role:7`."""

    money: tuple[Whom, ...] = ("all",)
    family: tuple[Whom, ...] = ("all",)
    search: tuple[Whom, ...] = ("all",)


class Settings(_Part):
    """All of an account's settings; `pipelines` by name, of which `primary` and `repeat` are the default pair."""

    version: int = 1
    paused: bool = False
    preset: Literal["deal_per_inquiry", "deal_per_visit"] = "deal_per_inquiry"
    pipelines: dict[str, Pipeline]
    zone: Zone = "Europe/Moscow"
    grace_minutes: Minutes = 15
    join_within_days: int = 60
    budget_frozen_after_days: int = 30
    no_show: NoShow = NoShow()
    branches: tuple[BranchRoute, ...] = ()
    staff: dict[str, int] = {}
    filters: Filters = Filters()
    rights: Rights = Rights()
    money_verified: dict[str, MoneyWay] = {}
    """Databases of which an admin confirmed that their balances are those of IDENT's screen, and by which way these were reckoned."""

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> "Settings":
        named = {name for route in self.branches for name in route.pipelines.values()} | {"primary", "repeat"}
        if missing := named - self.pipelines.keys():
            raise ValueError(f"pipelines lacks {', '.join(sorted(missing))}")
        return self

    def mapped(self, pipeline_id: int) -> Pipeline | None:
        """What we do in a pipeline of the account; None: it is not ours."""
        return next((p for p in self.pipelines.values() if p.pipeline_id == pipeline_id), None)

    def route(self, database: str, branch: str | None) -> BranchRoute | None:
        """The route of a branch, or None where the defaults hold."""
        return next((r for r in self.branches if (r.database, r.branch) == (database, branch)), None)
