"""Which visits stand in which deal (R10, R23), in the preset «сделка на обращение». Knows ids and stages of deals, nothing else of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hub.rules.model import WON, Role, Stage
from hub.rules.settings import Pipeline, Settings
from hub.rules.visits import VisitNow, in_order


@dataclass(frozen=True)
class Slot:
    """A deal that does not exist yet, or (`chosen`) one of these that are not the patient's yet: the first of them that will do."""

    role: Role
    pipeline: Pipeline
    visits: tuple[VisitNow, ...]
    chosen: tuple[int, ...] = ()


@dataclass(frozen=True)
class Choices:
    """R11: the deals that operators chose for the patient, the newest choice first, and those of its own that a choice brought."""

    deals: tuple[int, ...] = ()
    brought: Collection[int] = ()


@dataclass(frozen=True)
class Assignment:
    """Where the visits stand: in deals that exist, in deals to be had (in this order), or in doubt."""

    deals: Mapping[int, tuple[VisitNow, ...]] = field(default_factory=dict)
    slots: tuple[Slot, ...] = ()
    in_doubt: tuple[VisitNow, ...] = ()

    @property
    def without_deal(self) -> tuple[VisitNow, ...]:
        """The visits that stand in no deal yet."""
        return (*(visit for slot in self.slots for visit in slot.visits), *self.in_doubt)


def roles(visits: Sequence[VisitNow], *, visited_before: bool) -> dict[str, Role]:
    """The era of each visit, by id."""
    if visited_before:
        return {visit.id: "repeat" for visit in visits}
    won_at = min(
        ((visit.done_at, visit.number) for visit in visits if visit.word == "visited" and visit.done_at), default=None
    )
    if won_at is None:
        return {visit.id: "primary" for visit in visits}
    done, winner = won_at
    return {
        visit.id: "primary"
        if visit.number == winner or (visit.booked_at <= done and visit.done_at is not None and visit.done_at <= done)
        else "repeat"
        for visit in visits
    }


def assign(
    database: str,
    visits: Sequence[VisitNow],
    eras: Mapping[str, Role],
    links: Mapping[str, int],
    stages: Mapping[int, Stage | None],
    settings: Settings,
    choices: Choices = Choices(),
    won_by_us: Collection[int] = (),
) -> Assignment:
    """`links` by visit id; `stages` of all the patient's deals that we know, None where the CRM no longer knows the deal.
    `won_by_us`: those that a visited visit of theirs won."""
    deals: dict[int, tuple[VisitNow, ...]] = {}
    slots: dict[int, Slot] = {}
    in_doubt: list[VisitNow] = []
    taken_back = set(won_by_us) - {links[visit.id] for visit in visits if visit.word == "visited" and visit.id in links}
    standing = _Standing(settings, stages, choices, _about_to_win(visits, links, stages, settings), taken_back)
    strange, mine = standing.chosen()
    for visit in in_order(visits):
        role = eras[visit.id]
        pipeline = pipeline_of(database, visit, role, settings)
        linked = links.get(visit.id)
        if linked is not None and linked in stages and not standing.leaves(visit, role, linked):
            found = [linked]
        elif strange:
            slots[_CHOSEN] = _with(slots.get(_CHOSEN), role, pipeline, visit, strange)
            continue
        elif mine is not None:
            found = [mine]
        else:
            found = _candidates(visit, role, stages, pipeline)
        if len(found) > 1:
            in_doubt.append(visit)
        elif found:
            deals[found[0]] = (*deals.get(found[0], ()), visit)
        else:
            slots[pipeline.pipeline_id] = _with(slots.get(pipeline.pipeline_id), role, pipeline, visit)
    first_primary = sorted(
        slots.values(), key=lambda slot: (not slot.chosen, slot.role != "primary")
    )  # it may join a lead, and brings the contact
    return Assignment(deals, tuple(first_primary), tuple(in_doubt))


def _candidates(visit: VisitNow, role: Role, stages: Mapping[int, Stage | None], pipeline: Pipeline) -> list[int]:
    """The patient's open deals there. A first visit's companions that are over belong to its deal also when it is won already."""
    here = {deal_id: stage for deal_id, stage in stages.items() if stage and stage.pipeline_id == pipeline.pipeline_id}
    found = [deal_id for deal_id, stage in here.items() if stage.open]
    if not found and role == "primary" and not visit.ahead:
        return [deal_id for deal_id, stage in here.items() if stage.stage_id == WON][-1:]
    return found


_CHOSEN = 0
"""No pipeline: where a chosen deal stands is not known before it is read."""


@dataclass(frozen=True)
class _Standing:
    """What the visits meet: the patient's deals, and what operators chose."""

    settings: Settings
    stages: Mapping[int, Stage | None]
    choices: Choices
    about_to_win: Collection[int]
    taken_back: Collection[int]
    """Deals that were won by a visit whose end was taken back: it will be marked again, and is not sold a second time."""

    def chosen(self) -> tuple[tuple[int, ...], int | None]:
        """The deals of others' to be tried first, then the patient's own: the first that may still take visits."""
        strange: list[int] = []
        for deal_id in self.choices.deals:
            if deal_id not in self.stages:
                strange.append(deal_id)
            elif self._takes(deal_id):
                return tuple(strange), deal_id
        return tuple(strange), None

    def leaves(self, visit: VisitNow, role: Role, deal_id: int) -> bool:
        """Whether a visit may not stay where it is linked. A deal that is gone keeps its visits: nothing is made again blindly (R16)."""
        stage = self.stages[deal_id]
        if stage is None:
            return False
        outgrown = role == "repeat" and stage.pipeline_id in _primary_ids(self.settings)
        stays_by_choice = deal_id in self.choices.brought and not (visit.ahead and deal_id in self.about_to_win)
        is_over_without_it = not stage.open and deal_id not in self.taken_back
        return (visit.ahead and is_over_without_it) or (outgrown and not stays_by_choice)

    def _takes(self, deal_id: int) -> bool:
        stage = self.stages[deal_id]
        is_ours = stage is not None and stage.open and self.settings.mapped(stage.pipeline_id) is not None
        return is_ours and deal_id not in self.about_to_win


def _about_to_win(
    visits: Sequence[VisitNow], links: Mapping[str, int], stages: Mapping[int, Stage | None], settings: Settings
) -> set[int]:
    """Deals that the first visited visit wins, and that have one."""
    visited = {links[visit.id] for visit in visits if visit.word == "visited" and visit.id in links}
    found: set[int] = set()
    for deal_id in visited:
        stage = stages.get(deal_id)
        pipeline = settings.mapped(stage.pipeline_id) if stage else None
        if pipeline and pipeline.win_after_days is None:
            found.add(deal_id)
    return found


def _with(slot: Slot | None, role: Role, pipeline: Pipeline, visit: VisitNow, chosen: tuple[int, ...] = ()) -> Slot:
    return Slot(role, pipeline, (*(slot.visits if slot else ()), visit), chosen)


def pipeline_of(database: str, visit: VisitNow, role: Role, settings: Settings) -> Pipeline:
    """The pipeline of this era where the visit's branch leads."""
    branch = visit.visit.branch
    route = settings.route(database, branch.id) if branch else None
    return settings.pipelines[route.pipelines.get(role, role) if route else role]


def _primary_ids(settings: Settings) -> set[int]:
    names = {"primary", *(route.pipelines.get("primary", "primary") for route in settings.branches)}
    return {settings.pipelines[name].pipeline_id for name in names}
