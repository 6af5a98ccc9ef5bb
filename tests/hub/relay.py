"""A network between two real ends: it carries bytes until a test cuts it, or lets it hang as a dead router does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Listens on loopback and carries each connection on to `port`."""

    def __init__(self, port: int) -> None:
        self.port, self.address = port, ""
        self.carried = 0
        """Bytes towards the far end, over all connections."""
        self.connections = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """End every connection at once; what is under way is lost."""
        for writer in self._writers:
            writer.transport.abort()

    def hang(self) -> None:
        """Carry nothing any more, and say nothing either."""
        self._flowing.clear()

    def flow(self) -> None:
        """Carry on."""
        self._flowing.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, far_writer, counted=True))
                tasks.create_task(self._pump(far_reader, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool = False) -> None:
        with suppress(OSError):
            while data := await reader.read(4096):
                await self._flowing.wait()
                self.carried += len(data) if counted else 0
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def relaying(port: int) -> AsyncIterator[Relay]:
    """A relay to `port` of loopback."""
    relay = Relay(port)
    server = await asyncio.start_server(relay.carry, "127.0.0.1", 0)
    relay.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        relay.flow()
        relay.cut()
        server.close()
        await server.wait_closed()
