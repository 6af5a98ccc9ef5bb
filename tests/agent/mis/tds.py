"""Stands at the door of a SQL Server: reads who wants to log in and turns him away with error 18456. Speaks as much TDS
as that takes."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

PRELOGIN, LOGIN, ANSWER = 0x12, 0x10, 0x04
NO_TLS = 2


@dataclass(frozen=True)
class Login:
    """What a driver made of a connection string. `encryption` is what it asked for: 0 the login alone, 1 everything, 2 nothing."""

    user: str
    password: str
    app: str
    database: str
    encryption: int


class Porter:
    """Takes each connection in turn. `hangs_up` as soon as the driver wants to begin a handshake."""

    def __init__(self, *, hangs_up: bool = False) -> None:
        self._hangs_up = hangs_up
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.logins: list[Login] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Let nobody come any more."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._door.accept()
                visitor.settimeout(5)
                with visitor, contextlib.suppress(OSError):
                    self._turn_away(visitor)

    def _turn_away(self, visitor: socket.socket) -> None:
        _, asked = _packet(visitor)
        encryption = _encryption(asked)
        options = struct.pack(">BHH", 0, 11, 6) + struct.pack(">BHH", 1, 17, 1) + b"\xff"
        version = b"\x0a\x32\x06\x40\0\0"  # SQL Server 2008 R2
        self._send(visitor, options + version + bytes([0 if self._hangs_up else NO_TLS]))
        kind, login = _packet(visitor)
        if kind != LOGIN:
            return
        password = bytes((byte ^ 0xA5) << 4 & 0xF0 | (byte ^ 0xA5) >> 4 for byte in _field(login, 44))
        words = (_field(login, 40), password, _field(login, 48), _field(login, 68))
        user, password_text, app, database = (word.decode("utf-16le") for word in words)
        self.logins.append(Login(user, password_text, app, database, encryption))
        text = "Login failed for user 'Канарейкин (1222)'.".encode("utf-16le")
        body = struct.pack("<IBBH", 18456, 1, 14, len(text) // 2) + text + b"\0\0" + struct.pack("<I", 1)
        done = b"\xfd" + struct.pack("<HHQ", 2, 0, 0)
        self._send(visitor, b"\xaa" + struct.pack("<H", len(body)) + body + done)
        visitor.recv(1)

    def _send(self, visitor: socket.socket, body: bytes) -> None:
        visitor.sendall(struct.pack(">BBHHBB", ANSWER, 1, len(body) + 8, 0, 1, 0) + body)


def _packet(visitor: socket.socket) -> tuple[int, bytes]:
    body, kind, is_last = b"", 0, False
    while not is_last:
        kind, status, length = struct.unpack(">BBH4x", _exactly(visitor, 8))
        body, is_last = body + _exactly(visitor, length - 8), bool(status & 1)
    return kind, body


def _exactly(visitor: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = visitor.recv(size - len(found))
        if not more:
            raise ConnectionError
        found += more
    return found


def _encryption(prelogin: bytes) -> int:
    at = 0
    while prelogin[at] != 1:
        at += 5
    return prelogin[int.from_bytes(prelogin[at + 1 : at + 3])]


def _field(login: bytes, at: int) -> bytes:
    offset, length = struct.unpack("<HH", login[at : at + 4])
    return login[offset : offset + 2 * length]


@contextlib.contextmanager
def porter(*, hangs_up: bool = False) -> Iterator[Porter]:
    """One that goes home afterwards."""
    his = Porter(hangs_up=hangs_up)
    try:
        yield his
    finally:
        his.close()
