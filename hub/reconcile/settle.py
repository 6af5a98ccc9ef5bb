"""Takes some patients through until each stands as it should: gather, decide, deliver, and look again."""

import logging
from collections.abc import Collection, Sequence

from hub.links import waiting
from hub.links.columns import by_database
from hub.links.outcomes import save_outcomes
from hub.reconcile.create import create
from hub.reconcile.delivery import Delivery, Desk, Learnt, gather, in_batches, refuse_if_paused
from hub.reconcile.write import write
from hub.rules.model import PatientKey
from hub.rules.plan import Outcome
from hub.rules.visits import in_order
from wire import log

logger = logging.getLogger(__name__)

ROUNDS = 8
"""A choice will not do, a lead is joined, a contact made and linked, a second deal made, both written: that is six."""
UNSETTLED = "unsettled"


async def settle(to: Delivery, keys: Collection[PatientKey]) -> int:
    """How many patients were settled. One is settled when the plan finds nothing to do by what the store holds: whatever was delivered is
    checked by the same question that began it."""
    learnt = Learnt()
    left = list(keys)
    for number in range(ROUNDS):
        desks = await gather(to, left, learnt)
        idle = [desk for desk in desks if desk.plan.idle]
        await _finish(to, idle)
        if number:  # something was delivered
            to.news.tell_deals(to.account.id, {deal_id for desk in idle for deal_id in desk.case.deals})
        desks = [desk for desk in desks if not desk.plan.idle]
        if not desks:
            return len(keys)
        learnt = learnt.and_also(await _deliver(to, desks))
        left = [desk.key for desk in desks]
    log.error(logger, "patients.unsettled", account=to.account.id, count=len(left))
    await put_aside(to, left, UNSETTLED)
    return len(keys)


async def _deliver(to: Delivery, desks: Sequence[Desk]) -> Learnt:
    """A patient that lacks something gets it first, in the order of the first visits; the others are written."""
    lacking = [desk for desk in desks if desk.plan.slot or desk.plan.contact_missing]
    learnt = Learnt()
    for batch in in_batches(sorted(lacking, key=_first_visit)):
        await refuse_if_paused(to)
        learnt = learnt.and_also(await create(to, batch))
    first = {desk.key for desk in lacking}
    if others := [desk for desk in desks if desk.key not in first]:
        for batch in in_batches(others, await to.crm.at_once()):
            await refuse_if_paused(to)
            await write(to, batch)
    return learnt


def _first_visit(desk: Desk) -> tuple[bool, object, str]:
    visits = in_order(desk.plan.slot.slot.visits) if desk.plan.slot else []
    first = (visits[0].booked_at, visits[0].number) if visits else ()
    return not visits, first, desk.key.patient


async def _finish(to: Delivery, desks: Sequence[Desk]) -> None:
    """Delivered: unless more has come meanwhile."""
    if not desks:
        return
    now = to.clock.now()
    async with to.store.writing(to.account) as unit:
        await waiting.clear_dirty(unit, [desk.mark for desk in desks])
        await waiting.set_dues(unit, {desk.key: desk.plan.due for desk in desks if desk.plan.due != desk.mark.due})
        for desk in desks:
            await save_outcomes(unit, desk.key, desk.case.outcomes, desk.plan.outcomes, now)


async def put_aside(to: Delivery, keys: Collection[PatientKey], code: str) -> None:
    """A patient that cannot be settled waits for its next change, and an operator sees it. Asks no rule: one of them may be why."""
    now = to.clock.now()
    async with to.store.writing(to.account) as unit:
        for database, patients in by_database(keys).items():
            marks = await waiting.marks(unit, database, patients)
            await waiting.clear_dirty(unit, list(marks.values()))
        await waiting.set_dues(unit, dict.fromkeys(keys))
        for key in keys:
            await save_outcomes(unit, key, {}, {f"patient:{key.patient}": Outcome("park", code)}, now)
