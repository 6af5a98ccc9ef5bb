"""The ODBC layer through a real driver against a real server: PostgreSQL, with what it says in other words put in its own. What it
cannot show (T-SQL, SQL Server's own numbers) is named in docs/fidelity.md."""
# ruff: noqa: DTZ001 - IDENT's times have no zone

import asyncio
import importlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.mis import drivers, native, session
from agent.mis.door import MAX_LOST_THREADS, Door, TooManyLostThreads
from agent.mis.odbc import OdbcMis
from agent.mis.port import MisBusy, MisConfig, MisDown, MisRefused
from tests.hub.relay import Relay, relaying
from tests.postgres import OWNER, Server, running

pyodbc: Any = importlib.import_module("pyodbc")

pytestmark = pytest.mark.xdist_group("odbc")

PATIENCE = 10.0
NOTE = "Ждёт внука: «Ёлка» 😀 " * 1000
START = datetime(2026, 11, 24, 9, 30, 0, 123000)
SUMS = ("12345678901234.5678", "0.0001", "-0.1000", "3.0000")

TABLES = """
CREATE SCHEMA sys; CREATE SCHEMA dbo; CREATE SCHEMA "PZ"; CREATE SCHEMA master;
CREATE TABLE sys.databases (name text, state int, user_access int, is_auto_close_on bool);
INSERT INTO sys.databases VALUES ('PZ', 0, 0, false);
CREATE FUNCTION GETDATE() RETURNS timestamp LANGUAGE sql AS $$ SELECT timestamp '2026-11-24 09:00:00.997' $$;
CREATE TABLE dbo.Receptions (ID int, RowVersion bytea, ID_Patients int, PlanStart timestamp(3), PlanEnd timestamp(3),
    PatientAppeared timestamp(3), ReceptionStarted timestamp(3), ReceptionEnded timestamp(3), ReceptionCanceled timestamp(3), Comment text);
CREATE TABLE dbo.Patients (ID_Persons int);
CREATE TABLE dbo.Persons (ID int, Surname varchar(100), Name varchar(100), Patronymic varchar(100), Birthday date,
    MobilePhone varchar(200));
CREATE TABLE dbo.Orders (ID int, ID_Receptions int, DateTimeAdded timestamp(3), DateTimeChanged timestamp(3));
CREATE TABLE dbo.OrderServiceRelation (ID_Orders int, ID_ServicePrices int, CountService numeric(28, 10), DiscountSum numeric(19, 4));
CREATE TABLE dbo.ServiceItemPrices (ID int, Price numeric(19, 4));
INSERT INTO dbo.Persons VALUES (1001, 'Канарейкин', 'Пётр 😀', NULL, '2019-02-28', '+7 999 000 12 34');
INSERT INTO dbo.Patients VALUES (1001);
INSERT INTO dbo.Receptions VALUES (7,
    '\\x00000000000007d1', 1001, '2026-11-24 09:30:00.123', '2026-11-24 10:00:00.997', NULL, NULL, NULL, NULL, NULL);
INSERT INTO dbo.Orders VALUES (5, 7, '2026-11-24 08:00:00.120', '2026-11-24 08:00:00.123');
"""


def driver_file() -> str:
    return str(max(Path("/usr/lib").glob("*/odbc/psqlodbcw.so")))


class Postgres:
    """The server, and somebody who looks after it over a connection of his own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.more = ""
        self._connection = pyodbc.connect(self.text(), autocommit=True)

    def text(self, port: int | None = None) -> str:
        """psqlodbc does not take braces around every value."""
        where = f"SERVER=127.0.0.1;PORT={port or self.server.port};DATABASE=postgres;UID={OWNER}"
        return f"DRIVER={{{driver_file()}}};{where};BoolsAsChar=0;{self.more}"

    def ask(self, text: str, *values: Any) -> list[Any]:
        cursor = self._connection.execute(text, *values)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []

    def ours(self, state: str = "%", statement: str = "") -> list[int]:
        """The agent's connections; those that are at this statement."""
        return self.ask(
            """SELECT pid FROM pg_stat_activity WHERE usename = ? AND state LIKE ? AND strpos(query, ?) > 0
            AND backend_type = 'client backend' AND pid <> pg_backend_pid()""",
            OWNER,
            state,
            statement,
        )

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pyodbc.pooling = False
    with running() as server:
        postgres = Postgres(server)
        postgres.ask(TABLES)
        postgres.ask("UPDATE dbo.Receptions SET Comment = ?", NOTE)
        for number, total in enumerate(SUMS, start=1):
            postgres.ask("INSERT INTO dbo.ServiceItemPrices VALUES (?, CAST(? AS numeric))", number, total)
            postgres.ask("INSERT INTO dbo.OrderServiceRelation VALUES (5, ?, 2.5, CAST(? AS numeric))", number, total)
        postgres.close()
        yield server


@pytest.fixture
def postgres(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """What is SQL Server's own is said in PostgreSQL's words: the connection string, stepping into a database, a look at columns."""
    postgres = Postgres(server)
    monkeypatch.setattr(drivers, "choose", lambda *_, **__: driver_file())
    monkeypatch.setattr(drivers, "connection_string", lambda config, *_: postgres.text(config.port))
    monkeypatch.setattr(native, "use", lambda name: f'SET search_path TO "{name}", public')
    monkeypatch.setattr(native, "peek", _peek)
    yield postgres
    postgres.close()


def _peek(table: str, columns: Sequence[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM dbo.{table} LIMIT 0"  # noqa: S608


class Clock:
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
async def mis(postgres: Postgres, door: Door) -> AsyncIterator[OdbcMis]:
    mis = OdbcMis(config(), door, seconds=PATIENCE, grace=PATIENCE)
    yield mis
    mis._seconds = PATIENCE
    mis.close()
    await until(lambda: not postgres.ours())


def config(**values: Any) -> MisConfig:
    return MisConfig(timezone="Europe/Moscow", host="127.0.0.1", **values)


def through(relay: Relay) -> MisConfig:
    return config(port=int(relay.address.partition(":")[2]))


async def until(condition: Callable[[], object]) -> None:
    """A condition comes true; a look at the server takes its time."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 the condition is the server's
            await asyncio.sleep(0)


async def say(mis: OdbcMis, text: str) -> list[tuple[Any, ...]]:
    """A statement that is none of ours, over our connection."""
    return await mis._ask(lambda session: session.fetch(text, ()))


async def pid(mis: OdbcMis) -> int:
    return int((await say(mis, "SELECT pg_backend_pid()"))[0][0])


def elapsed(since: float) -> float:
    return asyncio.get_running_loop().time() - since


def now() -> float:
    return asyncio.get_running_loop().time()


# What comes is what stands there


async def test_decimals_come_exactly(mis: OdbcMis) -> None:
    lines = await mis.fetch("lines_of_orders", (5,))
    prices = [line["Price"] for line in lines]
    assert all(type(price) is Decimal for price in prices)
    assert sorted(map(str, prices)) == sorted(SUMS)
    assert {line["CountService"] for line in lines} == {Decimal("2.5")}
    assert sum(Decimal(str(line["DiscountSum"])) for line in lines) == Decimal("12345678901237.4679")


async def test_texts_come_whole_with_cyrillic_emoji_and_length(mis: OdbcMis) -> None:
    (visit,) = await mis.fetch("visits_by_key", (7,))
    (patient,) = await mis.fetch("patients_by_key", (1001,))
    assert visit["Comment"] == NOTE
    assert (patient["Surname"], patient["Name"], patient["Patronymic"]) == ("Канарейкин", "Пётр 😀", None)
    assert patient["Birthday"] == date(2019, 2, 28)


async def test_half_an_emoji_is_one_unreadable_letter_and_the_page_is_read(mis: OdbcMis, postgres: Postgres) -> None:
    """A database in which a text may be any bytes; the driver makes UTF-16 of them and looks at no pairs."""
    postgres.ask("CREATE DATABASE anything ENCODING 'SQL_ASCII' TEMPLATE template0")
    postgres.more = "DATABASE=anything;"
    texts, cut = (
        f"'{NOTE}', i, CAST('Пётр' AS varchar(9)), NULL",
        "convert_from(decode('41eda0bd42', 'hex'), 'SQL_ASCII')",
    )
    try:
        await mis._ask(lambda session: session.rows("SELECT set_config('client_encoding', 'SQL_ASCII', false)", ()))
        for text, read in ((cut, "A\ufffdB"), ("'😀'", "😀")):
            asked = f"SELECT {text}, {texts} FROM generate_series(1, 3) AS i"  # noqa: S608
            found = await mis._ask(lambda session, asked=asked: session.rows(asked, ()))  # type: ignore[misc]  # its default
            assert found == [(read, NOTE, number, "Пётр", None) for number in (1, 2, 3)]
    finally:
        mis.close()
        postgres.more = ""
        await until(lambda: not postgres.ask("SELECT pid FROM pg_stat_activity WHERE datname = 'anything'"))
        postgres.ask("DROP DATABASE anything")


async def test_times_keep_their_milliseconds_both_ways(mis: OdbcMis) -> None:
    (visit,) = await mis.fetch("visits_by_key", (7,))
    assert (visit["PlanStart"], visit["PlanEnd"]) == (START, datetime(2026, 11, 24, 10, 0, 0, 997000))
    assert visit["RowVersion"] == bytes.fromhex("00000000000007d1")
    changed = datetime(2026, 11, 24, 8, 0, 0, 123000)
    for off, found in ((0, 1), (1, 0)):
        since = changed + timedelta(milliseconds=off)
        assert len(await mis.fetch("orders_changed", 0, since, since)) == found


async def test_a_list_of_keys_is_bound_one_by_one(mis: OdbcMis) -> None:
    assert len(await mis.fetch("visits_by_key", (6, 7, 8))) == 1
    assert await mis.fetch("visits_by_key", (6, 8)) == []


async def test_what_the_server_refuses_is_off_and_nothing_else(mis: OdbcMis, postgres: Postgres) -> None:
    """This server knows neither SET LANGUAGE nor @@DBTS."""
    server = await mis.server()
    assert (server.now, server.bound, server.last) == (datetime(2026, 11, 24, 9, 0, 0, 997000), None, None)
    assert len(postgres.ours()) == 1


async def test_the_probe_finds_what_may_be_read(mis: OdbcMis, postgres: Postgres) -> None:
    assert (await mis.columns())["Patients"] == {"ID_Persons"}
    assert "Staffs" not in await mis.columns()
    postgres.ask(
        "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA sys, dbo TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA sys TO reader"
    )
    postgres.ask("GRANT SELECT (ID, Name) ON dbo.Persons TO reader")
    mis.close()
    reader = OdbcMis(config(), Door())
    postgres.more = "UID=reader;"
    try:
        assert await reader.columns() == {"Persons": {"ID", "Name"}}
    finally:
        reader.close()
        postgres.more = ""
        await until(lambda: not postgres.ask("SELECT pid FROM pg_stat_activity WHERE usename = 'reader'"))
        postgres.ask("DROP OWNED BY reader; DROP ROLE reader")


# Deadlines


async def test_a_statement_past_its_deadline_is_cancelled_in_the_server(mis: OdbcMis, postgres: Postgres) -> None:
    before, mis._seconds, since = await pid(mis), 0.2, now()
    with pytest.raises(MisBusy) as raised:
        await say(mis, "SELECT pg_sleep(30)")
    assert elapsed(since) < 3
    assert raised.value.code == "57014 1"
    assert postgres.ours("active") == []
    assert await pid(mis) == before  # the connection lives on


async def test_an_error_is_told_by_its_numbers_and_repeats_no_value(mis: OdbcMis) -> None:
    with pytest.raises(MisDown) as raised:
        await say(mis, "SELECT CAST('Канарейкин' AS int)")
    assert raised.value.code == "22P02 1"
    assert "Канарейкин" not in f"{raised.value!r}{raised.value}{raised.value.__dict__}"


async def test_who_leaves_ends_his_statement_in_the_server_and_nobody_stays_inside(
    mis: OdbcMis, postgres: Postgres
) -> None:
    before = await pid(mis)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await say(mis, "SELECT pg_sleep(30)")
    await mis.leave()
    await until(lambda: postgres.ours("active") == [])
    await until(lambda: not mis._session.is_inside)
    assert postgres.ask("SELECT query FROM pg_stat_activity WHERE pid = ?", before) == [
        'SET search_path TO "master", public'
    ]


async def test_a_slow_statement_holds_up_no_other_connection(mis: OdbcMis, door: Door) -> None:
    other = OdbcMis(config(), door)
    async with asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(say(mis, "SELECT pg_sleep(1)"))
        await other.server()
        assert not slow.done()
    other.close()


async def test_a_server_that_does_not_answer_ends_the_login(mis: OdbcMis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "TIMEOUT_SECONDS", 2)  # the least that the driver knows
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        mis._session._config = config(port=deaf.getsockname()[1])
        since = now()
        with pytest.raises(MisDown) as raised:
            await mis.server()
        assert 1 < elapsed(since) < 5
    assert type(raised.value) is MisDown
    assert raised.value.code == "08001 101"


async def test_a_port_where_nobody_listens_is_down_at_once(mis: OdbcMis) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        mis._session._config = config(port=free.getsockname()[1])
        with pytest.raises(MisDown):
            await mis.server()


async def test_a_driver_file_that_is_not_there_is_for_a_person(mis: OdbcMis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "connection_string", lambda *_: "DRIVER={/nowhere/libtdsodbc.so};SERVER={127.0.0.1};")
    with pytest.raises(MisRefused, match="apt-get install"):
        await mis.server()


# Lost connections


async def test_a_connection_lost_in_mid_result_gives_no_half_result(
    mis: OdbcMis, postgres: Postgres, clock: Clock
) -> None:
    postgres.more = "UseDeclareFetch=1;Fetch=10;"
    rows = "SELECT i, CASE WHEN i = 25 THEN CAST(pg_sleep(30) AS text) END FROM generate_series(1, 100) AS i"
    before = await pid(mis)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(caught(say(mis, rows)))
        await until(
            lambda: postgres.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE 'fetch%'")
        )
        postgres.ask("SELECT pg_terminate_backend(?)", before)
    assert isinstance(reading.result(), MisDown)
    clock.seconds += 61
    assert await pid(mis) != before


async def caught(call: Any) -> BaseException | None:
    try:
        await call
    except Exception as error:  # noqa: BLE001 whatever it is, the test looks at it
        return error
    return None


async def test_a_connection_that_the_server_ended_is_made_anew(mis: OdbcMis, postgres: Postgres) -> None:
    before = await pid(mis)
    postgres.ask("SELECT pg_terminate_backend(?)", before)
    with pytest.raises(MisDown):
        await mis.server()
    assert await pid(mis) != before


async def test_who_was_thrown_out_stays_out_with_all_his_connections(
    postgres: Postgres, door: Door, clock: Clock
) -> None:
    async with relaying(postgres.server.port) as relay:
        mis, other = (OdbcMis(through(relay), door) for _ in range(2))
        await pid(mis)
        relay.cut()
        with pytest.raises(MisDown) as raised:
            await mis.server()
        assert (raised.value.code[:5], raised.value.after) == ("08S01", 60)
        for each in (mis, other):
            with pytest.raises(MisDown, match="08S01"):
                await each.server()
        await until(lambda: postgres.ours() == [])
        clock.seconds += 61
        await mis.server()
        await other.server()
        for each in (mis, other):
            each.close()
        await until(lambda: postgres.ours() == [])


async def test_a_line_that_breaks_in_the_middle_of_a_statement_ends_the_wait(postgres: Postgres, door: Door) -> None:
    async with relaying(postgres.server.port) as relay:
        mis = OdbcMis(through(relay), door)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(caught(say(mis, "SELECT pg_sleep(30)")))
            await until(lambda: postgres.ours("active", "pg_sleep"))  # not at what the driver asks as it connects
            relay.cut()
        error = reading.result()
        assert isinstance(error, MisDown)
        assert error.code.startswith("08S01")
        for asleep in postgres.ours():
            postgres.ask("SELECT pg_terminate_backend(?)", asleep)
        mis.close()


async def test_a_line_that_goes_dead_holds_up_nobody_but_its_thread(postgres: Postgres, door: Door) -> None:
    """Not even the cancellation gets through; whoever waits for it must not be the one who also serves the link."""
    async with relaying(postgres.server.port) as relay:
        mis = OdbcMis(through(relay), door)
        await mis.server()
        mis._seconds = mis._grace = 0.2
        relay.hang()
        since = now()
        with pytest.raises(MisDown, match="late"):
            await mis.server()
        assert elapsed(since) < 2
        relay.flow()
        await until(lambda: postgres.ours() == [])
        mis.close()


# Threads that do not come back


async def test_threads_that_do_not_return_are_left_behind_and_the_fourth_ends_us(
    mis: OdbcMis, postgres: Postgres
) -> None:
    """The server's process is stopped: it hears no cancellation, and its connection says nothing any more."""
    stopped: list[int] = []
    try:
        for lost in range(MAX_LOST_THREADS + 1):
            mis._seconds = mis._grace = PATIENCE
            stopped.append(await pid(mis))
            os.kill(stopped[-1], signal.SIGSTOP)
            mis._seconds = mis._grace = 0.1
            with pytest.raises(MisDown if lost < MAX_LOST_THREADS else TooManyLostThreads) as raised:
                await mis.server()
            assert lost == MAX_LOST_THREADS or str(raised.value) == "no answer (late)"
        assert len(set(stopped)) == MAX_LOST_THREADS + 1
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)
    await until(lambda: not set(stopped) & set(postgres.ours()))  # those who come back stay in nobody's way
    mis._seconds = mis._grace = PATIENCE
    stopped = [await pid(mis)]
    os.kill(stopped[0], signal.SIGSTOP)
    mis._seconds = mis._grace = 0.1
    with pytest.raises(MisDown, match="late"):  # and do not count any more
        await mis.server()
    os.kill(stopped[0], signal.SIGCONT)
