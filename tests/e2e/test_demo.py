"""The live demo as a person starts it: one link, the line that can be cut, an end that leaves nothing running, and a start that goes on."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

STARTED_SECONDS = 60.0


@dataclass
class Demo:
    process: "subprocess.Popen[str]"
    url: str
    told: list[str]

    def ask(self, path: str, body: object = None) -> Any:
        return ask(self.url + path, body)

    def until(self, holds: Callable[[dict[str, Any]], bool], seconds: float = 30) -> dict[str, Any]:
        """Wait for a state of the demo; gives it."""
        deadline = time.monotonic() + seconds
        while True:
            state: dict[str, Any] = self.ask("state")
            if holds(state):
                return state
            assert time.monotonic() < deadline, state
            time.sleep(0.1)

    def end(self, how: signal.Signals) -> tuple[int, float]:
        """Ask it to end; the exit code, and how long it took."""
        asked = time.monotonic()
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=20)
        self.told += rest.splitlines()
        return self.process.returncode, time.monotonic() - asked


def ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 our own process
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 our own process
        text = answer.read().decode()
        return json.loads(text) if "json" in answer.headers["Content-Type"] else text


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Demo]:
    """A demo in this folder, once it has told its link."""
    command = [sys.executable, "-m", "demo", "--state", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            told = list(lines_to_link(process))
            yield Demo(process, told[-1].strip(), told)
        finally:
            process.kill()


def lines_to_link(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout
    for line in process.stdout:
        yield line
        if line.strip().startswith("http://"):
            return
    raise AssertionError("it ended without a link")


def living(folder: Path) -> list[str]:
    """The processes that name this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().decode(errors="replace") if entry.name.isdigit() else ""
            if str(folder) in command and int(entry.name) != os.getpid():
                found.append(command.replace("\0", " "))
    return found


def test_it_starts_is_cut_off_ends_and_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "demo state"  # as people name folders
    begun = time.monotonic()
    with started(folder) as demo:
        assert time.monotonic() - begun < STARTED_SECONDS
        page = demo.ask("")
        assert "Клиника" in page
        frame = page.partition('<iframe class="frame" id="frame" data-first="')[2].partition('"')[0]
        assert "amoCRM" in ask(frame)

        there = demo.until(lambda state: state["connected"] and state["deals"] > 5)
        assert (there["line"], there["loaded"]) == (True, True)

        demo.ask("pace", {"speed": 30})
        demo.ask("line", {"whole": False})
        demo.until(lambda state: not state["connected"])
        booked = demo.ask("book", {"card": ""})
        cut = demo.until(lambda state: state["waiting"] > 0)
        assert (cut["line"], cut["deals"] >= there["deals"]) == (False, True)
        beside = subprocess.run([sys.executable, "-m", "demo", "--state", str(folder)], capture_output=True, text=True)
        assert (beside.returncode, demo.url in beside.stdout) == (2, True)

        demo.ask("line", {"whole": True})
        after = demo.until(lambda state: state["connected"] and state["waiting"] == 0)
        assert after["now"] > there["now"]
        assert booked["name"]

        code, seconds = demo.end(signal.SIGINT)
        assert (code, living(folder)) == (0, []), demo.told
        assert seconds < 10
    stood = json.loads((folder / "account.json").read_text("utf-8"))
    assert stood["ended"] is True

    with started(folder) as again:
        assert again.url == demo.url
        state = again.until(lambda state: state["connected"])
        assert state["now"] >= after["now"]
        assert state["deals"] >= len(stood["leads"])
        os.kill(again.process.pid, signal.SIGKILL)
        again.process.wait()
        deadline = time.monotonic() + 20
        while living(folder) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert living(folder) == []  # nobody outlives the one that started it
    kept = json.loads((folder / "account.json").read_text("utf-8"))
    assert kept["leads"].keys() >= stood["leads"].keys()
    assert kept["integration"] == stood["integration"]
