"""One agent for one state folder: two would push each other off the link. The system frees the lock of a dead process."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from agent import files
from wire.errors import NeedsOperator

NAME = "agent.lock"
TRIES = 20
PAUSE_SECONDS = 0.1  # a restarting service may overlap with its end for a moment


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder; raises `NeedsOperator` where another agent holds it."""
    with files.ours(folder / NAME):
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not any(_taken(handle, last=attempt == TRIES - 1) for attempt in range(TRIES)):
            raise NeedsOperator(
                f"Агент с папкой {folder} уже запущен: остановите службу или второй агент и запустите этот снова."
            )
        yield
    finally:
        os.close(handle)  # and with it the lock


def _taken(handle: int, *, last: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if not last:
            time.sleep(PAUSE_SECONDS)
        return False
    return True
