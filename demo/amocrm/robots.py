"""Robots of the digital pipeline: what they do to leads that come to their stage, at once or later. They act as user 0."""

import contextlib
from collections.abc import Callable

from demo.amocrm import hands, leads
from demo.amocrm.automation import Robot, Signal
from demo.amocrm.bodies import LeadPatch
from demo.amocrm.cards import Writer
from demo.amocrm.checks import single
from demo.amocrm.errors import Refused
from demo.amocrm.model import Lead
from demo.amocrm.stages import Stage
from demo.amocrm.store import Account

_COMES = ("add_lead", "status_lead")


class Robots:
    """Of one account. `moment` is a clock that a test may turn."""

    def __init__(self, account: Account, moment: Callable[[], float]) -> None:
        self._account, self._moment = account, moment
        self.known: list[Robot] = []
        self._waiting: list[tuple[float, int, Robot]] = []

    def add(self, robot: Robot) -> None:
        """Let it work from now on; raises where its deed would be refused, or where robots would move a lead in a circle."""
        stage = robot.pipeline_id, robot.status_id
        pipeline = self._account.pipelines.get(robot.pipeline_id)
        if pipeline is None or robot.status_id not in pipeline.statuses:
            raise Refused(400, "No such stage.")
        if stage in self._reached(self._target(robot), robot):
            raise Refused(400, "Robots would move a lead in a circle.")
        self.known.append(robot)

    def _target(self, robot: Robot) -> Stage | None:
        """Where it moves a lead to, if it does."""
        account = self._account
        lead = Lead(0, "", 0, 0, 0, 0, 0, pipeline_id=robot.pipeline_id, status_id=robot.status_id)
        writer = Writer(hands.ROBOT, by_hand=True)
        return single(
            robot.body, LeadPatch, lambda item, checks: leads.change(account, lead, item, checks, writer)
        ).stage

    def _reached(self, stage: Stage | None, new: Robot) -> set[Stage]:
        """All the stages that a lead comes to by itself from this one."""
        reached: set[Stage] = set()
        ahead = [stage]
        while ahead:
            at = ahead.pop()
            if at is not None and at not in reached:
                reached.add(at)
                ahead += [self._target(one) for one in (*self.known, new) if (one.pipeline_id, one.status_id) == at]
        return reached

    def clear(self) -> None:
        """As when an admin takes them all away; what they were about to do is not done."""
        self.known.clear()
        self._waiting.clear()

    def hear(self, signal: Signal) -> None:
        """Notice a lead that comes to a stage."""
        lead = signal.subject
        if signal.setting not in _COMES or not isinstance(lead, Lead):
            return
        for robot in self.known:
            if (robot.pipeline_id, robot.status_id) == (lead.pipeline_id, lead.status_id):
                self._waiting.append((self._moment() + robot.seconds, lead.id, robot))

    def work(self) -> None:
        """Do all that is due, wherever the lead stands by now, and what comes of it at once."""
        while due := [job for job in self._waiting if job[0] <= self._moment()]:
            self._waiting = [job for job in self._waiting if job not in due]
            for _, lead_id, robot in sorted(due, key=lambda job: job[0]):
                with contextlib.suppress(Refused):  # the deal, its stage or the field may be gone by now
                    hands.edit_lead(self._account, hands.ROBOT, lead_id, robot.body)
