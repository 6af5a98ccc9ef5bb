"""Which driver is taken and what it is told, as tables; and no value ever says more than itself. Nothing here needs a driver."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mis.drivers import choose, connection_string
from agent.mis.port import MisConfig, MisRefused

MS18, MS17, NATIVE = "ODBC Driver 18 for SQL Server", "ODBC Driver 17 for SQL Server", "SQL Server Native Client 11.0"
MS131, MS13, OLDEST = "ODBC Driver 13.1 for SQL Server", "ODBC Driver 13 for SQL Server", "SQL Server"
MS_FILE, TDS_FILE = "/opt/lib/libmsodbcsql-18.6.so.2.1", "/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so"
PLAIN = {"APP": "IDENT Link", "DATABASE": "master", "SERVER": "server", "UID": "readonly_user"}


def config(**values: Any) -> MisConfig:
    return MisConfig(**{"timezone": "Europe/Moscow", "host": "server", **values})


# Which


@pytest.mark.parametrize("best", range(6))
def test_on_windows_the_newest_driver_is_taken(best: int) -> None:
    order = [MS18, MS17, MS131, MS13, NATIVE, OLDEST]
    assert choose([*reversed(order[best:]), "Microsoft Access Driver"], [], windows=True) == order[best]


@pytest.mark.parametrize(
    ("installed", "files", "taken"),
    [
        ([MS17, "FreeTDS"], [MS_FILE, TDS_FILE], MS17),
        (["FreeTDS"], [MS_FILE, TDS_FILE], MS_FILE),
        (["FreeTDS"], [TDS_FILE], "FreeTDS"),
        (["freetds"], [], "freetds"),
        ([], [TDS_FILE, MS_FILE], MS_FILE),
        ([], [TDS_FILE], TDS_FILE),
        ([NATIVE, "PostgreSQL"], [TDS_FILE], TDS_FILE),  # Windows' own names mean nothing here
    ],
)
def test_elsewhere_microsofts_goes_before_freetds_and_a_name_before_a_file(
    installed: list[str], files: list[str], taken: str
) -> None:
    assert choose(installed, files, windows=False) == taken


def test_on_windows_no_file_is_named() -> None:
    assert choose([OLDEST], [MS_FILE], windows=True) == OLDEST
    with pytest.raises(MisRefused):
        choose([], [MS_FILE], windows=True)


@pytest.mark.parametrize(
    ("wanted", "windows", "taken"),
    [
        ("odbc driver 17 for sql server", True, MS17),
        ("FreeTDS", False, "FreeTDS"),
        ("/my/own/libtdsodbc.so", False, "/my/own/libtdsodbc.so"),
    ],
)
def test_what_the_config_says_is_taken(wanted: str, windows: bool, taken: str) -> None:
    assert choose([MS18, MS17, "FreeTDS"], [MS_FILE], windows=windows, wanted=wanted) == taken


def test_freetds_by_name_may_be_a_file() -> None:
    assert choose([MS18], [MS_FILE, TDS_FILE], windows=False, wanted="freetds") == TDS_FILE


@pytest.mark.parametrize(("wanted", "windows"), [("ODBC Driver 11", False), ("FreeTDS", False), ("C:/x.dll", True)])
def test_a_driver_that_is_not_there_is_for_a_person(wanted: str, windows: bool) -> None:
    with pytest.raises(MisRefused, match="driver"):
        choose([MS18], [MS_FILE], windows=windows, wanted=wanted)


@pytest.mark.parametrize(("windows", "word"), [(True, "msodbcsql"), (False, "apt-get install")])
def test_without_a_driver_it_says_what_to_install(windows: bool, word: str) -> None:
    with pytest.raises(MisRefused) as raised:
        choose(["PostgreSQL"], [], windows=windows)
    assert word in raised.value.hint


# What it is told


def microsoft_reads(text: str) -> dict[str, str]:
    """As Microsoft's driver 18.6 was seen to read it: a value in braces ends at a brace that is not doubled."""
    return _read(text, doubled=True)


def freetds_reads(text: str) -> dict[str, str]:
    """As FreeTDS 1.3 was seen to read it: a value in braces ends at `};`, and nothing is doubled."""
    return _read(text, doubled=False)


def _read(text: str, *, doubled: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    while text:
        name, _, text = text.partition("=")
        assert text.startswith("{")
        value, text = _value(text[1:], doubled=doubled)
        assert name not in found
        found[name] = value
    return found


def _value(text: str, *, doubled: bool) -> tuple[str, str]:
    if not doubled:
        value, end, rest = text.partition("};")
        assert end
        return value, rest
    value = ""
    while not text.startswith("}") or text.startswith("}}"):
        step = 2 if text.startswith("}}") else 1
        value, text = value + text[0], text[step:]
    assert text.startswith("};")
    return value, text[2:]


TROUBLE = st.text(alphabet=st.sampled_from("a}{;= '\"\\жЯ😀[]%\t")) | st.text(
    alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])
)


@given(password=TROUBLE, user=TROUBLE, name=st.sampled_from([MS18, MS17, NATIVE, OLDEST, MS_FILE]))
def test_any_password_and_user_survive(password: str, user: str, name: str) -> None:
    read = microsoft_reads(connection_string(config(user=user), name, password))
    assert (read.pop("PWD"), read.pop("UID"), read.pop("DRIVER")) == (password, user, name)
    assert read.items() >= {**PLAIN, "UID": user}.items() - {("UID", user)}


@given(password=TROUBLE, user=TROUBLE, name=st.sampled_from(["FreeTDS", TDS_FILE]))
def test_any_password_and_user_survive_freetds_or_are_refused(password: str, user: str, name: str) -> None:
    if "};" in password or "};" in user:  # it knows no way to say that
        with pytest.raises(MisRefused, match="FreeTDS"):
            connection_string(config(user=user), name, password)
        return
    read = freetds_reads(connection_string(config(user=user), name, password))
    assert (read.pop("PWD"), read.pop("UID"), read.pop("DRIVER")) == (password, user, name)
    assert read.items() >= {**PLAIN, "UID": user}.items() - {("UID", user)}


@pytest.mark.parametrize("name", [MS18, "FreeTDS"])
def test_every_string_ends_in_a_semicolon(name: str) -> None:
    """FreeTDS takes the last brace for a part of the value otherwise, and then knows no such encryption."""
    assert connection_string(config(), name, "x").endswith("};")


@pytest.mark.parametrize(
    ("place", "server"),
    [
        ({}, "server"),
        ({"instance": "PZSQLSERVER"}, "server\\PZSQLSERVER"),
        ({"port": 50026}, "server,50026"),
        ({"host": ".", "instance": "PZSQLSERVER"}, ".\\PZSQLSERVER"),
    ],
)
def test_a_server_is_named_by_instance_or_port(place: dict[str, Any], server: str) -> None:
    assert microsoft_reads(connection_string(config(**place), MS17, "x"))["SERVER"] == server


@pytest.mark.parametrize("name", ["FreeTDS", TDS_FILE])
def test_freetds_is_told_the_port_apart(name: str) -> None:
    read = freetds_reads(connection_string(config(port=50026), name, "x"))
    assert (read["SERVER"], read["PORT"]) == ("server", "50026")


TRUSTS = {"TrustServerCertificate": "yes"}
CHECKS = {"TrustServerCertificate": "no"}


@pytest.mark.parametrize(
    ("encrypt", "name", "said"),
    [
        ("off", MS18, {"Encrypt": "no", **TRUSTS}),
        ("optional", MS18, {"Encrypt": "no", **TRUSTS}),
        ("mandatory", MS18, {"Encrypt": "yes", **CHECKS}),
        ("strict", MS18, {"Encrypt": "strict", **CHECKS}),
        ("strict", MS_FILE, {"Encrypt": "strict", **CHECKS}),
        ("mandatory", MS13, {"Encrypt": "yes", **CHECKS}),
        ("off", NATIVE, {"Encrypt": "no", **TRUSTS}),
        ("off", OLDEST, {"Encrypt": "no"}),
        ("mandatory", OLDEST, {"Encrypt": "yes"}),
        ("off", "FreeTDS", {"Encryption": "off"}),
        ("optional", TDS_FILE, {"Encryption": "request"}),
        ("mandatory", "FreeTDS", {"Encryption": "require"}),
    ],
)
def test_encryption_is_said_in_the_drivers_words(encrypt: Any, name: str, said: dict[str, str]) -> None:
    read = microsoft_reads(connection_string(config(encrypt=encrypt), name, "x"))
    assert read == {**PLAIN, "DRIVER": name, "PWD": "x", **said}


@pytest.mark.parametrize("name", [MS17, MS131, NATIVE, OLDEST, "FreeTDS", TDS_FILE, "/x/libmsodbcsql-17.10.so.6.1"])
def test_a_driver_that_cannot_be_strict_is_not_asked_to(name: str) -> None:
    with pytest.raises(MisRefused, match="ODBC Driver 18"):
        connection_string(config(encrypt="strict"), name, "x")
