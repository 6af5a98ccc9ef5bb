"""What a user may see, as the stand-in and a server of every temper say it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from demo.amocrm.app import serving as serving_stand_in
from demo.amocrm.model import Lead
from demo.amocrm.stand_in import Options, StandIn
from hub.accounts import grant_operation
from hub.amocrm.client import AmoCrms, open_amocrm
from hub.integrations import Integrations, Pair, install
from hub.panel import shared as module
from hub.panel.rights import REFUSAL_HOLDS_SECONDS, Rights, User, granted
from hub.panel.shared import Shared
from hub.panel.visitor import Told, Visitor
from hub.store.engine import Store
from tests.hub.amocrm import server as network
from tests.hub.amocrm.server import CLOSE, EMPTY, Asked, Reply, Server, nginx, problem
from tests.hub.panel.tokens import ACCOUNT, INTEGRATION, USER

LEAD = {
    "name": "Осмотр",
    "_embedded": {
        "contacts": [
            {
                "name": "Канарейкин",
                "custom_fields_values": [
                    {"field_code": "PHONE", "values": [{"value": "8 999 000-12-34, мама", "enum_code": "MOB"}]}
                ],
            }
        ]
    },
}


async def install_at(store: Store, host: str, account_id: int) -> None:
    await Integrations(store).put(INTEGRATION)
    async with store.writing(grant_operation(account_id)) as unit:
        await install(unit, INTEGRATION.key, host, Pair("access"))


async def refusal(asking: Awaitable[Any]) -> tuple[int, str, str]:
    with pytest.raises(Told) as caught:
        await asking
    return caught.value.status, caught.value.code, caught.value.reason


# With the stand-in


@dataclass
class Clinic:
    """An account of the stand-in with a deal of its second user, and the rights there."""

    stand_in: StandIn
    rights: Rights
    lead: Lead
    users: list[int]

    def visitor(self, number: int) -> Visitor:
        return Visitor(grant_operation(self.stand_in.account.id), self.users[number], "")

    def user(self, number: int) -> Any:
        return self.stand_in.account.users[self.users[number]]

    @property
    def contact_id(self) -> int:
        return self.lead.contacts[0]

    def asked(self, path: str) -> int:
        """How many requests went to a route."""
        routes = self.stand_in.counts()["by_route"]
        return sum(sum(statuses.values()) for name, statuses in routes.items() if name == f"GET /api/v4/{path}")


@pytest.fixture
async def clinic(lite: Store) -> AsyncIterator[Clinic]:
    stand_in = StandIn(Options(rate=1000, account_rate=1000))
    async with serving_stand_in(stand_in) as base:
        host = base.removeprefix("http://")
        account = grant_operation(stand_in.account.id)
        async with lite.writing(account) as unit:
            await install(unit, INTEGRATION.key, host, Pair(stand_in.long_lived_token(base)))
        users = list(stand_in.account.users)
        lead = stand_in.create_lead(users[1], LEAD)
        async with open_amocrm(lite, stand_ins=[host], rate=1000) as amocrms:
            yield Clinic(stand_in, Rights(amocrms), lead, users)


async def test_an_admin_and_an_operator_are_told_apart_by_amocrm(clinic: Clinic) -> None:
    admin, operator = await clinic.rights.user(clinic.visitor(0)), await clinic.rights.user(clinic.visitor(1))

    assert (admin.is_admin, operator.is_admin) == (True, False)
    assert (operator.id, operator.name, operator.is_free, operator.is_active) == (
        clinic.users[1],
        "Белова Ольга",
        False,
        True,
    )
    assert "Белова" not in repr(operator)


async def test_who_may_see_a_card_gets_what_the_panel_needs_of_it(clinic: Clinic) -> None:
    visitor = clinic.visitor(1)
    deal = await clinic.rights.seen_deal(visitor, clinic.lead.id)
    contact = await clinic.rights.seen_contact(visitor, clinic.contact_id)

    assert (deal.id, deal.contact_ids, deal.main_contact_id) == (
        clinic.lead.id,
        (clinic.contact_id,),
        clinic.contact_id,
    )
    assert (contact.name, contact.phones, contact.raw_phones) == (
        "Канарейкин",
        ("+79990001234",),
        ("8 999 000-12-34, мама",),
    )
    assert "Канарейкин" not in repr(contact)
    assert "1234" not in repr(contact)


async def test_who_sees_his_own_cards_only_sees_no_others(clinic: Clinic) -> None:
    for number in (1, 2):
        clinic.user(number).view = "M"

    assert (await clinic.rights.seen_deal(clinic.visitor(1), clinic.lead.id)).id == clinic.lead.id
    for asking in (
        clinic.rights.seen_deal(clinic.visitor(2), clinic.lead.id),
        clinic.rights.seen_contact(clinic.visitor(2), clinic.contact_id),
    ):
        status, code, reason = await refusal(asking)
        assert (status, code) == (403, "refused")
        assert "администратор" in reason


async def test_a_free_user_sees_nothing_and_amocrm_is_not_even_asked(clinic: Clinic) -> None:
    clinic.user(1).is_free = True

    status, code, reason = await refusal(clinic.rights.seen_deal(clinic.visitor(1), clinic.lead.id))

    assert (status, code) == (403, "refused")
    assert "Бесплатному" in reason
    assert clinic.asked("leads/{}") == 0


async def test_a_user_who_was_switched_off_or_never_was_sees_nothing(clinic: Clinic) -> None:
    clinic.user(1).is_active = False
    stranger = Visitor(clinic.visitor(1).account, 999_999, "")

    assert (await refusal(clinic.rights.seen_deal(clinic.visitor(1), clinic.lead.id)))[:2] == (403, "refused")
    assert (await refusal(clinic.rights.seen_deal(stranger, clinic.lead.id)))[:2] == (403, "refused")


async def test_a_card_that_is_gone_is_not_a_card_that_is_kept_from_somebody(clinic: Clinic) -> None:
    assert (await refusal(clinic.rights.seen_deal(clinic.visitor(1), 999)))[:2] == (404, "unknown_card")
    assert (await refusal(clinic.rights.seen_contact(clinic.visitor(1), 999)))[:2] == (404, "unknown_card")


async def test_what_amocrm_said_counts_for_each_user_and_card_and_is_asked_for_once(clinic: Clinic) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(clinic.rights.seen_deal(clinic.visitor(1), clinic.lead.id))
    await clinic.rights.seen_deal(clinic.visitor(1), clinic.lead.id)
    assert (clinic.asked("users/{}"), clinic.asked("leads/{}")) == (1, 1)

    await clinic.rights.seen_deal(clinic.visitor(2), clinic.lead.id)
    assert (clinic.asked("users/{}"), clinic.asked("leads/{}")) == (2, 2)


async def test_an_account_that_amocrm_blocked_is_refused_with_the_reason(clinic: Clinic) -> None:
    clinic.stand_in.faults.mode = "blocked"

    status, code, reason = await refusal(clinic.rights.seen_deal(clinic.visitor(1), clinic.lead.id))

    assert (status, code) == (403, "refused")
    assert "заблокировала" in reason


# With a server that answers what nobody documented


@dataclass
class Temper:
    """A server that knows the user, and answers about deal 1 one thing to the user and another to the hub."""

    server: Server
    amocrms: AmoCrms
    rights: Rights
    store: Store

    def answers(self, user: Reply | list[Reply], hub: Reply) -> None:
        replies = user if isinstance(user, list) else [user]

        def answer(asked: Asked) -> Reply:
            if "X-Context-User-ID" not in asked.headers:
                return hub
            return replies.pop(0) if len(replies) > 1 else replies[0]

        self.server.on("GET /api/v4/leads/1", answer)

    async def blocked(self) -> str | None:
        return (await Integrations(self.store).writing(grant_operation(ACCOUNT))).blocked


@pytest.fixture
async def temper(lite: Store) -> AsyncIterator[Temper]:
    async with network.running() as server, opened(lite, server) as amocrms:
        rights = {"is_admin": False, "is_free": False, "is_active": True, "group_id": 5, "role_id": 7}
        server.on(f"GET /api/v4/users/{USER}", Reply(200, {"id": USER, "name": "Белова", "rights": rights}))
        yield Temper(server, amocrms, Rights(amocrms), lite)


@asynccontextmanager
async def opened(store: Store, server: Server) -> AsyncIterator[AmoCrms]:
    await install_at(store, server.host, ACCOUNT)
    async with open_amocrm(store, stand_ins=[server.host], rate=1000, within_seconds=0.5) as amocrms:
        yield amocrms


VISITOR = Visitor(grant_operation(ACCOUNT), USER, "")
THERE = Reply(200, {"id": 1, "name": "Сделка"})
REFUSALS = [problem(403), problem(401), nginx(403), EMPTY, problem(404), Reply(200, {"id": 1, "is_deleted": True})]


@pytest.mark.parametrize("said", REFUSALS)
async def test_however_amocrm_refuses_a_user_nobody_else_suffers(temper: Temper, said: Reply) -> None:
    temper.answers(said, THERE)

    assert (await refusal(temper.rights.seen_deal(VISITOR, 1)))[:2] == (403, "refused")
    assert await temper.blocked() is None
    asked = temper.server.asked_for("GET /api/v4/leads/1")
    assert {one.headers.get("X-Context-User-ID") for one in asked} == {str(USER), None}


@pytest.mark.parametrize("said", REFUSALS)
async def test_a_card_that_the_hub_does_not_find_either_is_gone(temper: Temper, said: Reply) -> None:
    temper.answers(said, EMPTY)

    assert (await refusal(temper.rights.seen_deal(VISITOR, 1)))[:2] == (404, "unknown_card")


async def test_a_token_that_wore_out_is_no_missing_right(temper: Temper) -> None:
    temper.answers([problem(401), THERE], THERE)

    assert (await temper.rights.seen_deal(VISITOR, 1)).id == 1


async def test_a_refusal_is_remembered_but_not_for_long(temper: Temper) -> None:
    temper.answers(problem(403), THERE)
    await refusal(temper.rights.seen_deal(VISITOR, 1))
    asked = len(temper.server.asked)
    await refusal(temper.rights.seen_deal(VISITOR, 1))

    assert len(temper.server.asked) == asked
    assert REFUSAL_HOLDS_SECONDS < 60


@pytest.mark.parametrize("said", [nginx(429), nginx(502), problem(500)])
async def test_an_amocrm_that_does_not_answer_is_told_as_busy_and_not_remembered(temper: Temper, said: Reply) -> None:
    temper.answers([said, THERE], THERE)

    status, code, reason = await refusal(temper.rights.seen_deal(VISITOR, 1))

    assert (status, code) == (503, "busy")
    assert "Повторите" in reason
    if said.status != 429:  # after that nothing goes out for a while
        assert (await temper.rights.seen_deal(VISITOR, 1)).id == 1


def lead_of(*contacts: int) -> Reply:
    return Reply(200, {"id": 1, "name": "Сделка", "_embedded": {"contacts": [{"id": one} for one in contacts]}})


async def test_what_was_changed_in_a_card_is_seen_within_seconds(temper: Temper) -> None:
    now = [0.0]
    rights = Rights(temper.amocrms, lambda: now[0])
    temper.answers([lead_of(901), lead_of(901, 902)], CLOSE)
    seen = []
    for seconds in (0, 4, 6):
        now[0] = seconds
        seen.append((await rights.seen_deal(VISITOR, 1)).contact_ids)

    assert seen == [(901,), (901,), (901, 902)]
    assert len(temper.server.asked_for(f"GET /api/v4/users/{USER}")) == 1


@pytest.mark.parametrize("away", [nginx(502), nginx(429), CLOSE])
async def test_what_was_seen_counts_for_five_minutes_while_amocrm_is_away(temper: Temper, away: Reply) -> None:
    now = [0.0]
    rights = Rights(temper.amocrms, lambda: now[0])
    temper.answers([THERE, away], away)
    first = await rights.seen_deal(VISITOR, 1)
    now[0] = 299

    assert await rights.seen_deal(VISITOR, 1) == first
    assert len(temper.server.asked_for("GET /api/v4/leads/1")) > 1


async def test_a_refusal_does_not_outlive_its_half_minute_while_amocrm_is_away(temper: Temper) -> None:
    now = [0.0]
    rights = Rights(temper.amocrms, lambda: now[0])
    temper.answers([problem(403), problem(403), nginx(502)], THERE)
    assert (await refusal(rights.seen_deal(VISITOR, 1)))[:2] == (403, "refused")
    now[0] = 31

    assert (await refusal(rights.seen_deal(VISITOR, 1)))[:2] == (503, "busy")


async def test_a_subscription_that_ended_is_told(temper: Temper) -> None:
    temper.answers(problem(402), problem(402))

    status, code, reason = await refusal(temper.rights.seen_deal(VISITOR, 1))

    assert (status, code) == (403, "refused")
    assert "Подписка" in reason


async def test_an_account_that_took_our_tokens_back_is_refused_with_the_reason(temper: Temper) -> None:
    temper.answers(problem(401), problem(401))

    status, code, reason = await refusal(temper.rights.seen_deal(VISITOR, 1))

    assert (status, code) == (403, "refused")
    assert "установить" in reason
    assert await temper.blocked() == "unauthorised"


# granted


@pytest.mark.parametrize(
    ("user", "whom", "may"),
    [
        (User(1), ("all",), True),
        (User(1), (), False),
        (User(1), ("admin",), False),
        (User(1, is_admin=True), ("admin",), True),
        (User(1, is_admin=True), ("group:5",), False),
        (User(1, group_id=5), ("admin", "group:5"), True),
        (User(1, group_id=55), ("group:5",), False),
        (User(1, role_id=5), ("group:5",), False),
        (User(1, role_id=7), ("role:7",), True),
        (User(1, is_free=True), ("all",), False),
        (User(1, is_admin=True, is_free=True), ("admin",), False),
        (User(1, is_active=False), ("all",), False),
    ],
)
def test_whom_the_settings_name(user: User, whom: tuple[str, ...], may: bool) -> None:
    assert granted(user, whom) is may


# Shared


class Held:
    """An answer that comes when the test lets it."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()

    async def ask(self) -> str:
        self.asked += 1
        await self.go.wait()
        return f"answer {self.asked}"


async def test_an_answer_grows_old() -> None:
    now = [0.0]
    shared: Shared[str, str] = Shared(lambda _: 300, lambda: now[0])
    held = Held()
    held.go.set()

    assert await shared.get("a", held.ask) == "answer 1"
    now[0] = 299
    assert await shared.get("a", held.ask) == "answer 1"
    now[0] = 300
    assert await shared.get("a", held.ask) == "answer 2"
    assert await shared.get("b", held.ask) == "answer 3"


async def test_what_is_held_counts_in_need_and_nobody_waits_long_for_a_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.01)
    now = [0.0]
    shared: Shared[str, str] = Shared(lambda _: 5, lambda: now[0], in_need=lambda _: 300)
    held = Held()
    held.go.set()
    assert await shared.get("a", held.ask) == "answer 1"
    held.go.clear()
    now[0] = 6
    assert await shared.get("a", held.ask) == "answer 1"
    held.go.set()

    assert await shared.get("a", held.ask) == "answer 3", "it is asked again as soon as somebody wants it"


async def test_when_the_asker_leaves_the_next_one_asks() -> None:
    shared: Shared[str, str] = Shared(lambda _: 300)
    held = Held()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(shared.get("a", held.ask))
        second = tasks.create_task(shared.get("a", held.ask))
        while not held.asked:  # noqa: ASYNC110
            await asyncio.sleep(0)
        first.cancel()
        held.go.set()

    assert second.result() == "answer 2"


async def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    shared: Shared[str, str] = Shared(lambda _: 300)
    began: list[int] = []

    async def fail() -> str:
        began.append(1)
        await asyncio.sleep(0)
        raise KeyError

    async def failing(ask: Callable[[], Awaitable[str]]) -> None:
        with pytest.raises(KeyError):
            await shared.get("a", ask)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(failing(fail))
    assert len(began) == 1
    await failing(fail)
    assert len(began) == 2
