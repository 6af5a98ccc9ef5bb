"""What our deals say of themselves. A store that was put back from an older copy knows nothing of the deals that were made since: the field
of the key says whose a deal is, the list which visits stand in it, the rest how we left it. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from hub.rules import money
from hub.rules.commands import same
from hub.rules.deals import Scene
from hub.rules.explain import STATUS
from hub.rules.fields import DealField
from hub.rules.model import Deal, Memory, PatientKey, Target, VisitKey, Written
from hub.rules.moves import look
from hub.rules.settings import Budget, Pipeline
from hub.rules.stand import TARGETS
from hub.rules.visits import VisitNow


def made_before(
    key: PatientKey, visits: Sequence[VisitNow], deals: Mapping[int, Deal], taken: Collection[int]
) -> Deal | None:
    """The patient's deal that lists one of these visits and is nobody's here. Of several the oldest: each takes what it lists, none is left
    over. Whether it is closed does not matter: a visit that is ahead leaves it, as it always does."""
    mine = (deal for deal in deals.values() if deal.id not in taken and _is_of(key, deal))
    return min((deal for deal in mine if listed(key, visits, deal)), key=lambda deal: deal.id, default=None)


def listed(key: PatientKey, visits: Sequence[VisitNow], deal: Deal) -> list[VisitNow]:
    """The visits that stand in the deal by its own word."""
    there = str(deal.fields.get(DealField.VISITS) or "").split()
    return [visit for visit in visits if str(VisitKey(key.database, visit.id)) in there]


def remembered(scene: Scene, deal: Deal, visits: Sequence[VisitNow], pipeline: Pipeline | None) -> Memory:
    """How we left the deal, as far as it tells: it moves by what is new only, and nothing is told twice. Where it stands now counts as our
    doing; how the visits stood then nobody knows: they count as seen."""
    seen = look(listed(scene.key, visits, deal), {}, timedelta(minutes=scene.settings.grace_minutes))
    first = deal.fields.get(DealField.FIRST_VISIT_AT)
    moves = deal.fields.get(DealField.MOVES)
    return Memory(
        written=Written(
            target=_target(deal),
            pipeline_id=deal.stage.pipeline_id,
            stage_id=deal.stage.stage_id,
            price=deal.price if _is_our_price(deal, pipeline.budget if pipeline else Budget()) else None,
            name=deal.name if same(deal.fields.get(DealField.PATIENT), deal.name) else None,
        ),
        first_visit_at=first if isinstance(first, datetime) else None,
        seen=dict(seen.seen),
        moves=max(0, int(moves) - seen.pairs) if isinstance(moves, int | Decimal) else 0,
    )


def _is_of(key: PatientKey, deal: Deal) -> bool:
    return same(deal.fields.get(DealField.PATIENT_KEY), str(key))


def _target(deal: Deal) -> Target | None:
    said = deal.fields.get(DealField.VISIT_STATUS)
    return next((TARGETS[word] for word, text in STATUS.items() if text == said), None)


def _is_our_price(deal: Deal, budget: Budget) -> bool:
    """Whether the budget is what follows from the sums that we wrote beside it."""
    sums = {name: _sum(deal, name) for name in (DealField.PLANNED, DealField.BILLED, DealField.PAID)}
    return deal.price == money.figure(sums, budget)


def _sum(deal: Deal, name: DealField) -> Decimal:
    value = deal.fields.get(name)
    return Decimal(value) if isinstance(value, int | Decimal) else Decimal()
