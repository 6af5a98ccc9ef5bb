# ruff: noqa: DTZ001 - IDENT's times have no zone
"""A statement without the columns that cannot be read still says all that is left; without what it stands on it says so."""

from datetime import datetime

import pytest

from agent.mis.port import Columns, MisChanged
from agent.mis.statements import names, padded, parse, query, readable, written
from tests.agent.mis.golden import every_column

ALL = every_column()


def less(*lost: str) -> Columns:
    """Every column but these; `Table` loses all."""
    gone = {tuple(name.split(".")) for name in lost}
    return {
        table: frozenset(column for column in of if (table, column) not in gone)
        for table, of in ALL.items()
        if (table,) not in gone
    }


def outputs(name: str, *lost: str) -> set[str]:
    return {output for output, _ in written(query(name), less(*lost), "tsql").outputs}


@pytest.mark.parametrize("name", names())
def test_nothing_is_lost_where_everything_can_be_read(name: str) -> None:
    assert readable(query(name), ALL) == query(name).tree


def test_a_lost_output_column_is_left_out() -> None:
    assert outputs("visits_page") - outputs("visits_page", "Receptions.Comment") == {"Comment"}


def test_a_lost_table_takes_its_join_and_what_is_joined_to_it() -> None:
    gone = outputs("visits_page") - outputs("visits_page", "Armchairs")
    assert gone == {"ID_OwnCompanies", "BranchName", "CompanyName"}


def test_a_lost_column_of_a_condition_takes_the_join() -> None:
    assert outputs("visits_page") - outputs("visits_page", "Receptions.ID_Staffs") == {
        "ID_Staffs",
        "DoctorSurname",
        "DoctorName",
        "DoctorPatronymic",
    }


def test_a_lost_alternative_of_an_or_is_left_out() -> None:
    text = written(query("orders_changed"), less("Orders.DateTimeAdded"), "tsql").text
    assert text.endswith("AND (o.DateTimeChanged >= @p2)")
    bound = written(query("orders_changed"), less("Orders.DateTimeAdded"), "tsql").bind((7, 8, 9))
    assert (bound[0].count("?"), bound[1]) == (2, [7, 9])


@pytest.mark.parametrize(
    ("name", "lost", "missing"),
    [
        ("visits_page", "Receptions.PlanStart", "Receptions.PlanStart"),
        ("visits_page", "Receptions.ID", "Receptions.ID"),
        ("visits_page", "Receptions", "Receptions"),
        ("visit_versions", "Receptions.RowVersion", "Receptions.RowVersion"),
        ("lines_changed", "Orders", "Orders"),
        ("patients_changed", "Patients.DateTimeChanged", "Patients.DateTimeChanged"),
        ("lines_of_orders", "ServiceItemPrices", "ServiceItemPrices.Price"),
    ],
)
def test_what_a_statement_stands_on_is_named(name: str, lost: str, missing: str) -> None:
    with pytest.raises(MisChanged) as raised:
        readable(query(name), less(lost))
    assert missing in raised.value.missing
    assert missing in raised.value.hint


def test_with_both_alternatives_gone_there_is_no_hint_left() -> None:
    with pytest.raises(MisChanged):
        readable(query("orders_changed"), less("Orders.DateTimeAdded", "Orders.DateTimeChanged"))


@pytest.mark.parametrize(("table", "column"), sorted({source for name in names() for source in query(name).sources}))
def test_no_column_that_is_gone_is_ever_asked_for(table: str, column: str) -> None:
    """Each column in turn: every statement either goes without it or is not sent."""
    for name in names():
        try:
            tree = readable(query(name), less(f"{table}.{column}"))
        except MisChanged as changed:
            assert changed.missing  # noqa: PT017 what is missing differs with the statement
        else:
            left = parse(name, tree.sql("tsql"))
            assert (table, column) not in left.sources


def test_names_are_compared_without_case() -> None:
    shouted = {table.upper(): frozenset(column.upper() for column in of) for table, of in ALL.items()}
    assert readable(query("visits_page"), shouted) == query("visits_page").tree


def test_parameters_stand_in_the_order_of_the_text() -> None:
    found = parse(
        "test", "SELECT TOP 5 r.ID FROM dbo.Receptions AS r WHERE r.ID IN (?) AND r.PlanStart >= ? AND r.ID > ?"
    )
    moment = datetime(2026, 11, 24)
    for dialect in ("tsql", "sqlite"):
        text, values = written(found, ALL, dialect).bind(((3, 4), moment, 9))
        assert values == [3, 4, 4, 4, 4, moment, 9]
        assert text.count("?") == 7
        assert "(?, ?, ?, ?, ?)" in text


@pytest.mark.parametrize(
    ("keys", "size"), [(1, 1), (2, 5), (5, 5), (6, 20), (21, 50), (51, 200), (200, 200), (201, 201)]
)
def test_lists_come_in_few_lengths(keys: int, size: int) -> None:
    found = padded(tuple(range(keys)))
    assert (len(found), set(found)) == (size, set(range(keys)))
