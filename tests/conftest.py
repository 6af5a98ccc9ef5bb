"""For every test: nothing but loopback is reachable, hypothesis does not time single examples on a shared machine, files lie in
memory where there is room for them, and tests of one group run in one process."""

import gc
import ipaddress
import os
import socket
import tempfile
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from demo.folder import in_memory

pytest_plugins = ["tests.contract.unrun"]

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("here")

_connect = socket.socket.connect


def _files_in_memory() -> None:
    if folder := in_memory():
        os.environ["TMPDIR"] = folder
        tempfile.tempdir = None  # it is asked again


_files_in_memory()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for a deadline, a process, a browser."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole processes first, then browsers, so that no worker is left alone with one at the end. And each group's name at the end of its
    tests' ids, where pytest-xdist's scheduler looks for it: version 3.8 writes it where pytest 9.2 no longer reads it."""
    items.sort(key=_when)
    for item in items if config.getoption("loadgroup", False) else []:
        group = item.get_closest_marker("xdist_group")
        if group and not item.nodeid.endswith(f"@{group.args[0]}"):
            item._id = type(item._id).parse(f"{item.nodeid}@{group.args[0]}")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of tests were collected and stay to the end: no search for garbage need look through them again."""
    gc.collect()
    gc.freeze()


def _when(item: pytest.Item) -> int:
    if item.get_closest_marker("e2e"):
        return 0
    group = item.get_closest_marker("xdist_group")
    return 1 if group and group.args[0].startswith("browser") else 2


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
