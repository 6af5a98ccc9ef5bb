"""How an integration comes in and leaves: the server's GET at an installation, the page of consent, the hook at the end."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from demo.amocrm import desk, installing
from demo.amocrm.app import serving
from demo.amocrm.archive import unpacked
from demo.amocrm.errors import Refused
from demo.amocrm.stand_in import Options, StandIn
from tests.demo.amocrm.conftest import Clocks, Crm
from tests.widget.archives import good, packed


@dataclass
class Integrator:
    """A server that writes down what amoCRM tells it, and answers as a test wants."""

    url: str = ""
    told: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    status: int = 200
    waits: asyncio.Event | None = None

    async def hear(self, request: web.Request) -> web.Response:
        self.told.append((request.path, dict(request.query)))
        if self.waits:
            await self.waits.wait()
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@pytest.fixture
async def integrator() -> AsyncIterator[Integrator]:
    one, app = Integrator(), web.Application()
    app.router.add_get("/{path:.*}", one.hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield one
    await runner.cleanup()


@pytest.fixture
async def crm(options: Options, clocks: Clocks, integrator: Integrator, tmp_path: Path) -> AsyncIterator[Crm]:
    (tmp_path / "widget.zip").write_bytes(packed(good()))
    to = replace(options, redirect_uri=f"{integrator.url}/oauth/a", uninstall_uri=f"{integrator.url}/oauth/a/uninstall")
    stand_in = StandIn(to, lambda: clocks.business, lambda: clocks.machine, lambda: clocks.machine)
    async with (
        serving(stand_in, widget=unpacked(tmp_path / "widget.zip")) as url,
        aiohttp.ClientSession() as session,
    ):
        yield Crm(session, url, stand_in.long_lived_token(url), stand_in, clocks)


async def switch(crm: Crm, *, on: bool) -> None:
    """Save of the widget's modal, by the admin."""
    cookies = {desk.COOKIE: str(min(crm.stand_in.account.users))}
    async with aiohttp.ClientSession(cookies=cookies) as session:
        body = {"is_active": on, "settings": {}}
        async with session.put(f"{crm.url}/_stand-in/pages/widget", json=body) as answer:
            assert answer.status == 200, await answer.text()


async def exchange(crm: Crm, code: str) -> int:
    chosen = crm.stand_in.integration
    body = {
        "client_id": chosen.client_id,
        "client_secret": chosen.secret,
        "redirect_uri": chosen.redirect_uri,
        "grant_type": "authorization_code",
        "code": code,
    }
    return (await crm.ask("POST", "/oauth2/access_token", body)).status


async def test_switching_off_kills_every_token_and_the_hook_is_signed(crm: Crm, integrator: Integrator) -> None:
    assert (await crm.get("account")).status == 200

    await switch(crm, on=False)

    assert (await crm.get("account")).status == 401
    [(path, said)] = integrator.told
    chosen, account = crm.stand_in.integration, crm.stand_in.account.id
    assert path == "/oauth/a/uninstall"
    assert said.keys() == {"account_id", "client_uuid", "signature"}
    wanted = hmac.new(chosen.secret.encode(), f"{chosen.client_id}|{account}".encode(), "sha256").hexdigest()
    assert said == {"account_id": str(account), "client_uuid": chosen.client_id, "signature": wanted}

    await switch(crm, on=False)
    assert len(integrator.told) == 1, "what is off is not switched off again"


async def test_the_widgets_install_brings_a_code_from_server_to_server(crm: Crm, integrator: Integrator) -> None:
    await switch(crm, on=True)
    assert integrator.told == [], "it is installed already: to save settings is not to install"
    await switch(crm, on=False)
    integrator.told.clear()

    await switch(crm, on=True)

    [(path, said)] = integrator.told
    assert path == "/oauth/a"
    assert said == {
        "code": said["code"],
        "referer": crm.url.removeprefix("http://"),
        "from_widget": "1",
        "platform": "1",
    }
    assert await exchange(crm, said["code"]) == 200
    assert await exchange(crm, said["code"]) == 400


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_nobody_looks_at_the_answer_and_nothing_is_told_twice(
    crm: Crm, integrator: Integrator, status: int
) -> None:
    integrator.status = status

    assert await installing.install(crm.stand_in, min(crm.stand_in.account.users), "a.example") == status

    assert len(integrator.told) == 1, "no second attempt, and no redirect is followed"


async def test_who_takes_longer_than_three_seconds_is_left_behind(
    crm: Crm, integrator: Integrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installing.PATIENCE_SECONDS == 3.0
    monkeypatch.setattr(installing, "PATIENCE_SECONDS", 0.05)
    integrator.waits = asyncio.Event()

    told = await installing.install(crm.stand_in, min(crm.stand_in.account.users), "a.example")

    assert (told, len(integrator.told)) == (installing.NO_ANSWER, 1)
    integrator.waits.set()
    assert await exchange(crm, integrator.told[0][1]["code"]) == 200, "the code lives on: whoever wrote it down is in"


async def test_nobody_outside_this_machine_is_dialled(options: Options) -> None:
    stand_in = StandIn(replace(options, redirect_uri="https://hub.example.ru/oauth"))
    assert await installing.install(stand_in, min(stand_in.account.users), "a") == installing.NO_ANSWER
    assert await installing.disable(stand_in) == installing.NO_ANSWER


# The page of consent.


async def ask(crm: Crm, user_id: int, **query: str) -> int:
    cookies = {desk.COOKIE: str(user_id)}
    async with aiohttp.ClientSession(cookies=cookies) as session:
        async with session.get(f"{crm.url}/oauth", params=query) as answer:
            text = await answer.text()
            assert (answer.status == 200) == ("Разрешить" in text)
            return answer.status


async def press(crm: Crm, user_id: int, button: str, state: str | None) -> tuple[str, dict[str, list[str]]]:
    cookies, query = {desk.COOKIE: str(user_id)}, {} if state is None else {"state": state}
    async with (
        aiohttp.ClientSession(cookies=cookies) as session,
        session.post(f"{crm.url}/oauth", params=query, data={"allow": button}, allow_redirects=False) as answer,
    ):
        to = urlsplit(answer.headers.get("Location", ""))
        return to._replace(query="").geturl(), parse_qs(to.query)


async def test_an_admin_lets_the_integration_in_or_not(crm: Crm) -> None:
    admin, operator, *_ = crm.stand_in.account.users
    client = crm.stand_in.integration.client_id

    assert await ask(crm, admin, client_id=client, state="s&=1") == 200
    assert await ask(crm, operator, client_id=client) == 403
    assert await ask(crm, admin, client_id="other") == 404
    assert await ask(crm, admin, client_id=client, mode="post_message") == 400
    assert await ask(crm, admin, client_id=client, scope="all") == 400

    to, said = await press(crm, admin, "yes", "s&=1")
    assert to == crm.stand_in.integration.redirect_uri
    assert said.keys() == {"code", "referer", "platform", "state"}
    assert (said["state"], said["referer"]) == (["s&=1"], [crm.url.removeprefix("http://")])
    assert await exchange(crm, said["code"][0]) == 200
    assert (await press(crm, admin, "no", "s"))[1] == {"error": ["access_denied"], "state": ["s"]}
    assert (await press(crm, admin, "yes", None))[1].keys() == {"code", "referer", "platform"}
    assert (await press(crm, operator, "yes", None))[0] == "", "who is no admin is led nowhere"


# Kinds of integrations.


def test_a_public_integration_has_no_long_lived_tokens(options: Options) -> None:
    stand_in = StandIn(replace(options, public=True))

    with pytest.raises(Refused, match="no long-lived"):
        stand_in.long_lived_token("http://127.0.0.1")
    assert stand_in.judge_token("http://127.0.0.1")


@pytest.mark.parametrize("days", [0, 5 * 365 + 1])
def test_a_long_lived_token_lives_from_a_day_to_five_years(stand_in: StandIn, days: int) -> None:
    with pytest.raises(Refused):
        stand_in.oauth.long_lived(stand_in.integration, min(stand_in.account.users), "http://127.0.0.1", days=days)
