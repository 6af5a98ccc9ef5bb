"""Which database this is: moved, put back from a backup, or another one altogether."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from agent.away import Away
from agent.mis.port import MisAway, MisBusy, MisDown
from agent.scan import Pace
from agent.scan.budget import Budget
from agent.scan.database import Remembered, is_another
from tests.agent.mis.clinic import NOW, Backup
from tests.agent.scan.test_scan import changed, furnish, stands
from tests.agent.scan.world import MOSCOW, World, world
from wire.fingerprint import is_same

HERE = Remembered("S", "PZ", "2019", {1: "a", 2: "b", 3: "c"})


@pytest.fixture
async def here() -> AsyncIterator[World]:
    """A clinic that was read to the end; the next pass is not due for long."""
    async with world(pace=Pace(0, 1, verify_every_seconds=1e9)) as here:
        furnish(here)
        await here.load()
        await here.step(3)
        yield here


@pytest.mark.parametrize(
    ("server", "name", "created", "booked", "another"),
    [
        ("S", "PZ", "2019", {1: "a", 2: "b", 3: "c"}, False),
        ("T", "PZ2", "2026", {1: "a", 2: "b", 3: "c"}, False),  # moved
        ("S", "PZ", "2026", {1: "a", 2: "x"}, False),
        ("S", "PZ", "2019", {1: "x", 2: "y", 3: "c"}, True),  # under the old name
        ("S", "PZ", "2019", {1: "x", 2: "", 3: ""}, True),
        ("S", "PZ", "2026", {}, False),  # nothing to compare: the names decide
        ("T", "PZ", "2019", {}, False),
        ("T", "PZ", "2026", {}, True),
        ("S", "PZ_TEST", None, {}, True),
    ],
)
def test_the_oldest_visits_decide(
    server: str, name: str, created: str | None, booked: dict[int, str], another: bool
) -> None:
    assert is_another(HERE, Remembered(server, name, created, {}), booked) is another


async def test_the_hub_is_told_by_what_the_database_is_known(here: World) -> None:
    told = await here.outbox.fingerprint()
    assert len(told.split()) == 4
    here.clinic.delete("Receptions", 4)
    here.clinic.visit(5, 1001, ReceptionAdded=NOW + timedelta(hours=3))
    await here.restart()
    await here.step()
    assert is_same(told, await here.outbox.fingerprint())


async def test_from_another_database_nothing_is_taken_and_nothing_is_lost(here: World) -> None:
    here.clinic.visit(5, 1002)
    await here.step()
    right, held = here.clinic.backup(), here.hub.values.copy()
    async with world(start=False) as other:
        for key in (1, 2, 3):
            other.clinic.visit(key, 1001, key, ReceptionAdded=NOW - timedelta(days=900 + key))
        here.clinic.put_back(other.clinic.backup())
    await here.restart()

    assert await here.scan.step() == 60
    assert stands(here) == "refused"
    assert "другая база IDENT" in (here.standing.now.hint or "")
    await here.step(5)
    before = len(here.hub.told)
    await here.deliver()
    assert here.hub.told[before:] == ["live upsert visit 5"], "what waited goes all the same"
    assert {place for place in here.hub.values if place not in held} == {("visit", "5")}

    here.clinic.put_back(right)
    await here.step(20)
    assert stands(here) == "ok"
    await here.deliver()
    await here.check()


def another_clinics(booked: int) -> Callable[[World], Awaitable[Backup]]:
    """A database with so many visits, under the keys of ours."""

    async def made(here: World) -> Backup:
        async with world(start=False) as other:
            other.clinic.patient(1001, "Чужая")
            for key in range(1, booked + 1):
                other.clinic.visit(key, 1001, key % 9, ReceptionAdded=NOW - timedelta(days=900 + key))
            other.clinic.pass_time(60 + (here.clinic.now - other.clinic.now).total_seconds())
            return other.clinic.backup()

    return made


def kept_out(here: World) -> None:
    here.mis.fails = lambda query: MisBusy("state 1", 60)


def put_out_under_way(here: World) -> None:
    """While it reads what changed: by now it had seen which database this was."""
    here.mis.fails = lambda query: MisDown("08S01 596", 60) if query == "orders_changed" else None


def paused(here: World) -> None:
    here.mis.fails = lambda query: MisAway(Away("pause", datetime(2026, 11, 24, tzinfo=UTC)))


def nothing(here: World) -> None:
    """It was too quick for us."""


FALLEN, RISEN = another_clinics(2), another_clinics(500)


@pytest.mark.parametrize(
    ("put", "away"),
    [
        *[(FALLEN, away) for away in (kept_out, put_out_under_way, paused, nothing)],
        *[(RISEN, away) for away in (kept_out, put_out_under_way, paused)],
    ],
)
async def test_another_database_that_is_put_in_place_while_we_run_is_not_read(
    here: World, put: Callable[[World], Awaitable[Backup]], away: Callable[[World], None]
) -> None:
    """Whether or not its rowversions are lower than ours were."""
    held, told, right = here.hub.values.copy(), here.hub.told.copy(), here.clinic.backup()
    away(here)
    await here.scan.step()
    assert here.standing.now.is_known is (away is nothing), "a card that is opened now would tell of others"
    here.clinic.put_back(await put(here))
    here.is_down(down=False)
    here.mis.asked.clear()
    for _ in range(3):
        await here.scan.step()
        assert stands(here) == "refused"
    assert {query for query, _ in here.mis.asked} == {"visits_oldest", "visits_booked"}
    await here.deliver()
    assert (here.hub.values, here.hub.told) == (held, told)

    here.clinic.put_back(right)
    await here.step(20)
    assert stands(here) == "ok"
    assert here.standing.now.is_known
    await here.deliver()
    await here.check()


async def test_another_database_that_came_in_silence_is_noticed_at_the_next_look(here: World) -> None:
    """Within a minute: two databases took each other's names between two steps."""
    here.clinic.put_back(await RISEN(here))
    here.machine_time += 60
    await here.step()
    assert stands(here) == "refused"


async def test_a_row_that_somebody_holds_does_not_hide_which_database_this_is(here: World) -> None:
    here.machine_time += 60
    here.clinic.visit(5, 1001)
    here.mis.fails = lambda query: MisBusy("42000 1222") if query in ("visits_oldest", "visits_booked") else None
    assert await changed(here) == ["live upsert visit 5"]
    assert stands(here) == "ok"


async def test_a_held_look_is_tried_again_and_nothing_is_read_unknown(here: World) -> None:
    """Who was away has to know first; who was not goes on reading beside it."""
    here.machine_time += 60
    here.clinic.visit(5, 1001)
    here.mis.fails = lambda query: MisBusy("42000 1222") if query == "look" else None
    await here.step()
    assert here.standing.now.is_known
    assert await changed(here) == ["live upsert visit 5"]
    kept_out(here)
    await here.step()
    here.clinic.visit(6, 1001)
    here.mis.fails = lambda query: MisBusy("42000 1222") if query == "look" else None
    await here.step(3)
    assert not here.standing.now.is_known
    assert (await here.outbox.depth()).live == 0
    here.is_down(down=False)
    assert await changed(here) == ["live upsert visit 6"]


async def test_a_database_that_moved_is_read_on(here: World) -> None:
    here.mis.is_called = "PZ_NEW"
    await here.restart()
    here.mis.is_called = "PZ_NEW"
    here.clinic.visit(5, 1001)
    assert await changed(here) == ["live upsert visit 5"]
    assert stands(here) == "ok"


async def test_an_empty_database_of_another_name_is_another_one(here: World) -> None:
    here.clinic.delete("Receptions")
    await here.restart()
    here.mis.is_called = "PZ_TEST"
    await here.step()
    assert stands(here) == "refused"


async def test_an_agent_enrolled_for_another_record_may_begin_anew(here: World) -> None:
    await here.outbox.serves("hub db_1")
    await here.outbox.remember_database('["S", "PZ", null, [[1, "2001-01-01T00:00:00"]]]', "abc")
    await here.outbox.serves("hub db_1")
    assert await here.outbox.fingerprint() == "abc"
    await here.outbox.serves("hub db_2")
    assert await here.outbox.fingerprint() == ""
    await here.restart()
    await here.step()
    assert stands(here) == "ok"


async def test_a_backup_that_was_put_back_is_read_whole_and_not_called_read_before(here: World) -> None:
    backup = here.clinic.backup()
    here.clinic.visit(1, 1002, -399)
    here.clinic.put("Persons", 1003, Surname="Воробьёв")
    here.clinic.put("Patients", 1003, DateTimeChanged=here.clinic.now)
    await here.step()
    await here.deliver()
    await here.check()
    through, verified = await here.outbox.times()

    here.clinic.put_back(backup)
    here.clinic.pass_time(3600)
    await here.step()
    assert (await here.outbox.times())[0] == through, "no hint says how the rows stood"
    for _ in range(20):
        await here.step()
    await here.deliver()
    await here.check()
    times = await here.outbox.times()
    assert times[0] == here.clinic.now.replace(tzinfo=MOSCOW)
    assert times[1] != verified


async def test_that_a_backup_was_put_back_is_noticed_after_a_restart_too(here: World) -> None:
    here.clinic.visit(1, 1002, -399)
    await here.step()
    backup = here.clinic.backup()
    for _ in range(3):
        here.clinic.visit(2, 1002)
        await here.step()
    through = (await here.outbox.times())[0]
    await here.stop()
    here.clinic.put_back(backup)
    here.clinic.pass_time(60)
    await here.start()
    await here.step()
    await here.restart()
    await here.step()
    assert (await here.outbox.times())[0] == through
    await here.step(20)
    await here.deliver()
    await here.check()
    assert (await here.outbox.times())[0] == here.clinic.now.replace(tzinfo=MOSCOW)


async def test_after_a_backup_was_put_back_pages_are_read_as_hastily_as_at_the_first_load(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the pass ends nothing is known to be true."""
    hastes: list[float] = []

    def pause(_budget: Budget, _seconds: float, haste: float = 1) -> float:
        hastes.append(haste)
        return 0

    monkeypatch.setattr(Budget, "pause", pause)
    here.clinic.visit(1, 1002, -399)
    await here.step(20)
    backup = here.clinic.backup()
    here.clinic.visit(2, 1002)
    await here.step()
    assert set(hastes) == {1}

    here.clinic.put_back(backup)
    here.clinic.pass_time(60)
    hastes.clear()
    await here.step()
    assert set(hastes) == {10}
    await here.step(20)
    assert hastes[-1] == 1
