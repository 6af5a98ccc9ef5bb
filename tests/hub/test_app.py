"""The whole hub as a process, beside the amoCRM stand-in and a PostgreSQL that goes away."""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.hub.processes import Hub, Serving, serving

PUBLIC_URL = "https://hub.example.ru"
RATE = 200


@dataclass(frozen=True)
class StandIn:
    """The amoCRM stand-in."""

    told: dict[str, Any]

    @property
    def host(self) -> str:
        return str(self.told["url"]).removeprefix("http://")

    def code(self) -> str:
        """A new authorisation code, as an administrator copies it."""
        return str(self._post("code", {})["code"])

    def breaks(self, route: str, kind: str) -> None:
        """The next request of this route gets no proper answer."""
        self._post("faults", {"route": route, "kind": kind})

    def names(self, path: str, kind: str) -> list[str]:
        """What stands in the account."""
        token = self._post("token", {})["token"]
        asked = urllib.request.Request(
            f"http://{self.host}/api/v4/{path}", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310 http, as it stands there
            return [item["name"] for item in json.load(answer)["_embedded"][kind]]

    def deletes(self, path: str) -> None:
        """An admin deleted it."""
        token = self._post("token", {})["token"]
        asked = urllib.request.Request(
            f"http://{self.host}/api/v4/{path}", headers={"Authorization": f"Bearer {token}"}, method="DELETE"
        )
        urllib.request.urlopen(asked, timeout=5).close()  # noqa: S310 http, as it stands there

    def _post(self, path: str, body: dict[str, str]) -> Any:
        asked = f"http://{self.host}/_stand-in/{path}"
        with urllib.request.urlopen(asked, data=json.dumps(body).encode(), timeout=5) as answer:
            return json.loads(answer.read() or b"{}")


@pytest.fixture
def amocrm() -> Iterator[StandIn]:
    """A stand-in of its own."""
    options = [
        "--port",
        "0",
        "--redirect-uri",
        f"{PUBLIC_URL}/oauth/smile",
        "--rate",
        f"{RATE}",
        "--account-rate",
        "900",
    ]
    process = subprocess.Popen([sys.executable, "-m", "demo.amocrm", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield StandIn(json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def hub(tmp_path: Path, migrated_sqlite: bytes, master_key: bytes, amocrm: StandIn) -> Hub:
    """A hub that knows the stand-in's integration."""
    (tmp_path / "master.key").write_text(master_key.hex())
    (tmp_path / "hub.db").write_bytes(migrated_sqlite)
    made = Hub(tmp_path, {"HUB_AMOCRM_HOSTS": amocrm.host, "HUB_AMOCRM_RATE": str(RATE), "HUB_PUBLIC_URL": PUBLIC_URL})
    add = ("integration", "add", "smile", "--kind", "private", "--client-id", amocrm.told["client_id"])
    made.does(*add, "--secret-file", "-", given=amocrm.told["client_secret"])
    return made


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline


def test_a_clinic_is_connected_by_the_command_line(hub: Hub, amocrm: StandIn) -> None:
    account = str(amocrm.told["account_id"])
    clinic = ("clinic", "add", "--account", account, "--name", "PZ", "--zone", "Europe/Moscow")
    with serving(hub) as served:
        installed = hub.run_process("install", "smile", "--code", amocrm.code(), "--host", amocrm.host).stdout
        refused = hub.run(*clinic, given="n\n")
        unanswered = hub.run(*clinic, given="")
        added = hub.does(*clinic, given="y\n")
        again = hub.run(*clinic, "--yes")
        second = hub.does(*clinic[:5], "PZ2", *clinic[6:], "--yes")
        status = json.loads(served.get("/status")[1])

    assert f"account {account}" in installed
    for ended in (refused, unanswered):
        assert (ended.returncode, ended.stderr) == (1, "Nothing was made.\n")
        assert "+ pipeline Первичные" in ended.stdout
    assert "+ deal field IDENT: приёмы" in added
    assert f"ident-agent enroll {PUBLIC_URL}" in added.splitlines()[-1]
    assert again.returncode == 3
    assert f"ident-hub agent code --account {account} --database db_1" in again.stderr
    assert "To be made" not in second  # all of it stands there already
    assert [database["id"] for database in status["accounts"][0]["databases"]] == ["db_1", "db_2"]
    assert status["accounts"][0]["configured"] is True


def test_a_clinic_is_connected_though_amocrm_stumbles(hub: Hub, amocrm: StandIn) -> None:
    account = str(amocrm.told["account_id"])
    clinic = ("clinic", "add", "--account", account, "--zone", "Europe/Moscow", "--yes", "--name")
    with serving(hub):
        hub.does("install", "smile", "--code", amocrm.code(), "--host", amocrm.host)
        amocrm.breaks("GET /api/v4/account", "429")
        amocrm.breaks("POST /api/v4/leads/pipelines", "lost")  # applied, and nobody is told
        amocrm.breaks("POST /api/v4/leads/custom_fields", "502")
        added = hub.does(*clinic, "PZ")
        again = hub.does(*clinic, "PZ2")

    assert "amoCRM is busy (CrmBusy)" in added
    assert "amoCRM is busy (AnswerLost)" in added
    assert "+ pipeline" in added
    assert "To be made" not in again  # nothing is lacking
    for path, kind in (("leads/pipelines", "pipelines"), ("leads/custom_fields?limit=250", "custom_fields")):
        names = amocrm.names(path, kind)
        assert len(names) == len(set(names)) > 1  # nothing was made twice


def test_a_field_that_an_admin_deleted_is_made_again(hub: Hub, amocrm: StandIn) -> None:
    account = str(amocrm.told["account_id"])
    prepare = ("clinic", "prepare", "--account", account)
    with serving(hub):
        hub.does("install", "smile", "--code", amocrm.code(), "--host", amocrm.host)
        hub.does("clinic", "add", "--account", account, "--name", "PZ", "--zone", "Asia/Omsk", "--yes")
        ((before,),) = hub.sql("SELECT crm_schema FROM accounts")
        amocrm.deletes(f"leads/custom_fields/{json.loads(before)['deal_fields']['planned']['id']}")
        refused = hub.run(*prepare, given="n\n")
        made = hub.does(*prepare, given="y\n")
        again = hub.does(*prepare)

    assert (refused.returncode, refused.stderr) == (1, "Nothing was made.\n")
    assert "+ deal field План (numeric, only we write it)" in made
    assert f"Account {account} is prepared." in made
    assert "To be made" not in again
    assert amocrm.names("leads/custom_fields?limit=250", "custom_fields").count("План") == 1
    ((after,),) = hub.sql("SELECT crm_schema FROM accounts")
    changed = [
        key for key, ref in json.loads(after)["deal_fields"].items() if json.loads(before)["deal_fields"][key] != ref
    ]
    assert (changed, json.loads(after)["zone"]) == (["planned"], "Asia/Omsk")
    assert [len(hub.sql(f"SELECT * FROM {table}")) for table in ("databases", "enrolments")] == [1, 1]  # noqa: S608


def test_an_install_that_is_given_again_is_answered_as_before(hub: Hub, amocrm: StandIn) -> None:
    install = ("install", "smile", "--host", amocrm.host, "--code")
    code = amocrm.code()
    with serving(hub):
        first = hub.does(*install, code)
        again = hub.does(*install, code)
        made_up = hub.run(*install, "no-such-code")

    assert first == again
    assert made_up.returncode == 3
    assert "new code" in made_up.stderr


def test_codes_and_tokens_stand_nowhere_in_the_clear(hub: Hub, amocrm: StandIn) -> None:
    code = amocrm.code()
    with serving(hub):
        hub.does("install", "smile", "--code", code, "--host", amocrm.host)

    held = b"".join(path.read_bytes() for path in hub.folder.iterdir() if path.is_file() and path.name != "master.key")
    assert code.encode() not in held
    assert str(amocrm.told["client_secret"]).encode() not in held


@pytest.fixture
def on_postgres(tmp_path: Path, master_key: bytes) -> Iterator[tuple[Hub, postgres.Server]]:
    """A hub on a PostgreSQL that the test may stop."""
    (tmp_path / "master.key").write_text(master_key.hex())
    with postgres.installed() as server:
        yield Hub(tmp_path, {"HUB_DATABASE_URL": server.url("postgres")}), server


def is_ready(served: Serving, path: str = "/status") -> bool:
    return served.get(path)[0] == 200


def test_a_hub_outlasts_a_restart_of_its_database(on_postgres: tuple[Hub, postgres.Server]) -> None:
    hub, server = on_postgres
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        first.enter_context(postgres.started(server))
        served = stack.enter_context(serving(hub))
        assert is_ready(served)
        first.close()
        until(lambda: served.get("/status")[0] == 503)
        until(lambda: "store.missed" in (hub.folder / "log").read_text())
        stack.enter_context(postgres.started(server))

        until(lambda: is_ready(served))
        ended = hub.run("agent", "revoke", "ag_NOBODY")

        assert "ag_" in ended.stderr  # a job was done: its loops live
        assert served.process.poll() is None
        assert served.stop() == 0


def test_without_a_database_a_hub_does_not_start(on_postgres: tuple[Hub, postgres.Server]) -> None:
    hub, _ = on_postgres

    ended = hub.run_process("run")

    assert ended.returncode == 3
    assert "HUB_DATABASE_URL" in ended.stderr
