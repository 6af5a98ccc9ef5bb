"""The stand-in as a process: what it prints, its clock and its seed file, and how it ends."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

SEED = {
    "users": [{"name": "Уволен", "email": "gone@example.ru", "is_active": False}],
    "loss_reasons": ["Уехал"],
    "pipelines": [
        {
            "name": "Первичные",
            "sort": 2,
            "is_main": False,
            "is_unsorted_on": False,
            "_embedded": {"statuses": [{"name": "Записан", "sort": 20, "color": "#98cbff"}]},
        }
    ],
    "fields": {"contacts": [{"name": "№ карты", "type": "text", "code": "CARD"}]},
    "contacts": [{"name": "Первый", "custom_fields_values": [{"field_code": "CARD", "values": [{"value": "1187"}]}]}],
    "leads": [{"name": "Сделка", "_embedded": {"contacts": [{"name": "Второй"}]}}],
}


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo.amocrm", "--port", "0", *arguments, stdout=-1, stderr=-1
    )
    try:
        assert process.stdout
        async with asyncio.timeout(20):
            line = await process.stdout.readline()
        yield process, json.loads(line or "{}")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def read(told: dict[str, Any], path: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {told['token']}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{told['url']}/api/v4/{path}") as answer:
        return answer.status, await answer.json(content_type=None) if answer.status == 200 else None


@pytest.mark.e2e
async def test_it_tells_where_it_is_and_ends_when_asked() -> None:
    async with running("--redirect-uri", "http://127.0.0.1:1/oauth", "--account-id", "77") as (process, told):
        assert told["ready"] is True
        assert told.keys() == {"ready", "url", "account_id", "client_id", "client_secret", "redirect_uri", "token"}
        assert (told["account_id"], told["redirect_uri"]) == (77, "http://127.0.0.1:1/oauth")
        status, users = await read(told, "users")
        assert (status, users["_total_items"]) == (200, 3)

        process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(process.communicate(), 10)

    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.e2e
async def test_business_time_stands_in_a_file_and_the_seed_in_another(tmp_path: Path) -> None:
    clock, seed = tmp_path / "clock", tmp_path / "seed.json"
    clock.write_text("2026-11-24T07:00:00+03:00")
    seed.write_text(json.dumps(SEED), "utf-8")

    async with running("--clock", str(clock), "--seed-file", str(seed), "--filter", "on") as (_, told):
        _, account = await read(told, "account?with=is_api_filter_enabled")
        _, leads = await read(told, "leads?with=contacts")
        _, contacts = await read(told, "contacts?query=1187")
        _, pipelines = await read(told, "leads/pipelines")
        lead = leads["_embedded"]["leads"][0]
        clock.write_text("2026-11-24T08:30:00+03:00")
        headers = {"Authorization": f"Bearer {told['token']}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            url = f"{told['url']}/api/v4/leads/{lead['id']}"
            async with session.patch(url, json={"price": 5}) as answer:
                patched = await answer.json(content_type=None)

    assert account["is_api_filter_enabled"] is True
    assert lead["created_at"] == 1795492800
    assert patched["updated_at"] == 1795492800 + 5400
    assert len(lead["_embedded"]["contacts"]) == 1
    assert [contact["name"] for contact in contacts["_embedded"]["contacts"]] == ["Первый"]
    assert [pipeline["name"] for pipeline in pipelines["_embedded"]["pipelines"]] == ["Воронка", "Первичные"]


@pytest.mark.e2e
async def test_a_wrong_seed_ends_it_at_once(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text('{"contacts": [{"surprise": 1}]}')

    async with running("--seed-file", str(seed)) as (process, told):
        assert told == {}
        assert await asyncio.wait_for(process.wait(), 10) == 1
