"""What only a server can show: its own numbers for closed tables, closed databases, and whoever is thrown out. Nothing of it runs on the
clinic's file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.mis.door import Door
from agent.mis.odbc import open_odbc
from agent.mis.port import MisBusy, MisDown, MisRefused
from agent.mis.probe import examine
from tests.agent.mis.clinic import Clinic
from tests.contract import dsn
from tests.contract.conftest import Open
from tests.contract.mssql import SqlServer, connect

pytestmark = pytest.mark.parametrize("backend", [dsn.SERVER], indirect=True)


class Owner:
    """Whoever runs the server."""

    def __init__(self, server: SqlServer) -> None:
        self.server = server
        self._master = connect(dsn.in_database(server.text, "master"))

    def sets(self, what: str) -> None:
        """Change how the database stands; our own connection into it would be in the way."""
        self.server.close()
        self._master.execute(f"ALTER DATABASE [{self.server.name}] SET {what}")

    def close(self) -> None:
        self.sets("ONLINE")
        self.sets("MULTI_USER WITH ROLLBACK IMMEDIATE")
        self._master.close()


@pytest.fixture
def real(backend: SqlServer, tmp_path: Path, at: Open) -> Iterator[Owner]:
    """A clinic of one patient and one visit, on a server that is no pretence."""
    clinic = Clinic(tmp_path / "clinic.db")
    clinic.patient(1001)
    clinic.visit(1)
    with at(clinic.path):
        pass
    clinic.close()
    owner = Owner(backend)
    yield owner
    owner.close()


async def test_a_table_that_is_closed_to_the_login_switches_off_only_what_it_feeds(real: Owner) -> None:
    real.server.ask(f"DENY SELECT ON dbo.OrderPaymentsJournal TO [{real.server.name}]")
    real.server.ask(f"DENY SELECT ON dbo.Receptions (Comment) TO [{real.server.name}]")
    async with open_odbc(real.server.reader, Door()) as mis:
        offer = examine(await mis.columns())
        (visit,) = await mis.fetch("visits_page", 0)
    assert not offer.capabilities["sums.billed"]
    assert not offer.capabilities["visit.comment"]
    assert offer.capabilities["visit.versions"]
    assert "Comment" not in visit


async def test_a_wrong_password_is_a_refusal_and_so_is_a_database_that_is_not_there(real: Owner) -> None:
    for wrong in (
        replace(real.server.reader, password=lambda: "wrong"),
        replace(real.server.reader, database="no_such_database"),
    ):
        async with open_odbc(wrong, Door()) as mis:
            with pytest.raises(MisRefused):
                await mis.server()


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("OFFLINE WITH ROLLBACK IMMEDIATE", MisDown),
        ("SINGLE_USER WITH ROLLBACK IMMEDIATE", MisBusy),
        ("RESTRICTED_USER WITH ROLLBACK IMMEDIATE", MisBusy),
    ],
)
async def test_a_database_that_is_closed_is_not_entered(real: Owner, how: str, error: type[MisDown]) -> None:
    real.sets(how)
    async with open_odbc(real.server.reader, Door()) as mis:
        with pytest.raises(error) as raised:
            await mis.server()
    assert raised.value.after == 60


async def test_whoever_is_thrown_out_stays_out_for_a_while(real: Owner) -> None:
    door = Door()
    async with open_odbc(real.server.reader, door) as mis:
        await mis.fetch("visits_page", 0)
        real.sets("SINGLE_USER WITH ROLLBACK IMMEDIATE")
        with pytest.raises(MisDown) as raised:
            await mis.fetch("visits_page", 0)
    assert raised.value.after == 60
    assert door.is_shut


async def test_between_its_steps_nobody_of_ours_is_in_the_way(real: Owner) -> None:
    async with open_odbc(real.server.reader, Door()) as mis:
        await mis.fetch("visits_page", 0)
        await mis.leave()
        real.sets("SINGLE_USER WITH NO_WAIT")  # it would fail if somebody sat there
        real.sets("MULTI_USER")
        assert len(await mis.fetch("visits_page", 0)) == 1
