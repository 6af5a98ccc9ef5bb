"""What `ident-agent status` shows: written by the running agent into one small file. Holds no personal data."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal, NoReturn

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from agent import clock, files
from agent.away import Away
from agent.link import Link
from agent.outbox import Outbox
from agent.standing import MisState, Standing
from wire import log
from wire.frames import OutboxDepth

logger = logging.getLogger(__name__)

NAME = "status.json"


class Status(BaseModel):
    """One look at the agent. `at` says how old it is: a process that was killed cannot say that it is gone."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    at: AwareDatetime
    every_seconds: float
    software: str
    instance: str
    link: Literal["dialling", "open", "waiting", "stopped"]
    connected_since: AwareDatetime | None = None
    mis: MisState
    away: Away | None = None
    outbox: OutboxDepth
    read_through: AwareDatetime | None = None
    verified_through: AwareDatetime | None = None
    skipped: dict[str, int] = {}
    doubted: dict[str, int] | None = None
    hints: tuple[str, ...] = ()
    off: tuple[str, ...] = ()

    def is_fresh(self, now: datetime) -> bool:
        """Whether the agent that wrote it still runs, as far as one can see."""
        age = abs((now - self.at).total_seconds())  # a clock may be set back, too
        return self.link != "stopped" and age < 3 * self.every_seconds + 5


def last_status(folder: Path) -> Status | None:
    """What the agent wrote last; None where it never ran."""
    raw = files.read(folder / NAME)
    try:
        return None if raw is None else Status.model_validate_json(raw)
    except ValidationError:
        return None


class Reporter:
    """Writes the status now and then, and at each change of the link."""

    def __init__(
        self,
        folder: Path,
        link: Link,
        outbox: Outbox,
        standing: Standing,
        *,
        every: float,
        software: str,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._folder, self._link, self._outbox, self._standing = folder, link, outbox, standing
        self._every, self._software, self._now = every, software, now

    async def run(self) -> NoReturn:
        """For good."""
        while True:
            await self.step()
            try:
                async with asyncio.timeout(self._every):
                    await self._link.changed.wait()
            except TimeoutError:
                pass  # a status is due

    async def step(self, *, stopped: bool = False, hint: str | None = None) -> None:
        """Write it once; the last time with `stopped`, and with a `hint` where a person has to act before the next start."""
        self._link.changed.clear()
        stand, link, snapshot = self._standing.now, self._link.stand, await self._outbox.snapshot()
        hints = dict.fromkeys(each for each in (hint, link.hint, stand.hint) if each)
        self._write(
            Status(
                at=self._now(),
                every_seconds=self._every,
                software=self._software,
                instance=self._link.instance,
                link="stopped" if stopped else link.phase,
                connected_since=link.since,
                mis=stand.mis,
                away=stand.away,
                outbox=snapshot.depth,
                read_through=snapshot.read_through,
                verified_through=snapshot.verified_through,
                skipped=dict(stand.skipped),
                doubted=dict(stand.doubted),
                hints=tuple(hints),
                off=stand.off,
            )
        )

    def _write(self, status: Status) -> None:
        try:
            files.replace(self._folder / NAME, status.model_dump_json().encode(), durable=False)
        except OSError as error:  # on Windows, somebody may be reading it; a status is no reason to stop
            log.warning(logger, "status.unwritten", status=error.errno or 0)
