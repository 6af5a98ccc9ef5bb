"""How we behave towards a SQL Server: never in the way, never waiting for ever. Against a stand-in for the driver."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from agent.mis.door import MAX_LOST_THREADS, Door, TooManyLostThreads
from agent.mis.native import FIRST_STATEMENTS, LOOK
from agent.mis.odbc import OdbcMis, open_odbc
from agent.mis.port import MisBusy, MisChanged, MisConfig, MisDown, MisRefused
from tests.agent.mis.driver import NOW, SqlServer, error
from tests.agent.mis.golden import every_column
from wire.log import JsonLines

CONFIG = MisConfig(timezone="Europe/Moscow", host="server", instance="PZSQLSERVER", password=lambda: "secret")
USE = "USE [PZ]"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> SqlServer:
    server = SqlServer()
    server.tables = {table: set(of) for table, of in every_column().items()}
    monkeypatch.setitem(sys.modules, "pyodbc", server)
    return server


class Clock:
    """Seconds, as a test wants them to pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(clock: Clock) -> Door:
    return Door(clock=clock)


@pytest.fixture
async def mis(server: SqlServer, door: Door) -> AsyncIterator[OdbcMis]:
    mis = OdbcMis(CONFIG, door, keeps_open=True, seconds=5, grace=0.05)
    yield mis
    mis.close()


@pytest.fixture
async def lookup(server: SqlServer, door: Door) -> AsyncIterator[OdbcMis]:
    mis = OdbcMis(CONFIG, door, seconds=5, grace=0.05)
    yield mis
    mis.close()


async def test_it_logs_in_to_master_and_looks_before_it_enters(server: SqlServer, mis: OdbcMis) -> None:
    told = await mis.server()

    ((text, options),) = server.logins
    assert "DATABASE={master}" in text
    assert options == {"timeout": 5, "autocommit": True}
    assert (server.pooling, server.connections[0].timeout) == (False, 5)
    assert server.log[:7] == [*FIRST_STATEMENTS, LOOK, USE, LOOK]
    assert (told.now, told.bound, told.last) == (NOW, b"\0" * 7 + b"\2", b"\0" * 7 + b"\1")


async def test_it_goes_back_to_master_between_steps(server: SqlServer, mis: OdbcMis) -> None:
    await mis.server()
    await mis.leave()
    assert server.log[-1] == "USE [master]"
    server.log.clear()
    await mis.leave()
    assert server.log == []
    await mis.server()
    assert server.log[:2] == [LOOK, USE]
    assert len(server.logins) == 1


async def test_it_stays_in_a_database_that_closes_itself(server: SqlServer, mis: OdbcMis) -> None:
    server.database = (0, 0, True)
    await mis.server()
    await mis.leave()
    assert "USE [master]" not in server.log


@pytest.mark.parametrize("database", [(1, 0, False), (0, 1, False)])
async def test_it_does_not_enter_while_somebody_works_on_the_database(
    server: SqlServer, mis: OdbcMis, database: tuple[int, int, bool]
) -> None:
    server.database = database
    with pytest.raises(MisBusy) as raised:
        await mis.server()
    assert raised.value.after == 60
    assert "USE [PZ]" not in server.log
    assert server.connections[0].is_closed


async def test_an_unknown_database_is_for_a_person(server: SqlServer, mis: OdbcMis) -> None:
    server.database = None
    with pytest.raises(MisRefused, match="database"):
        await mis.server()


async def test_without_rowversions_of_the_server_the_clock_still_tells(server: SqlServer, mis: OdbcMis) -> None:
    server.fails = lambda text: error(195) if "MIN_ACTIVE" in text else None
    told = await mis.server()
    assert (told.now, told.bound, told.last) == (NOW, None, None)
    assert not server.connections[0].is_closed


async def test_rows_come_under_the_names_of_the_statement(server: SqlServer, mis: OdbcMis) -> None:
    server.rows = [(7, b"\1")]
    assert await mis.fetch("visit_versions", 0) == [{"ID": 7, "RowVersion": b"\1"}]
    assert server.log[-1] == "SELECT r.ID, r.RowVersion FROM dbo.Receptions AS r WHERE r.ID >= ?"


async def test_half_an_emoji_is_one_unreadable_letter_and_costs_nothing_else(server: SqlServer, mis: OdbcMis) -> None:
    server.rows = [("Пётр \ud83d", "\ude00 Пётр", "\ud83d\ud83d\ude00", "Пётр 😀", "", Decimal("0.0001"), None)]
    (row,) = await mis._ask(lambda session: session.fetch("SELECT r.Name", ()))
    assert row == ("Пётр \ufffd", "\ufffd Пётр", "\ufffd😀", "Пётр 😀", "", Decimal("0.0001"), None)
    assert set(server.connections[0].decoding.values()) == {"utf-16-le"}, "the next page is read as ever"
    assert not server.connections[0].is_closed


async def test_a_driver_that_fails_in_a_way_of_its_own_ends_nothing_and_is_told_without_its_words(
    server: SqlServer, mis: OdbcMis, caplog: pytest.LogCaptureFixture
) -> None:
    server.fails = lambda text: ValueError("Канарейкин") if text.startswith("SELECT MAX") else None
    with pytest.raises(MisDown) as raised:
        await mis.fetch("visit_newest")
    assert (type(raised.value), raised.value.code, raised.value.after) == (MisDown, "driver", None)
    (line,) = [JsonLines().format(record) for record in caplog.records if record.msg == "driver.failed"]
    assert json.loads(line)["exception"] == "ValueError"
    assert "Канарейкин" not in f"{line}{raised.value!r}{raised.value}{raised.value.__dict__}"
    assert server.connections[0].is_closed

    server.fails = lambda text: None
    await mis.fetch("visit_newest")


async def test_what_is_listed_but_closed_is_not_asked_for(server: SqlServer, mis: OdbcMis) -> None:
    server.tables["OwnCompanies"].discard("BranchName")
    server.closed_columns = {"ParentSNP"}
    columns = await mis.columns()
    assert "ParentSNP" not in columns["Patients"]
    assert "CardNumber" in columns["Patients"]
    assert "BranchName" not in columns["OwnCompanies"]
    await mis.fetch("patients_page", 0)
    assert "ParentSNP" not in server.log[-1]


async def test_a_table_without_any_right_is_not_there(server: SqlServer, mis: OdbcMis) -> None:
    server.fails = lambda text: error(229) if text.startswith("SELECT TOP 0") and "[PaymentsIn]" in text else None
    assert "PaymentsIn" not in await mis.columns()


async def test_a_line_that_breaks_while_we_look_is_no_missing_column(server: SqlServer, mis: OdbcMis) -> None:
    server.fails = lambda text: error(10054, "08S01") if text.startswith("SELECT TOP 0") else None
    with pytest.raises(MisDown):
        await mis.columns()


@pytest.mark.parametrize(
    ("number", "state", "kind", "connects_again"),
    [
        (1222, "42000", MisBusy, False),
        (1205, "40001", MisBusy, False),
        (208, "42S02", MisChanged, True),
        (229, "42000", MisRefused, True),
        (596, "HY000", MisDown, True),
    ],
)
async def test_after_an_error_the_connection_is_made_anew_unless_a_row_was_held(
    server: SqlServer, mis: OdbcMis, clock: Clock, number: int, state: str, kind: type[Exception], connects_again: bool
) -> None:
    await mis.fetch("visit_newest")
    await mis.leave()
    server.fails = lambda text: error(number, state) if text.startswith("SELECT MAX") else None
    with pytest.raises(kind) as raised:
        await mis.fetch("visit_newest")
    assert "Канарейкин" not in f"{raised.value!r} {raised.value} {raised.value.__dict__}"
    assert raised.value.__cause__ is None
    server.fails = lambda text: None
    clock.seconds += 61
    await mis.fetch("visit_newest")
    assert len(server.logins) == (2 if connects_again else 1)


async def test_a_login_that_fails_is_tried_again_at_the_next_call(server: SqlServer, mis: OdbcMis) -> None:
    server.fails = lambda text: error(18456, "28000") if text == "login" else None
    with pytest.raises(MisRefused, match="secret set"):
        await mis.server()
    server.fails = lambda text: None
    await mis.server()


async def test_a_server_that_was_restarted_in_between_costs_the_next_question_nothing(
    server: SqlServer, lookup: OdbcMis
) -> None:
    await lookup.server()
    await lookup.leave()
    server.restart()

    assert (await lookup.server()).now == NOW
    assert len(server.logins) == 2
    assert server.connections[0].is_closed


@pytest.mark.parametrize(
    ("number", "state", "kind"), [(10054, "08S01", MisDown), (18456, "28000", MisRefused), (1205, "40001", MisBusy)]
)
async def test_a_connection_is_made_once_more_and_not_again(
    server: SqlServer, lookup: OdbcMis, number: int, state: str, kind: type[Exception]
) -> None:
    await lookup.server()
    await lookup.leave()
    server.restart()
    server.fails = lambda text: error(number, state) if text == LOOK else None
    with pytest.raises(kind):
        await lookup.server()
    assert len(server.logins) == 2
    with pytest.raises(kind):  # none is left over: it is not tried twice
        await lookup.server()
    assert len(server.logins) == (2 if kind is MisBusy else 3)


async def test_the_scan_hears_of_a_restart(server: SqlServer, mis: OdbcMis) -> None:
    """It has to look which database is there now."""
    await mis.server()
    await mis.leave()
    server.restart()
    with pytest.raises(MisDown):
        await mis.server()
    assert len(server.logins) == 1


async def test_who_was_inside_when_the_server_was_restarted_stays_out(server: SqlServer, lookup: OdbcMis) -> None:
    await lookup.server()
    server.restart()
    with pytest.raises(MisDown) as raised:
        await lookup.fetch("visit_newest")
    assert (raised.value.after, len(server.logins)) == (60, 1)


async def test_a_statement_past_its_deadline_is_cancelled(server: SqlServer, mis: OdbcMis) -> None:
    await mis.columns()
    server.stuck, mis._seconds = threading.Event(), 0.02
    with pytest.raises(MisBusy) as raised:
        await mis.fetch("visits_by_key", (1,))
    assert raised.value.code == "HY008 0"
    assert "cancel" in server.log


async def test_a_thread_that_does_not_come_back_is_left_behind_and_the_fourth_ends_us(
    server: SqlServer, mis: OdbcMis
) -> None:
    await mis.columns()
    server.stuck, mis._seconds, mis._grace = threading.Event(), 0.02, 0.02
    server.installed = ["deaf", *server.installed]
    for lost in range(MAX_LOST_THREADS):
        with pytest.raises(MisDown) as raised:
            await mis.fetch("visits_by_key", (1,))
        assert raised.value.code == "late"
        assert len(server.logins) == lost + 1
    with pytest.raises(TooManyLostThreads):
        await mis.fetch("visits_by_key", (1,))
    server.stuck.set()


async def test_who_leaves_ends_his_statement_and_frees_the_connection(server: SqlServer, mis: OdbcMis) -> None:
    await mis.columns()
    server.stuck = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await mis.fetch("visits_by_key", (1,))
    await asyncio.to_thread(server.stuck.wait, 5)
    assert "cancel" in server.log

    server.stuck = None
    assert await mis.fetch("visits_by_key", (1,)) == []
    assert len(server.logins) == 1


async def test_a_thread_that_does_not_come_back_after_who_left_is_left_behind(server: SqlServer, mis: OdbcMis) -> None:
    await mis.columns()
    server.stuck, mis._seconds, mis._grace = threading.Event(), 0.02, 0.02
    server.installed = ["deaf", *server.installed]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.005):
            await mis.fetch("visits_by_key", (1,))
    await mis.leave()  # waits for nobody
    mis._worker._left_until = 0  # its time is up
    with pytest.raises(MisDown):
        await mis.fetch("visits_by_key", (1,))

    server.stuck.set()
    server.stuck, mis._seconds = None, 5
    assert await mis.fetch("visits_by_key", (1,)) == []
    assert len(server.logins) == 2


async def test_a_server_that_lets_nobody_in_for_long_costs_no_thread(server: SqlServer, mis: OdbcMis) -> None:
    """Who asks has less patience than a login takes where the server is switched off."""
    begun, opens = threading.Event(), threading.Event()

    def knock(text: str) -> Exception | None:
        if text == "login":
            begun.set()
            opens.wait(5)
        return None

    server.fails = knock
    for _ in range(MAX_LOST_THREADS + 2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await mis.server()
    assert begun.is_set()
    opens.set()
    assert (await mis.server()).now == NOW
    assert len(server.logins) == 1


async def test_closing_drops_the_connection(server: SqlServer) -> None:
    async with open_odbc(CONFIG, Door()) as mis:
        await mis.server()
    await server.connections[0].closed()
    assert server.connections[0].is_closed


async def test_without_a_driver_manager_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    async with open_odbc(CONFIG, Door()) as mis:
        with pytest.raises(MisRefused, match="apt-get install unixodbc"):
            await mis.server()


def test_nothing_of_odbc_is_imported_with_the_agent() -> None:
    code = "import sys, agent.mis, agent.scan; sys.exit('pyodbc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_it_says_which_database_this_is_and_in_what_shape(server: SqlServer, mis: OdbcMis) -> None:
    first = await mis.look()
    assert (first.server, first.name, first.created, first.indexed) == ("РЕЦЕПЦИЯ\\PZSQLSERVER", "PZ", NOW, frozenset())

    server.indexed = {("Receptions", "RowVersion")}
    server.tables["Receptions"].remove("Comment")
    server.tables = dict(sorted(server.tables.items(), reverse=True))
    second = await mis.look()
    assert second.indexed == {"receptions.rowversion"}
    assert second.shape != first.shape

    server.tables["Receptions"].add("Comment")
    assert (await mis.look()).shape == first.shape, "whatever the order of what is listed"


async def test_what_the_server_keeps_to_itself_costs_nothing_else(server: SqlServer, mis: OdbcMis) -> None:
    server.fails = lambda text: error(229) if "sys.indexes" in text or "@@SERVERNAME" in text else None
    look = await mis.look()
    assert (look.server, look.name, look.created, look.indexed) == (None, None, None, frozenset())
    assert look.shape
