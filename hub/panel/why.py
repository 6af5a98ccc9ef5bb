"""Why a deal stands where it stands, in an operator's words. Reads the store and asks nobody; how a thing is told is said elsewhere
(`hub.rules.explain`, `hub.panel.reasons`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.amocrm.prepare import known_schema
from hub.links import own
from hub.links.choices import read_choice
from hub.links.outcomes import Said, about
from hub.panel.model import Asked, Why
from hub.panel.reasons import reason_of
from hub.rules.model import Explanation, Stage, Written
from hub.rules.plan import OwnDeal
from hub.rules.settings import Settings
from hub.store.engine import Unit

BY_HAND = "Этап меняли вручную после этого"


@dataclass(frozen=True)
class Reasons:
    """Why the deal stands so, and which choice of an operator would change that."""

    why: Why | None = None
    asks: Asked | None = None


async def reasons_of(
    unit: Unit, deal_id: int, settings: Settings, stands: Stage | None = None, *, is_nobodys: bool = False
) -> Reasons:
    """`stands`: where the deal was just read to stand; None: as the hub last saw it. `is_nobodys`: whoever asks knows that it is no
    patient's, by link or by choice."""
    found = None if is_nobodys else await own.read_deal(unit, deal_id)
    key = found[0] if found else None if is_nobodys else await read_choice(unit, deal_id)
    said = await about(unit, deal_id, key)
    written = found[1].memory.written if found else Written()
    by_hand = found is not None and written.why is not None and _is_by_hand(written, stands or found[1].stage)
    name = await _stage_before(unit, written.why)
    why = _why(written.why, said, ZoneInfo(settings.zone), by_hand=by_hand, stage_before=name)
    asks = next((reason.asks for one in said if (reason := reason_of(one.outcome)).asks), None)
    return Reasons(why, asks if found is None or _takes_visits(found[1], settings) else None)


def _takes_visits(deal: OwnDeal, settings: Settings) -> bool:
    """A choice for another one would change nothing."""
    return deal.stage.open and settings.mapped(deal.stage.pipeline_id) is not None


def _why(
    told: Explanation | None, said: Sequence[Said], zone: ZoneInfo, *, by_hand: bool, stage_before: str | None
) -> Why | None:
    reasons = [reason_of(one.outcome) for one in said]
    words = _once([*([told.text] if told else []), *([BY_HAND] if by_hand else []), *(one.text for one in reasons)])
    if not words:
        return None
    at: datetime | None = told.at if told else max((one.at for one in said), default=None)
    if at is None:
        return None
    rule = told.rule if told else reasons[0].rule
    return Why(text=". ".join(words), at=at.astimezone(zone), rule=rule, stage_before=stage_before)


def _is_by_hand(written: Written, stands: Stage) -> bool:
    """The stage differs from the one that we last wrote, whoever moved it."""
    return written.stage_id is not None and stands != Stage(written.pipeline_id or 0, written.stage_id)


async def _stage_before(unit: Unit, told: Explanation | None) -> str | None:
    if told is None or told.left_pipeline_id is None or told.left_stage_id is None:
        return None
    schema = await known_schema(unit)
    return schema.stage_name(told.left_pipeline_id, told.left_stage_id) if schema else None


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
