"""Requests in any second, and what is counted."""

import dataclasses
from collections.abc import Sequence

import pytest

from demo.amocrm.limits import Knobs, Limits, TooMany
from demo.amocrm.stand_in import Options
from tests.demo.amocrm.conftest import REDIRECT, Crm, Said


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def admitted(
    times: Sequence[float], *, rate: int = 7, account_rate: int = 50, clients: Sequence[str] = ("a",)
) -> list[bool]:
    ticks = Ticks()
    limits = Limits(rate, account_rate, ticks)
    result = []
    for number, moment in enumerate(times):
        ticks.now = moment
        result.append(limits.admit(clients[number % len(clients)]))
    return result


@pytest.mark.parametrize(
    ("times", "refused"),
    [
        ([0.0] * 7, []),
        ([0.0] * 8, [7]),
        ([0.0] * 7 + [0.999], [7]),
        ([0.0] * 7 + [1.0], []),
        # The window slides: seven at the end of one second and one at the start of the next are eight in a second.
        ([0.9] * 7 + [1.1], [7]),
        ([n * 0.143 for n in range(50)], []),
        # What was refused does not stand in the way of what comes later.
        ([0.0] * 7 + [0.5] * 5 + [1.0] * 7, [7, 8, 9, 10, 11]),
    ],
)
def test_seven_in_any_second(times: list[float], refused: list[int]) -> None:
    assert [number for number, good in enumerate(admitted(times)) if not good] == refused


def test_the_account_is_shared_by_all_integrations() -> None:
    result = admitted([0.0] * 12, rate=7, account_rate=10, clients=("a", "b"))

    assert result == [True] * 10 + [False] * 2


@pytest.mark.parametrize("options", [Options(redirect_uri=REDIRECT)], ids=["documented"])
async def test_an_eighth_request_is_answered_by_the_web_server_in_html(crm: Crm) -> None:
    said = [await crm.get("account") for _ in range(8)]

    assert [answer.status for answer in said] == [200] * 7 + [429]
    assert (said[7].type, said[7].text.startswith("<html>")) == ("text/html", True)
    crm.clocks.machine += 1.0
    assert (await crm.get("account")).status == 200
    counts = crm.stand_in.counts()
    assert (counts["requests"], counts["most_in_a_second"], counts["offences"]) == (9, 8, 1)
    assert counts["by_route"] == {"GET /api/v4/account": {"200": 8, "429": 1}}


@pytest.mark.parametrize("options", [Options(redirect_uri=REDIRECT)], ids=["documented"])
async def test_a_refused_write_was_not_applied(crm: Crm) -> None:
    for _ in range(7):
        await crm.get("account")

    assert (await crm.post("leads", [{}])).status == 429
    assert crm.stand_in.account.leads == {}


async def test_requests_are_counted_by_route_and_status(crm: Crm) -> None:
    lead = await crm.lead()
    await crm.get(f"leads/{lead}")
    await crm.get("leads/1")
    await crm.get("customers")
    await crm.ask("GET", "leads", token="x")

    counts = crm.stand_in.counts()

    assert counts["by_route"] == {
        "POST /api/v4/leads": {"200": 1},
        "GET /api/v4/leads/{}": {"200": 1, "204": 1},
        "GET /api/v4/leads": {"401": 1},
        "unknown": {"404": 1},
    }
    assert (counts["requests"], counts["refused"]) == (5, 1)
    own = crm.stand_in.integration.client_id
    assert counts["by_integration"] == {own: {"requests": 4, "most_in_a_second": 4, "offences": 0}}
    crm.stand_in.limits.reset()
    assert crm.stand_in.counts()["requests"] == 0


@pytest.mark.parametrize("options", [dataclasses.replace(Options(), rate=1, account_rate=1)], ids=["tight"])
async def test_the_judge_stands_outside(crm: Crm) -> None:
    token = crm.stand_in.judge_token(crm.url)
    crm.stand_in.faults.add("*", "500")

    async def look() -> Said:
        return await crm.ask("GET", "account", token=token)

    assert [(await look()).status for _ in range(5)] == [200] * 5
    assert crm.stand_in.counts()["requests"] == 0
    assert len(crm.stand_in.faults.waiting) == 1


DOCUMENTED = pytest.mark.parametrize("options", [Options(redirect_uri=REDIRECT)], ids=["documented"])


@DOCUMENTED
@pytest.mark.parametrize(
    ("body", "type_", "begins"),
    [
        ("429", "text/html", "<html>"),
        ("429_json", "application/problem+json", '{"title": "Too Many Requests"'),
        ("429_empty", "application/octet-stream", ""),
    ],
)
async def test_one_request_too_many_is_answered_as_the_knob_says(
    crm: Crm, body: TooMany, type_: str, begins: str
) -> None:
    crm.stand_in.limits.knobs = Knobs(body=body)

    said = [await crm.get("account") for _ in range(8)][7]

    assert (said.status, said.type) == (429, type_)
    assert said.text.startswith(begins)
    assert bool(said.text) == bool(begins)


@DOCUMENTED
async def test_other_vendors_take_their_share_of_the_account(crm: Crm) -> None:
    crm.stand_in.limits.knobs = Knobs(others=46)

    assert [(await crm.get("account")).status for _ in range(6)] == [200] * 4 + [429] * 2

    counts = crm.stand_in.counts()
    own = crm.stand_in.integration.client_id
    assert (counts["by_integration"][own]["offences"], counts["account"]["offences"]) == (0, 2)
    crm.stand_in.limits.knobs = Knobs()
    assert (await crm.get("account")).status == 200


@DOCUMENTED
async def test_after_many_offences_the_account_is_blocked_until_support_lifts_it(crm: Crm) -> None:
    crm.stand_in.limits.knobs = Knobs(block_after=3)
    assert [(await crm.get("account")).status for _ in range(11)] == [200] * 7 + [429] * 3 + [403]

    crm.clocks.machine += 86_400
    blocked = [
        await crm.get("account"),
        await crm.post("leads", [{}]),
        await crm.ask("POST", "/oauth2/access_token", {}),
    ]
    assert {(said.status, said.type) for said in blocked} == {(403, "text/html")}
    assert (await crm.ask("GET", "account", token=crm.stand_in.judge_token(crm.url))).status == 200

    crm.stand_in.lift()
    assert [(await crm.get("account")).status for _ in range(10)] == [200] * 7 + [429] * 3
    assert (await crm.get("account")).status == 403


@pytest.mark.parametrize(("applied", "left"), [(False, 0), (True, 51)])
async def test_a_large_batch_takes_longer_than_the_web_server_waits(crm: Crm, applied: bool, left: int) -> None:
    crm.stand_in.limits.knobs = Knobs(large_batch=50, large_batch_applied=applied)

    said = await crm.post("leads", [{}] * 51)

    assert (said.status, said.type) == (504, "text/html")
    assert len(crm.stand_in.account.leads) == left
    assert (await crm.post("leads", [{}] * 50)).status == 200
    assert (await crm.get("leads?limit=250")).status == 200
