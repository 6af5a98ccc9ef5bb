"""What a treatment plan comes to, what of it is done, and what stands in no order yet. Pure.

A row of a plan is one service at its price, less its discount, however many teeth it names. IDENT does not say that a service is booked:
what is known is that an order names it, and a service that none names is one for which nobody came or comes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from agent.mis.accounts import grouped
from agent.mis.money import amount_of, rounded, total
from agent.mis.port import Cell, Row
from agent.mis.rows import Told, built
from agent.mis.texts import id_of
from wire.model import Plan

AGREED = "plan.agreed"
"""As the capability map names it: without it plans say nothing."""


def plans(read: Iterable[Row], services: Sequence[Row] | None, done: Sequence[Row] | None) -> list[Told[Plan]]:
    """These plans; `services` are all of theirs, `done` what orders name of these, each None where that cannot be read."""
    services_of = grouped(services or (), "ID_TreatmentPlans")
    keys = None if done is None else {row["ID_TreatmentPlanElementRelations"] for row in done}
    return [plan(row, None if services is None else services_of.get(row["ID"], ()), keys) for row in read]


def plan(row: Row, services: Sequence[Row] | None, done: Collection[object] | None) -> Told[Plan]:
    """A plan with its sums; what is not known of them is absent."""
    key, patient = str(row["ID"]), id_of(row["ID_Patients"])
    if patient is None:
        return Told("plan", key, None, ("no_patient",))
    sums = {} if services is None else _sums({service["ID"]: _cost(service) for service in services}, done)
    told = {name: rounded(value) for name, value in sums.items() if value is not None}
    wrong = tuple(f"no_{name}" for name in sums if name not in told)
    return built(Plan, "plan", key, {"id": key, "patient_id": patient, "active": bool(row["IsActive"]), **told}, wrong)


def _sums(costs: Mapping[Cell, Decimal | None], done: Collection[object] | None) -> dict[str, Decimal | None]:
    whole = {"agreed": total(costs.values())}
    if done is None:
        return whole
    return whole | {
        "done": total(cost for service, cost in costs.items() if service in done),
        "unscheduled": total(cost for service, cost in costs.items() if service not in done),
    }


def _cost(service: Row) -> Decimal | None:
    """In kopecks, so that the parts of a plan add up as they are shown. A price that is not known, or less than its discount, is none."""
    price = amount_of(service, "Price")
    if price is None:
        return None
    cost = rounded(price - (amount_of(service, "DiscountSum") or Decimal()))
    return cost if cost >= 0 else None
