"""The hub's command line for tests: commands in this process or in one of their own, and a serving process."""

import contextlib
import io
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.__main__ import main


@dataclass(frozen=True)
class Hub:
    """A hub's environment in a folder of its own."""

    folder: Path
    changed: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HUB_LISTEN": "127.0.0.1:0",
            "HUB_OPS_LISTEN": "127.0.0.1:0",
            "HUB_PUBLIC_URL": "https://hub.example.ru",
            "HUB_DATABASE_URL": f"sqlite:///{self.folder / 'hub.db'}",
            "HUB_MASTER_KEY_FILE": str(self.folder / "master.key"),
            "HUB_KEYS_DIR": str(self.folder / "keys"),
            **self.changed,
        }

    def run(self, *words: str, given: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command to its end, in this process: what a process is started for is a fraction of what starting it takes."""
        told, complained = io.StringIO(), io.StringIO()
        with _as_if_alone(self.environment | environment, given or ""):
            with contextlib.redirect_stdout(told), contextlib.redirect_stderr(complained):
                try:
                    code: Any = main(words)
                except SystemExit as ended:
                    code = ended.code
        return subprocess.CompletedProcess(words, code, told.getvalue(), complained.getvalue())

    def run_process(
        self, *words: str, given: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """The same as a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "hub", *words],
            env=self.environment | environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def does(self, *words: str, given: str | None = None, **environment: str) -> str:
        """A command that must succeed; what it printed."""
        ended = self.run(*words, given=given, **environment)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Look at, or change, what stands in the database."""
        with contextlib.closing(sqlite3.connect(self.folder / "hub.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()


@contextlib.contextmanager
def _as_if_alone(environment: Mapping[str, str], given: str) -> Iterator[None]:
    """This environment only, this on standard input, and the log as it was afterwards."""
    log = logging.getLogger()
    before = log.handlers[:], log.level
    log.handlers = []
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdin", io.StringIO(given))
        try:
            yield
        finally:
            log.handlers, level = before
            log.setLevel(level)


@dataclass
class Serving:
    """A serving process."""

    process: subprocess.Popen[str]
    told: dict[str, Any]

    def get(self, path: str) -> tuple[int, str]:
        """Ask the ops address."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.told['ops_port']}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(10)


@contextlib.contextmanager
def serving(hub: Hub) -> Iterator[Serving]:
    """`ident-hub run` until the block ends."""
    with (hub.folder / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "run"], env=hub.environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line, (hub.folder / "log").read_text()
            yield Serving(process, json.loads(line))
        finally:
            process.kill()
            process.communicate()
