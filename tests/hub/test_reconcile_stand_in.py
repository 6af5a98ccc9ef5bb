"""Delivery to the amoCRM stand-in over real sockets, where its network fails in ways that a fake behind the port cannot."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from demo.amocrm.app import serving
from demo.amocrm.stand_in import Options, StandIn
from hub.amocrm import prepare
from hub.amocrm.client import AmoCrm, open_amocrm
from hub.clock import machine_now
from hub.crm import AnswerLost
from hub.integrations import Integrations, Pair, install
from hub.reconcile import Reconcile
from hub.reconcile.resolve import UnderWay
from hub.store.engine import Store, open_store
from hub.store.vault import KeyFiles
from tests.hub.amocrm.conftest import INTEGRATION
from tests.hub.clinic_day import ZONE, Day, Hands, at, begun, patient, visit

PLENTY = 1000


@dataclass
class There:
    """A clinic whose account is the stand-in's."""

    day: Day
    amocrm: StandIn
    crm: AmoCrm

    async def step(self) -> int:
        """One of a process just started."""
        day = self.day
        return await Reconcile(day.store, lambda _: self.crm, day.clock, now=lambda: machine_now() + day.gone_by).step(
            day.account
        )

    @property
    def deals(self) -> list[str]:
        """By their names."""
        return [lead.name for lead in self.amocrm.account.leads.values()]


@pytest.fixture
async def there(sqlite_url: str, keys: KeyFiles) -> AsyncIterator[There]:
    """Installed and prepared."""
    hands = Hands()
    options = Options(rate=PLENTY, account_rate=PLENTY, filters=True)
    amocrm = StandIn(options, lambda: int(hands.now().timestamp()))
    async with open_store(sqlite_url, keys) as store, serving(amocrm) as url:
        day = replace(await begun(store, account_id=options.account_id), clock=hands)
        host = url.removeprefix("http://")
        await _install(store, day, host, amocrm.long_lived_token(url))
        async with open_amocrm(store, stand_ins=[host], rate=PLENTY) as amocrms:
            crm = amocrms.crm_of(day.account)
            await _prepare(day, crm)
            yield There(day, amocrm, crm)


async def _install(store: Store, day: Day, host: str, token: str) -> None:
    await Integrations(store).put(INTEGRATION)
    async with store.writing(day.account) as unit:
        await install(unit, INTEGRATION.key, host, Pair(token, "refresh", machine_now() + timedelta(days=1)))


async def _prepare(day: Day, crm: AmoCrm) -> None:
    schema, settings = await prepare.apply(crm, await prepare.prepare(crm, "deal_per_inquiry", ZONE.key))
    async with day.store.writing(day.account) as unit:
        await prepare.keep(unit, schema, settings)
    await day.configure(settings)


async def test_a_deal_that_amocrm_makes_long_after_it_hung_up_is_not_made_twice(there: There) -> None:
    there.amocrm.faults.add("POST /api/v4/leads/complex", "late_lost")
    await there.day.tell(patient(), visit("81234", at(14, 30)))
    with pytest.raises(AnswerLost):
        await there.step()

    with pytest.raises(UnderWay):
        await there.step()
    assert there.deals == []
    there.amocrm.turn(20)
    await there.step()

    assert there.deals == ["Петров Пётр Ильич"]
    assert len(await there.day.links()) == 1
    assert await there.day.left_over() == {"dirty": 0, "intents": 0}


@pytest.mark.parametrize("route", ["leads/complex", "leads/notes"])
async def test_what_amocrm_did_though_its_answer_was_lost_is_found_at_once(there: There, route: str) -> None:
    there.amocrm.faults.add(f"POST /api/v4/{route}", "lost")
    await there.day.tell(patient(), visit("81234", at(14, 30)))
    if route == "leads/notes":
        await there.step()
        await there.day.tell(visit("81234", at(16)))
    with pytest.raises(AnswerLost):
        await there.step()

    await there.step()

    assert there.deals == ["Петров Пётр Ильич"]
    assert len(there.amocrm.account.notes["leads"]) == (route == "leads/notes")
    assert await there.day.left_over() == {"dirty": 0, "intents": 0}
