"""Whether settings can hold in this account: each problem with the path of its field and a Russian sentence. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from hub.amocrm.directory import Directory, PipelineOffer
from hub.rules.settings import Pipeline, Settings


@dataclass(frozen=True)
class Problem:
    """What is wrong at one field, e.g. `pipelines.primary.targets.booked.stage`."""

    path: str
    text: str


class Unfit(Exception):
    """These settings cannot be kept."""

    def __init__(self, problems: Collection[Problem]) -> None:
        super().__init__(len(problems))
        self.problems = tuple(problems)


def parsed(value: Mapping[str, Any]) -> Settings:
    """The settings, or `Unfit`."""
    try:
        return Settings.model_validate_json(_JSON.dump_json(value))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise Unfit([Problem(_path(one), _text(one)) for one in found]) from None


def problems(settings: Settings, account: Directory, databases: Collection[str]) -> list[Problem]:
    """What the account does not offer (any more)."""
    offers = {offer.id: offer for offer in account.pipelines}
    return [
        *_preset(settings),
        *(problem for name, one in settings.pipelines.items() for problem in _pipeline(name, one, offers)),
        *_twice(settings),
        *_branches(settings, databases),
        *_rights(settings, account),
        *_money(settings, databases),
    ]


def _preset(settings: Settings) -> Iterator[Problem]:
    if settings.preset != "deal_per_inquiry":
        yield Problem("preset", "Пока работает только «сделка на обращение».")


def _pipeline(name: str, settings: Pipeline, offers: Mapping[int, PipelineOffer]) -> Iterator[Problem]:
    at = f"pipelines.{name}"
    offer = offers.get(settings.pipeline_id)
    if offer is None:
        yield Problem(f"{at}.pipeline_id", "Такой воронки в amoCRM нет: выберите другую.")
        return
    stages = {stage.id for stage in offer.stages}
    for target, where in settings.targets.items():
        if where.stage is not None and where.stage not in stages:
            yield Problem(
                f"{at}.targets.{target}.stage", f"В воронке «{offer.name}» такого этапа нет: выберите другой."
            )
        if not set(where.accepted) <= stages:
            yield Problem(f"{at}.targets.{target}.accepted", f"Отмечены этапы, которых в воронке «{offer.name}» нет.")
        if where.leaves != "any" and not set(where.leaves) <= stages:
            yield Problem(f"{at}.targets.{target}.from", f"Отмечены этапы, которых в воронке «{offer.name}» нет.")


def _twice(settings: Settings) -> Iterator[Problem]:
    counted = Counter(pipeline.pipeline_id for pipeline in settings.pipelines.values())
    for name, pipeline in list(settings.pipelines.items())[1:]:
        if counted[pipeline.pipeline_id] > 1:
            yield Problem(f"pipelines.{name}.pipeline_id", "Эта воронка уже занята выше: выберите другую.")


def _branches(settings: Settings, databases: Collection[str]) -> Iterator[Problem]:
    counted = Counter((route.database, route.branch) for route in settings.branches)
    for place, route in enumerate(settings.branches):
        if route.database not in databases:
            yield Problem(f"branches.{place}.database", "Такой базы клиники нет: уберите строку.")
        if counted[(route.database, route.branch)] > 1:
            yield Problem(f"branches.{place}.branch", "Филиал указан дважды: оставьте одну строку.")


def _rights(settings: Settings, account: Directory) -> Iterator[Problem]:
    groups = {f"group:{group.id}" for group in account.groups}
    roles = {f"role:{worker.role_id}" for worker in account.workers} | {f"role:{role.id}" for role in account.roles}
    for right, whom in settings.rights:
        if not whom:
            yield Problem(f"rights.{right}", "Отметьте хотя бы кого-то, например администраторов.")
        if not set(whom) <= groups | roles | {"all", "admin"}:
            yield Problem(f"rights.{right}", "Отмечена группа или роль, которой в amoCRM больше нет.")


def _money(settings: Settings, databases: Collection[str]) -> Iterator[Problem]:
    for database in settings.money_verified:
        if database not in databases:
            yield Problem(f"money_verified.{database}", "Такой базы клиники нет: загрузите настройки заново.")


def _path(error: ErrorDetails) -> str:
    return ".".join(str(part) for part in error["loc"] if not str(part).startswith(("function-", "literal[", "tuple[")))


def _text(error: ErrorDetails) -> str:
    limits = error.get("ctx") or {}
    match error["type"]:
        case "missing":
            return "Поле не заполнено."
        case "int_parsing" | "int_type" | "int_from_float":
            return "Нужно целое число."
        case "greater_than_equal":
            return f"Не меньше {limits['ge']}."
        case "less_than_equal":
            return f"Не больше {limits['le']}."
        case "extra_forbidden":
            return "Такого поля нет: обновите страницу."
        case "value_error":
            return _VALUE.get(
                str(error["loc"][-1]) if error["loc"] else "", "Филиал ведёт в воронку, которой нет в настройках."
            )
        case _:
            return "Выберите значение из списка."


_VALUE = {"zone": "Такого часового пояса нет. Пример: Europe/Moscow."}
_JSON = TypeAdapter(Mapping[str, Any])
