"""The product as it runs: a real hub and the amoCRM stand-in as processes, installed with the commands that people type; agents are
enrolled as clinics enrol them."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jwt

from agent import identity
from agent.files import open_folder
from agent.scan import DEFAULT_PACE
from benchmarks.browser import Browser
from demo.clinic.database import Database
from demo.install import hub_environment, install, make_key, register
from demo.processes import Process, free_port, module, run, running
from demo.product import stand_in_command
from hub.clock import machine_now

RATE = 200
TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class Speed:
    """Per cent of a core that pages of the agent may take, and the seconds between two steps, each of which reads one."""

    percent: float = 2
    every: float = DEFAULT_PACE.every_seconds


DEFAULT, FAST = Speed(), Speed(90, 0.02)


@dataclass
class Rig:
    """What runs. `env` is the hub's."""

    folder: Path
    session: aiohttp.ClientSession
    hub: Process
    crm: dict[str, Any]
    env: dict[str, str]
    port: int
    code: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Of the hub."""
        return self.env["HUB_PUBLIC_URL"]

    async def status(self) -> dict[str, Any]:
        """What the hub says of itself; the port of that is told by the hub's first line."""
        async with self.session.get(f"http://127.0.0.1:{self._ops}/status") as answer:
            told: dict[str, Any] = await answer.json()
            return told

    def found(self, ready: dict[str, Any]) -> None:
        """Where the hub answers its operators."""
        self._ops = ready["ops_port"]

    async def admin(self) -> int:
        """The user who opens the cards."""
        users = await self._crm("GET", "/api/v4/users")
        return next(int(user["id"]) for user in users["_embedded"]["users"] if user["rights"]["is_admin"])

    async def deal(self, user: int, name: str, phone: str) -> int:
        """A deal with one contact."""
        phones = {"field_code": "PHONE", "values": [{"value": phone, "enum_code": "MOB"}]}
        contact = {"first_name": name, "custom_fields_values": [phones]}
        body = {"name": name, "_embedded": {"contacts": [contact]}}
        return int((await self._crm("POST", f"/_stand-in/users/{user}/leads", body))["id"])

    def browser(self, user: int, path: str) -> Browser:
        """A page of the account whose user was let in."""
        now, origin = int(time.time()), self.crm["url"]
        claims = {
            "iss": origin,
            "aud": self.url,
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_SECONDS,
            "account_id": self.crm["account_id"],
            "user_id": user,
            "client_uuid": self.crm["client_id"],
        }
        token = jwt.encode(claims, self.crm["client_secret"], algorithm="HS256")
        return Browser(self.port, path, {"Origin": origin, "X-Auth-Token": token})

    async def _crm(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.crm['token']}"}
        async with self.session.request(method, self.crm["url"] + path, json=body, headers=headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{path}: {answer.status}")
            return json.loads(await answer.read())


@contextlib.asynccontextmanager
async def installed(folder: Path, *, database_url: str | None = None, hub: Sequence[str] = ()) -> AsyncIterator[Rig]:
    """A hub with one account and one clinic, whose agent has a code. `hub`: another command than the product's own."""
    port = free_port()
    (folder / "clock").write_text(machine_now().isoformat())
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        stand_in = Process("amocrm", stand_in_command(folder, hub_port=port, rate=RATE), folder)
        crm = await (await stack.enter_async_context(running(stand_in))).ready()
        env = hub_environment(folder, port, crm["url"].removeprefix("http://"), RATE)
        env |= {"HUB_DATABASE_URL": database_url} if database_url else {}
        process = Process("hub", hub or module("hub", "run"), folder, env)
        rig = Rig(folder, session, process, crm, env, port)
        await make_key(folder)
        rig.found(await (await stack.enter_async_context(running(process))).ready())
        await register(folder, crm, env)
        rig.code = await install(folder, session, crm, env)
        yield rig


def enrolled(rig: Rig, folder: Path) -> identity.Identity:
    """An agent of the clinic, in this state folder."""
    return identity.enroll(open_folder(folder), rig.url, rig.code)


@contextlib.asynccontextmanager
async def started(folder: Path, name: str, *arguments: str) -> AsyncIterator[tuple[Process, dict[str, Any]]]:
    """A program of ours, `python -m benchmarks.NAME`, and what its first line tells."""
    process = Process(name.replace(".", "-"), [sys.executable, "-m", f"benchmarks.{name}", *arguments], folder)
    async with running(process):
        yield process, await process.ready()


async def told_by(folder: Path, name: str, *arguments: str) -> dict[str, Any]:
    """Run a program of ours to its end; what its one line tells."""
    line = await run(name.replace(".", "-"), [sys.executable, "-m", f"benchmarks.{name}", *arguments], folder)
    told: dict[str, Any] = json.loads(line)
    return told


@dataclass
class Clinic:
    """A clinic whose real agent runs beside it."""

    rig: Rig
    folder: Path
    clinic: Path
    patience_seconds: float
    agent: Process = field(init=False)

    async def enrol(self) -> None:
        """As the clinic's IT person does it."""
        self.pace(FAST)
        await run(
            "agent-enroll",
            module("agent", "enroll", self.rig.url, self.rig.code, "--config", str(self._config)),
            self.folder,
        )
        self.agent = Process("agent", module("agent", "run", "--config", str(self._config)), self.folder)

    def pace(self, speed: Speed) -> None:
        """How fast the agent reads; counts from the next start on."""
        self._config.write_text(
            f"""state_dir = "{self.folder / "agent"}"
[hub]
url = "{self.rig.url}"
[mis]
url = "sqlite:///{self.clinic}"
timezone = "Europe/Moscow"
[scan]
budget_percent_of_core = {speed.percent}
scan_every_seconds = {speed.every}
"""
        )

    async def database(self) -> dict[str, Any]:
        """How the hub sees it."""
        status = await self.rig.status()
        found: dict[str, Any] = status["accounts"][0]["databases"][0]
        return found

    async def until(self, seen: Callable[[dict[str, Any]], bool], every: float = 0.05) -> dict[str, Any]:
        """Wait until the hub sees it so."""
        async with asyncio.timeout(self.patience_seconds):
            while not seen(found := await self.database()):
                self.agent.check()
                await asyncio.sleep(every)
        return found

    def turn_clock(self, seconds: float) -> None:
        """Of the clinic's server, which else stands still."""
        with Database(self.clinic) as database:
            database.set_now(database.now() + timedelta(seconds=seconds))

    async def load(self) -> None:
        """The first load, as fast as the machine allows; then the agent ends."""
        await self.agent.start()
        await self.until(lambda database: bool(database["loaded"] and not database["outbox"]), every=0.5)
        await self.agent.stop()
        self.pace(DEFAULT)

    @property
    def _config(self) -> Path:
        return self.folder / "agent.toml"
