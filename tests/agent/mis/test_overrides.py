# ruff: noqa: S608 - nothing is sent
"""An integrator's own statement stands in place of ours if it asks and answers alike; whatever else stands in its file is refused."""

import asyncio
from pathlib import Path

import pytest

from agent.mis.book import SHIPPED, Book
from agent.mis.overrides import MAX_CHARACTERS, WrongOverride, override, overrides_beside
from agent.mis.port import MisChanged
from agent.mis.probe import examine
from agent.mis.sqlite import open_sqlite
from agent.mis.statements import names, query, written
from tests.agent.mis.clinic import Clinic
from tests.agent.mis.golden import every_column
from tests.agent.mis.test_statements import less

FROM = "FROM dbo.Receptions AS r"
ASKED = "visits_of_patients"
OURS = f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} WHERE r.ID_Patients IN (?)"


@pytest.mark.parametrize("name", names())
def test_each_of_our_own_statements_may_stand_in_its_own_place(name: str) -> None:
    ours = query(name)
    text = ours.tree.sql("tsql")
    for number in range(9):
        text = text.replace(f"@p{number}", "?")
    assert override(name, text).tree == ours.tree


ATTACKS = [
    # stacked statements
    f"{OURS}; DROP TABLE dbo.Receptions",
    f"{OURS}; DELETE FROM dbo.Receptions",
    f"{OURS} DELETE FROM dbo.Receptions",
    f"{OURS} SELECT o.ID FROM dbo.Orders AS o",
    f"{OURS}\nGO\nDROP TABLE dbo.Receptions",
    f"{OURS}; EXEC xp_cmdshell 'dir'",
    f"BEGIN TRAN; {OURS}",
    f"SET LANGUAGE russian {OURS}",
    f"USE master {OURS}",
    f"{OURS} SHUTDOWN",
    f"{OURS} KILL 51",
    f"DECLARE @x int; {OURS}",
    # one statement that does something else
    "SELECT 1 DELETE FROM t",
    "DELETE FROM dbo.Receptions WHERE ID_Patients IN (?)",
    "UPDATE dbo.Receptions SET ID = 1 WHERE ID_Patients IN (?)",
    "INSERT INTO dbo.Receptions (ID) SELECT r.ID FROM dbo.Receptions AS r WHERE r.ID_Patients IN (?)",
    "MERGE dbo.Receptions AS r USING dbo.Orders AS o ON r.ID = o.ID WHEN MATCHED THEN DELETE",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart INTO dbo.Copy {FROM} WHERE r.ID_Patients IN (?)",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart INTO #copy {FROM} WHERE r.ID_Patients IN (?)",
    "EXEC sp_who",
    "EXECUTE dbo.Everything ?",
    "xp_cmdshell 'dir'",
    "WAITFOR DELAY '0:10:00'",
    f"{OURS} WAITFOR DELAY '0:10:00'",
    "TRUNCATE TABLE dbo.Receptions",
    "BACKUP DATABASE PZ TO DISK = 'x'",
    # other sources
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM OPENROWSET('MSOLEDBSQL', 'x', 'y') AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM OPENQUERY(other, 'SELECT 1') AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM OPENDATASOURCE('a', 'b').PZ.dbo.R AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM other.PZ.dbo.Receptions AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM master.dbo.Receptions AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM sys.sql_logins AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM INFORMATION_SCHEMA.TABLES AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM dbo.xp_cmdshell('dir') AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM dbo.#t AS r WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM @t AS r WHERE r.ID_Patients IN (?)",
    f"{OURS} UNION SELECT l.ID, l.ID, l.DateTimeAdded FROM dbo.Logins AS l",
    f"{OURS} UNION ALL SELECT l.ID, l.ID, l.DateTimeAdded FROM dbo.Logins AS l",
    f"{OURS} EXCEPT SELECT l.ID, l.ID, l.DateTimeAdded FROM dbo.Logins AS l",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM}, dbo.Orders AS o WHERE r.ID_Patients IN (?)",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} CROSS JOIN dbo.Orders AS o WHERE r.ID_Patients IN (?)",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} CROSS APPLY (SELECT 1 AS x) AS x WHERE r.ID_Patients IN (?)",
    f"WITH r AS (SELECT 1 AS ID) {OURS}",
    # inside of subselects
    f"SELECT r.ID, r.ID_Patients, (SELECT TOP 1 p.Secret FROM dbo.P AS p) AS PlanStart {FROM} WHERE r.ID_Patients IN (?)",
    f"{OURS} AND EXISTS (DELETE FROM dbo.Orders)",
    f"{OURS} AND EXISTS (SELECT 1 INTO dbo.Copy FROM dbo.Orders AS o)",
    f"{OURS} AND EXISTS (EXEC sp_who)",
    f"{OURS} AND EXISTS (SELECT 1 FROM (DELETE FROM dbo.Orders OUTPUT deleted.ID) AS x)",
    f"{OURS} AND r.ID IN (SELECT o.ID FROM dbo.Orders AS o)",
    # functions and text
    f"SELECT r.ID, r.ID_Patients, dbo.Secret(r.ID) AS PlanStart {FROM} WHERE r.ID_Patients IN (?)",
    f"SELECT r.ID, r.ID_Patients, SUSER_NAME() AS PlanStart {FROM} WHERE r.ID_Patients IN (?)",
    f"{OURS} AND r.Comment = 'x'",
    f"{OURS} AND r.Comment LIKE '%x%'",
    f"{OURS} AND r.ID = @@SPID",
    f"SELECT @x = r.ID, r.ID_Patients, r.PlanStart {FROM} WHERE r.ID_Patients IN (?)",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} WHERE r.ID_Patients IN (@p0)",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} WHERE r.ID_Patients IN (?) AND r.ID = @p7",
    f"SELECT NEXT VALUE FOR dbo.s AS ID, r.ID_Patients, r.PlanStart {FROM} WHERE r.ID_Patients IN (?)",
    # hints and clauses that hold others up
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} WITH (TABLOCKX) WHERE r.ID_Patients IN (?)",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} WITH (READPAST, XLOCK) WHERE r.ID_Patients IN (?)",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} WITH (NOLOCK) WHERE r.ID_Patients IN (?)",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} (NOLOCK) WHERE r.ID_Patients IN (?)",
    f"{OURS} OPTION (MAXDOP 64)",
    f"{OURS} FOR XML AUTO",
    f"{OURS} FOR BROWSE",
    # names that end where they should not
    f"SELECT r.ID, r.ID_Patients, r.[PlanStart]]; DROP TABLE x --] {FROM} WHERE r.ID_Patients IN (?)",
    "SELECT r.ID, r.ID_Patients, r.PlanStart FROM dbo.[Receptions; DROP TABLE x] AS r WHERE r.ID_Patients IN (?)",
    # a comment that ends elsewhere than a parser thinks, or hides a question
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} /* WHERE r.ID_Patients IN (?) */",
    f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} -- WHERE r.ID_Patients IN (?)",
    # a parser's stack
    f"{OURS} AND " + "NOT " * 4000 + "r.ID = 1",
    f"{OURS} AND " + "(" * 4000 + "r.ID = 1" + ")" * 4000,
    f"{OURS} AND r.ID IN (" + ", ".join(["1"] * MAX_CHARACTERS) + ")",
    "",
    "?",
]


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_an_attack_is_refused(text: str) -> None:
    with pytest.raises(WrongOverride) as raised:
        override(ASKED, text)
    assert raised.value.file == f"{ASKED}.sql"
    assert "Secret" not in str(raised.value)


DIFFERENT = [
    ("visits_of_patients", f"SELECT r.ID, r.ID_Patients {FROM} WHERE r.ID_Patients IN (?)", "столбцы"),
    ("visits_of_patients", OURS.replace("r.ID,", "r.ID, r.Comment,"), "столбцы"),
    ("visits_of_patients", f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM} WHERE r.ID_Patients = ?", "сравнения"),
    ("visits_of_patients", f"SELECT r.ID, r.ID_Patients, r.PlanStart {FROM}", "число знаков"),
    ("visits_of_patients", f"{OURS} AND r.PlanStart >= ?", "число знаков"),
    ("visits_of_patients", OURS.replace("SELECT", "SELECT TOP 5"), "TOP"),
    ("visit_newest", f"SELECT MAX(r.ID) AS Newest, MIN(r.ID) AS Oldest {FROM}", "столбцы"),
    ("accounts_page", query("accounts_page").tree.sql("tsql").replace("@p0", "?").replace("200", "2000"), "TOP"),
    ("accounts_page", query("accounts_page").tree.sql("tsql").replace("@p0", "?") + " DESC", "ORDER BY"),
    ("accounts_page", query("accounts_page").tree.sql("tsql").replace("@p0", "?").partition(" ORDER")[0], "ORDER BY"),
]


@pytest.mark.parametrize(("name", "text", "what"), DIFFERENT)
def test_whoever_asks_or_answers_otherwise_is_told_what_differs(name: str, text: str, what: str) -> None:
    with pytest.raises(WrongOverride, match=what):
        override(name, text)


def test_what_is_sent_is_written_from_the_tree() -> None:
    """Comments stay here, however a server would read them."""
    for comment in ("/* and a word */", "/* /* */ ; DROP TABLE dbo.Receptions */", "-- ; DROP TABLE dbo.Receptions"):
        found = override(ASKED, f"-- ours ?\n{OURS} {comment}")
        assert written(found, every_column(), "tsql").text == written(query(ASKED), every_column(), "tsql").text


def test_a_table_that_no_listing_shows_is_never_asked() -> None:
    found = override(ASKED, OURS.replace("dbo.Receptions", "dbo.sysobjects"))
    with pytest.raises(MisChanged):
        written(found, every_column(), "tsql")


def test_a_renamed_column_is_mended_by_overriding_whoever_names_it() -> None:
    columns = less("Persons.Birthday")
    columns = {**columns, "Persons": columns["Persons"] | {"BirthDate"}}
    assert not examine(columns).capabilities["patient.birth_date"]
    texts = {
        name: query(name).tree.sql("tsql").replace("@p0", "?").replace(".Birthday", ".BirthDate AS Birthday")
        for name in ("patients_page", "patients_by_key")
    }
    both = Book({name: override(name, text) for name, text in texts.items()})
    assert examine(columns, both).capabilities["patient.birth_date"]
    one = Book({"patients_page": both.overrides["patients_page"]})
    assert not examine(columns, one).capabilities["patient.birth_date"]
    assert not examine(less("Persons.Birthday"), both).capabilities["patient.birth_date"]


def test_files_beside_the_config_are_found(tmp_path: Path) -> None:
    assert overrides_beside(tmp_path / "agent.toml") == SHIPPED
    folder = tmp_path / "queries"
    folder.mkdir()
    assert overrides_beside(tmp_path / "agent.toml") == SHIPPED
    (folder / f"{ASKED}.sql").write_bytes(b"\xef\xbb\xbf-- a note\n" + OURS.encode())
    (folder / "notes.txt").write_text("")
    assert list(overrides_beside(tmp_path / "agent.toml").overrides) == [ASKED]


@pytest.mark.parametrize(
    ("file", "data", "what"),
    [
        ("visit_of_patients.sql", b"", "похоже на visits_of_patients.sql"),
        ("anything.sql", b"", "такого запроса нет"),
        (f"{ASKED}.sql", "SELECT имя".encode("cp1251"), "UTF-8"),
        (f"{ASKED}.sql", b"SELECT 1 DELETE FROM t", "число знаков"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, file: str, data: bytes, what: str) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / file).write_bytes(data)
    with pytest.raises(WrongOverride, match=what) as raised:
        overrides_beside(tmp_path / "agent.toml")
    assert file in raised.value.hint


def test_a_clinic_is_asked_with_the_override(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / "clinic.db")
    clinic.patient(1001)
    for key in (1, 2):
        clinic.visit(key, 1001)
    clinic.close()
    book = Book({ASKED: override(ASKED, OURS + " AND r.ID > 1")})

    async def asked(book: Book) -> list[object]:
        async with open_sqlite(clinic.path, book=book) as mis:
            return [row["ID"] for row in await mis.fetch(ASKED, (1001,))]

    assert asyncio.run(asked(SHIPPED)) == [1, 2]
    assert asyncio.run(asked(book)) == [2]
