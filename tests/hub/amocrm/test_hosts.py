"""A host name comes from outside and decides where secrets are sent."""

import pytest

from hub.amocrm.hosts import Hosts
from wire.errors import NeedsOperator

HOSTS = Hosts(["127.0.0.1:8090", "localhost:8091"])


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("example.amocrm.ru", "https://example.amocrm.ru"),
        (" Example.AmoCRM.ru ", "https://example.amocrm.ru"),
        ("a-1.amocrm.com", "https://a-1.amocrm.com"),
        ("example.kommo.com", "https://example.kommo.com"),
        ("127.0.0.1:8090", "http://127.0.0.1:8090"),
        ("localhost:8091", "http://localhost:8091"),
    ],
)
def test_accounts_are_reached_by_https_and_stand_ins_here_by_http(host: str, base: str) -> None:
    assert HOSTS.base(host) == base


@pytest.mark.parametrize(
    "host",
    [
        "",
        "amocrm.ru",
        "evil.example",
        "example.amocrm.ru.evil.example",
        "evil.example/.amocrm.ru",
        "evil.example#.amocrm.ru",
        "user@example.amocrm.ru",
        "a.b.amocrm.ru",
        "example.amocrm.ru:444",
        "-.amocrm.ru",
        "xn--e1afmkfd.amocrm.рф",
        "127.0.0.1:8099",
        "127.0.0.1",
        "https://example.amocrm.ru",
    ],
)
def test_no_other_host_is_ever_asked(host: str) -> None:
    assert HOSTS.known(host) is None
    with pytest.raises(NeedsOperator):
        HOSTS.base(host)


@pytest.mark.parametrize("host", ["stand-in.example:80", "10.0.0.1:8090", "8.8.8.8"])
def test_a_stand_in_may_only_stand_on_this_machine(host: str) -> None:
    with pytest.raises(ValueError):
        Hosts([host])
