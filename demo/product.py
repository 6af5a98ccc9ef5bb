"""The whole product on this machine: a made-up clinic, an agent, a hub and the amoCRM stand-in, each a process of its own,
installed with the same commands that an integrator and a clinic type."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import aiohttp

from demo.install import ZONE, enroll, hub_environment, install, make_key, register
from demo.other import Other, connect, go_on, other
from demo.processes import Process, free_port, module, running

DATABASE = "db_1"
IDLE_SECONDS = 60.0
_PACE = {"scan_every": 0.04, "state_every": 0.08, "budget": 5.0}
"""A backup that is put back has to be read whole before the day goes on."""
INDEX_SECONDS = 30
"""So far behind is the account's search, longer than most of what a day brings takes: the hub must know by itself what it made."""


class NeverIdle(Exception):
    """Something waits and does not get done; `status` is what the hub last said."""

    def __init__(self, moment: datetime, status: object) -> None:
        super().__init__(moment, status)
        self.moment, self.status = moment, status

    def __str__(self) -> str:
        return (
            f"{self.moment:%H:%M}: not everything was delivered within {IDLE_SECONDS:.0f} s; the hub says {self.status}"
        )


@dataclass
class Product:
    """What runs, and where to reach it."""

    folder: Path
    session: aiohttp.ClientSession
    clinic: Process
    stand_in: Process
    hub: Process
    agent: Process
    clinic_url: str = ""
    public_url: str = ""
    crm: dict[str, Any] = field(default_factory=dict)
    ops_url: str = ""
    other: Other | None = None
    """The branch with a database of its own, where there is one."""

    @property
    def clinic_file(self) -> Path:
        """The clinic's database."""
        return self.folder / "clinic.db"

    def set_clock(self, moment: datetime) -> None:
        """Turn the business clock of hub and stand-in."""
        draft = self.folder / "clock.new"
        draft.write_text(moment.isoformat())
        draft.replace(self.folder / "clock")

    async def advance(self, to: datetime) -> datetime:
        """Let the clinic's day go on, at most until `to`; then the other clocks follow."""
        if self.other:
            to = await self._stop(to)
            await go_on(self.session, self.other, to.isoformat())
        async with self.session.post(f"{self.clinic_url}/advance", json={"to": to.isoformat()}) as answer:
            reached = datetime.fromisoformat((await answer.json())["reached"])
        if self.other:
            reached = to  # a clinic in the west may have begun later
        self.set_clock(reached)
        return reached

    async def _stop(self, to: datetime) -> datetime:
        """How far both clinics can go."""
        stops: list[datetime] = []
        for url in filter(None, (self.clinic_url, self.other and self.other.url)):
            async with self.session.get(f"{url}/stop", params={"to": to.isoformat()}) as answer:
                stops.append(datetime.fromisoformat((await answer.json())["stop"]))
        return min(stops)

    async def start_agents(self) -> None:
        """Switch on the computers in the clinics."""
        await self.agent.start()
        if self.other:
            await self.other.agent.start()

    async def catch_up(self) -> None:
        """Let amoCRM's search find all that stands there by now."""
        async with self.session.post(f"{self.crm['url']}/_stand-in/turn", json={"seconds": INDEX_SECONDS}) as answer:
            answer.raise_for_status()

    @property
    def _processes(self) -> tuple[Process, ...]:
        others = (self.other.clinic, self.other.agent) if self.other else ()
        return (self.clinic, self.stand_in, self.hub, self.agent, *others)

    async def idle(self, moment: datetime) -> None:
        """Wait until all that was committed in the clinic before `moment` stands in amoCRM."""
        deadline = time.monotonic() + IDLE_SECONDS
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            for process in self._processes:
                process.check()
            with contextlib.suppress(aiohttp.ClientError):
                async with self.session.get(f"{self.ops_url}/status") as answer:
                    status = await answer.json()
                if _is_idle(status, moment):
                    return
            await asyncio.sleep(0.06)
        raise NeverIdle(moment, status)

    async def restart_agent(self) -> None:
        """A power cut at the clinic's computer, and its return."""
        await self.agent.kill()
        await self.agent.start()
        if self.other:
            await self.other.agent.kill()
            await self.other.agent.start()

    async def restart_hub(self) -> None:
        """A power cut at the hub, and its return on the same port."""
        await self.hub.kill()
        await self.hub.start()
        self.found_hub(await self.hub.ready())

    def found_hub(self, told: dict[str, Any]) -> None:
        """Where it answers its operators; another port after each start."""
        self.ops_url = f"http://127.0.0.1:{told['ops_port']}"


def _is_idle(status: dict[str, Any], moment: datetime) -> bool:
    accounts = status.get("accounts", [])
    return bool(accounts) and all(
        account["undelivered"] == 0
        and account["due"] == 0
        and account["databases"]
        and all(_is_read(database, moment) for database in account["databases"])
        for account in accounts
    )


def _is_read(database: dict[str, Any], moment: datetime) -> bool:
    through = database.get("read_through")
    return bool(
        database["connected"]
        and database["outbox"] == 0
        and through is not None
        and datetime.fromisoformat(through) >= moment
    )


@contextlib.asynccontextmanager
async def started(
    folder: Path,
    *,
    seed: int,
    visits: int,
    day: date,
    opens: datetime,
    hub: str = "hub",
    agent: str = "agent",
    rate: int = 200,
    others: int = 0,
) -> AsyncIterator[Product]:
    """Start clinic, stand-in and hub and install the hub; the agent is enrolled and waits to be started. `others`: so many visits
    of a branch that has a database of its own."""
    port = free_port()
    (folder / "clock").write_text(opens.isoformat())
    clinic = Process("clinic", clinic_command(folder, seed=seed, visits=visits, day=day), folder)
    stand_in = Process("amocrm", stand_in_command(folder, hub_port=port, rate=rate, index_delay=INDEX_SECONDS), folder)
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(running(clinic))
        await stack.enter_async_context(running(stand_in))
        branch = other(folder, seed=seed, visits=others, day=day) if others else None
        if branch:
            await stack.enter_async_context(running(branch.clinic))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(make_key(folder))
            clinic_told, crm = await clinic.ready(), await stand_in.ready()
        env = hub_environment(folder, port, crm["url"].removeprefix("http://"), rate)
        product = Product(
            folder,
            session,
            clinic,
            stand_in,
            Process("hub", module(hub, "run"), folder, env),
            Process("agent", module(agent, "run", "--config", str(folder / "agent.toml")), folder),
            public_url=env["HUB_PUBLIC_URL"],
            clinic_url=f"http://127.0.0.1:{clinic_told['port']}",
            crm=crm,
        )
        await stack.enter_async_context(running(product.hub))
        product.found_hub(await product.hub.ready())
        await register(folder, crm, env)
        code = await install(folder, session, crm, env)
        stack.push_async_callback(product.agent.stop)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(enroll(folder, product.public_url, code, zone=ZONE, **_PACE))
            if branch:
                stack.push_async_callback(branch.agent.stop)
                await connect(branch, crm, env, product.public_url, **_PACE)
                product.other = branch
        yield product


def clinic_command(folder: Path, *, seed: int, visits: int, day: date) -> list[str]:
    """A clinic of this folder."""
    which = ("--seed", str(seed), "--visits", str(visits), "--day", day.isoformat(), "--zone", ZONE)
    return module("demo.clinic", "--db", str(folder / "clinic.db"), *which, "--port", "0")


def stand_in_command(folder: Path, *, hub_port: int, rate: int, port: int = 0, index_delay: int = 0) -> list[str]:
    """An amoCRM account whose integration is the hub's."""
    limits = ("--rate", str(rate), "--account-rate", str(max(50, 2 * rate)))
    has = ("--filter", "on", "--index-delay", str(index_delay))
    hub = f"http://127.0.0.1:{hub_port}/oauth/demo"
    names = ("--clock", str(folder / "clock"), "--redirect-uri", hub, "--uninstall-uri", f"{hub}/uninstall")
    return module("demo.amocrm", "--port", str(port), *limits, *has, *names)


def new_seed() -> int:
    """A seed that was not asked for; it is printed, so that a run can be repeated."""
    return secrets.randbelow(1_000_000)
