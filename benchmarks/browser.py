"""A browser as bare as can be: one kept connection, one GET after another, each timed from the first byte out to the last byte in."""

import socket
import time
from collections.abc import Mapping

_CHUNK = 1 << 16


class Refused(Exception):
    """An answer other than 200."""


class Browser:
    """Blocking: to be run on a thread of its own."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str] | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        told = {"Host": f"127.0.0.1:{port}"} | dict(headers or {})
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        self._request = "\r\n".join(lines).encode()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def get(self) -> bytes:
        """The body of one answer; raises `Refused`."""
        self._socket.sendall(self._request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._received()
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += self._received()
        if b" 200 " not in lines[0]:
            raise Refused(lines[0].decode(), body.decode(errors="replace"))
        return body

    def timed(self, requests: int) -> list[float]:
        """Milliseconds of each."""
        found = []
        for _ in range(requests):
            begun = time.perf_counter_ns()
            self.get()
            found.append((time.perf_counter_ns() - begun) / 1e6)
        return found

    def _received(self) -> bytes:
        data = self._socket.recv(_CHUNK)
        if not data:
            raise ConnectionError
        return data
