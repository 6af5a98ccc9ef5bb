"""Why a deal stands where it stands: what happened in IDENT, when, by whom, and why the stage was left alone where it was. In Russian."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from hub.rules.explain import day_time, visit_time
from hub.rules.model import Explanation, Stage
from hub.rules.moves import Story
from hub.rules.stand import Stand
from hub.rules.targets import Stays
from hub.rules.visits import VisitNow
from wire.model import Staff

Source: TypeAlias = tuple[datetime | None, Staff | None]

_STAYS: Mapping[Stays, str] = {
    "closed": "Сделка закрыта, этап не меняем",
    "unmapped": "Воронка не настроена, этап не меняем",
    "blank": "Этап для этого не назначен, сделка осталась на месте",
    "kept_from": "Из этого этапа правила сделку не двигают",
}


def because(
    stand: Stand, stories: Sequence[Story], now: datetime, left: Stage | None = None, stays: Stays | None = None
) -> Explanation:
    """`left`: the stage that the deal was moved from; `stays`: why it was not moved."""
    story = next((story for story in stories if story.visit.id == stand.shown.id), None)
    rule = _RULES.get(story.happening, stand.rule) if story else stand.rule
    words = [_happening(stand, story), _source(stand.shown, story), _STAYS.get(stays) if stays else None]
    return explanation(". ".join(word for word in words if word), rule, now, left)


def explanation(text: str, rule: str, now: datetime, left: Stage | None) -> Explanation:
    """`left`: the stage that the deal was moved from."""
    return Explanation(
        text=text,
        rule=rule,
        at=now,
        left_pipeline_id=left.pipeline_id if left else None,
        left_stage_id=left.stage_id if left else None,
    )


_RULES = {"moved": "R2", "taken_back": "R1"}


def _happening(stand: Stand, story: Story | None) -> str:
    shown = stand.shown
    time = visit_time(shown)
    if stand.target == "booked" and story and story.happening == "moved":
        return _moved(story, time)
    if stand.target == "booked" and story and story.happening == "taken_back":
        return f"Отмена снята: приём {time}"
    if stand.won:
        return f"Последний приём {time}, новых записей нет"
    return {
        "booked": f"Записан на приём {time}",
        "arrived": f"Пришёл на приём {time}",
        "in_progress": f"Идёт приём {time}",
        "visited": f"Посетил приём {time}",
        "not_marked": f"Приход на приём {time} не отмечен",
        "cancelled": f"Приём {time} {_cancelled(shown)}",
    }[stand.target or "booked"]


def _moved(story: Story, time: str) -> str:
    before, visit = story.before, story.visit
    if before is None or before.start == visit.start:
        return f"Приём {time} перенесён к другому врачу или в другой филиал"
    return f"Приём перенесён с {visit_time(visit, before.start)} на {time}"


def _cancelled(shown: VisitNow) -> str:
    if shown.visit.status != "cancelled":
        return "удалён"
    reason = shown.visit.cancel_reason.name if shown.visit.cancel_reason else None
    return f"отменён, причина: {reason}" if reason else "отменён"


def _source(shown: VisitNow, story: Story | None) -> str | None:
    """When it happened in IDENT, and who did it there, as far as IDENT tells."""
    at, who = _at_and_who(shown, story)
    words = [text for text in (day_time(at, shown.zone, shown.home) if at else None, who.name if who else None) if text]
    return f"В IDENT {', '.join(words)}" if words else None


def _at_and_who(shown: VisitNow, story: Story | None) -> Source:
    visit = shown.visit
    match shown.word:
        case "future" if story is None or story.happening == "booked":
            return visit.booked_at, visit.booked_by
        case "arrived":
            return visit.arrived_at, None
        case "in_progress":
            return visit.started_at, None
        case "visited":
            return visit.ended_at or visit.billed_at, None
        case "cancelled":
            return shown.cancelled_at, visit.cancelled_by if visit.status == "cancelled" else None
    return None, None
