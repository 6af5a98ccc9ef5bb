"""What happens to the clinic's database as a whole: updates of the program that touch every row or drop a column, and an older backup
that is put back. Knows the tables, not what they mean."""

from demo.clinic.database import Act, Database
from demo.clinic.schema import TABLES
from demo.clinic.values import Row, stored, time_text


def touch(database: Database, act: Act, _: Row) -> None:
    """The program is updated: every row looks changed, none is."""
    database.touch_receptions(act.at)


def delete(_: Database, act: Act, values: Row) -> None:
    """A visit's row is gone, without a trace."""
    act.delete("Receptions", values["visit"])


def drop_column(database: Database, act: Act, values: Row) -> None:
    """The program is updated, and a column of it is no more. What stood there is kept for whoever judges the day."""
    table, column = TABLES[values["table"]], values["column"]
    database.execute("CREATE TABLE IF NOT EXISTS _lost (at TEXT, of TEXT, key INTEGER, value TEXT)")
    of = f"{table.name}.{column}"
    for row in list(database.rows(table.name)):
        place = (time_text(act.at), of, row[table.key], stored(row[column]))
        database.execute("INSERT INTO _lost VALUES (?, ?, ?, ?)", place)
    database.drop(table.name, column)
    database.touch_receptions(act.at)


def backup(database: Database, _: Act, __: Row) -> None:
    """The whole database is copied; the last copy is kept."""
    for table in (*TABLES, "_server"):
        database.execute(f"DROP TABLE IF EXISTS _backup_{table.lstrip('_')}")
        database.execute(f"CREATE TABLE _backup_{table.lstrip('_')} AS SELECT * FROM {table}")  # noqa: S608 a table of ours


def roll_back(database: Database, act: Act, _: Row) -> None:
    """The last backup is put back: what came after it is gone, and its keys and rowversions are given out again."""
    for table in TABLES:
        act.replace(table, f"_backup_{table}")
    database.execute("UPDATE _server SET dbts = (SELECT dbts FROM _backup_server)")
