"""A PostgreSQL server of the tests' own: on a free loopback port, in a folder that goes away with it, never as root."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWNER = "ident"
START_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """Where the server listens, and how to stop and start it while it runs."""

    port: int
    folder: Path
    user: int | None

    def url(self, database: str) -> str:
        """As HUB_DATABASE_URL names it."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start a server and end it when the block ends."""
    with installed() as server, started(server):
        yield server


@contextlib.contextmanager
def installed() -> Iterator[Server]:
    """A server that can be started, and started again."""
    folder = Path(tempfile.mkdtemp(prefix="ident-postgres-"))
    user = _unprivileged()
    if user is not None:
        os.chown(folder, user, -1)
    try:
        _run(user, "initdb", "-D", folder / "data", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        yield Server(_free_port(), folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def started(server: Server, *, durable: bool = False) -> Iterator[None]:
    """The server runs until the block ends. `durable`: what it says is committed is on the disk; tests need not wait for that."""
    where: list[str | Path] = [
        "-D",
        server.folder / "data",
        "-p",
        str(server.port),
        "-k",
        server.folder,
        "-h",
        "127.0.0.1",
    ]
    quick: list[str | Path] = [
        word for name in ("fsync=off", "synchronous_commit=off", "full_page_writes=off") for word in ("-c", name)
    ]
    quick = [] if durable else quick
    with (server.folder / "log").open("wb") as log:
        process = subprocess.Popen([_binary("postgres"), *where, *quick], stdout=log, stderr=log, user=server.user)
    try:
        _wait(process, server.port, server.folder / "log")
        yield
    finally:
        process.send_signal(signal.SIGINT)  # "fast": clients that are left are cut off
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([_binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")


def _run(user: int | None, name: str, *arguments: str | Path) -> None:
    done = subprocess.run([_binary(name), *arguments], capture_output=True, user=user, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr.decode(errors='replace')}")


def _binary(name: str) -> str:
    found = [*Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), *Path("/usr").glob(f"pgsql-*/bin/{name}")]
    path = str(max(found)) if found else shutil.which(name)
    if path is None:
        raise RuntimeError(f"PostgreSQL's {name} is not there; `make system` installs it")
    return path


def _unprivileged() -> int | None:
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return names.get("postgres", names.get("nobody"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
