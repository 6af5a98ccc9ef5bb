"""The clinic's other branch: a second database of IDENT in another time zone, with an agent of its own, under the same account."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp

from demo.install import add_clinic, enroll
from demo.processes import Process, module

NAME, DATABASE, ZONE = "PZ Урал", "db_2", "Asia/Yekaterinburg"
_FIRST_NUMBER = 9991000001
"""Its people have phones of their own; but one patient is the same person in both."""


@dataclass
class Other:
    """Its two processes; what is theirs lies in a folder of its own."""

    folder: Path
    visits: int
    clinic: Process
    agent: Process
    url: str = ""

    @property
    def clinic_file(self) -> Path:
        """Its database."""
        return self.folder / "clinic.db"


def other(folder: Path, *, seed: int, visits: int, day: date) -> Other:
    """A branch that is not started yet."""
    place = folder / "other"
    place.mkdir(exist_ok=True)
    which = ("--seed", str(seed), "--visits", str(visits), "--day", day.isoformat(), "--zone", ZONE)
    numbers = ("--first-number", str(_FIRST_NUMBER), "--port", "0")
    clinic = module("demo.clinic", "--db", str(place / "clinic.db"), *which, *numbers)
    agent = module("agent", "run", "--config", str(place / "agent.toml"))
    return Other(place, visits, Process("clinic", clinic, place), Process("agent", agent, place))


async def connect(there: Other, crm: dict[str, Any], env: dict[str, str], hub_url: str, **pace: float) -> None:
    """The clinic runs; add its database to the account, and let its agent be known."""
    there.url = f"http://127.0.0.1:{(await there.clinic.ready())['port']}"
    code = await add_clinic(there.folder, crm, env, name=NAME, zone=ZONE)
    await enroll(there.folder, hub_url, code, zone=ZONE, **pace)


async def go_on(session: aiohttp.ClientSession, there: Other, to: str) -> None:
    """Let its day go on until then."""
    async with session.post(f"{there.url}/advance", json={"to": to}) as answer:
        answer.raise_for_status()
