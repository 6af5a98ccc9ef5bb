"""The suite's own way to a server: what MIS_TEST_DSN may say, what is asked first, and that it holds together on a pretended server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract import dsn

ROOT = Path(__file__).parents[2]
SOME = "bill_and_a_payment or given_out_again or writes_nothing or lost_under_way or any_number or whole_clinic"


def run(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    here = {name: value for name, value in os.environ.items() if name != dsn.ENV and not name.startswith("PYTEST_")}
    here |= more
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, env=here, capture_output=True, text=True, check=False
    )


@pytest.mark.e2e
def test_on_a_pretended_server_the_suite_makes_its_database_and_its_login_and_reads_through_it() -> None:
    done = run("pytest", "-p", "tests.contract.pretend", "-q", "tests/contract", "-k", f"{dsn.SERVER} and ({SOME})")

    assert done.returncode == 0, done.stdout
    assert re.search(r"^(\d\d) passed, \d+ deselected", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.e2e
def test_whoever_may_make_databases_but_no_logins_is_told_which_right_is_missing() -> None:
    done = run(
        "pytest",
        "-p",
        "tests.contract.pretend",
        "-q",
        "tests/contract",
        "-k",
        f"{dsn.SERVER} and any_number",
        PRETENDED_WITHOUT_LOGINS="1",
    )

    assert done.returncode == 1
    assert "ALTER ANY LOGIN" in done.stdout


@pytest.mark.e2e
def test_without_a_server_one_line_says_how_many_tests_were_not_run() -> None:
    done = run("tests.contract")

    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    told = re.fullmatch(r"(\d+) contract tests were not run against a SQL Server: set MIS_TEST_DSN to .*\.", line)
    assert told
    assert int(told[1]) >= 80


@pytest.mark.parametrize(
    ("text", "host", "instance", "port"),
    [
        ("DRIVER={X};SERVER=localhost;UID=sa;PWD=p", "localhost", None, None),
        ("Server = .\\PZSQLSERVER ; Trusted_Connection=yes", ".", "PZSQLSERVER", None),
        ("SERVER=tcp:db.example,1444;", "db.example", None, 1444),
        ("driver=FreeTDS;server=10.0.0.5;port=50026;uid=sa;pwd={a;b}}c}", "10.0.0.5", None, 50026),
        ("Addr={localhost,1433};Encrypt=strict", "localhost", None, 1433),
    ],
)
def test_a_connection_string_says_where_the_agent_shall_look(
    text: str, host: str, instance: str | None, port: int | None
) -> None:
    config = dsn.config(text, "made", "reader", "secret")

    assert (config.host, config.instance, config.port) == (host, instance, port)
    assert (config.database, config.user, config.password()) == ("made", "reader", "secret")
    assert config.encrypt == ("strict" if "strict" in text else "optional")


def test_values_in_braces_are_read_whole() -> None:
    assert dsn.parts("PWD={a;b}}c};UID=sa;DRIVER={ODBC Driver 18 for SQL Server}") == {
        "pwd": "a;b}c",
        "uid": "sa",
        "driver": "ODBC Driver 18 for SQL Server",
    }


@pytest.mark.parametrize("named", ["DATABASE=old;", "Initial Catalog={old};", ""])
def test_the_same_string_leads_into_another_database(named: str) -> None:
    text = dsn.in_database(f"DRIVER={{X}};{named}UID=sa;PWD={{a;b}}", "new")

    assert text == "DRIVER={X};UID=sa;PWD={a;b};DATABASE=new;"


def test_a_string_that_hides_the_server_is_refused_and_says_what_to_write() -> None:
    with pytest.raises(dsn.NotUnderstood, match="SERVER="):
        dsn.config("DSN=clinic;UID=sa;PWD=p", "made", "reader", "secret")


def test_the_login_may_read_and_nothing_else() -> None:
    statements = [*dsn.login_made("reader", "secret"), *dsn.rights_given("reader")]

    assert statements == [
        "CREATE LOGIN [reader] WITH PASSWORD = N'secret', CHECK_POLICY = OFF, DEFAULT_LANGUAGE = [Russian]",
        "CREATE USER [reader] FOR LOGIN [reader]",
        "GRANT SELECT ON SCHEMA::dbo TO [reader]",
    ]
