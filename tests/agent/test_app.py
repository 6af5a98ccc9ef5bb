"""The agent as a real process: starts, stops, and ends with a code that its service understands."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from agent.outbox import open_outbox
from agent.secret import outbox_key
from agent.status import last_status
from demo.clinic.make import create
from tests.agent.hub_end import Hub, HubConnection, listening, until
from tests.agent.processes import config, ended, run, running
from wire.frames import Goaway, PassBegin, Push, State

DEMO = date(2026, 11, 24)


async def greets(hub: HubConnection) -> None:
    await hub.greet()
    await hub.next(State)


async def takes_a_push(hub: HubConnection) -> None:
    await hub.greet()
    await hub.next(Push)  # and does not ack it


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_within_a_second_and_the_outbox_is_whole(tmp_path: Path, how: signal.Signals) -> None:
    create(tmp_path / "clinic.db", seed=1, visits=20, day=DEMO, zone="Europe/Moscow")
    hub = Hub(takes_a_push)
    async with listening(hub):
        address = hub.enroll(tmp_path / "state")
        async with running("run", "--config", config(tmp_path, address)) as process:
            await hub.done()
            begun = asyncio.get_running_loop().time()
            process.send_signal(how)
            end = await ended(process)
            took = asyncio.get_running_loop().time() - begun
        assert await hub.connections[0].gone() == 1001

    assert (end.code, took < 1.0) == (0, True), end.err
    status = last_status(tmp_path / "state")
    assert status is not None
    assert status.link == "stopped"
    with sqlite3.connect(tmp_path / "state" / "outbox.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    assert await waits(tmp_path / "state") > 0  # what was not acked is still there


async def test_a_signal_stops_it_within_a_second_where_the_hub_says_nothing_any_more(tmp_path: Path) -> None:
    create(tmp_path / "clinic.db", seed=1, visits=500, day=DEMO, zone="Europe/Moscow")

    async def deaf(hub: HubConnection) -> None:
        await hub.greet(credit=1 << 20)
        await hub.next(Push)
        hub.ws.transport.pause_reading()

    hub = Hub(deaf)
    async with listening(hub):
        address = hub.enroll(tmp_path / "state")
        async with running("run", "--config", config(tmp_path, address)) as process:
            await hub.done()
            begun = asyncio.get_running_loop().time()
            process.send_signal(signal.SIGTERM)
            end = await ended(process)
            took = asyncio.get_running_loop().time() - begun

    assert (end.code, took < 1.0) == (0, True), (took, end.err)


async def waits(folder: Path) -> int:
    async with open_outbox(
        folder / "outbox.db", outbox_key(folder), ("visit.comment:off", "visit.services:off")
    ) as outbox:
        depth = await outbox.depth()
    return depth.live + depth.backfill


async def test_the_first_load_comes_bracketed_by_a_pass(tmp_path: Path) -> None:
    create(tmp_path / "clinic.db", seed=1, visits=20, day=DEMO, zone="Europe/Moscow")
    kinds: list[str] = []

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        kinds.append((await hub.next(PassBegin)).kind)
        push = await hub.push()
        kinds.append(push.changes[0].kind)

    hub = Hub(script)
    async with listening(hub):
        address = hub.enroll(tmp_path / "state")
        async with running("run", "--config", config(tmp_path, address)):
            await hub.done()

    assert kinds == ["patient", "patient"]


async def test_a_database_that_is_not_there_is_told_and_found_when_it_comes(tmp_path: Path) -> None:
    states: list[str] = []

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        states.append((await hub.next(State)).mis)
        create(tmp_path / "made.db", seed=1, visits=20, day=DEMO, zone="Europe/Moscow")
        (tmp_path / "made.db").rename(
            tmp_path / "clinic.db"
        )  # whole: half of one would be a database that lost its tables
        await hub.next(State, lambda state: state.mis == "ok")

    hub = Hub(script)
    async with listening(hub):
        address = hub.enroll(tmp_path / "state")
        async with running("run", "--config", config(tmp_path, address)):
            await hub.done()

    assert states == ["down"]


async def test_the_status_of_a_superseded_agent_says_why_it_waits(tmp_path: Path) -> None:
    async def script(hub: HubConnection) -> None:
        hello = await hub.greet()
        assert hello.computer == socket.gethostname()[:64]
        await hub.send(Goaway(reason="superseded", computer="ПК-2"))

    async def waits() -> bool:
        status = last_status(tmp_path / "state")
        return status is not None and status.link == "waiting"

    hub = Hub(script)
    async with listening(hub):
        path = config(tmp_path, hub.enroll(tmp_path / "state"))
        async with running("run", "--config", path):
            await hub.done()
            await until(waits)
            shown = await run("status", "--config", path)

    assert shown.code == 3
    assert "Сделайте: Второй агент этой клиники работает на компьютере ПК-2" in shown.out


async def test_a_second_agent_with_the_same_folder_does_not_start(tmp_path: Path) -> None:
    hub = Hub(greets)
    async with listening(hub):
        path = config(tmp_path, hub.enroll(tmp_path / "state"))
        async with running("run", "--config", path):
            await hub.done()
            second = await run("run", "--config", path)

    assert second.code == 3
    assert "уже запущен" in second.err
    assert len(hub.connections) == 1


@pytest.mark.parametrize("enrolled", [False, True], ids=["never", "with another hub"])
async def test_an_agent_that_its_hub_does_not_know_says_so(tmp_path: Path, enrolled: bool) -> None:
    if enrolled:
        async with listening(hub := Hub()):
            hub.enroll(tmp_path / "state")

    end = await run("run", "--config", config(tmp_path, "https://hub.example.ru"))

    assert end.code == 3
    assert "ident-agent enroll https://hub.example.ru КОД" in end.err


async def test_without_a_password_it_does_not_start(tmp_path: Path) -> None:
    async with listening(hub := Hub()):
        address = hub.enroll(tmp_path / "state")
        end = await run("run", "--config", config(tmp_path, address, mis='host = "localhost"'))

    assert end.code == 3
    assert "ident-agent secret set" in end.err


async def test_root_does_not_run_it_in_its_owners_place(tmp_path: Path) -> None:
    async with listening(hub := Hub()):
        path = config(tmp_path, hub.enroll(tmp_path / "state"))
        before = sorted(each.name for each in (tmp_path / "state").iterdir())
        if os.geteuid() == 0:
            os.chown(tmp_path / "state", 65534, -1)
        end = await run("run", "--config", path, code="import os\nos.geteuid = lambda: 0")

    assert (end.code, len(end.err.splitlines())) == (3, 1)
    assert "-- ident-agent run." in end.err
    assert sorted(each.name for each in (tmp_path / "state").iterdir()) == before


async def test_an_error_that_nobody_expected_ends_it_without_quoting_anything(tmp_path: Path) -> None:
    breaks = """
import agent.link.credit
def fails(*_): raise RuntimeError("Канарейкин +79990001234")
agent.link.credit.Credit.room = fails
"""
    hub = Hub(greets)
    async with listening(hub):
        path = config(tmp_path, hub.enroll(tmp_path / "state"))
        end = await run("run", "--config", path, code=breaks)

    last = json.loads(end.err.splitlines()[-1])
    assert end.code == 1
    assert (last["event"], last["exception"]) == ("agent.failed", "RuntimeError")
    assert any("fails" in place for place in last["trace"])
    assert "Канарейкин" not in end.said
    assert "79990001234" not in end.said


async def test_every_line_of_its_log_is_json(tmp_path: Path) -> None:
    hub = Hub(greets)
    async with listening(hub):
        path = config(tmp_path, hub.enroll(tmp_path / "state"))
        async with running("run", "--config", path) as process:
            await hub.done()
            process.send_signal(signal.SIGTERM)
            end = await ended(process)

    events = [json.loads(line)["event"] for line in end.err.splitlines()]
    assert {"agent.started", "link.opened", "agent.stopped"} <= set(events)
    assert end.out == ""


async def test_it_imports_where_there_is_no_odbc(tmp_path: Path) -> None:
    end = await run("--help", code="import sys\nsys.modules['pyodbc'] = None")

    assert (end.code, end.err) == (0, "")
