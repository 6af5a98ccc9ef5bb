"""What is decided about a SQL Server, as tables: nothing here needs one."""

import pytest

from agent.mis import native
from agent.mis.native import Database, entry, told
from agent.mis.port import MisBusy, MisChanged, MisDown, MisError, MisRefused

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
        ("42000", f"[42000] {MS}x (942) (SQLExecDirectW)", MisDown, "42000 942"),
        ("42000", f"[42000] {MS}x (926) (SQLExecDirectW)", MisDown, "42000 926"),
        ("42000", f"[42000] {MS}x (952) (SQLExecDirectW)", MisBusy, "42000 952"),
        (
            "08S01",
            "[08S01] [FreeTDS][SQL Server]Read from the server failed (20004) (SQLExecDirectW)",
            MisDown,
            "08S01 20004",
        ),
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
    error = told((state, text), where="knocking", windows=False)
    assert (type(error), error.code) == (kind, code)


def test_errors_repeat_nothing_of_what_the_server_said() -> None:
    text = (
        f"[22018] {MS}Conversion failed when converting the nvarchar value 'Канарейкин' to int. (245) (SQLExecDirectW)"
    )
    error = told(("22018", text), where="inside", windows=False)
    assert "Канарейкин" not in f"{error!r}{error}{error.args}{error.__dict__}"


@pytest.mark.parametrize(
    ("state", "text", "where", "after"),
    [
        ("08S01", "x (10054) (SQLExecDirectW)", "inside", 60),
        ("42000", "x (596) (SQLExecDirectW)", "inside", 60),
        ("HY000", "x (20047) (SQLExecDirectW)", "inside", 60),
        ("HYT01", "x (0) (SQLExecDirectW)", "inside", 60),
        ("08S01", "x (10054) (SQLExecDirectW)", "outside", None),
        ("08S01", "x (10054) (SQLDriverConnect)", "knocking", None),
        ("42000", "x (927) (SQLExecDirectW)", "outside", 60),
        ("42000", "x (942) (SQLExecDirectW)", "outside", 60),
        ("42000", "x (1222) (SQLExecDirectW)", "inside", None),
    ],
)
def test_who_was_thrown_out_stays_out_for_a_minute(
    state: str, text: str, where: native.Where, after: float | None
) -> None:
    error = told((state, text), where=where, windows=False)
    assert isinstance(error, MisDown)
    assert error.after == after


@pytest.mark.parametrize(("where", "kind"), [("knocking", MisDown), ("outside", MisBusy), ("inside", MisBusy)])
def test_a_timeout_at_the_door_is_nobody_and_a_timeout_of_a_statement_is_too_much_work(
    where: native.Where, kind: type[MisError]
) -> None:
    assert type(told(("HYT00", "x (0) (SQLExecDirectW)"), where=where, windows=True)) is kind


@pytest.mark.parametrize(
    ("where", "state", "number", "kind"),
    [
        ("knocking", "08001", -2146893019, MisRefused),  # Windows: a certificate that nobody vouches for
        ("knocking", "08001", -2146893007, MisRefused),  # Windows: no algorithm in common
        ("knocking", "08001", -1, MisRefused),  # Linux: whatever OpenSSL says
        ("knocking", "08001", 20, MisRefused),  # the server speaks no TLS, and the config wants it
        ("outside", "42000", 20, MisDown),
        ("inside", "HY000", -1, MisDown),
        ("knocking", "08001", 10054, MisDown),  # hung up: perhaps TLS, perhaps a restart
    ],
)
def test_a_handshake_that_failed_is_for_a_person(
    where: native.Where, state: str, number: int, kind: type[MisError]
) -> None:
    assert type(told((state, f"x ({number}) (SQLDriverConnect)"), where=where, windows=False)) is kind


@pytest.mark.parametrize(
    ("windows", "words"),
    [(True, ("TLS 1.2", "Native Client 11")), (False, ('driver = "FreeTDS"', 'encrypt = "off"', "tdsodbc"))],
)
def test_the_way_out_is_one_of_this_system(windows: bool, words: tuple[str, ...]) -> None:
    error = told(("08001", "x (-1) (SQLDriverConnect)"), where="knocking", windows=windows)
    assert isinstance(error, MisRefused)
    for word in words:
        assert word in error.hint


@pytest.mark.parametrize(
    ("code", "helps"),
    [
        ("08001 10054", True),
        ("08001 104", True),
        ("08001 0", True),
        ("08001 53", False),
        ("HYT00 0", False),
        ("late", False),
    ],
)
def test_where_a_server_hung_up_the_way_out_is_named_too(code: str, helps: bool) -> None:
    assert (native.way_out(code, windows=False) is not None) is helps


def test_no_arguments_are_an_error_too() -> None:
    assert type(told((), where="knocking", windows=True)) is MisDown


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        (("42000", "'MIN_ACTIVE_ROWVERSION' is not a recognized built-in function name. (195) (SQLExecDirectW)"), True),
        (("42000", "x (229) (SQLExecDirectW)"), True),
        (("42S22", "x (207) (SQLExecDirectW)"), True),
        (("42000", "x (1222) (SQLExecDirectW)"), False),
        (("42000", "x (942) (SQLExecDirectW)"), False),
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
        (None, None),
        (Database(1, 0, auto_close=False), MisBusy),
        (Database(2, 0, auto_close=False), MisBusy),
        (Database(3, 0, auto_close=False), MisDown),
        (Database(4, 0, auto_close=False), MisDown),
        (Database(6, 0, auto_close=False), MisDown),
        (Database(0, 1, auto_close=False), MisBusy),
        (Database(0, 2, auto_close=False), MisBusy),
    ],
)
def test_only_an_open_house_is_entered(database: Database | None, kind: type[MisError] | None) -> None:
    refusal = entry(database)
    assert (refusal and type(refusal)) == kind
    if isinstance(refusal, MisDown):
        assert refusal.after == 60


def test_names_are_quoted() -> None:
    assert native.quoted("PZ]; DROP") == "[PZ]]; DROP]"
