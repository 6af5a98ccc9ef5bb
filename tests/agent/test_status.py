"""What the agent writes of itself is what `ident-agent status` says."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent import files
from agent.away import Away
from agent.commands.status import lines
from agent.link import Link, LinkStand
from agent.outbox import Outbox
from agent.standing import Standing
from agent.status import NAME, Reporter, Status, last_status
from tests.agent.hub_end import NOON, Hub, link_to, record, until
from wire.frames import OutboxDepth

STATUS = Status(
    at=NOON,
    every_seconds=10,
    software="1.0.0",
    instance="b1f0c2",
    link="open",
    connected_since=NOON - timedelta(hours=2),
    mis="ok",
    outbox=OutboxDepth(live=3, backfill=40, oldest_seconds=7.4),
    read_through=NOON,
    skipped={"visit.start": 2},
)


def reporter(folder: Path, outbox: Outbox, standing: Standing, every: float = 60) -> tuple[Reporter, Link]:
    hub = Hub()
    hub.url = "ws://127.0.0.1:9/agent/v1"
    link = link_to(hub, outbox, standing)
    return Reporter(folder, link, outbox, standing, every=every, software="1.0.0", now=lambda: NOON), link


async def test_a_status_holds_how_everything_stands(tmp_path: Path, outbox: Outbox) -> None:
    standing = Standing()
    standing.mis("refused", "Проверьте пароль.")
    standing.skipped({"visit.start": 2})
    await record(outbox, "7", "8")
    await outbox.record([], lane="live", read_through=NOON, verified_through=NOON - timedelta(minutes=5))
    writer, link = reporter(tmp_path, outbox, standing)
    link.stand = LinkStand("waiting", hint="Хаб не отвечает.")

    await writer.step()
    status = last_status(tmp_path)

    assert status is not None
    assert (status.link, status.connected_since, status.mis) == ("waiting", None, "refused")
    assert (status.outbox.live, status.outbox.backfill, status.skipped) == (2, 0, {"visit.start": 2})
    assert (status.read_through, status.verified_through) == (NOON, NOON - timedelta(minutes=5))
    assert status.hints == ("Хаб не отвечает.", "Проверьте пароль.")


async def test_the_last_status_says_why_the_agent_ended(tmp_path: Path, outbox: Outbox) -> None:
    writer, _ = reporter(tmp_path, outbox, Standing())

    await writer.step(stopped=True, hint="Оставьте одного агента.")
    status = last_status(tmp_path)

    assert status is not None
    assert (status.link, status.hints) == ("stopped", ("Оставьте одного агента.",))
    assert not status.is_fresh(NOON)


async def test_a_change_of_the_link_is_written_at_once(tmp_path: Path, outbox: Outbox) -> None:
    writer, link = reporter(tmp_path, outbox, Standing())
    task = asyncio.get_running_loop().create_task(writer.run())
    await until(wrote(tmp_path, "dialling"))

    link._put(LinkStand("open", since=NOON))
    await until(wrote(tmp_path, "open"))

    task.cancel()
    await asyncio.wait([task])


def wrote(folder: Path, phase: str) -> Callable[[], Awaitable[bool]]:
    async def has() -> bool:
        status = last_status(folder)
        return status is not None and status.link == phase

    return has


async def test_a_status_that_cannot_be_written_stops_nothing(
    tmp_path: Path, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise PermissionError(13, "somebody reads it")

    monkeypatch.setattr(files, "replace", busy)
    writer, _ = reporter(tmp_path, outbox, Standing())

    await writer.step()

    assert last_status(tmp_path) is None


@pytest.mark.parametrize(
    ("age", "link", "fresh"),
    [(0, "open", True), (30, "waiting", True), (36, "open", False), (-36, "open", False), (0, "stopped", False)],
)
def test_an_old_status_is_of_an_agent_that_is_gone(age: float, link: str, fresh: bool) -> None:
    status = STATUS.model_copy(update={"link": link})

    assert status.is_fresh(NOON + timedelta(seconds=age)) is fresh


def test_a_status_that_is_none_is_none(tmp_path: Path) -> None:
    assert last_status(tmp_path) is None
    (tmp_path / NAME).write_text("{")
    assert last_status(tmp_path) is None


def test_a_person_reads_a_line_for_each_thing() -> None:
    said = list(lines(STATUS, NOON))

    assert said[0] == "Агент: версия 1.0.0, запуск b1f0c2"
    assert said[1].startswith("Связь с хабом: есть, с 23.11.2026 ")
    assert "База IDENT: читается" in said
    assert "Сверено целиком: ещё нет" in said
    assert "Ждут отправки: 3 новых, 40 первой загрузки, самая старая 7 с" in said
    assert "Пропущено строк: 2 (visit.start)" in said


@pytest.mark.parametrize(
    ("why", "words"), [("pause", "пауза, закончить раньше: ident-agent pause off"), ("quiet_hours", "mis.quiet_hours")]
)
def test_a_person_reads_that_we_stay_out_by_wish(why: Any, words: str) -> None:
    away = Status.model_validate_json(
        STATUS.model_copy(update={"mis": "busy", "away": Away(why, NOON)}).model_dump_json()
    )
    (said,) = [line for line in lines(away, NOON) if line.startswith("База IDENT: ")]

    assert said.startswith("База IDENT: агент в неё не заходит до 23.11.2026 ")
    assert words in said


def test_a_person_reads_first_that_the_agent_does_not_run() -> None:
    told = {"hints": ("Проверьте пароль.",), "off": ("Выключено: филиал приёма.",)}
    said = list(lines(STATUS.model_copy(update=told), datetime(2026, 11, 24, tzinfo=UTC)))
    assert "Выключено: филиал приёма." in said

    assert said[0].startswith("Агент не работает")
    assert said[-1] == "Сделайте: Проверьте пароль."
