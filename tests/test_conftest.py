"""The guard of conftest.py works."""

import os
import socket

import pytest


def test_a_test_cannot_reach_out() -> None:
    with socket.socket() as reaching, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        reaching.connect(("192.0.2.1", 80))


@pytest.mark.xdist_group("one")
def test_a_group_is_named_where_the_scheduler_of_several_workers_looks(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@one") or "PYTEST_XDIST_WORKER" not in os.environ
