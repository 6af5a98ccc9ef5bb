"""Enrolment against a small hub: the key is made here, survives a lost answer, and serves only once the hub took it."""

import asyncio
import base64
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web as aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent import secret, web
from agent.identity import NAME, enroll, identity
from wire.errors import NeedsOperator
from wire.frames import Challenge, signed_text

ENROLLED = {"agent": "ag_7", "hub": "hub_1", "database": "db_1", "link": "ws://127.0.0.1:9/agent/v1"}
Answering = Callable[[dict[str, Any]], Awaitable[aio.StreamResponse]]


class Desk:
    """The hub's enrolment; `answers` are given one after the other."""

    def __init__(self, *answers: aio.StreamResponse | None) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.url = ""

    async def enroll(self, request: aio.Request) -> aio.StreamResponse:
        self.asked.append(await request.json())
        answer = self.answers.pop(0)
        if answer is None:  # the answer is lost
            assert request.transport is not None
            request.transport.abort()
            return aio.Response()
        return answer

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Desk"]:
        app = aio.Application()
        app.router.add_post("/agent/v1/enroll", self.enroll)
        runner = aio.AppRunner(app)
        await runner.setup()
        try:
            site = aio.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()


def accepted(**changed: str) -> aio.Response:
    return aio.json_response({**ENROLLED, **changed})


async def enrolled(folder: Path, desk: Desk, code: str = "c0de") -> None:
    await asyncio.to_thread(enroll, folder, desk.url, code)


async def refused(folder: Path, desk: Desk) -> str:
    with pytest.raises(NeedsOperator) as said:
        await enrolled(folder, desk)
    return said.value.hint


async def test_the_hub_gets_the_public_half_and_the_clinic_keeps_the_names(tmp_path: Path) -> None:
    async with Desk(accepted()).open() as desk:
        await enrolled(tmp_path, desk)
    who = identity(tmp_path)

    assert who is not None
    assert (who.agent, who.hub, who.database, who.link) == tuple(ENROLLED.values())
    assert who.hub_url == desk.url
    (asked,) = desk.asked
    assert set(asked) == {"code", "public_key"}
    assert asked["code"] == "c0de"
    challenge = Challenge(nonce="n", hub="hub_1", time=datetime(2026, 11, 23, tzinfo=UTC))
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(asked["public_key"]))
    public.verify(base64.b64decode(who.sign(challenge)), signed_text("n", "hub_1", "ag_7"))


async def test_the_file_is_ours_alone_and_holds_no_code(tmp_path: Path) -> None:
    async with Desk(accepted()).open() as desk:
        await enrolled(tmp_path, desk)

    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert "c0de" not in (tmp_path / NAME).read_text()
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


async def test_before_the_enrolment_nobody_is_there(tmp_path: Path) -> None:
    assert identity(tmp_path) is None


async def test_after_a_lost_answer_the_same_key_is_offered_with_a_new_code(tmp_path: Path) -> None:
    async with Desk(None, accepted()).open() as desk:
        assert "новый код" in await refused(tmp_path, desk)
        assert identity(tmp_path) is None
        await enrolled(tmp_path, desk, "c0de-2")

    assert desk.asked[0]["public_key"] == desk.asked[1]["public_key"]
    assert desk.asked[1]["code"] == "c0de-2"
    assert identity(tmp_path) is not None


async def test_the_key_is_kept_before_the_hub_hears_of_it(tmp_path: Path) -> None:
    kept: list[str] = []

    def ask(_url: str, _body: bytes) -> web.Answer:
        kept.append(json.loads((tmp_path / NAME).read_text())["next_key"])
        raise web.NoAnswer("answer")

    with pytest.raises(NeedsOperator):
        enroll(tmp_path, "https://hub.example.ru", "c0de", ask)

    assert kept[0].startswith("plain:")


async def test_the_old_identity_serves_until_the_new_one_is_accepted(tmp_path: Path) -> None:
    async with Desk(
        accepted(), aio.json_response({"code": "bad_code"}, status=403), accepted(agent="ag_8")
    ).open() as desk:
        await enrolled(tmp_path, desk)
        await refused(tmp_path, desk)
        before = identity(tmp_path)
        await enrolled(tmp_path, desk)
    after = identity(tmp_path)

    assert before is not None
    assert after is not None
    assert (before.agent, after.agent) == ("ag_7", "ag_8")
    keys = [asked["public_key"] for asked in desk.asked]
    assert keys[0] != keys[1] == keys[2]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (aio.json_response({"code": "bad_code"}, status=403), "Возьмите новый у интегратора"),
        (aio.json_response({"code": "bad_request", "field": "code"}, status=400), "Возьмите новый у интегратора"),
        (aio.Response(status=503), "повторите через минуту"),
        (aio.Response(status=429), "повторите через минуту"),
        (aio.Response(status=404), "отвечает не хаб"),
        (aio.Response(status=200, text="<html>"), "отвечает не хаб"),
        (aio.json_response({"agent": "ag_7"}), "отвечает не хаб"),
        (aio.json_response({**ENROLLED, "link": "ws://hub.example.ru/agent/v1"}), "отвечает не хаб"),
        (aio.Response(status=302, headers={"Location": "http://127.0.0.1:1/agent/v1/enroll"}), "отвечает не хаб"),
    ],
    ids=["bad code", "no code", "down", "busy", "no such page", "a web page", "half an answer", "a link in the clear", "a redirect"],
)  # fmt: skip
async def test_each_refusal_says_what_to_do(tmp_path: Path, answer: aio.Response, hint: str) -> None:
    async with Desk(answer).open() as desk:
        assert hint in await refused(tmp_path, desk)

    assert len(desk.asked) == 1
    assert identity(tmp_path) is None


async def test_a_hub_that_is_not_there_is_told_with_the_code_still_good(tmp_path: Path) -> None:
    async with Desk().open() as desk:
        pass

    assert "с тем же кодом" in await refused(tmp_path, desk)


@pytest.mark.parametrize("hub", ["http://hub.example.ru", "ftp://hub.example.ru", "https://hub.example.ru/x"])
def test_no_code_goes_to_an_address_that_is_not_safe(tmp_path: Path, hub: str) -> None:
    def ask(_url: str, _body: bytes) -> web.Answer:
        raise AssertionError("asked")

    with pytest.raises(NeedsOperator, match="Адрес хаба не подходит"):
        enroll(tmp_path, hub, "c0de", ask)


def test_a_secure_hub_cannot_name_a_link_in_the_clear(tmp_path: Path) -> None:
    def ask(_url: str, _body: bytes) -> web.Answer:
        return web.Answer(200, json.dumps(ENROLLED).encode(), None)

    with pytest.raises(NeedsOperator, match="отвечает не хаб"):
        enroll(tmp_path, "https://hub.example.ru", "c0de", ask)


def test_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{")

    with pytest.raises(NeedsOperator, match="испорчен"):
        identity(tmp_path)


async def test_a_key_from_another_computer_asks_for_an_enrolment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Desk(accepted(), accepted()).open() as desk:
        await enrolled(tmp_path, desk)
        monkeypatch.setattr(secret, "here", lambda: secret.Seal("elsewhere", bytes, bytes))
        with pytest.raises(NeedsOperator, match="другом компьютере"):
            identity(tmp_path)
        await enrolled(tmp_path, desk)

    assert identity(tmp_path) is not None
