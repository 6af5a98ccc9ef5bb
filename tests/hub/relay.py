"""A network between two real ends: it carries bytes until a test cuts it, or lets it hang as a dead router does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["there", "back"]
"""To the hub, and to the agent."""


class Relay:
    """Listens on loopback and carries each connection on to `port`."""

    def __init__(self, port: int) -> None:
        self.port, self.address = port, ""
        self.carried = 0
        """Bytes towards the far end, over all connections."""
        self.connections = 0
        self._flowing = _set()
        self._swallowed: frozenset[Way] = frozenset()
        self._over = asyncio.Event()
        self._stranded: list[asyncio.Event] = []
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """End every connection at once; what is under way is lost."""
        for writer in self._writers:
            writer.transport.abort()

    def hang(self) -> None:
        """Carry nothing any more, and say nothing either."""
        self._flowing.clear()

    def swallow(self, *ways: Way) -> None:
        """Take what comes these ways, so that its sender sees nothing wrong, and let it vanish: a line that is half open."""
        self._swallowed = frozenset(ways)

    def flow(self) -> None:
        """Carry on."""
        self._flowing.set()

    def strand(self) -> None:
        """Leave the connections of now hanging for good, whatever their ends do; new ones are carried."""
        self._flowing.clear()
        self._stranded.append(self._flowing)
        self._flowing = _set()

    def end(self) -> None:
        """Let everything go."""
        self._over.set()
        for flowing in (*self._stranded, self._flowing):
            flowing.set()
        self.cut()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, far_writer, self._flowing, "there"))
                tasks.create_task(self._pump(far_reader, writer, self._flowing, "back"))
        finally:
            self._writers -= ends
            for end in ends:
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        flowing: asyncio.Event,
        way: Way,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(4096):
                await flowing.wait()
                if way in self._swallowed:
                    continue
                self.carried += len(data) if way == "there" else 0
                writer.write(data)
                await writer.drain()
        await flowing.wait()
        if way in self._swallowed:
            await self._over.wait()  # that somebody hung up is not heard either
        writer.close()


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@asynccontextmanager
async def relaying(port: int) -> AsyncIterator[Relay]:
    """A relay to `port` of loopback."""
    relay = Relay(port)
    server = await asyncio.start_server(relay.carry, "127.0.0.1", 0)
    relay.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        relay.end()
        server.close()
        await server.wait_closed()
