"""What the settings page reads, as values: choices, how the clinics stand in words, who changed what. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from hub.amocrm.directory import Directory, Named, PipelineOffer, Worker
from hub.panel.facts import Site
from hub.panel.freshness import Level, Stand, freshness
from hub.panel.reasons import REASONS, REFUSED
from hub.panel.settings_store import Branch, Changed, ClinicRow, Standing
from hub.rules.model import Target
from hub.rules.settings import Settings
from wire.capabilities import off


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TargetOffer(_Part):
    """What may happen to a patient, and what a stage for it is good for."""

    key: Target
    name: str
    hint: str


class DatabaseOffer(_Part):
    """A clinic database."""

    id: str
    name: str
    zone: str


class BranchOffer(_Part):
    """A branch that the clinic's visits name."""

    database: str
    branch: str
    name: str


class Choices(_Part):
    """What there is to choose from."""

    pipelines: tuple[PipelineOffer, ...] = ()
    users: tuple[Worker, ...] = ()
    groups: tuple[Named, ...] = ()
    roles: tuple[Named, ...] = ()
    databases: tuple[DatabaseOffer, ...] = ()
    branches: tuple[BranchOffer, ...] = ()
    targets: tuple[TargetOffer, ...] = ()


class Clinic(_Part):
    """How one clinic stands; `text` is all that a person needs, `off` what its agent cannot read there."""

    id: str
    name: str
    connected: bool
    mis: str | None
    level: Level
    text: str
    outbox: int
    parked: int
    off: tuple[str, ...] = ()


class Reasoned(_Part):
    """So many are not done, for this reason."""

    text: str
    count: int


class Health(_Part):
    """How all stands."""

    clinics: tuple[Clinic, ...] = ()
    trouble: str | None = None
    undelivered: int = 0
    oldest: AwareDatetime | None = None
    outcomes: tuple[Reasoned, ...] = ()


class ChangeLine(_Part):
    """Who changed what, and when."""

    version: int
    at: AwareDatetime
    user: str
    what: str


TARGETS = (
    TargetOffer(key="booked", name="Записан", hint="Впереди есть приём. Сюда же попадает новая сделка."),
    TargetOffer(key="cancelled", name="Отменил — вернуть", hint="Приём отменён, впереди ничего нет: пора позвонить."),
    TargetOffer(key="arrived", name="Пришёл", hint="Администратор отметил в IDENT, что пациент в клинике."),
    TargetOffer(key="in_progress", name="Идёт приём", hint="Врач начал приём."),
    TargetOffer(key="visited", name="Посетил", hint="Приём закончен или выписан счёт, впереди ничего нет."),
    TargetOffer(key="not_marked", name="Не отмечен приход", hint="Время приёма прошло, а прихода в IDENT нет."),
)
"""Those that the rules reach in this release."""

_TROUBLE = {
    "unauthorised": "amoCRM больше не принимает наши ключи: переустановите интеграцию. До этого сделки не меняются.",
    "unpaid": "Подписка amoCRM закончилась: сделки не меняются, пока её не продлят. Ничего не теряется.",
    "blocked": "amoCRM заблокировала обращения к аккаунту: напишите в поддержку amoCRM. Ничего не теряется.",
}
_NEEDS_OPERATOR = "Запись в amoCRM остановлена: позвоните интегратору. Ничего не теряется."


def choices(account: Directory, clinics: Sequence[ClinicRow], branches: Sequence[Branch]) -> Choices:
    """What there is to choose from."""
    return Choices(
        pipelines=account.pipelines,
        users=tuple(worker for worker in account.workers if worker.is_active),
        groups=account.groups,
        roles=account.roles,
        databases=tuple(DatabaseOffer(id=clinic.id, name=clinic.name, zone=clinic.zone) for clinic in clinics),
        branches=tuple(BranchOffer(database=b.database, branch=b.branch, name=b.name) for b in branches),
        targets=TARGETS,
    )


def health(
    standing: Standing, sites: Mapping[str, Site], now: datetime, doubled: Mapping[str, Sequence[str]]
) -> Health:
    """`sites` as they were read together with it; `now` is business time; `doubled`: clinics that have two agents with one identity,
    and on which computers."""
    counted = Counter[str]()
    for _, reason, many in standing.outcomes:
        counted[REASONS.get(reason, REFUSED).text] += many
    return Health(
        clinics=tuple(
            _clinic(clinic, sites[clinic.id].stand, now, doubled.get(clinic.id)) for clinic in standing.clinics
        ),
        trouble=_TROUBLE.get(standing.blocked, _NEEDS_OPERATOR) if standing.blocked else None,
        undelivered=standing.undelivered,
        oldest=standing.oldest,
        outcomes=tuple(Reasoned(text=text, count=count) for text, count in counted.most_common()),
    )


def _clinic(clinic: ClinicRow, stand: Stand, now: datetime, twins: Sequence[str] | None) -> Clinic:
    fresh = freshness(stand, now)
    level: Level = "amber" if twins is not None and fresh.level == "green" else fresh.level
    text = fresh.text if twins is None else f"{fresh.text}. {_second_agent(twins)}"
    return Clinic(
        id=clinic.id, name=clinic.name, connected=stand.connected, mis=stand.mis, level=level, text=text,
        outbox=clinic.outbox, parked=clinic.parked, off=off(clinic.capabilities),
    )  # fmt: skip


def _second_agent(computers: Sequence[str]) -> str:
    names = " и ".join(computers)
    return f"Второй агент{f' (компьютеры {names})' if names else ''}: оставьте один, на лишнем остановите службу ident-agent"


def lines(changes: Sequence[Changed], account: Directory) -> tuple[ChangeLine, ...]:
    """The newest first; of the oldest that is known one cannot say what it changed."""
    before = [change.settings for change in changes[1:]]
    return tuple(
        ChangeLine(
            version=change.version, at=change.at, user=who(change.user_id, account),
            what=_what(before[place] if place < len(before) else None, change.settings),
        )
        for place, change in enumerate(changes)
    )  # fmt: skip


def who(user_id: int, account: Directory) -> str:
    """By name, as far as amoCRM still knows it."""
    return account.name_of(user_id) or "Бывший пользователь"


def _what(before: Settings | None, after: Settings) -> str:
    if before is None:
        return "Настройки"
    if before.paused != after.paused:
        return "Пауза включена" if after.paused else "Пауза снята"
    return ", ".join(word for word, fields in _PARTS.items() if _differ(before, after, fields)) or "Без изменений"


def _differ(before: Settings, after: Settings, fields: Collection[str]) -> bool:
    return any(getattr(before, field) != getattr(after, field) for field in fields)


_PARTS = {
    "Воронки, этапы и бюджет": ("pipelines", "preset"),
    "Филиалы": ("branches", "zone"),
    "Права": ("rights",),
    "Сверка сумм": ("money_verified",),
    "Сроки": ("grace_minutes", "join_within_days", "budget_frozen_after_days", "no_show"),
    "Сотрудники и исключения": ("staff", "filters"),
}
