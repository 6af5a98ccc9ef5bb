"""What is decided about a SQL Server, as tables: nothing here needs one."""

from typing import Any

import pytest

from agent.mis import native
from agent.mis.native import Database, connection_string, driver, entry, told
from agent.mis.port import MisBusy, MisChanged, MisConfig, MisDown, MisError, MisRefused

MS18, MS17, NATIVE = "ODBC Driver 18 for SQL Server", "ODBC Driver 17 for SQL Server", "SQL Server Native Client 11.0"


def config(**values: Any) -> MisConfig:
    return MisConfig(**{"timezone": "Europe/Moscow", "host": "server", **values})


@pytest.mark.parametrize(
    ("installed", "windows", "bundled", "taken"),
    [
        (["SQL Server", NATIVE, MS17, MS18], True, None, MS18),
        (["SQL Server", NATIVE, MS17], True, None, MS17),
        (["SQL Server", "ODBC Driver 13 for SQL Server", NATIVE], True, None, "ODBC Driver 13 for SQL Server"),
        (["SQL Server", NATIVE], True, None, NATIVE),
        (["Microsoft Access Driver", "SQL Server"], True, None, "SQL Server"),
        (["SQL Server"], True, "/lib/libmsodbcsql.so", "SQL Server"),
        (["FreeTDS", MS17], False, None, MS17),
        (["FreeTDS"], False, None, "FreeTDS"),
        (["freetds"], False, None, "freetds"),
        (["FreeTDS"], False, "/lib/libmsodbcsql.so", "/lib/libmsodbcsql.so"),
        ([], False, "/lib/libmsodbcsql.so", "/lib/libmsodbcsql.so"),
        ([MS17], False, "/lib/libmsodbcsql.so", MS17),
    ],
)
def test_the_best_driver_is_taken(installed: list[str], windows: bool, bundled: str | None, taken: str) -> None:
    assert driver(installed, windows=windows, bundled=bundled) == taken


@pytest.mark.parametrize(("windows", "word"), [(True, "msodbcsql"), (False, "apt-get install")])
def test_without_a_driver_it_says_what_to_install(windows: bool, word: str) -> None:
    with pytest.raises(MisRefused) as raised:
        driver(["PostgreSQL"], windows=windows)
    assert word in raised.value.hint


@pytest.mark.parametrize(
    ("place", "server"),
    [
        ({}, "SERVER={server}"),
        ({"instance": "PZSQLSERVER"}, "SERVER={server\\PZSQLSERVER}"),
        ({"port": 50026}, "SERVER={server,50026}"),
        ({"host": ".", "instance": "PZSQLSERVER"}, "SERVER={.\\PZSQLSERVER}"),
    ],
)
def test_a_server_is_named_by_instance_or_port(place: dict[str, Any], server: str) -> None:
    assert server in connection_string(config(**place), MS17, "x").split(";")


def test_freetds_is_told_the_port_apart() -> None:
    parts = connection_string(config(port=50026), "FreeTDS", "x").split(";")
    assert {"SERVER={server}", "PORT={50026}", "Encryption={request}"} <= set(parts)


@pytest.mark.parametrize("secret", ["a;PWD=b", "{x}", "}", "a}};SERVER=evil;x={", "пароль с пробелом", "="])
def test_no_value_can_say_more_than_itself(secret: str) -> None:
    text = connection_string(config(), MS18, secret)
    assert text.endswith(
        f"PWD={{{secret.replace('}', '}}')}}};APP={{IDENT Link}};Encrypt={{no}};TrustServerCertificate={{yes}}"
    )
    assert text.startswith(f"DRIVER={{{MS18}}};SERVER={{server}};DATABASE={{master}};UID={{readonly_user}};PWD=")


@pytest.mark.parametrize(
    ("encrypt", "name", "said"),
    [
        ("optional", MS18, ";Encrypt={no};TrustServerCertificate={yes}"),
        ("mandatory", MS18, ";Encrypt={yes};TrustServerCertificate={no}"),
        ("strict", MS18, ";Encrypt={strict};TrustServerCertificate={no}"),
        ("strict", "/lib/libmsodbcsql-18.so", ";Encrypt={strict};TrustServerCertificate={no}"),
        ("mandatory", "SQL Server", ";APP={IDENT Link};Encrypt={yes}"),
        ("mandatory", "FreeTDS", ";Encryption={require}"),
    ],
)
def test_encryption_is_said_in_the_drivers_words(encrypt: Any, name: str, said: str) -> None:
    assert connection_string(config(encrypt=encrypt), name, "x").endswith(said)


@pytest.mark.parametrize("name", [MS17, NATIVE, "SQL Server", "FreeTDS"])
def test_a_driver_that_cannot_be_strict_is_not_asked_to(name: str) -> None:
    with pytest.raises(MisRefused, match="ODBC Driver 18"):
        connection_string(config(encrypt="strict"), name, "x")


MS, TDS = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]", "[FreeTDS][SQL Server]"


@pytest.mark.parametrize(
    ("state", "text", "kind", "code"),
    [
        (
            "28000",
            f"[28000] {MS}Login failed for user 'a (1222) b'. (18456) (SQLDriverConnect)",
            MisRefused,
            "28000 18456",
        ),
        (
            "42000",
            f"[42000] {TDS}Login failed for user 'readonly_user'. (18456) (SQLDriverConnect)",
            MisRefused,
            "42000 18456",
        ),
        ("28000", "[28000] Login failed", MisRefused, "28000"),
        ("42000", f"[42000] {MS}Cannot open database (4060) (SQLDriverConnect)", MisRefused, "42000 4060"),
        ("42000", f"[42000] {MS}x (911) (SQLExecDirectW)", MisRefused, "42000 911"),
        ("42000", f"[42000] {MS}x (916) (SQLExecDirectW)", MisRefused, "42000 916"),
        ("42000", f"[42000] {MS}x (229) (SQLExecDirectW)", MisRefused, "42000 229"),
        ("42000", f"[42000] {MS}x (230) (SQLExecDirectW)", MisRefused, "42000 230"),
        ("42S02", f"[42S02] {MS}Invalid object name 'dbo.X'. (208) (SQLExecDirectW)", MisChanged, "42S02 208"),
        (
            "42S22",
            f"[42S22] {MS}Invalid column name 'X'. (207) (SQLExecDirectW); [42S22] y (207)",
            MisChanged,
            "42S22 207",
        ),
        ("42000", f"[42000] {MS}Lock request time out period exceeded. (1222) (SQLExecDirectW)", MisBusy, "42000 1222"),
        ("HYT00", f"[HYT00] {MS}Lock request time out (1222) (SQLExecDirectW)", MisBusy, "HYT00 1222"),
        ("40001", f"[40001] {MS}Transaction was deadlocked (1205) (SQLExecDirectW)", MisBusy, "40001 1205"),
        ("HY008", "[HY008] Operation canceled (0) (SQLExecDirectW)", MisBusy, "HY008 0"),
        ("42000", f"[42000] {MS}x (924) (SQLExecDirectW)", MisBusy, "42000 924"),
        ("42000", f"[42000] {MS}x (927) (SQLExecDirectW)", MisBusy, "42000 927"),
        ("42000", f"[42000] {MS}x (942) (SQLExecDirectW)", MisBusy, "42000 942"),
        ("08001", "[08001] Named Pipes Provider (53) (SQLDriverConnect)", MisDown, "08001 53"),
        ("HYT00", "[HYT00] Login timeout expired (0) (SQLDriverConnect)", MisDown, "HYT00 0"),
        ("08S01", "[08S01] Communication link failure (10054) (SQLExecDirectW)", MisDown, "08S01 10054"),
        ("08001", "[08001] SSL Provider (-2146893019) (SQLDriverConnect)", MisRefused, "08001 -2146893019"),
        ("IM002", "[IM002] Data source name not found (0) (SQLDriverConnect)", MisRefused, "IM002 0"),
        ("01000", "[01000] Can't open lib 'x' : file not found (0) (SQLDriverConnect)", MisRefused, "01000 0"),
        ("42000", f"[42000] {MS}x (9999) (SQLExecDirectW)", MisDown, "42000 9999"),
        ("HY000", "", MisDown, "HY000"),
    ],
)
def test_an_error_is_told_by_its_numbers(state: str, text: str, kind: type[MisError], code: str) -> None:
    error = told((state, text), inside=False, windows=False)
    assert (type(error), error.code) == (kind, code)


def test_errors_repeat_nothing_of_what_the_server_said() -> None:
    text = (
        f"[22018] {MS}Conversion failed when converting the nvarchar value 'Канарейкин' to int. (245) (SQLExecDirectW)"
    )
    error = told(("22018", text), inside=False, windows=False)
    assert "Канарейкин" not in f"{error!r}{error}{error.args}{error.__dict__}"


@pytest.mark.parametrize(
    ("state", "text", "inside", "after"),
    [
        ("08S01", "x (10054) (SQLExecDirectW)", True, 60),
        ("42000", "x (596) (SQLExecDirectW)", True, 60),
        ("08S01", "x (10054) (SQLDriverConnect)", False, None),
        ("42000", "x (927) (SQLExecDirectW)", False, 60),
        ("42000", "x (1222) (SQLExecDirectW)", True, None),
    ],
)
def test_who_was_thrown_out_stays_out_for_a_minute(state: str, text: str, inside: bool, after: float | None) -> None:
    error = told((state, text), inside=inside, windows=False)
    assert isinstance(error, MisDown)
    assert error.after == after


def test_no_arguments_are_an_error_too() -> None:
    assert type(told((), inside=False, windows=True)) is MisDown


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        (("42000", "'MIN_ACTIVE_ROWVERSION' is not a recognized built-in function name. (195) (SQLExecDirectW)"), True),
        (("42000", "x (229) (SQLExecDirectW)"), True),
        (("42S22", "x (207) (SQLExecDirectW)"), True),
        (("42000", "x (1222) (SQLExecDirectW)"), False),
        (("08S01", "x (10054) (SQLExecDirectW)"), False),
        (("HYT00", "x (0) (SQLExecDirectW)"), False),
        ((), False),
    ],
)
def test_a_refused_statement_is_told_from_a_broken_line(args: tuple[str, ...], refusal: bool) -> None:
    assert native.is_refusal(args) is refusal


@pytest.mark.parametrize(
    ("database", "kind"),
    [
        (Database(0, 0, auto_close=False), None),
        (Database(0, 0, auto_close=True), None),
        (None, MisRefused),
        (Database(1, 0, auto_close=False), MisBusy),
        (Database(4, 0, auto_close=False), MisBusy),
        (Database(6, 0, auto_close=False), MisBusy),
        (Database(0, 1, auto_close=False), MisBusy),
        (Database(0, 2, auto_close=False), MisBusy),
    ],
)
def test_only_an_open_house_is_entered(database: Database | None, kind: type[MisError] | None) -> None:
    refusal = entry(database)
    assert (refusal and type(refusal)) == kind
    if isinstance(refusal, MisBusy):
        assert refusal.after == 60


def test_names_are_quoted() -> None:
    assert native.quoted("PZ]; DROP") == "[PZ]]; DROP]"
