"""The command line on SQLite; tests/hub/test_app.py and the smoke run start it as processes."""

import json
import signal
import stat
import time
from pathlib import Path

import pytest

from hub.__main__ import main
from tests.hub.processes import Hub, Serving, serving

SECRET = "s3cret-of-the-integration"


@pytest.fixture
def hub(tmp_path: Path, migrated_sqlite: bytes, master_key: bytes) -> Hub:
    """A hub with its master key, migrated."""
    (tmp_path / "master.key").write_text(master_key.hex())
    (tmp_path / "hub.db").write_bytes(migrated_sqlite)
    return Hub(tmp_path)


def add_account(hub: Hub, account: int = 31) -> None:
    hub.sql("INSERT INTO accounts (id, host, created_at) VALUES (?, 'clinic.amocrm.ru', 0)", account)


def add_database(hub: Hub, account: int = 31) -> None:
    hub.sql(
        "INSERT INTO databases (account_id, id, name, zone, generation, outbox_depth)"
        " VALUES (?, 'db_1', 'PZ', 'Europe/Moscow', 0, 0)",
        account,
    )


def test_a_master_key_is_for_the_hub_alone_and_never_overwritten(tmp_path: Path) -> None:
    hub, path = Hub(tmp_path), tmp_path / "master.key"
    hub.does("key", str(path))
    key = path.read_text()

    again = hub.run("key", str(path))

    assert len(bytes.fromhex(key)) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert again.returncode == 3
    assert "lost for good" in again.stderr
    assert path.read_text() == key


def test_a_command_without_the_master_key_says_how_to_make_one(tmp_path: Path) -> None:
    ended = Hub(tmp_path).run("migrate")

    assert ended.returncode == 3
    assert ended.stderr.strip().endswith("readable by the hub only.")


def test_a_command_before_migrate_says_so(hub: Hub) -> None:
    (hub.folder / "hub.db").unlink()

    ended = hub.run("status")

    assert (ended.returncode, ended.stderr) == (
        3,
        "Run ident-hub migrate: the database of HUB_DATABASE_URL is not of this release.\n",
    )


def test_an_integration_is_registered_with_its_secret_sealed(hub: Hub) -> None:
    (hub.folder / "secret").write_text(SECRET + "\n")
    add = ("integration", "add", "smile", "--kind", "private", "--client-id", "c-1", "--secret-file")

    told = hub.does(*add, str(hub.folder / "secret"))
    again = hub.does(*add, "-", given=SECRET)

    assert "https://hub.example.ru/oauth/smile" in told
    assert told == again
    assert hub.sql("SELECT key, kind, client_id, redirect_uri FROM integrations") == [
        ("smile", "private", "c-1", "https://hub.example.ru/oauth/smile")
    ]
    assert all(SECRET.encode() not in path.read_bytes() for path in hub.folder.glob("hub.db*"))


def test_a_secret_that_cannot_be_read_is_asked_for(hub: Hub) -> None:
    add = ("integration", "add", "smile", "--kind", "private", "--client-id", "c", "--secret-file")

    for ended in (hub.run(*add, "nowhere"), hub.run(*add, "-", given=" \n")):
        assert ended.returncode == 3
        assert "Put the integration's secret key into" in ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("integration", "add", "Smile!", "--kind", "private", "--client-id", "c", "--secret-file", "-"),
            "small letters",
        ),
        (("clinic", "add", "--account", "31", "--name", "PZ", "--zone", "Moscow"), "Europe/Moscow"),
        (("fly",), "invalid choice"),
        ((), "required"),
    ],
)
def test_a_wrong_command_says_what_to_write(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("migrate",),
        ("key",),
        ("integration", "add"),
        ("install",),
        ("clinic", "add"),
        ("clinic", "prepare"),
        ("agent", "code"),
        ("agent", "revoke"),
        ("agent", "resume"),
        ("status",),
        ("parked",),
        ("asks",),
    ],
)
def test_every_command_helps_with_an_example(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])

    assert ended.value.code == 0
    assert f"ident-hub {' '.join(words)}" in capsys.readouterr().out.split("examples:")[1]


def test_a_hub_says_when_it_serves_and_ends_when_told(hub: Hub) -> None:
    for how in (signal.SIGTERM, signal.SIGINT):
        with serving(hub) as served:
            assert set(served.told) == {"ready", "port", "ops_port"}
            assert served.get("/ready")[0] == 200
            assert served.stop(how) == 0
            assert served.process.stdout
            assert served.process.stdout.read() == ""

    log = [json.loads(line) for line in (hub.folder / "log").read_text().splitlines()]
    assert [line["event"] for line in log] == 2 * ["hub.started", "stop.asked"]


def test_a_hub_migrates_by_itself(hub: Hub) -> None:
    (hub.folder / "hub.db").unlink()

    with serving(hub) as served:
        assert served.get("/status")[0] == 200


def test_a_database_is_migrated_before_the_hub_runs(hub: Hub) -> None:
    (hub.folder / "hub.db").unlink()

    hub.does("migrate")

    assert "No integration" in hub.does("status")


def test_metrics_and_status_are_not_on_the_public_address(hub: Hub) -> None:
    with serving(hub) as served:
        public = Serving(served.process, {"ops_port": served.told["port"]})

        assert [public.get(path)[0] for path in ("/metrics", "/status", "/ready")] == [404, 404, 404]


def test_a_port_in_use_is_named_with_its_setting(hub: Hub) -> None:
    with serving(hub) as served:
        taken = f"127.0.0.1:{served.told['port']}"
        ended = hub.run_process("run", HUB_LISTEN=taken)

    assert ended.returncode == 3
    assert ended.stderr.splitlines()[-1] == f"Free {taken}, or write another address into HUB_LISTEN."


def test_a_business_clock_that_cannot_be_read_is_refused(hub: Hub) -> None:
    (hub.folder / "clock").write_text("noon")

    ended = hub.run_process("run", HUB_BUSINESS_CLOCK=str(hub.folder / "clock"))

    assert ended.returncode == 3
    assert "HUB_BUSINESS_CLOCK" in ended.stderr


def test_a_command_is_done_by_the_serving_process(hub: Hub) -> None:
    add_account(hub)
    add_database(hub)
    with serving(hub):
        told = hub.does("agent", "code", "--account", "31", "--database", "db_1")
        code = told.split()[-1]

        assert len(hub.sql("SELECT * FROM enrolments WHERE used_at IS NULL")) == 1
        assert all(code.encode() not in path.read_bytes() for path in hub.folder.glob("hub.db*"))


CANNOT_BE_DONE = {
    ("agent", "code", "--account", "99", "--database", "db_1"): "account 99",
    ("agent", "code", "--account", "31", "--database", "db_7"): "ident-hub status",
    ("agent", "revoke", "ag_NOBODY"): "ag_",
    ("agent", "resume", "ag_NOBODY"): "ag_",
    ("clinic", "add", "--account", "99", "--name", "PZ", "--zone", "Europe/Moscow", "--yes"): "ident-hub install",
    ("clinic", "prepare", "--account", "99", "--yes"): "ident-hub install",
    ("clinic", "prepare", "--account", "31", "--yes"): "ident-hub clinic add --account 31",
}


def test_a_command_that_cannot_be_done_says_what_to_do(hub: Hub) -> None:
    add_account(hub)
    with serving(hub):
        for words, said in CANNOT_BE_DONE.items():
            ended = hub.run(*words)

            assert ended.returncode == 3, words
            assert said in ended.stderr
            assert "Traceback" not in ended.stderr


def test_without_a_serving_process_a_command_says_so(hub: Hub) -> None:
    begun = time.monotonic()

    ended = hub.run("agent", "revoke", "ag_1")

    assert ended.returncode == 3
    assert "Start the hub (ident-hub run)" in ended.stderr
    assert 5 <= time.monotonic() - begun < 15
    assert hub.sql("SELECT * FROM jobs") == []


def test_status_asks_the_process_or_reads_the_store(hub: Hub) -> None:
    add_account(hub)
    add_database(hub)
    with serving(hub) as served:
        address = f"127.0.0.1:{served.told['ops_port']}"
        from_the_process = hub.does("status", HUB_OPS_LISTEN=address)
        as_json = json.loads(hub.does("status", "--json", HUB_OPS_LISTEN=address))
    from_the_store = hub.does("status", HUB_OPS_LISTEN=address)

    assert "NO AGENT" in from_the_process
    assert as_json["accounts"][0]["databases"][0]["id"] == "db_1"
    assert from_the_store.startswith("No hub answers")
    assert "agent unknown" in from_the_store


def test_what_waits_is_listed_by_id_and_reason_only(hub: Hub) -> None:
    add_account(hub)
    add_account(hub, 32)
    for account, outcome, reason in (
        (31, "ask", "several_candidates"),
        (32, "ask", "other_name_on_phone"),
        (31, "park", "4"),
    ):
        hub.sql(
            "INSERT INTO outcomes (account_id, database, subject, patient, outcome, reason, detail, at)"
            " VALUES (?, 'db_1', ?, '1', ?, ?, null, 0)",
            account,
            f"visit:{outcome}",
            outcome,
            reason,
        )
    hub.sql("INSERT INTO parked VALUES (31, 'db_1', 'visit', '7', 'start', 0, x'00')")

    assert hub.does("asks") == "31 db_1 visit:ask several_candidates\n32 db_1 visit:ask other_name_on_phone\n"
    assert hub.does("asks", "--account", "31") == "31 db_1 visit:ask several_candidates\n"
    assert hub.does("parked") == "31 db_1 visit:7 start\n31 db_1 visit:park 4\n"
    assert hub.does("parked", "--account", "32") == "Nothing waits.\n"
