"""Secrets go by https, or to this very machine."""

import pytest

from agent.address import WrongAddress, hub_address, is_loopback, link_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://hub.example.ru", "https://hub.example.ru"),
        ("https://hub.example.ru/", "https://hub.example.ru"),
        ("HTTPS://Hub.Example.RU:8443", "https://hub.example.ru:8443"),
        ("hub.example.ru", "https://hub.example.ru"),
        ("https://хаб.рф", "https://хаб.рф"),
        (" https://hub.example.ru ", "https://hub.example.ru"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert hub_address(text) == address


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("http://hub.example.ru", "plain"),
        ("http://10.0.0.5", "plain"),
        ("http://localhost.example.ru", "plain"),
        ("http://127.0.0.1.example.ru", "plain"),
        ("ftp://hub.example.ru", "form"),
        ("https://", "form"),
        ("https://hub.example.ru:99999", "form"),
        ("https://[::1", "form"),
        ("https://hub..ru", "form"),
        ("https://.example.ru", "form"),
        (f"https://{'x' * 64}.ru", "form"),
        ("", "form"),
        ("https://hub.example.ru/panel", "extra"),
        ("https://me@hub.example.ru", "extra"),
        ("https://hub.example.ru?x=1", "extra"),
    ],
)
def test_other_addresses_are_refused(text: str, code: str) -> None:
    with pytest.raises(WrongAddress) as wrong:
        hub_address(text)

    assert wrong.value.code == code


def test_a_link_goes_by_wss_or_to_this_machine() -> None:
    assert link_address("wss://hub.example.ru/agent/v1") == "wss://hub.example.ru/agent/v1"
    assert link_address("ws://127.0.0.1:9/agent/v1") == "ws://127.0.0.1:9/agent/v1"
    with pytest.raises(WrongAddress):
        link_address("ws://hub.example.ru/agent/v1")


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
    ],
)
def test_loopback_is_known_by_number_not_by_the_look_of_a_name(host: str, here: bool) -> None:
    assert is_loopback(host) is here
