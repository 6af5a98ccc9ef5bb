"""The guard of conftest.py works."""

import socket

import pytest


def test_a_test_cannot_reach_out() -> None:
    with socket.socket() as reaching, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        reaching.connect(("192.0.2.1", 80))
