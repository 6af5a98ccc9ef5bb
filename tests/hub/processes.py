"""Real `ident-hub` processes for tests: commands, and a serving process."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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
        """A command to its end."""
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
