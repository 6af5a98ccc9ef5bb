"""A made-up patient goes through the whole product while things go wrong: the name and the phone stand in amoCRM, and nowhere else."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from demo.account import Api, read
from demo.clinic.leads import given
from demo.judge import put
from demo.product import Product, started
from demo.smoke import DAY, at
from tests.e2e.leaks import CANARY, leaks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(170), pytest.mark.xdist_group("canary")]

SOURCES = frozenset({"clinic.db", "clinic.db-wal", "clinic.db-shm"})
FAULTS = (
    ("POST /api/v4/leads/complex", "lost"),
    ("PATCH /api/v4/leads", "503"),
    ("PATCH /api/v4/contacts", "429"),
    ("GET /api/v4/contacts", "500"),
    ("POST /api/v4/leads/notes", "lost"),
)


async def provoke(product: Product) -> None:
    """amoCRM falters, frames are bad, processes die."""
    for route, kind in FAULTS:
        async with product.session.post(
            f"{product.crm['url']}/_stand-in/faults", json={"route": route, "kind": kind}
        ) as answer:
            assert answer.status == 204, await answer.text()
    hub = product.public_url
    with contextlib.suppress(aiohttp.ClientError):
        async with product.session.ws_connect(f"{hub}/agent/v1", protocols=["ident-link.v1"]) as link:
            await link.receive()
            await link.send_str(json.dumps({"t": "hello", "name": CANARY[0], "phone": CANARY[1]}))
            await link.receive()
    wrong = {"code": f"{CANARY[0]} {CANARY[1]}", "public_key": CANARY[1]}
    async with product.session.post(f"{hub}/agent/v1/enroll", json=wrong) as answer:
        assert answer.status in (400, 403)
    async with product.session.get(f"{hub}/oauth/demo", params={"code": CANARY[1], "referer": CANARY[0]}) as answer:
        assert answer.status < 500


async def play(product: Product) -> None:
    await put(given(product.clinic_file, 5), product.crm["url"], product.crm["token"])
    await product.agent.start()
    now = at(7)
    await product.idle(now)
    for hour in (11, 15, 23):
        await provoke(product)
        if hour == 15:
            await product.restart_hub()
            await product.restart_agent()
        while now < at(hour):
            now = await product.advance(at(hour))
            await product.idle(now)


async def keep_figures(product: Product) -> None:
    """What the ops address tells is looked through too."""
    for name in ("metrics", "status", "ready"):
        async with product.session.get(f"{product.ops_url}/{name}") as answer:
            (product.folder / f"{name}.txt").write_text(await answer.text())


async def canary_in_amocrm(product: Product) -> list[tuple[str, frozenset[str]]]:
    async with Api(product.crm["url"], product.crm["token"]) as api:
        account = await read(api)
    return [(contact.name, contact.phones) for contact in account.contacts if CANARY[0] in contact.name]


async def day(folder: Path) -> list[tuple[str, frozenset[str]]]:
    async with started(folder, seed=5, visits=30, day=DAY, opens=at(7)) as product:
        await play(product)
        await keep_figures(product)
        return await canary_in_amocrm(product)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a product whose day was played, all processes ended."""
    folder = tmp_path_factory.mktemp("canary")
    found = asyncio.run(day(folder))
    assert len(found) == 1
    (name, phones) = found[0]
    assert any(phone.endswith(CANARY[3]) for phone in phones), "the positive control: amoCRM holds the canary's phone"
    assert name.startswith(CANARY[0])
    return folder


def test_the_canary_stands_in_no_log_figure_or_unsealed_column(played: Path) -> None:
    names = {path.name for path in played.rglob("*")}

    assert {"hub.log", "agent.log", "hub.db", "metrics.txt", "status.txt"} <= names
    assert (played / "hub.log").stat().st_size > 1000
    assert leaks(played, sources=SOURCES) == []


def _log(folder: Path) -> None:
    with (folder / "hub.log").open("a") as log:
        log.write(json.dumps({"event": "x", "error": f"Conversion failed: '{CANARY[0]}'"}) + "\n")


def _column(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "hub.db")) as database:
        database.execute("UPDATE accounts SET blocked = ?", (CANARY[1],))
        database.commit()


def _metric(folder: Path) -> None:
    (folder / "metrics.txt").write_text(f'commands_total{{contact="{CANARY[2]}"}} 1\n')


def _outbox(folder: Path) -> None:
    state = next(path for path in (folder / "agent").iterdir() if path.read_bytes().startswith(b"SQLite format 3"))
    with contextlib.closing(sqlite3.connect(state)) as database:
        database.execute("CREATE TABLE planted (value BLOB)")
        database.execute("INSERT INTO planted VALUES (?)", (CANARY[0].encode(),))
        database.commit()


@pytest.mark.parametrize("plant", [_log, _column, _metric, _outbox])
def test_a_planted_leak_is_found(plant: Callable[[Path], None], played: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(played, tmp_path / "copy")
    plant(copy)

    assert leaks(copy, sources=SOURCES)
