"""What the real drivers make of our connection strings, seen by somebody who stands at the door: FreeTDS, and Microsoft's where its
package is installed. A driver that is not here is named in the reason of the skip."""

import importlib
from typing import Any

import pytest

from agent.mis import drivers, installed, native
from agent.mis.port import MisConfig, MisDown, MisRefused
from tests.agent.mis.tds import Porter, porter

pyodbc: Any = importlib.import_module("pyodbc")
pytestmark = pytest.mark.xdist_group("odbc")

PASSWORDS = (
    *("plain", "a;b", "a}b", "}", "}}", "{x}", "{", "=", "'\"", " first", "last ", "a}}b", "пароль😀", "x" * 120),
    "a;UID=evil",
    "x}",
    "",
)
EVIL = "a};UID=evil;x={"


def file_of(family: str) -> str:
    for file in installed.driver_files():
        if drivers.is_freetds(file) == (family == "FreeTDS"):
            return file
    package = "tdsodbc (apt-get install tdsodbc)" if family == "FreeTDS" else f"{installed.BUNDLED} (pip)"
    pytest.skip(f"{family}'s driver is not here: install {package}")


@pytest.fixture(params=["FreeTDS", "Microsoft"])
def driver(request: pytest.FixtureRequest) -> str:
    pyodbc.pooling = False
    return file_of(request.param)


def knock(door: Porter, driver: str, password: str = PASSWORDS[0], **values: Any) -> Any:
    """How the login ended, as the agent is told."""
    config = MisConfig(**{"timezone": "Europe/Moscow", "host": "127.0.0.1", "port": door.port, **values})
    with pytest.raises(pyodbc.Error) as raised:
        pyodbc.connect(drivers.connection_string(config, driver, password), timeout=5, autocommit=True)
    return native.told(raised.value.args, where="knocking", windows=False)


def test_every_password_arrives_as_it_is(driver: str) -> None:
    passwords = PASSWORDS if drivers.is_freetds(driver) else (*PASSWORDS, EVIL)
    with porter() as door:
        for password in passwords:
            knock(door, driver, password, user="read;on{ly}")
        assert [login.password for login in door.logins] == list(passwords)
        assert {(login.user, login.app, login.database) for login in door.logins} == {
            ("read;on{ly}", drivers.APPLICATION, "master")
        }


def test_a_refused_login_is_told_by_its_number_whatever_the_driver(driver: str) -> None:
    with porter() as door:
        error = knock(door, driver)
    assert isinstance(error, MisRefused)
    assert error.code.endswith(" 18456")
    assert "Канарейкин" not in f"{error!r}{error}{error.__dict__}"


def test_an_old_server_without_tls_is_reached_where_that_is_allowed(driver: str) -> None:
    with porter() as door:
        for encrypt in ("off", "optional"):
            knock(door, driver, encrypt=encrypt)
        assert len(door.logins) == 2
        error = knock(door, driver, encrypt="mandatory")
        assert len(door.logins) == 2
    assert isinstance(error, MisRefused) or native.way_out(error.code, windows=False)


def test_freetds_makes_no_handshake_where_it_is_off() -> None:
    with porter() as door:
        for encrypt in ("off", "optional"):
            knock(door, file_of("FreeTDS"), encrypt=encrypt)
        assert [login.encryption for login in door.logins] == [2, 0]


def test_who_hangs_up_at_the_handshake_is_told_with_a_way_out(driver: str) -> None:
    with porter(hangs_up=True) as door:
        error = knock(door, driver)
    assert type(error) is MisDown
    assert native.way_out(error.code, windows=False)
