"""The stand-in's account outlives its process: everything in it, its tokens, its ids; and a broken file is named."""

import asyncio
import json
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from demo.amocrm.archive import Widget
from demo.amocrm.automation import DuplicateControl, Robot
from demo.amocrm.incoming import Incoming
from demo.amocrm.model import Json
from demo.amocrm.saved import Keeper, Unreadable
from demo.amocrm.stand_in import Options, StandIn
from tests.demo.amocrm.conftest import phone
from tests.demo.amocrm.test_process import read, running

BASE = "http://127.0.0.1:1"


def lived() -> StandIn:
    """An account in which something of each kind happened."""
    stand_in = StandIn(Options())
    admin, operator = list(stand_in.account.users)[:2]
    lead = stand_in.create_lead(
        operator,
        {
            "name": "Заявка с сайта",
            "_embedded": {"contacts": [{"first_name": "Без имени", "custom_fields_values": [phone("+79990001234")]}]},
        },
    )
    stand_in.edit_lead(admin, lead.id, {"price": 4500, "_embedded": {"tags": [{"name": "звонок"}]}})
    asked(
        stand_in, "POST", f"/api/v4/leads/{lead.id}/notes", [{"note_type": "common", "params": {"text": "перезвонить"}}]
    )
    asked(
        stand_in,
        "POST",
        "/api/v4/leads/custom_fields",
        [{"name": "Источник", "type": "select", "enums": [{"value": "сайт", "sort": 1}]}],
    )
    asked(stand_in, "POST", "/api/v4/webhooks", {"destination": "http://127.0.0.1:1/hook", "settings": ["add_lead"]})
    return stand_in


def asked(stand_in: StandIn, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token or stand_in.judge_token(BASE)}", "Content-Type": "application/json"}
    sent = b"" if body is None else json.dumps(body).encode()
    answer = stand_in.receive(Incoming(method, path, "", headers, sent, BASE)).answer
    return answer.status, answer.body


def seen(stand_in: StandIn) -> list[tuple[int, Any]]:
    paths = (
        "leads",
        "contacts",
        "leads/pipelines",
        "leads/custom_fields",
        "leads/loss_reasons",
        "users",
        "events",
        "leads/notes",
        "leads/tags",
        "webhooks",
    )
    return [asked(stand_in, "GET", f"/api/v4/{path}") for path in paths]


def reborn(path: Path) -> StandIn:
    stand_in = StandIn(Options())
    assert Keeper(stand_in, path).restore()
    return stand_in


async def write(told: dict[str, Any], path: str, body: Json | list[Json]) -> int:
    headers = {"Authorization": f"Bearer {told['token']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{told['url']}/api/v4/{path}", json=body) as answer:
            made: int = (await answer.json(content_type=None))["_embedded"][path][0]["id"]
            return made


def appears(path: Path) -> bool:
    deadline = time.monotonic() + 10
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.exists()


def exchange(stand_in: StandIn, grant: str, **what: str) -> tuple[int, Json]:
    chosen = stand_in.integration
    fields = {
        "client_id": chosen.client_id,
        "client_secret": chosen.secret,
        "redirect_uri": chosen.redirect_uri,
        "grant_type": grant,
        **what,
    }
    body = json.dumps(fields).encode()
    answer = stand_in.receive(
        Incoming("POST", "/oauth2/access_token", "", {"Content-Type": "application/json"}, body, BASE)
    ).answer
    assert isinstance(answer.body, dict)
    return answer.status, answer.body


def test_what_was_there_is_there_again(tmp_path: Path) -> None:
    before = lived()
    Keeper(before, tmp_path / "account.json").step(ended=True)

    after = reborn(tmp_path / "account.json")

    assert seen(after) == seen(before)
    assert after.account.found("contacts", "9990001234") == list(after.account.contacts)
    assert after.account.next_ids == before.account.next_ids


def test_what_an_admin_has_set_up_goes_on(tmp_path: Path) -> None:
    before = lived()
    stage = before.account.first_stage(before.account.main_pipeline())
    before.control_duplicates(DuplicateControl(stage.pipeline_id, "phone", (stage.id,), several="all"))
    before.robots.add(Robot(stage.pipeline_id, stage.id, {"price": 700}))
    Keeper(before, tmp_path / "account.json").step()

    after = reborn(tmp_path / "account.json")
    lead = after.create_lead(0, {"name": "после перезапуска"})
    after.tick()

    assert after.account.duplicate_control == before.account.duplicate_control
    assert after.account.leads[lead.id].price == 700


def test_a_renamed_account_stays_renamed_behind_whatever_port(tmp_path: Path) -> None:
    before = lived()
    before.serve_at("http://127.0.0.1:1")
    before.rename("renamed", "127.0.0.3")
    Keeper(before, tmp_path / "account.json").step()

    after = reborn(tmp_path / "account.json")
    after.serve_at("http://127.0.0.1:2")

    assert (after.url, after.account.subdomain) == ("http://127.0.0.3:2", "renamed")
    old = after.receive(Incoming("GET", "/api/v4/account", "", {}, b"", "http://127.0.0.1:2")).answer
    assert old.status == 404
    assert reborn(tmp_path / "account.json").moved_to == "127.0.0.3"


def test_tokens_and_integrations_go_on(tmp_path: Path) -> None:
    before = lived()
    _, pair = exchange(before, "authorization_code", code=before.code())
    _, dead = exchange(before, "refresh_token", refresh_token=pair["refresh_token"])
    before.code()
    Keeper(before, tmp_path / "account.json").step()

    after = reborn(tmp_path / "account.json")

    assert after.integration == before.integration
    assert asked(after, "GET", "/api/v4/account", token=dead["access_token"])[0] == 200
    assert asked(after, "GET", "/api/v4/account", token=pair["access_token"])[0] == 401
    assert exchange(after, "refresh_token", refresh_token=pair["refresh_token"])[0] == 400
    assert exchange(after, "refresh_token", refresh_token=dead["refresh_token"])[0] == 200
    assert asked(after, "GET", "/api/v4/account", token=dead["access_token"])[0] == 401
    after.revoke()
    assert not [grant for grant in after.oauth.living().values() if grant.integration.watched]


def test_an_id_of_a_lost_second_is_never_given_out_again(tmp_path: Path) -> None:
    before = lived()
    Keeper(before, tmp_path / "account.json").step()
    lost = before.create_lead(0, {"name": "в последнюю секунду"})

    after = reborn(tmp_path / "account.json")

    assert lost.id not in after.account.leads
    assert after.create_lead(0, {"name": "после"}).id > lost.id


def test_a_file_that_was_ended_counts_as_such_only_until_something_happens(tmp_path: Path) -> None:
    before = lived()
    Keeper(before, tmp_path / "account.json").step(ended=True)
    after = StandIn(Options())
    keeper = Keeper(after, tmp_path / "account.json")
    keeper.restore()
    keeper.step()

    assert reborn(tmp_path / "account.json").account.next_ids["lead"] > after.account.next_ids["lead"]


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    stand_in = lived()
    keeper = Keeper(stand_in, tmp_path / "account.json")
    assert keeper.step() is True

    assert keeper.step() is False
    stand_in.create_lead(0, {"name": "ещё одна"})
    assert keeper.step() is True
    assert [path.name for path in tmp_path.iterdir()] == ["account.json"]


def test_what_the_settings_page_saved_stays(tmp_path: Path) -> None:
    manifest: Json = {"widget": {"version": "1.0.0"}}
    Keeper(lived(), tmp_path / "a.json", Widget("w1", {}, manifest, is_active=False, settings={"a": "б"})).step()

    again = Widget("w1", {}, manifest)
    Keeper(StandIn(Options()), tmp_path / "a.json", again).restore()

    assert (again.is_active, again.settings) == (False, {"a": "б"})


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json", '{"integration": 1}'])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "account.json").write_text(text)

    with pytest.raises(Unreadable, match=r"account\.json cannot be read"):
        Keeper(StandIn(Options()), tmp_path / "account.json").restore()


@pytest.mark.e2e
async def test_a_process_that_was_killed_goes_on_with_what_it_had(tmp_path: Path) -> None:
    state = tmp_path / "account.json"
    more = ("--state", str(state), "--account", "127.0.0.2:32000001:second")
    async with running(*more) as (process, first):
        assert await asyncio.to_thread(appears, state)
        written = await write(first, "leads", [{"name": "сразу перед тем"}])
        other = await write(first["others"][0], "contacts", [{"name": "в другом аккаунте"}])
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with running(*more) as (process, second):
        assert (await read(second["others"][0], f"contacts/{other}"))[1]["name"] == "в другом аккаунте"
        assert (await read(second, f"contacts/{other}"))[0] == 204
        assert second["client_id"] == first["client_id"]
        assert (await read({**second, "token": first["token"]}, "account"))[0] == 200
        assert (await read(second, f"leads/{written}"))[1]["name"] == "сразу перед тем"
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 5) == 0
    assert json.loads(state.read_text())["ended"] is True
