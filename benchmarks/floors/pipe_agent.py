"""Floors C1 and C2, the agent: rows are committed to SQLite (WAL, FULL), sent, and forgotten once acked; no more than a few frames under
way. `pipe_agent PORT FILE BATCH WINDOW FRAMES` prints the milliseconds of each frame and the rows of a second."""

import asyncio
import contextlib
import json
import sqlite3
import sys
import time

import uvloop
from websockets.asyncio.client import ClientConnection, connect

KEYS = 20_000
BODY = json.dumps({"patient": "4410", "status": "booked", "start": "2026-12-03T14:30:00+03:00", "note": "x" * 180})


def opened(file: str) -> sqlite3.Connection:
    """An empty outbox."""
    outbox = sqlite3.connect(file, isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"):
        outbox.execute(statement)
    outbox.execute(
        "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, key INTEGER NOT NULL, body TEXT NOT NULL)"
    )
    outbox.execute("DELETE FROM outbox")
    return outbox


async def main(port: int, file: str, batch: int, window: int, frames: int) -> None:
    """Send, wait for the last ack, tell."""
    outbox, begun_at, took = opened(file), dict[int, float](), list[float]()
    room, seq, begun = asyncio.Semaphore(window), 0, time.perf_counter()
    async with (
        connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None, proxy=None) as hub,
        asyncio.TaskGroup() as tasks,
    ):
        acks = tasks.create_task(_acked(hub, outbox, room, begun_at, took))
        for _ in range(frames):
            await room.acquire()
            at = time.perf_counter()
            rows = [(seq + n, (seq + n) % KEYS, BODY) for n in range(1, batch + 1)]
            with contextlib.closing(outbox.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                cursor.executemany("INSERT INTO outbox VALUES (?, ?, ?)", rows)
                cursor.execute("COMMIT")
            seq += batch
            begun_at[seq] = at
            await hub.send(json.dumps([(key, number, body) for number, key, body in rows]))
        for _ in range(window):
            await room.acquire()
        acks.cancel()
    print(json.dumps({"ms": took, "rows_per_second": frames * batch / (time.perf_counter() - begun)}), flush=True)


async def _acked(
    hub: ClientConnection,
    outbox: sqlite3.Connection,
    room: asyncio.Semaphore,
    begun_at: dict[int, float],
    took: list[float],
) -> None:
    async for ack in hub:
        seq = int(ack)
        took.append((time.perf_counter() - begun_at.pop(seq)) * 1000)
        outbox.execute("DELETE FROM outbox WHERE seq <= ?", (seq,))
        room.release()


if __name__ == "__main__":
    number, path, *sizes = sys.argv[1:]
    uvloop.run(main(int(number), path, *map(int, sizes)))
