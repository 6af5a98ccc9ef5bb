"""What befalls a clinic's computer, or the hub, once in years: afterwards the hub holds what stands in the clinic, and nobody helped."""

import shutil
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from agent.outbox import file
from agent.outbox import outbox as outbox_module
from tests.agent.scan.world import LiveOnly, World, world

DAY = 86_400.0


def furnish(here: World) -> None:
    """Some patients and visits."""
    for key in range(1, 6):
        here.clinic.patient(key, f"Канарейкин {key}")
        here.clinic.visit(key, key, key - 3)


def outbox_file(here: World) -> Path:
    return here.clinic.path.with_name("outbox.db")


async def test_an_outbox_of_an_older_day_is_noticed() -> None:
    """A disk image brings it back while the agent is off; the hub has gone on."""
    async with world() as here:
        furnish(here)
        await here.load()
        await here.stop()
        older = outbox_file(here).with_name("older.db")
        shutil.copy(outbox_file(here), older)
        await here.start()
        here.clinic.put("Receptions", 1, ReceptionCanceled=here.clinic.now)
        await here.step()
        await here.deliver()
        begun = here.hub.generation
        await here.stop()
        here.clinic.visit(9, 2, 4)
        here.clinic.put("Receptions", 1, ReceptionCanceled=None)
        older.replace(outbox_file(here))
        await here.start()
        await here.verify()
        await here.check()

        assert here.hub.generation > begun


async def test_a_hub_of_yesterday_is_brought_up() -> None:
    async with world() as here:
        furnish(here)
        await here.load()
        dump = here.hub.copy()
        here.clinic.visit(9, 2, 4)
        here.clinic.delete("Receptions", 2)
        await here.verify()
        here.hub = dump

        assert await here.connect(), "a new generation"
        await here.verify()
        await here.check()


@pytest.mark.parametrize("spoil", ["deleted", "cut short", "overwritten"])
async def test_a_lost_outbox_is_made_anew(spoil: str) -> None:
    async with world() as here:
        furnish(here)
        await here.load()
        await here.stop()
        for part in outbox_file(here).parent.glob("outbox.db*"):
            match spoil:
                case "deleted":
                    part.unlink()
                case "cut short":
                    part.write_bytes(part.read_bytes()[:3000])
                case _:
                    part.write_bytes(b"\0" * 8192)
        here.clinic.delete("Receptions", 3)
        here.clinic.visit(9, 1, 2)
        await here.start()
        await here.verify()
        await here.check()


async def test_a_disk_that_was_full_leaves_nothing_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing half-written: the step fails whole, again and again, and the first one with room brings it all."""
    real, is_full = file.transaction, True

    async with world(LiveOnly) as here:
        furnish(here)
        await here.load()

        def transaction(db: sqlite3.Connection) -> AbstractContextManager[None]:
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count = {pages if is_full else 1_000_000}")
            return real(db)

        monkeypatch.setattr(outbox_module, "transaction", transaction)
        for key in range(100, 300):
            here.clinic.visit(key, 1, 3)
        for _ in range(3):
            with pytest.raises(sqlite3.OperationalError, match="full"):
                await here.step()
        assert [record.message for record in caplog.records].count("disk.filled") == 3
        is_full = False
        await here.restart()
        for _ in range(3):
            await here.step()
            await here.deliver()
        await here.check()


@pytest.mark.parametrize("off", [365 * DAY, -365 * DAY])
async def test_a_clock_that_was_a_year_off_hides_nothing(off: float) -> None:
    """Somebody sets the server's clock wrong, people work, somebody puts it right. Only hints tell here: no pass helps."""
    async with world(LiveOnly) as here:
        furnish(here)
        await here.load()
        for shift in (off, -off):
            here.clinic.pass_time(shift)
            here.clinic.put("Receptions", 1, PatientAppeared=here.clinic.now)
            here.clinic.put("Patients", 2, CardNumber=f"{shift:.0f}")
            await here.step(3)
            await here.deliver()
            await here.check()


async def test_thirty_days_without_a_hub_cost_no_more_than_the_clinic() -> None:
    """What waits is one state for each row, however often it changed."""
    async with world(LiveOnly) as here:
        furnish(here)
        await here.load()
        for day in range(30):
            for key in range(1, 6):
                here.clinic.put("Receptions", key, DateTimeNotified=here.clinic.now)
            here.clinic.visit(100 + day, day % 5 + 1, day)
            here.clinic.pass_time(DAY)
            await here.step(2)

        depth = await here.outbox.depth()
        assert depth.live <= 5 + 30 + 5
        await here.connect()
        await here.deliver()
        await here.check()
