"""Whoever wants IDENT's database for himself never finds our seat taken: a scan and two lookups against a server that is restored, set
to single user, switched off, whose guests are thrown out, whose administrator wants a pause; and all of it is read afterwards."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.away import Away
from agent.mis.door import Door
from agent.mis.native import LOOK, STAY_OUT_SECONDS
from agent.mis.odbc import OdbcMis
from agent.mis.port import Columns, Look, Mis, MisConfig, MisError, Param, Row, Server
from agent.mis.reader import KINDS
from agent.scan import Pace, Scan
from tests.agent.mis.clinic import NOW
from tests.agent.mis.driver import Connection, SqlServer
from tests.agent.mis.golden import every_column
from tests.agent.scan.world import MOSCOW, World, world

Event: TypeAlias = tuple[str, int]

CONFIG = MisConfig(timezone="Europe/Moscow", host="server", password=lambda: "secret")
OPEN, AUTO_CLOSE = (0, 0, False), (0, 0, True)
RESTORING, RECOVERING, SUSPECT, OFFLINE = (1, 0, False), (2, 0, False), (4, 0, False), (6, 0, False)
SINGLE_USER, RESTRICTED = (0, 1, False), (0, 2, False)
STATES = (
    OPEN,
    AUTO_CLOSE,
    RESTORING,
    RECOVERING,
    SUSPECT,
    OFFLINE,
    SINGLE_USER,
    RESTRICTED,
    (0, 1, True),
    (1, 0, True),
)


def is_open(database: tuple[int, int, bool]) -> bool:
    return database[:2] == (0, 0)


class Both(Mis):
    """What is asked goes to the server with all its moods; the rows come from the demo clinic."""

    def __init__(self, odbc: OdbcMis, rows: Mis) -> None:
        self.odbc, self._rows = odbc, rows

    async def server(self) -> Server:
        await self.odbc.server()
        return await self._rows.server()

    async def look(self) -> Look:
        await self.odbc.look()
        return await self._rows.look()

    async def columns(self) -> Columns:
        await self.odbc.columns()
        return await self._rows.columns()

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        await self.odbc.fetch(query, *params)
        return await self._rows.fetch(query, *params)

    async def leave(self) -> None:
        await self.odbc.leave()


@dataclass
class Clinic:
    """The server, the agent's three connections to it, and what must not happen."""

    here: World
    server: SqlServer
    scan: Scan = field(init=False)
    mis: OdbcMis = field(init=False)
    lookups: Sequence[OdbcMis] = field(init=False)
    seconds: float = 0.0
    away: Away | None = None
    plans: list[tuple[int, Any]] = field(default_factory=list)
    """In how many statements of those inside the database is taken by force, into which state; None: its guests are only
    thrown out."""
    at_the_door: tuple[int, int, bool] | None = None
    """Into which state it is taken when one of us has looked and steps inside."""
    waits: tuple[int, int, bool] | None = None
    """Somebody waits until nobody is inside."""
    thrown_out_at: float = float("-inf")
    sins: list[str] = field(default_factory=list)
    _cursor: tuple[int, int] = (0, 0)

    def take(self, database: tuple[int, int, bool] | None) -> None:
        """WITH ROLLBACK IMMEDIATE: nobody is asked."""
        if database is not None:
            self.server.database = database
        if database is None or not is_open(database):
            self.server.throw_out()

    def before(self, text: str, connection: Connection) -> None:
        """Just before each statement."""
        self.plans = [(left - (connection.at == "PZ"), database) for left, database in self.plans]
        for _, database in [plan for plan in self.plans if plan[0] < 0]:
            self.take(database)
        self.plans = [plan for plan in self.plans if plan[0] >= 0]
        if text == "USE [PZ]" and self.at_the_door is not None:
            self.take(self.at_the_door)
            self.at_the_door = None
        self.let_in_who_waits()
        if connection.at == "nowhere":
            self.thrown_out_at = self.seconds
        elif connection.at == "PZ" and not is_open(self.database) and text != LOOK:
            self.sins.append(f"inside while {self.database}: {text[:40]}")
        if text == "USE [PZ]" and self.seconds < self.thrown_out_at + STAY_OUT_SECONDS:
            self.sins.append("back in too soon")
        if text == "USE [PZ]" and self.away is not None:
            self.sins.append("in while we are wished away")

    @property
    def database(self) -> tuple[int, int, bool]:
        assert self.server.database is not None
        return self.server.database

    def let_in_who_waits(self) -> None:
        if self.waits is not None and not self.server.inside:
            self.server.database, self.waits = self.waits, None

    async def step(self) -> float:
        """A step of the scan, and its wait."""
        wait = await self.scan.step()
        await self.keeps_its_cursor()
        self.rests()
        self.seconds += wait
        return wait

    async def keeps_its_cursor(self) -> None:
        cursor = await self.here.outbox.cursor("load")
        if cursor is None or cursor == "done":
            return
        kind, after = cursor.split()
        at = ([*KINDS].index(kind), int(after))  # type: ignore[arg-type]
        assert at >= self._cursor
        self._cursor = at

    def rests(self) -> None:
        """Between two questions of ours nobody of ours is in the way."""
        inside = [each.at for each in self.server.inside]
        if self.away is not None or not is_open(self.database):
            assert inside == []
        elif not self.database[2]:
            assert inside == []
            self.let_in_who_waits()
            assert self.waits is None
        else:
            assert len(inside) <= 1  # the scan's: the database would open and close at each step
        assert self.sins == []

    async def look(self, which: int) -> str:
        """An operator's question; how it ended."""
        mis = self.lookups[which % len(self.lookups)]
        try:
            await mis.server()
            await mis.fetch("visits_by_key", (1,))
        except MisError as error:
            return type(error).__name__
        finally:
            with contextlib.suppress(MisError):
                await mis.leave()
        return "ok"

    async def play(self, event: Event) -> None:
        what, number = event
        match what:
            case "step":
                await self.step()
            case "look":
                await self.look(number)
                self.rests_after_lookup()
            case "take":
                self.take(STATES[number % len(STATES)])
            case "open":
                self.take(OPEN)
            case "take soon":
                self.plans.append((number // len(STATES) % 8, STATES[number % len(STATES)]))
            case "throw out soon":
                self.plans.append((number % 5, None))
            case "restart":
                self.server.restart()
            case "at the door":
                self.at_the_door = (SINGLE_USER, RESTORING)[number % 2]
            case "wait for it":
                if is_open(self.database) and not self.plans:
                    self.waits = STATES[number % len(STATES)]
                    self.let_in_who_waits()
            case "seat":
                self.server.seat_is_taken = bool(number % 2)
            case "time":
                self.seconds += number % 90
            case "pause":
                self.away = Away("pause", NOW + timedelta(hours=1)) if number % 2 else None
            case "visit":
                self.here.clinic.visit(100 + number % 20, 1001, 1)

    def rests_after_lookup(self) -> None:
        """The scan may not have noticed yet that it has to go."""
        lookups = {id(mis._session._connection) for mis in self.lookups}
        assert [each for each in self.server.inside if id(each) in lookups] == []
        assert self.sins == []

    async def settle(self) -> None:
        """Everything is as it should be again, and a while passes."""
        self.plans, self.waits, self.at_the_door, self.away, self.server.seat_is_taken = [], None, None, None, False
        self.server.database = OPEN
        self.seconds += STAY_OUT_SECONDS + 1
        for _ in range(4):
            await self.step()
        assert self.here.standing.now.mis == "ok"

    async def has_read_everything(self) -> None:
        """After a whole pass that begins now the hub holds what stands in the clinic."""
        begins = self.here.clinic.pass_time(60).replace(tzinfo=MOSCOW)
        for _ in range(200):
            await self.step()
            await self.here.deliver()
            verified = (await self.here.outbox.times())[1]
            if await self.here.is_loaded() and verified is not None and verified >= begins:
                return await self.here.check()
        raise AssertionError("the pass never ends")


@contextlib.asynccontextmanager
async def clinic() -> AsyncIterator[Clinic]:
    server = SqlServer()
    server.tables = {table: set(of) for table, of in every_column().items()}
    with patch.dict(sys.modules, {"pyodbc": server}):
        async with world() as here:
            for key in range(1001, 1004):
                here.clinic.patient(key)
            for key in range(1, 8):
                here.clinic.visit(key, 1001 + key % 3, key % 4)
            made = Clinic(here, server)
            door = Door(away=lambda: made.away, clock=lambda: made.seconds)
            made.mis, *made.lookups = (OdbcMis(CONFIG, door, keeps_open=number == 0) for number in range(3))
            made.scan = Scan(
                Both(made.mis, here.mis),
                here.outbox,
                here.standing,
                zone=MOSCOW,
                fields=here.fields,
                pace=Pace(every_seconds=0.5, share=1, verify_every_seconds=5),
                clock=lambda: made.seconds,
            )
            here.scan, server.before = made.scan, made.before
            try:
                yield made
            finally:
                for each in (made.mis, *made.lookups):
                    each.close()


# Story by story


@pytest.mark.parametrize(
    ("database", "stands", "lookup"),
    [
        (RESTORING, "busy", "MisBusy"),
        (RECOVERING, "busy", "MisBusy"),
        (SINGLE_USER, "busy", "MisBusy"),
        (RESTRICTED, "busy", "MisBusy"),
        (OFFLINE, "down", "MisDown"),
        (SUSPECT, "down", "MisDown"),
    ],
)
async def test_while_somebody_works_on_the_database_we_stay_out_and_come_back_by_ourselves(
    database: tuple[int, int, bool], stands: str, lookup: str
) -> None:
    async with clinic() as here:
        await here.step()
        assert here.here.standing.now.mis == "ok"
        here.take(database)
        assert await here.step() == STAY_OUT_SECONDS
        assert here.here.standing.now.mis == stands
        here.server.log.clear()
        here.seconds -= 1  # a second before the minute is over
        assert await here.look(0) == lookup
        assert here.server.log == []  # not even asked
        here.take(OPEN)
        here.seconds += 2
        assert await here.look(0) == "ok"
        await here.step()
        assert here.here.standing.now.mis == "ok"
        await here.has_read_everything()


async def test_a_lookup_that_is_thrown_out_keeps_the_scan_out_too() -> None:
    async with clinic() as here:
        await here.step()
        here.plans.append((7, SINGLE_USER))  # four statements of the login, three at the door, and then it reads
        assert await here.look(1) == "MisDown"
        here.take(OPEN)
        assert await here.step() == STAY_OUT_SECONDS
        assert here.here.standing.now.mis == "down"
        assert here.sins == []


async def test_after_a_restart_of_the_server_the_first_question_is_answered_and_the_scan_looks_again() -> None:
    async with clinic() as here:
        await here.step()
        assert [await here.look(which) for which in (0, 1)] == ["ok", "ok"]
        here.server.restart()
        assert [await here.look(which) for which in (0, 1)] == ["ok", "ok"]
        await here.step()
        assert not here.here.standing.now.is_known
        await here.step()
        assert (here.here.standing.now.mis, here.here.standing.now.is_known) == ("ok", True)
        assert here.sins == []


async def test_the_last_seat_of_a_single_user_database_is_given_back_at_once() -> None:
    """It was set to single user between our look and our step inside."""
    async with clinic() as here:
        await here.step()
        looked = 0

        def between(text: str, connection: Connection) -> None:
            nonlocal looked
            if text == "USE [PZ]":
                here.server.database = SINGLE_USER
                looked = len(here.server.log)

        here.server.before = between
        await here.step()
        assert here.server.log[looked:] == ["USE [PZ]", LOOK]
        assert here.server.inside == []
        assert here.here.standing.now.mis == "busy"


async def test_in_a_database_that_closes_itself_one_of_us_stays_until_it_is_wanted() -> None:
    async with clinic() as here:
        here.take(AUTO_CLOSE)
        await here.step()
        await here.look(0)
        assert len(here.server.inside) == 1
        uses = here.server.log.count("USE [PZ]")
        await here.step()
        assert here.server.log.count("USE [PZ]") == uses
        here.server.database = OPEN  # AUTO_CLOSE is switched off: nothing keeps us there any more
        await here.step()
        assert here.server.inside == []


@pytest.mark.parametrize("database", [OPEN, AUTO_CLOSE])
async def test_a_pause_takes_us_out_with_the_next_step_and_says_so(database: tuple[int, int, bool]) -> None:
    async with clinic() as here:
        here.take(database)
        await here.step()
        here.away = Away("pause", NOW)
        assert await here.step() == 0.5  # it may be ended at any moment
        assert (here.here.standing.now.mis, here.here.standing.now.away) == ("busy", here.away)
        assert here.server.inside == []
        assert await here.look(0) == "MisAway"
        here.away = None
        await here.step()
        assert (here.here.standing.now.mis, here.here.standing.now.away) == ("ok", None)


async def test_a_question_that_nobody_waits_for_any_more_leaves_nobody_inside() -> None:
    """Its caller goes while the connection looks whether it may step inside."""
    async with clinic() as here:
        mis, gone = here.lookups[0], asyncio.Event()
        await here.step()
        loop, goes_on = asyncio.get_running_loop(), asyncio.Event()

        def holds(text: str, connection: Connection) -> None:
            if text == LOOK and connection.at == "master":
                loop.call_soon_threadsafe(gone.set)
                asyncio.run_coroutine_threadsafe(goes_on.wait(), loop).result(5)

        here.server.before = holds
        asking = loop.create_task(here.look(0))
        await gone.wait()
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        goes_on.set()
        await asyncio.wrap_future(mis._worker.put(lambda: None))  # its thread is through
        assert here.server.log[-1] == "USE [master]"
        assert here.server.inside == []


# All of it, in any order

MOODS = ("take", "take soon", "at the door", "wait for it", "throw out soon", "restart", "seat", "pause", "time")
HISTORIES = st.lists(
    st.tuples(
        st.sampled_from([*MOODS, "open", "open", "step", "step", "look", "look", "look", "visit"]), st.integers(0, 399)
    ),
    min_size=20,
    max_size=40,
)


async def nobody_finds_our_seat_taken(history: Sequence[Event]) -> None:
    async with clinic() as here:
        for event in history:
            await here.play(event)
        await here.settle()
        await here.has_read_everything()


@settings(max_examples=12)
@given(HISTORIES)
def test_whatever_happens_nobody_finds_our_seat_taken_and_everything_is_read(history: list[Event]) -> None:
    asyncio.run(nobody_finds_our_seat_taken(history))
