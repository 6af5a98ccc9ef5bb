"""An installed account, and a loopback server in amoCRM's place."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hub.accounts import Account, grant_operation
from hub.amocrm import prepare
from hub.amocrm.blueprint import Preset
from hub.amocrm.client import AmoCrm, AmoCrms, open_amocrm
from hub.clock import machine_now
from hub.integrations import Integration, Integrations, Pair, install
from hub.rules.settings import Pipeline, Settings
from hub.store.engine import Store, open_store
from hub.store.vault import KeyFiles
from tests.hub.amocrm import server as network
from tests.hub.amocrm.schemas import PRIMARY, REPEAT, schema
from tests.hub.amocrm.server import Server

ACCOUNT = 28805383
INTEGRATION = Integration(
    key="main",
    kind="private",
    client_id="2cc9b6b5-0000-4000-8000-000000000001",
    redirect_uri="https://hub.example/oauth/main",
    secret="secret-that-is-longer-than-32-bytes-000",
)
PRESET: Preset = "deal_per_inquiry"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with network.running() as running:
        yield running


@pytest.fixture
async def lite(sqlite_url: str, keys: KeyFiles) -> AsyncIterator[Store]:
    """A store on SQLite only, for what does not depend on the kind of database."""
    async with open_store(sqlite_url, keys) as store:
        yield store


@pytest.fixture
def account() -> Account:
    return grant_operation(ACCOUNT)


async def installed(store: Store, host: str, pair: Pair, account_id: int = ACCOUNT) -> Account:
    """An account with our integration, prepared."""
    account = grant_operation(account_id)
    await Integrations(store).put(INTEGRATION)
    settings = Settings(pipelines={"primary": Pipeline(pipeline_id=PRIMARY), "repeat": Pipeline(pipeline_id=REPEAT)})
    async with store.writing(account) as unit:
        await install(unit, INTEGRATION.key, host, pair)
        await prepare.keep(unit, schema(), settings)
    return account


def fresh_pair() -> Pair:
    return Pair("access-1", "refresh-1", machine_now() + timedelta(days=1))


@pytest.fixture
async def amocrms(lite: Store, server: Server) -> AsyncIterator[AmoCrms]:
    """Clients of an installed account; requests have half a second."""
    await installed(lite, server.host, fresh_pair())
    async with open_amocrm(lite, stand_ins=[server.host], rate=1000, within_seconds=0.5) as opened:
        yield opened


@pytest.fixture
def crm(amocrms: AmoCrms, account: Account) -> AmoCrm:
    return amocrms.crm_of(account)
