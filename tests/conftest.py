"""For every test: nothing but loopback is reachable, and hypothesis does not time single examples on a shared machine."""

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("here")

_connect = socket.socket.connect


def _is_here(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    return host == "localhost" or ipaddress.ip_address(host.split("%")[0]).is_loopback


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches out fails, and names where it wanted to go."""

    def connect(self: socket.socket, address: Any) -> None:
        assert _is_here(address), f"a test may reach loopback only, not {address}"
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
