"""The clinic's line to the internet: passes bytes between agent and hub, and can be cut like a cable. Does not read what it passes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import TypeAlias

_CHUNK = 64 * 1024

Pump: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Carries one way of one connection until its sender has said all."""


class Relay:
    """Listens on a loopback port while it is whole; cut, it ends what is open and refuses what is new. `pump` is how it carries: as it
    comes, or as `demo.narrow` does."""

    def __init__(self, port: int, target: int, pump: Pump | None = None) -> None:
        self.port, self._target, self._pump = port, target, pump or _pump
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._passing, self._quiet = 0, asyncio.Event()
        self._quiet.set()

    async def __aenter__(self) -> "Relay":
        await self.restore()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        await self._quiet.wait()

    @property
    def is_whole(self) -> bool:
        """Whether anything passes."""
        return self._server is not None

    async def restore(self) -> None:
        """Let connections in again."""
        if self._server is None:
            self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port, reuse_address=True)
            self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """As when somebody pulls the cable: at once, and nobody says goodbye."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._open:
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._passing += 1
        self.connections += 1
        self._quiet.clear()
        try:
            with self._kept(writer), contextlib.suppress(OSError):  # a hub that is away: the agent sees its line end
                there, back = await asyncio.open_connection("127.0.0.1", self._target)
                with self._kept(back):
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._carried(reader, back))
                        tasks.create_task(self._carried(there, writer))
        finally:
            self._passing -= 1
            if not self._passing:
                self._quiet.set()

    async def _carried(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pump(reader, writer)

    @contextlib.contextmanager
    def _kept(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        """An end that a cut finds while it is open, and that is gone afterwards."""
        self._open.add(writer)
        if not self.is_whole:
            writer.transport.abort()  # it was let in at the very moment of the cut
        try:
            yield
        finally:
            self._open.discard(writer)
            writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One way, until its sender has said all; a line that breaks ends here."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
