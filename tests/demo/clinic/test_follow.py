"""What is done in the clinic's file is brought to a server: each row once, as it stands, in the order of its last change."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from demo.clinic.__main__ import application, following, main
from demo.clinic.database import Database
from demo.clinic.day import Player
from demo.clinic.follow import Follower, Noted, deeds
from demo.clinic.make import create
from demo.clinic.schema import TABLES
from tests.contract.pretend import Pretended
from tests.demo.clinic.little import DAY, ZONE, Little

NOTES = st.lists(st.tuples(st.integers(1, 4), st.sampled_from("IUD")), max_size=12)


def possible(notes: Sequence[tuple[int, str]], there: set[int]) -> list[Noted]:
    """Only what can happen: a row is added where there is none, and changed or taken away where there is one."""
    told, now = [], set(there)
    for key, what in notes:
        if (key in now) is (what != "I"):
            told.append(("Persons", key, what))
            now = now | {key} if what == "I" else now - {key} if what == "D" else now
    return told


@given(NOTES, st.sets(st.integers(1, 4)))
def test_all_together_leaves_what_one_after_the_other_leaves(notes: list[tuple[int, str]], there: set[int]) -> None:
    told = possible(notes, there)
    versions = dict.fromkeys(there, 0)
    for number, (_, key, what) in enumerate(told, start=1):
        if what == "D":
            versions.pop(key)
        else:
            versions[key] = number

    server = dict.fromkeys(there, 0)
    for what, _, key in deeds(told):
        if what == "delete":
            del server[key]
        else:
            assert (key in server) is (what == "update")
            server[key] = versions[key]

    assert server == versions
    written = [key for what, _, key in deeds(told) if what != "delete"]
    assert written == sorted(written, key=lambda key: versions[key])  # so rowversions grow in the order of the changes


def test_a_key_that_is_given_out_again_is_another_row() -> None:
    noted = [("Receptions", 7, "U"), ("Receptions", 7, "D"), ("Receptions", 7, "I"), ("Receptions", 7, "U")]

    assert list(deeds(noted)) == [("delete", "Receptions", 7), ("insert", "Receptions", 7)]


class Server:
    """A pretended server that follows a little clinic."""

    def __init__(self, clinic: Little, odbc: Pretended) -> None:
        self.connection = odbc.connect("UID=sa;PWD={a;b}}c};DATABASE=master", autocommit=True)
        self.connection.execute("CREATE DATABASE [clinic]")
        self.follower = Follower(clinic.database, "UID=sa;PWD={a;b}}c};DATABASE=clinic")
        self.connection.use("clinic")
        self.clinic = clinic

    def agrees(self) -> bool:
        """Whether each table holds what stands in the file, but for its rowversions."""
        self.follower.bring()
        return all(self.rows(table) == self._in_file(table) for table in TABLES)

    def rows(self, table: str) -> list[Any]:
        columns = [c.name for c in self.clinic.database.columns(table) if c.name != "RowVersion"]
        listed = ", ".join(f"t.[{name}]" for name in columns)
        if not columns:
            return []
        found = self.connection.execute(f"SELECT {listed} FROM dbo.[{table}] AS t").fetchall()  # noqa: S608 names of ours
        return sorted((dict(zip(columns, row, strict=True)) for row in found), key=lambda row: row[TABLES[table].key])

    def _in_file(self, table: str) -> list[Any]:
        names = [c.name for c in self.clinic.database.columns(table) if c.name != "RowVersion"]
        return [{name: row[name] for name in names} for row in self.clinic.database.rows(table)]


@pytest.fixture
def odbc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretended:
    """In pyodbc's place."""
    folder = tmp_path / "pretended"
    folder.mkdir()
    odbc = Pretended(folder)
    monkeypatch.setitem(sys.modules, "pyodbc", odbc)
    return odbc


@pytest.fixture
def server(clinic: Little, odbc: Pretended) -> Iterator[Server]:
    clinic.patient()
    clinic.visit(1, "10:00", IsNotified=True)
    server = Server(clinic, odbc)
    with server.follower:
        server.follower.make()
        yield server
        server.connection.close()


def test_everything_that_stood_there_is_made(server: Server) -> None:
    assert server.rows("Receptions")
    assert server.agrees()


def test_acts_are_brought_whoever_does_them(server: Server, clinic: Little) -> None:
    clinic.book("08:00", 5, "12:00")
    clinic.do("08:10", "cancel", 1, reason=1)
    assert server.agrees()
    with Database(clinic.path) as other:
        other.execute("DELETE FROM Receptions WHERE ID = 5")
        other.execute("UPDATE Persons SET Surname = 'Лютиков' WHERE ID = 1001")

    assert server.agrees()
    assert [row["ID"] for row in server.rows("Receptions")] == [1]


def test_what_is_not_committed_in_the_file_is_not_brought(server: Server, clinic: Little) -> None:
    before = server.rows("Receptions")
    with pytest.raises(KeyError):
        clinic.do("08:00", "transfer", 2, moved_from=1, reason=1)

    assert server.agrees()
    assert server.rows("Receptions") == before


def test_an_update_of_the_program_that_loses_columns_and_tables_is_brought(server: Server, clinic: Little) -> None:
    clinic.database.drop("Receptions", "Comment")
    clinic.database.drop("OrderPaymentsJournal")
    clinic.database.drop("Persons", "Patronymic")
    clinic.do("08:00", "cancel", 1, reason=1)

    assert server.agrees()
    listed = {
        name
        for name, _ in server.connection.execute(
            "SELECT TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES"
        ).fetchall()
    }
    assert listed == TABLES.keys() - {"OrderPaymentsJournal"}


def test_what_fails_is_brought_the_next_time(server: Server, clinic: Little, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.do("08:10", "cancel", 1, reason=1)
    with monkeypatch.context() as patch:
        patch.setattr(server.follower, "_do", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            server.follower.bring()

    assert server.agrees()
    assert server.rows("Receptions")[0]["ReceptionCanceled"]


def test_a_clinic_without_some_columns_is_made_without_them(tmp_path: Path, odbc: Pretended) -> None:
    clinic = Little(tmp_path / "less.db")
    clinic.database.drop("Receptions", "RowVersion")
    clinic.database.drop("Staffs")
    with clinic.database:
        server = Server(clinic, odbc)
        with server.follower:
            server.follower.make()
            clinic.patient()
            assert server.agrees()
            server.connection.close()


def test_the_command_line_makes_the_same_on_a_server(
    tmp_path: Path, odbc: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    odbc.databases.add("clinic")
    db, login = tmp_path / "made.db", "UID=sa;PWD={a;b}}c};DATABASE=clinic"
    arguments = ["--db", str(db), "--seed", "1", "--patients", "50", "--without", "Diagnoses", "--only-make"]
    monkeypatch.setattr(sys, "argv", ["clinic", *arguments, "--odbc", login])

    main()

    connection = odbc.connect(login)
    with Database(db) as database:
        for table in ("Patients", "Receptions", "OrderServiceRelation", "TreatmentPlans"):
            count = len(connection.execute(f"SELECT t.DateTimeChanged FROM dbo.[{table}] AS t").fetchall())  # noqa: S608
            assert count == len(list(database.rows(table))) > 0
    listed = connection.execute("SELECT TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES").fetchall()
    assert "Diagnoses" not in {name for name, _ in listed}
    connection.close()


async def test_what_is_done_over_http_stands_on_the_server_before_it_is_answered(
    tmp_path: Path, odbc: Pretended
) -> None:
    odbc.databases.add("clinic")
    login = "UID=sa;PWD={a;b}}c};DATABASE=clinic"
    create(tmp_path / "made.db", seed=1, visits=20, day=DAY, zone=str(ZONE))
    with Player(tmp_path / "made.db", 1) as player, Database(tmp_path / "made.db") as database:
        with Follower(database, login) as follower:
            follower.make()
            app = application(player)
            app.middlewares.append(following(follower))
            async with TestClient(TestServer(app)) as client:
                answer = await client.post("/book", json={"patient": 1001})
                booked = (await answer.json())["visit"]
            connection = odbc.connect(login)
            assert connection.execute(f"SELECT t.ID FROM dbo.[Receptions] AS t WHERE t.ID = {booked}").fetchall()  # noqa: S608
            connection.close()
