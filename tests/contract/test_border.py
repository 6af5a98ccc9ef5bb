"""What a statement sees while somebody else's transaction is open, by the model that the demo clinic's tests stand on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from agent.mis.statements import parse
from demo.clinic.database import Database
from demo.clinic.pending import OpenTransaction, RowIsHeld, images
from demo.clinic.schema import TABLES
from tests.agent.mis.clinic import NOW, Clinic
from tests.contract.border import Indexes, Waits, seen

READS = "SELECT r.ID, r.Comment FROM dbo.Receptions AS r WHERE r.ID IN (?)"
PASSES_BY = "SELECT r.ID, r.Comment FROM dbo.Receptions AS r WITH (READPAST) WHERE r.ID >= ?"
NAMES = """SELECT r.ID, doctor.Surname FROM dbo.Receptions AS r
LEFT JOIN dbo.Persons AS doctor ON doctor.ID = r.ID_Staffs WHERE r.ID = ?"""


class Somebody:
    """A clinic of three visits, and a transaction that stays open in it."""

    def __init__(self, path: Path) -> None:
        self.clinic = Clinic(path)
        for key in (1, 2, 3):
            self.clinic.visit(key, Comment=f"visit {key}", ID_Staffs=30 + key)
            self.clinic.put("Persons", 30 + key, Surname=f"Doctor {key}")
        self.database = Database(path)
        self.transaction = OpenTransaction(self.database)

    def sees(self, text: str, *params: Any, indexes: Indexes = ()) -> list[tuple[Any, ...]]:
        tree = tree_of(text)
        tables = {name: list(self.database.rows(name)) for name in TABLES}
        return [tuple(row.values()) for row in seen(tree, params, tables, list(images(self.database)), indexes)]

    def waits(self, text: str, *params: Any, indexes: Indexes = ()) -> bool:
        try:
            self.sees(text, *params, indexes=indexes)
        except Waits:
            return True
        return False


def tree_of(text: str) -> exp.Select:
    """NOLOCK is in no statement of ours: what it would do is what the mutants do."""
    if "NOLOCK" not in text:
        return parse("", text).tree
    tree = sqlglot.parse_one(text.replace("?", "@p0"), read="tsql")
    assert isinstance(tree, exp.Select)
    return tree


@pytest.fixture
def somebody(tmp_path: Path) -> Iterator[Somebody]:
    somebody = Somebody(tmp_path / "clinic.db")
    yield somebody
    somebody.database.__exit__(None, None, None)
    somebody.clinic.close()


def test_whoever_reads_a_row_that_is_held_waits_and_beside_it_nobody_does(somebody: Somebody) -> None:
    somebody.transaction.put("Receptions", 2, Comment="written")

    assert somebody.waits(READS, (1, 2))
    assert somebody.sees(READS, (1, 3)) == [(1, "visit 1"), (3, "visit 3")]


def test_a_row_that_is_being_added_or_taken_away_is_held_too(somebody: Somebody) -> None:
    new = {"PlanStart": NOW, "PlanEnd": NOW + timedelta(minutes=30)}
    somebody.transaction.put("Receptions", 4, **new)
    somebody.transaction.delete("Receptions", 1)

    assert somebody.waits(READS, (4,))
    assert somebody.waits(READS, (1,))
    assert somebody.sees(PASSES_BY, 0) == [(2, "visit 2"), (3, "visit 3")]


def test_readpast_passes_rows_by_and_nolock_sees_what_is_not_committed(somebody: Somebody) -> None:
    somebody.transaction.put("Receptions", 2, Comment="written")

    assert somebody.sees(PASSES_BY, 0) == [(1, "visit 1"), (3, "visit 3")]
    unlocked = PASSES_BY.replace("READPAST", "NOLOCK")
    assert sorted(somebody.sees(unlocked, 0)) == [(1, "visit 1"), (2, "written"), (3, "visit 3")]


def test_rows_that_are_joined_are_read_too(somebody: Somebody) -> None:
    somebody.transaction.put("Persons", 32, Surname="Married")

    assert somebody.waits(NAMES, 2)
    assert somebody.sees(NAMES, 1) == [(1, "Doctor 1")]


def test_without_a_range_of_keys_all_rows_are_read(somebody: Somebody) -> None:
    somebody.transaction.put("Receptions", 2, Comment="written")

    assert somebody.waits("SELECT r.ID FROM dbo.Receptions AS r WHERE r.ID_Patients IN (?)", (999,))
    assert somebody.waits(
        "SELECT r.ID FROM dbo.Receptions AS r WHERE r.ID >= ? AND r.PlanStart >= ?", 2, NOW + timedelta(days=999)
    )
    assert not somebody.waits("SELECT r.ID FROM dbo.Receptions AS r WHERE r.ID >= ? AND r.PlanStart >= ?", 3, NOW)


def test_the_greatest_key_is_one_row(somebody: Somebody) -> None:
    newest = "SELECT MAX(r.ID) AS Newest FROM dbo.Receptions AS r"
    somebody.transaction.put("Receptions", 2, Comment="written")
    assert somebody.sees(newest) == [(3,)]

    somebody.transaction.put("Receptions", 9, PlanStart=NOW, PlanEnd=NOW)
    assert somebody.waits(newest)


def test_an_index_on_rowversions_leads_past_rows_that_are_held_below(somebody: Somebody) -> None:
    """A row that is being changed stands in it twice: where it was, and where it will be."""
    changed = "SELECT r.ID FROM dbo.Receptions AS r WHERE r.RowVersion >= ?"
    index = [("Receptions", "RowVersion")]
    cursor = somebody.clinic.rowversion().to_bytes(8, "big")
    assert somebody.sees(changed, cursor, indexes=index) == []

    somebody.transaction.delete("Receptions", 1)
    assert somebody.waits(changed, cursor)
    assert not somebody.waits(changed, cursor, indexes=index)
    somebody.transaction.put("Receptions", 2, Comment="written")
    assert somebody.waits(changed, cursor, indexes=index)


def test_a_page_reads_no_further_than_its_last_row(somebody: Somebody) -> None:
    page = "SELECT TOP 1 r.ID FROM dbo.Receptions AS r WHERE r.ID > ? ORDER BY r.ID"
    somebody.transaction.put("Receptions", 3, Comment="written")

    assert somebody.sees(page, 0) == [(1,)]
    assert somebody.waits(page, 2)


def test_a_late_commit_appears_with_the_number_that_it_took_before_others(somebody: Somebody) -> None:
    somebody.transaction.put("Receptions", 2, Comment="written")
    somebody.clinic.put("Receptions", 3, Comment="meanwhile")
    somebody.transaction.commit()

    versions = {row["ID"]: row["RowVersion"] for row in somebody.database.rows("Receptions")}
    assert versions[1] < versions[2] < versions[3]
    assert somebody.sees(READS, (2,)) == [(2, "written")]
    assert list(images(somebody.database)) == []


def test_what_is_rolled_back_never_was_but_its_numbers_are_gone(somebody: Somebody) -> None:
    before = list(somebody.database.rows("Receptions"))
    somebody.transaction.put("Receptions", 2, Comment="written")
    somebody.transaction.delete("Receptions", 3)
    somebody.transaction.roll_back()

    assert list(somebody.database.rows("Receptions")) == before
    assert somebody.clinic.rowversion() == int.from_bytes(max(row["RowVersion"] for row in before), "big") + 3


def test_a_row_is_held_by_one(somebody: Somebody) -> None:
    somebody.transaction.put("Receptions", 2, Comment="written")
    somebody.transaction.put("Receptions", 2, CancelReasonComment="again")
    other = OpenTransaction(somebody.database)

    with pytest.raises(RowIsHeld):
        other.delete("Receptions", 2)
    other.put("Receptions", 1, Comment="other")
    somebody.transaction.commit()

    row = somebody.database.row("Receptions", 2)
    assert (row["Comment"], row["CancelReasonComment"]) == ("written", "again")
    assert [image.key for image in images(somebody.database)] == [1]
