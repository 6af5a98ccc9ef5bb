"""The door of a whole hub process, beside the stand-in: who is let in, and that an open card does not hold up the stop."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from demo.amocrm.app import serving as serving_stand_in
from demo.amocrm.stand_in import Options, StandIn
from hub.accounts import grant_operation
from hub.integrations import Integration, Integrations, Pair, install
from hub.panel.door import BAD_QUESTION, NO_SUCH_ADDRESS
from hub.store.engine import open_store
from hub.store.vault import KeyFiles
from tests.hub.panel.serving import Told
from tests.hub.processes import Hub, Serving, serving

PUBLIC_URL = "https://hub.example.ru"
REQUESTS = json.loads((Path(__file__).parents[2] / "panel" / "requests.json").read_text("utf-8"))


@dataclass
class Whole:
    """A hub, a stand-in in whose account it is installed, and a deal there."""

    served: Serving
    stand_in: StandIn
    origin: str
    session: aiohttp.ClientSession

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.served.told['port']}"

    async def ask(self, path: str, *, method: str = "GET", user: int = 1, **given: object) -> Told:
        users = list(self.stand_in.account.users)
        headers = {"Origin": self.origin, "X-Auth-Token": self.stand_in.disposable_token(self.origin, users[user])}
        async with self.session.request(method, self.base + path, headers=headers, json=given or None) as answer:
            return Told(answer.status, answer.headers, await answer.json())


@pytest.fixture
async def whole(
    tmp_path: Path,
    migrated_sqlite: bytes,
    master_key: bytes,
    keys: KeyFiles,
    session: aiohttp.ClientSession,
) -> AsyncIterator[Whole]:
    (tmp_path / "master.key").write_text(master_key.hex())
    (tmp_path / "hub.db").write_bytes(migrated_sqlite)
    stand_in = StandIn(Options(redirect_uri=f"{PUBLIC_URL}/oauth/smile", rate=200, account_rate=900))
    async with serving_stand_in(stand_in) as origin:
        host, given = origin.removeprefix("http://"), stand_in.integration
        hub = Hub(tmp_path, {"HUB_AMOCRM_HOSTS": host, "HUB_PUBLIC_URL": PUBLIC_URL})
        async with open_store(f"sqlite:///{tmp_path / 'hub.db'}", keys) as store:
            known = Integration("smile", "private", given.client_id, f"{PUBLIC_URL}/oauth/smile", given.secret)
            await Integrations(store).put(known)
            async with store.writing(grant_operation(stand_in.account.id)) as unit:
                await install(unit, "smile", host, Pair(stand_in.long_lived_token(origin)))
        with serving(hub) as served:
            yield Whole(served, stand_in, origin, session)


async def test_a_hub_lets_users_in_tells_open_cards_and_stops_at_once(whole: Whole) -> None:
    users = list(whole.stand_in.account.users)
    lead = whole.stand_in.create_lead(users[1], {"name": "Осмотр"})
    whole.stand_in.account.users[users[2]].view = "M"

    known = await whole.ask(f"/panel/v1/deals/{lead.id}")
    stranger = await whole.ask("/panel/v1/stream", method="POST", user=2, deal=lead.id)
    nowhere = await whole.ask("/panel/v1/nowhere")
    ticket = await whole.ask("/panel/v1/stream", method="POST", deal=lead.id)
    golden = [await whole.ask(one["path"], method=one["method"], **one.get("body", {})) for one in REQUESTS]

    assert (known.status, known.body["state"]) == (200, "not_configured")
    assert (stranger.status, stranger.code) == (403, "refused")
    assert (nowhere.status, nowhere.code) == (404, "bad_question")
    assert {told.readable_by for told in (known, stranger, nowhere, ticket, *golden)} == {whole.origin}
    assert {told.body.get("reason") for told in golden}.isdisjoint({NO_SUCH_ADDRESS, BAD_QUESTION}), (
        "what widgets send is served"
    )

    url = ticket.body["url"].replace(PUBLIC_URL, whole.base)
    async with whole.session.get(url, headers={"Origin": whole.origin}) as card:
        assert await card.content.readuntil(b"\n\n") == b"event: beat\ndata: {}\n\n"
        code = await asyncio.to_thread(whole.served.stop)

        assert (await card.content.read()) == b""  # ended; listeners that had waited for it would have broken it off
    assert code == 0
