"""Starts the product's processes as a clinic and an integrator would, waits until each says that it is ready, and ends them."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


class ProcessFailed(Exception):
    """A process ended, or never became ready; `log` is where it said why."""

    def __init__(self, name: str, code: int | None, log: Path) -> None:
        super().__init__(name, code, log)
        self.name, self.code, self.log = name, code, log

    def __str__(self) -> str:
        what = "did not become ready" if self.code is None else f"ended with exit code {self.code}"
        return f"{self.name} {what}; its last words:\n{_tail(self.log)}"

    def line(self) -> str:
        """For people, in one line."""
        what = "не ответил вовремя" if self.code is None else f"остановился (код {self.code})"
        words = _tail(self.log, 1).strip()
        why = "" if words.startswith(("{", "(")) else f": {words}"  # JSON is for machines
        return f"Процесс {self.name} {what}{why}. Журнал: {self.log}; начать заново: make demo-reset"


class Process:
    """One process: its output goes to a file of its own, its first line on standard output says that it is ready."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.name, self.command = name, list(command)
        self.log = folder / f"{name}.log"
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; what it prints is appended to its log."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._env,
                start_new_session=True,  # Ctrl-C reaches us alone: we end the others in order
                preexec_fn=_tie if sys.platform == "linux" else None,
            )

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        if self._process is None:
            raise RuntimeError("start() comes before pid")
        return self._process.pid

    async def ready(self) -> dict[str, Any]:
        """Wait for the line that says it is ready; returns what the line tells."""
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("start() comes before ready()")
        try:
            async with asyncio.timeout(READY_SECONDS):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise ProcessFailed(self.name, None, self.log) from None
        if not line:
            raise ProcessFailed(self.name, await self._process.wait(), self.log)
        told: dict[str, Any] = json.loads(line)
        return told

    def check(self) -> None:
        """Raise when it ended by itself."""
        if self._process and self._process.returncode is not None:
            raise ProcessFailed(self.name, self._process.returncode, self.log)

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end; past the time limit, kill it."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(how)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _tie() -> None:
    """In the new process: end with the one that started it, even if that is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.asynccontextmanager
async def running(process: Process) -> AsyncIterator[Process]:
    """Start a process, and end it when the block ends."""
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


async def run(name: str, command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end; returns what it printed, raises where it failed."""
    log = folder / f"{name}.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=errors, env={**os.environ, **(env or {})}
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        errors.write(output)
    if process.returncode:
        raise ProcessFailed(name, process.returncode, log)
    return output.decode()


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", name, *arguments]


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: Path, lines: int = 12) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (nothing)"
