"""A narrow line for the relay, as a clinic behind a bad modem has one: so many bits a second, a delay, and losses. TCP hides a loss from
whoever reads: what he sees is that nothing comes until the lost segment was sent again. So a loss is a stall here."""

import asyncio
import contextlib
import random
from collections import deque
from dataclasses import dataclass

SEGMENT = 1448
"""Bytes of TCP's payload in a packet of 1500."""


@dataclass(frozen=True)
class Line:
    """How bad it is. `delay` is one way; `again`: how long TCP waits before it sends a lost segment again, doubled each time."""

    bits_per_second: float = 1_000_000
    delay: float = 0.15
    loss: float = 0.01
    again: float = 0.5
    holds: int = 64 << 10
    """Bytes under way or waiting before whoever sends has to wait: the modem's buffer."""


class Way:
    """One direction: when does what is sent now arrive? Pure: the time is given, and chance comes from a seed."""

    def __init__(self, line: Line, seed: int) -> None:
        self._line, self._luck = line, random.Random(seed)
        self._free_at = float("-inf")
        self.lost = 0

    def arrives(self, size: int, now: float) -> float:
        """In order always, and never more than the line carries; while a lost segment is waited for, nothing else goes."""
        at = max(now, self._free_at)
        for start in range(0, size, SEGMENT):
            at += min(SEGMENT, size - start) * 8 / self._line.bits_per_second
            waits = self._line.again
            while self._luck.random() < self._line.loss:
                self.lost += 1
                at += waits
                waits *= 2
        self._free_at = at
        return at + self._line.delay


class Narrow:
    """Carries what a relay passes over such a line; each direction of each connection has a line of its own."""

    def __init__(self, line: Line, seed: int = 0) -> None:
        self._line, self._seed = line, seed

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way, until its sender has said all; a line that breaks ends here."""
        self._seed += 1
        under_way = _UnderWay(self._line.holds)
        async with asyncio.TaskGroup() as tasks:
            taking = tasks.create_task(_take(reader, Way(self._line, self._seed), under_way))
            with contextlib.suppress(OSError):
                await _give(under_way, writer)
            taking.cancel()


class _UnderWay:
    """What was taken and has not arrived; None stands for the end."""

    def __init__(self, holds: int) -> None:
        self._holds, self._bytes = holds, 0
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._changed = asyncio.Event()

    async def put(self, at: float, data: bytes | None) -> None:
        """Waits while the line holds as much as it can."""
        self._queue.append((at, data))
        self._bytes += len(data or b"")
        self._changed.set()
        while self._bytes >= self._holds:
            self._changed.clear()
            await self._changed.wait()

    async def get(self) -> tuple[float, bytes | None]:
        """The next that arrives; it holds its place until it is `done`."""
        while not self._queue:
            self._changed.clear()
            await self._changed.wait()
        return self._queue.popleft()

    def done(self, data: bytes) -> None:
        """It arrived."""
        self._bytes -= len(data)
        self._changed.set()


async def _take(reader: asyncio.StreamReader, way: Way, under_way: _UnderWay) -> None:
    loop, data = asyncio.get_running_loop(), b""
    with contextlib.suppress(OSError):
        while data := await reader.read(SEGMENT):
            await under_way.put(way.arrives(len(data), loop.time()), data)
    await under_way.put(way.arrives(0, loop.time()), None)


async def _give(under_way: _UnderWay, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while True:
        at, data = await under_way.get()
        await asyncio.sleep(max(0.0, at - loop.time()))
        if data is None:
            writer.write_eof()
            return
        writer.write(data)
        await writer.drain()
        under_way.done(data)
