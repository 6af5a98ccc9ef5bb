"""What happens to a request on its way: sent or not, answered or not."""

import socket
from collections.abc import AsyncIterator

import pytest

from hub.amocrm import api
from hub.amocrm.transport import Transport, open_transport
from hub.crm import AnswerLost, CrmDown
from tests.hub.amocrm.server import CLOSE, DRIP, Reply, Server, nginx

READ, WRITE = api.lead(7), api.create_leads([{"name": "x"}])


class Witness:
    """Sees the moments of sending."""

    def __init__(self) -> None:
        self.times = 0

    def sent(self) -> None:
        self.times += 1


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with open_transport() as opened:
        yield opened


async def test_a_request_goes_out_as_it_was_built(server: Server, transport: Transport) -> None:
    server.on("POST /api/v4/leads/complex", Reply(200, []))
    witness = Witness()
    answer = await transport.send(server.base, WRITE, {"Authorization": "Bearer t"}, witness)

    [asked] = server.asked
    assert asked.body == [{"name": "x"}]
    assert asked.token == "t"
    assert asked.headers["Content-Type"] == "application/json"
    assert (answer.status, answer.content_type, answer.body) == (200, "application/hal+json; charset=utf-8", b"[]")
    assert witness.times == 1


async def test_brackets_and_spaces_of_a_query_arrive_as_they_were(server: Server, transport: Transport) -> None:
    server.on("GET /api/v4/contacts", Reply(204))
    request = api.Request(
        "GET", "/api/v4/contacts", (("filter[id][]", "1"), ("filter[id][]", "2"), ("query", "a+b &я"))
    )
    await transport.send(server.base, request, {}, Witness())

    assert server.asked[0].query == list(request.query)


async def test_a_redirect_is_an_answer_and_not_a_way(server: Server, transport: Transport) -> None:
    server.on("GET /api/v4/leads/7", nginx(302, Location="/elsewhere"))
    answer = await transport.send(server.base, READ, {"Authorization": "Bearer t"}, Witness())

    assert answer.status == 302
    assert [asked.path for asked in server.asked] == ["/api/v4/leads/7"]


async def test_cookies_are_not_kept(server: Server, transport: Transport) -> None:
    server.on("GET /api/v4/leads/7", nginx(200, **{"Set-Cookie": "session=1"}))
    for _ in range(2):
        await transport.send(server.base, READ, {}, Witness())

    assert "Cookie" not in server.asked[1].headers


async def test_retry_after_is_brought_back(server: Server, transport: Transport) -> None:
    server.on("GET /api/v4/leads/7", nginx(429, **{"Retry-After": "5"}))

    assert (await transport.send(server.base, READ, {}, Witness())).retry_after == "5"


async def test_a_write_that_is_read_and_not_answered_may_have_been_applied(
    server: Server, transport: Transport
) -> None:
    server.on("POST /api/v4/leads/complex", CLOSE)

    with pytest.raises(AnswerLost):
        await transport.send(server.base, WRITE, {}, Witness())
    assert len(server.asked) == 1


async def test_a_read_that_is_not_answered_is_only_down(server: Server, transport: Transport) -> None:
    server.on("GET /api/v4/leads/7", CLOSE)

    with pytest.raises(CrmDown):
        await transport.send(server.base, READ, {}, Witness())


@pytest.mark.parametrize(
    ("request_", "error"), [(READ, CrmDown), (WRITE, AnswerLost), (api.patch("leads", [{}]), AnswerLost)]
)
async def test_an_answer_that_drips_in_is_lost(
    server: Server, transport: Transport, request_: api.Request, error: type[Exception]
) -> None:
    server.on(f"{request_.method} {request_.path}", DRIP)

    with pytest.raises(error) as raised:
        await transport.send(server.base, request_, {}, Witness(), within_seconds=0.2)
    assert type(raised.value) is error


async def test_a_write_that_reached_nobody_was_not_applied(transport: Transport) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
    witness = Witness()

    with pytest.raises(CrmDown):
        await transport.send(base, WRITE, {}, witness)
    assert witness.times == 0


async def test_an_endless_answer_is_cut_off(
    server: Server, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.amocrm.transport._LARGEST_ANSWER", 1000)
    server.on("GET /api/v4/leads/7", Reply(200, "x" * 2000, "text/html"))

    with pytest.raises(CrmDown):
        await transport.send(server.base, READ, {}, Witness())
