"""The clinic in T-SQL, as texts: no SQL Server runs here. `python -m tests.demo.clinic.test_tsql` writes the golden file anew."""

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from demo.clinic import tsql
from demo.clinic.schema import STAFFS_VIEW, TABLES

GOLDEN = Path(__file__).parent / "golden" / "clinic.tsql.sql"


def everything(*, indexed: bool = False) -> str:
    statements = [s for name, table in TABLES.items() for s in tsql.created(name, table.columns, indexed=indexed)]
    return ";\n".join([*statements, tsql.view(STAFFS_VIEW)]) + ";\n"


def test_the_tables_are_made_as_it_was_looked_at() -> None:
    assert everything() == GOLDEN.read_text(encoding="utf-8")


def test_every_statement_is_t_sql() -> None:
    """As far as a parser can tell: none is passed on as something that it does not know."""
    made = [statement for statement in sqlglot.parse(everything(indexed=True), read="tsql") if statement]

    assert [type(statement) for statement in made if not isinstance(statement, exp.Create)] == []
    assert sum(statement.args["kind"] == "TABLE" for statement in made) == len(TABLES)


def test_receptions_have_a_key_that_the_server_gives_a_rowversion_and_defaults() -> None:
    (text,) = tsql.created("Receptions", TABLES["Receptions"].columns, indexed=False)

    assert "[ID] int IDENTITY(1,1) NOT NULL," in text
    assert "[RowVersion] rowversion NOT NULL," in text
    assert "[DateTimeAdded] datetime NULL CONSTRAINT [DF_Receptions_DateTimeAdded] DEFAULT (GETDATE())," in text
    assert text.endswith("CONSTRAINT [PK_Receptions] PRIMARY KEY CLUSTERED ([ID])\n)")


@pytest.mark.parametrize("table", ["Patients", "Staffs", "OrderPaymentsJournal"])
def test_a_key_that_is_another_tables_is_given_out_by_nobody(table: str) -> None:
    (text,) = tsql.created(table, TABLES[table].columns, indexed=False)

    assert "IDENTITY" not in text
    assert tsql.keys_are_given(table, on=True) is None


def test_only_the_indexed_variant_has_indexes() -> None:
    plain, indexed = everything(), everything(indexed=True)

    assert "CREATE INDEX" not in plain
    assert "CREATE INDEX [IX_Receptions_RowVersion] ON dbo.[Receptions] ([RowVersion])" in indexed
    assert "CREATE INDEX [IX_Orders_DateTimeChanged] ON dbo.[Orders] ([DateTimeChanged])" in indexed


def test_rows_are_written_without_their_rowversions() -> None:
    columns = TABLES["TreatmentPlanStages"].columns

    assert tsql.insert("TreatmentPlanStages", columns) == (
        "INSERT INTO dbo.[TreatmentPlanStages] ([ID], [Name], [Order], [ID_TreatmentPlans]) VALUES (?, ?, ?, ?)"
    )
    assert tsql.update("TreatmentPlanStages", columns) == (
        "UPDATE dbo.[TreatmentPlanStages] SET [Name] = ?, [Order] = ?, [ID_TreatmentPlans] = ? WHERE [ID] = ?"
    )
    assert tsql.delete("Patients") == "DELETE FROM dbo.[Patients] WHERE [ID_Persons] = ?"
    assert "RowVersion" not in tsql.insert("Receptions", TABLES["Receptions"].columns)
    assert "RowVersion" not in tsql.update("Receptions", TABLES["Receptions"].columns)
    assert tsql.keys_are_given("Orders", on=False) == "SET IDENTITY_INSERT dbo.[Orders] OFF"


@pytest.mark.parametrize(
    ("column", "indexed", "statements"),
    [
        ("Comment", True, ["ALTER TABLE dbo.[Receptions] DROP COLUMN [Comment]"]),
        (
            "DateTimeChanged",
            True,
            [
                "DROP INDEX [IX_Receptions_DateTimeChanged] ON dbo.[Receptions]",
                "ALTER TABLE dbo.[Receptions] DROP CONSTRAINT [DF_Receptions_DateTimeChanged]",
                "ALTER TABLE dbo.[Receptions] DROP COLUMN [DateTimeChanged]",
            ],
        ),
        ("RowVersion", False, ["ALTER TABLE dbo.[Receptions] DROP COLUMN [RowVersion]"]),
        (
            "ID",
            False,
            [
                "ALTER TABLE dbo.[Receptions] DROP CONSTRAINT [PK_Receptions]",
                "ALTER TABLE dbo.[Receptions] DROP COLUMN [ID]",
            ],
        ),
    ],
)
def test_a_column_goes_with_what_stands_on_it(column: str, indexed: bool, statements: list[str]) -> None:
    known = next(known for known in TABLES["Receptions"].columns if known.name == column)

    assert list(tsql.dropped("Receptions", known, indexed=indexed)) == statements


def test_a_table_goes_whole() -> None:
    assert list(tsql.dropped("Receptions", None, indexed=True)) == ["DROP TABLE dbo.[Receptions]"]


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(everything(), encoding="utf-8")
