"""`python -m demo.clinic` as a process: says that it is ready, plays on request, and ends at once when asked."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.clinic.database import Database


@pytest.fixture
def process(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [
        sys.executable,
        "-m",
        "demo.clinic",
        "--db",
        str(tmp_path / "clinic.db"),
        "--seed",
        "4",
        "--visits",
        "30",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


def ready(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    told = json.loads(process.stdout.readline())
    assert told["ready"] is True
    return f"http://127.0.0.1:{told['port']}"


def ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:  # noqa: S310 our own process
        return json.load(answer)


@pytest.mark.e2e
def test_a_day_is_driven_over_http(process: "subprocess.Popen[str]") -> None:
    url = ready(process)

    first = ask(url)
    assert first["now"] == "2026-11-24T07:00:00+03:00"
    assert first["events_left"] > 50
    done = ask(f"{url}/advance", {"to": first["next_at"]})
    assert done == {"reached": first["next_at"], "events": 1}
    assert ask(url)["events_left"] == first["events_left"] - 1

    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0


@pytest.mark.e2e
@pytest.mark.parametrize("body", [{}, [], {"to": 5}, {"to": "soon"}, {"to": "2026-11-24T08:00:00"}])
def test_a_time_without_offset_is_refused(process: "subprocess.Popen[str]", body: object) -> None:
    url = ready(process)

    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(f"{url}/advance", body)
    assert refused.value.code == 400
    refused.value.close()


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "demo.clinic", *arguments], capture_output=True, text=True, check=False
    )


def test_a_clinic_is_made_to_measure_and_says_how_far_it_is(tmp_path: Path) -> None:
    db = str(tmp_path / "clinic.db")
    size = ("--patients", "50", "--receptions", "500", "--indexed", "--without", "Receptions.Comment")

    done = command("--db", db, "--seed", "1", *size, "--only-make")

    assert (done.returncode, done.stdout) == (0, "")
    assert "Receptions" in done.stderr
    with Database(Path(db)) as database:
        assert len(list(database.rows("Patients"))) == 50
        assert "Comment" not in {column.name for column in database.columns("Receptions")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--without", "Receptions.Colour"), "IDENT has no Receptions.Colour"),
        (("--patients", "3"), "from 50 on"),
        (("--visits", "30000"), "at most 15000"),
    ],
)
def test_what_cannot_be_made_is_said_at_once(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = command("--db", str(tmp_path / "clinic.db"), "--seed", "1", *arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "clinic.db").exists()
