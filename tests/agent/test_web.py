"""One request: any status is an answer, and what failed says how far it got."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from agent.web import NoAnswer, ask


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Takes one connection, reads the request, answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


@pytest.mark.parametrize("status", [200, 302, 403, 500])
def test_any_status_is_an_answer(status: int) -> None:
    reply = f"HTTP/1.1 {status} X\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nok"
    with server(lambda connection: connection.sendall(reply.encode())) as url:
        answer = ask(url)

    assert (answer.status, answer.body) == (status, b"ok")
    assert answer.time == datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("date", ["", "Date: yesterday\r\n"])
def test_a_time_that_cannot_be_read_is_none(date: str) -> None:
    reply = f"HTTP/1.1 200 X\r\n{date}Content-Length: 0\r\n\r\n"
    with server(lambda connection: connection.sendall(reply.encode())) as url:
        assert ask(url).time is None


def test_a_lost_answer_is_told_from_a_hub_that_is_not_there() -> None:
    with server(lambda connection: None) as url, pytest.raises(NoAnswer) as lost:
        ask(url, b"{}")
    assert lost.value.stage == "answer"

    with pytest.raises(NoAnswer) as nobody:
        ask(url, b"{}")
    assert nobody.value.stage == "connect"


def test_an_answer_that_breaks_off_is_lost() -> None:
    reply = b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nab"
    with server(lambda connection: connection.sendall(reply)) as url, pytest.raises(NoAnswer) as lost:
        ask(url)

    assert lost.value.stage == "answer"


def test_a_proxy_is_not_used_for_this_very_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with server(lambda connection: connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")) as url:
        assert ask(url).status == 200
