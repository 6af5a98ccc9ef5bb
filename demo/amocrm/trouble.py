"""What goes wrong at the stand-in now, in one view for the pages' fault panel, and how all of it is put right. Breaks nothing itself."""

from dataclasses import asdict

from demo.amocrm.limits import Knobs
from demo.amocrm.model import Json
from demo.amocrm.post import Knobs as PostKnobs
from demo.amocrm.stand_in import StandIn


def shape(stand_in: StandIn) -> Json:
    """The account's mode, what waits for the next requests, the knobs; and the routes that clients use here, to choose from."""
    faults, moment = stand_in.faults, stand_in.moment()
    return {
        "mode": faults.mode,
        "faults": [fault.shape() for fault in faults.waiting],
        "between": [{"lead_id": edit.lead_id, "user_id": edit.user_id} for edit in faults.between],
        "late": [{"path": late.incoming.path, "seconds": round(late.due - moment, 1)} for late in faults.late],
        "limits": asdict(stand_in.limits.knobs),
        "post": asdict(stand_in.post.knobs),
        "robots": [asdict(robot) for robot in stand_in.robots.known],
        "duplicates": sorted(stand_in.account.duplicate_control),
        "index_delay": stand_in.account.index_delay,
        "routes": sorted(stand_in.counts()["by_route"]),
        "refused": len(stand_in.refused),
    }


def calm(stand_in: StandIn) -> None:
    """As if nobody had broken anything: what was asked for late still comes, tokens that were revoked stay so."""
    stand_in.faults.clear()
    stand_in.lift()
    stand_in.limits.knobs = Knobs()
    stand_in.post.knobs = PostKnobs()
    stand_in.robots.clear()
    stand_in.account.requires_fields = False
    stand_in.account.duplicate_control.clear()
    stand_in.account.index_delay = stand_in.options.index_delay
