"""A stand-in on a socket with clocks that a test turns, and a client that says what came back."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from demo.amocrm.app import serving
from demo.amocrm.model import Json
from demo.amocrm.stand_in import Options, StandIn

REDIRECT = "http://127.0.0.1:8080/oauth/demo"
BUSINESS = 1_795_400_000
PLENTY = 1_000_000


@dataclass
class Clocks:
    """Business and machine time, as the test sets them."""

    business: int = BUSINESS
    machine: float = 1_800_000_000.0


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    type: str
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    def items(self, name: str) -> list[Json]:
        """What a list embeds."""
        found: list[Json] = self.body["_embedded"][name]
        return found

    def problems(self) -> list[tuple[str, str]]:
        """(code, path) of everything that was wrong."""
        return [(error["code"], error["path"]) for item in self.body["validation-errors"] for error in item["errors"]]


@dataclass
class Crm:
    """A client of the stand-in."""

    session: aiohttp.ClientSession
    url: str
    token: str
    stand_in: StandIn
    clocks: Clocks

    async def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Said:
        """One request of the API, or of another path that begins with a slash."""
        url = self.url + (path if path.startswith("/") else f"/api/v4/{path}")
        bearer = self.token if token is None else token
        sent = {"Authorization": f"Bearer {bearer}", **{name.replace("_", "-"): text for name, text in headers.items()}}
        async with self.session.request(method, url, json=body, headers=sent) as answer:
            return Said(answer.status, answer.content_type, await answer.text())

    async def get(self, path: str) -> Said:
        return await self.ask("GET", path)

    async def post(self, path: str, body: Any) -> Said:
        return await self.ask("POST", path, body)

    async def patch(self, path: str, body: Any) -> Said:
        return await self.ask("PATCH", path, body)

    async def lead(self, **body: Any) -> int:
        """A new lead's id."""
        said = await self.post("leads", [body])
        assert said.status == 200, said.text
        lead_id: int = said.items("leads")[0]["id"]
        return lead_id

    async def contact(self, **body: Any) -> int:
        """A new contact's id."""
        said = await self.post("contacts", [body])
        assert said.status == 200, said.text
        contact_id: int = said.items("contacts")[0]["id"]
        return contact_id

    async def field(self, entity: str, kind: str, **body: Any) -> Json:
        """A new custom field."""
        said = await self.post(f"{entity}/custom_fields", [{"name": f"Поле {kind}", "type": kind, **body}])
        assert said.status == 201, said.text
        return said.items("custom_fields")[0]

    @property
    def pipeline(self) -> int:
        """The main pipeline."""
        return self.stand_in.account.main_pipeline().id

    @property
    def stages(self) -> list[int]:
        """The main pipeline's own stages, in their order."""
        statuses = self.stand_in.account.main_pipeline().statuses.values()
        return [status.id for status in statuses if status.type == 0 and status.is_editable]


def phone(number: str, code: str = "MOB") -> Json:
    """A contact's phone, as it is written."""
    return {"field_code": "PHONE", "values": [{"value": number, "enum_code": code}]}


@pytest.fixture
def options() -> Options:
    return Options(redirect_uri=REDIRECT, rate=PLENTY, account_rate=PLENTY)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def stand_in(options: Options, clocks: Clocks) -> StandIn:
    return StandIn(options, lambda: clocks.business, lambda: clocks.machine, lambda: clocks.machine)


@pytest.fixture
async def crm(stand_in: StandIn, clocks: Clocks) -> AsyncIterator[Crm]:
    async with serving(stand_in) as url, aiohttp.ClientSession() as session:
        yield Crm(session, url, stand_in.long_lived_token(url), stand_in, clocks)
