"""Installs the product with the same commands that an integrator and a clinic type: key, integration, installation, clinic, enrolment."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from demo.processes import module, run

ZONE = "Europe/Moscow"


def hub_environment(folder: Path, port: int, crm_host: str, rate: int) -> dict[str, str]:
    """The settings of a hub that knows one stand-in; its operators' address takes a free port."""
    return {
        "HUB_LISTEN": f"127.0.0.1:{port}",
        "HUB_OPS_LISTEN": "127.0.0.1:0",
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_DATABASE_URL": f"sqlite:///{folder / 'hub.db'}",
        "HUB_MASTER_KEY_FILE": str(folder / "master.key"),
        "HUB_KEYS_DIR": str(folder / "keys"),
        "HUB_AMOCRM_HOSTS": crm_host,
        "HUB_AMOCRM_RATE": str(rate),
        "HUB_BUSINESS_CLOCK": str(folder / "clock"),
    }


async def make_key(folder: Path) -> None:
    """The hub's master key."""
    await run("hub-key", module("hub", "key", str(folder / "master.key")), folder)


async def register(folder: Path, crm: dict[str, Any], env: dict[str, str]) -> None:
    """Make amoCRM's integration known to the hub. `crm` is what the stand-in told of itself."""
    secret = folder / "client.secret"
    secret.write_text(crm["client_secret"])
    names = ("--kind", "private", "--client-id", crm["client_id"], "--secret-file", str(secret))
    await run("hub-integration", module("hub", "integration", "add", "demo", *names), folder, env)


async def install(folder: Path, session: aiohttp.ClientSession, crm: dict[str, Any], env: dict[str, str]) -> str:
    """Install the integration into the account and add the clinic; returns the agent's one-time code."""
    async with session.post(f"{crm['url']}/_stand-in/code") as answer:
        code = (await answer.json())["code"]
    host = crm["url"].removeprefix("http://")
    await run("hub-install", module("hub", "install", "demo", "--code", code, "--host", host), folder, env)
    return await add_clinic(folder, crm, env, name="PZ", zone=ZONE)


async def add_clinic(folder: Path, crm: dict[str, Any], env: dict[str, str], *, name: str, zone: str) -> str:
    """Add a clinic's database to the account; returns the one-time code of its agent."""
    names = ("--account", str(crm["account_id"]), "--name", name, "--zone", zone, "--yes")
    added = await run("hub-clinic", module("hub", "clinic", "add", *names), folder, env)
    return added.split()[-1]  # the command's last word


async def enroll(
    folder: Path, hub_url: str, code: str, *, scan_every: float, state_every: float, budget: float = 2, zone: str = ZONE
) -> None:
    """Write the agent's config and make the agent known to the hub. `budget`: how many percent of a core the scan's pages may take."""
    config = folder / "agent.toml"
    config.write_text(_agent_config(folder, hub_url, zone, scan_every, state_every, budget))
    await run("agent-enroll", module("agent", "enroll", hub_url, code, "--config", str(config)), folder)


def dial_through(folder: Path, port: int) -> None:
    """Let the agent dial its hub at another loopback port: there is the line that the demo can cut."""
    file = folder / "agent" / "identity.json"
    identity = json.loads(file.read_text("utf-8"))
    link = urlsplit(identity["enrolled"]["link"])
    identity["enrolled"]["link"] = link._replace(netloc=f"127.0.0.1:{port}").geturl()
    file.write_text(json.dumps(identity), "utf-8")


def _agent_config(folder: Path, hub_url: str, zone: str, scan_every: float, state_every: float, budget: float) -> str:
    return f"""state_dir = "{folder / "agent"}"
[hub]
url = "{hub_url}"
[mis]
url = "sqlite:///{folder / "clinic.db"}"
timezone = "{zone}"
[scan]
scan_every_seconds = {scan_every}
budget_percent_of_core = {budget}
[link]
state_every_seconds = {state_every}
"""
