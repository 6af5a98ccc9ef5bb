"""Opens the live demo: installs it at the first start, and starts clinic, amoCRM stand-in, hub and agent at the ports remembered."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from demo.amocrm.front import VENDOR
from demo.folder import Folder, FolderTrouble, Remembered, check_free
from demo.install import ZONE, dial_through, enroll, hub_environment, install, make_key, register
from demo.processes import Process, module
from demo.product import Product, clinic_command, stand_in_command
from demo.relay import Relay
from hub.config import AMOCRM_RATE
from widget.build import build

OPENS = time(9)
_SCAN_EVERY, _STATE_EVERY = 0.2, 0.5
"""Seconds; at the fastest pace a second is half a minute of the clinic's."""
STAFF = Path(__file__).with_name("staff.json")
"""Who works in the account besides the head and the two operators: one who sees only the own deals, and a free user."""
_NEEDED = ("clinic.db", "clock", "account.json", "hub.db", "master.key", "agent/identity.json")
Say = Callable[[str], None]


@contextlib.asynccontextmanager
async def opened(folder: Folder, what: Remembered, say: Say) -> AsyncIterator[tuple[Product, Relay]]:
    """Everything runs, and the agent is on its way to the hub."""
    check_set_up(folder, what)
    path, ports = folder.path, what.ports
    env = hub_environment(path, ports.hub, f"127.0.0.1:{ports.crm}", AMOCRM_RATE)
    build(env["HUB_PUBLIC_URL"], path / "widget.zip")
    async with contextlib.AsyncExitStack() as stack:
        product = _product(path, what, env, await stack.enter_async_context(aiohttp.ClientSession()))
        stack.push_async_callback(_stop, product)
        await _start(product, what, say)
        if not what.installed:
            await _install(product, what, env, say)
            folder.remember(what.model_copy(update={"installed": True}))
        line = await stack.enter_async_context(Relay(ports.line, ports.hub))
        say("· агент: читает базу клиники и соединяется с хабом")
        stack.push_async_callback(product.agent.stop)  # before its line ends: it says goodbye
        await product.agent.start()
        yield product, line


def check_set_up(folder: Folder, what: Remembered) -> None:
    """What has to be there before anything is started; raises `FolderTrouble`."""
    if not all(file.is_file() for file in VENDOR.values()):
        raise FolderTrouble(
            "Нет библиотек для страниц (demo/amocrm/pages/node_modules): запустите make demo, он всё поставит."
        )
    missing = [name for name in _NEEDED if what.installed and not (folder.path / name).is_file()]
    if missing:
        raise FolderTrouble(f"В папке {folder.path} нет файла {missing[0]}: начните заново, make demo-reset.")
    check_free(what.ports)


def _product(path: Path, what: Remembered, env: dict[str, str], session: aiohttp.ClientSession) -> Product:
    kept = ("--state", str(path / "account.json"), "--widget", str(path / "widget.zip"), "--seed-file", str(STAFF))
    stand_in = stand_in_command(path, hub_port=what.ports.hub, rate=AMOCRM_RATE, port=what.ports.crm)
    clinic = clinic_command(path, seed=what.seed, visits=what.visits, day=what.day)
    return Product(
        path,
        session,
        clinic=Process("clinic", [*clinic, "--endless"], path),
        stand_in=Process("amocrm", [*stand_in, *kept], path),
        hub=Process("hub", module("hub", "run"), path, env),
        agent=Process("agent", module("agent", "run", "--config", str(path / "agent.toml")), path),
        public_url=env["HUB_PUBLIC_URL"],
    )


async def _start(product: Product, what: Remembered, say: Say) -> None:
    """All at once; at the first start the hub's key comes first, and the clinic's clock stands at nine."""
    if not what.installed:
        begins = datetime.combine(what.day, OPENS, ZoneInfo(ZONE))
        product.set_clock(begins)
    say("· клиника: база IDENT с приёмами за два года")
    await product.clinic.start()
    say("· amoCRM: стенд с карточкой сделки")
    await product.stand_in.start()
    if not what.installed:
        await make_key(product.folder)
    say("· хаб")
    await product.hub.start()
    product.clinic_url = f"http://127.0.0.1:{(await product.clinic.ready())['port']}"
    product.crm = await product.stand_in.ready()
    product.found_hub(await product.hub.ready())


async def _install(product: Product, what: Remembered, env: dict[str, str], say: Say) -> None:
    begins = datetime.combine(what.day, OPENS, ZoneInfo(ZONE))
    while await product.advance(begins) < begins:
        pass  # what the clinic did before the demo begins
    say("· установка: интеграция в amoCRM, клиника, агент по одноразовому коду")
    await register(product.folder, product.crm, env)
    code = await install(product.folder, product.session, product.crm, env)
    await enroll(product.folder, product.public_url, code, scan_every=_SCAN_EVERY, state_every=_STATE_EVERY)
    dial_through(product.folder, what.ports.line)


async def _stop(product: Product) -> None:
    async with asyncio.TaskGroup() as tasks:
        for process in (product.hub, product.clinic, product.stand_in):
            tasks.create_task(process.stop())
