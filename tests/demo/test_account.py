"""What stood in amoCRM before the day is put there through the plain API, on the stand-in, and read back as the judge reads."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from demo.account import Api, put, read
from demo.amocrm.app import serving
from demo.amocrm.stand_in import Options, StandIn
from demo.clinic.leads import LOST, NEW, PRIMARY, REPEAT, WON, GivenDeal
from tests.demo.clinic.little import moment

STATUSES = [{"name": NEW, "sort": 10, "color": "#fffeb2"}, {"name": "Записан", "sort": 20, "color": "#fffd7f"}]
EARLIER = moment("-75 07:00")


class Clock:
    """The business clock of the account."""

    def __init__(self) -> None:
        self.now = moment("07:00")

    def turn(self, moment: datetime) -> None:
        self.now = moment

    def __call__(self) -> int:
        return int(self.now.timestamp())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def account(clock: Clock) -> AsyncIterator[tuple[str, str]]:
    stand_in = StandIn(Options(rate=1000, account_rate=1000), clock)
    async with serving(stand_in, "127.0.0.1", 0) as url:
        token = stand_in.judge_token(url)
        async with Api(url, token) as api:
            for sort, name in enumerate((PRIMARY, REPEAT)):
                await api.post(
                    "leads/pipelines",
                    [
                        {
                            "name": name,
                            "sort": sort,
                            "is_main": False,
                            "is_unsorted_on": False,
                            "_embedded": {"statuses": STATUSES},
                        }
                    ],
                )
        yield url, token


def lead(contact: int, **deal: object) -> GivenDeal:
    known: dict[str, object] = {"deal_name": "Заявка", "created_at": moment("-3 07:00"), **deal}
    return GivenDeal(contact, f"+7999000{contact:04}", f"Заявка №{contact}", **known)  # type: ignore[arg-type]


async def test_leads_are_put_and_read_back(account: tuple[str, str], clock: Clock) -> None:
    given = [
        lead(1, price=5000),
        lead(2, stage=None),
        lead(3, stage=LOST),
        lead(4, stage=WON),
        lead(5, created_at=EARLIER),
        lead(6),
        lead(6, price=100),
    ]

    stood = await put(given, *account, turn_clock=clock.turn)

    assert {(s.contact, s.stage, s.price, s.created_at) for s in stood} == {
        (g.contact, g.stage, g.price, g.created_at) for g in given
    }
    async with Api(*account) as api:
        found = await read(api)
    contacts = {contact.id: contact for contact in found.contacts}
    deals = {deal.id: deal for deal in found.deals}
    assert len(contacts) == 6
    assert len(deals) == 6
    for known in stood:
        assert known.contact_id is not None
        assert contacts[known.contact_id].name == known.contact_name
        assert contacts[known.contact_id].phones == {known.phone}
        if known.stage is not None:
            deal = deals[known.deal_id or 0]
            assert (deal.pipeline, deal.stage, deal.price, deal.name) == (PRIMARY, known.stage, known.price, "Заявка")
            assert deal.main_contact == known.contact_id


async def test_without_a_clock_they_have_the_time_at_which_they_were_put(account: tuple[str, str]) -> None:
    (stood,) = await put([lead(1, created_at=EARLIER)], *account)

    assert stood.created_at == moment("07:00")


async def test_many_are_put_in_batches_and_read_in_pages(account: tuple[str, str]) -> None:
    stood = await put([lead(n) for n in range(1, 301)], *account)

    assert len({known.deal_id for known in stood}) == 300
    async with Api(*account) as api:
        found = await read(api)
    assert (len(found.deals), len(found.contacts)) == (300, 300)


async def test_nothing_to_put_asks_for_no_pipeline(account: tuple[str, str]) -> None:
    assert await put([], *account) == []


def test_the_old_ones_are_older_than_what_may_be_joined() -> None:
    assert moment("07:00") - EARLIER > timedelta(days=60)
