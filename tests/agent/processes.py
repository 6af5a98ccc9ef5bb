"""The agent as a process, and a config for it."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

END_SECONDS = 20.0


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


def config(folder: Path, hub: str, *, mis: str | None = None) -> Path:
    """A config in this folder; its state lies beside it."""
    mis = mis or f'url = "sqlite:///{folder / "clinic.db"}"'
    path = folder / "agent.toml"
    path.write_text(
        f"""state_dir = "state"
[hub]
url = "{hub}"
[mis]
{mis}
timezone = "Europe/Moscow"
[scan]
scan_every_seconds = 0.05
[link]
state_every_seconds = 0.1
"""
    )
    return path


async def start(*arguments: str | Path, env: Mapping[str, str] | None = None, code: str | None = None) -> Process:
    """Start `ident-agent` with these arguments; `code` runs before it, in the same process."""
    program = (
        ["-m", "agent"]
        if code is None
        else ["-c", f"{code}\nimport sys, agent.__main__\nsys.exit(agent.__main__.main())"]
    )
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *program,
        *map(str, arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **(env or {})},
    )


async def ended(process: Process, given: bytes = b"") -> Ended:
    """Wait until it ended."""
    async with asyncio.timeout(END_SECONDS):
        out, err = await process.communicate(given)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode("utf-8"), err.decode("utf-8"))


async def run(
    *arguments: str | Path, given: bytes = b"", env: Mapping[str, str] | None = None, code: str | None = None
) -> Ended:
    """Run a command to its end."""
    return await ended(await start(*arguments, env=env, code=code), given)


@contextlib.asynccontextmanager
async def running(*arguments: str | Path, code: str | None = None) -> AsyncIterator[Process]:
    """A process that is killed at the end, if it did not end before."""
    process = await start(*arguments, code=code)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
