"""The line between agent and hub: passes what it is given, can be cut, and can be whole again on the same port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from demo.relay import Relay


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    """A relay in front of a server that answers each line in capitals."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, Relay(0, server.sockets[0].getsockname()[1]) as relay:
        yield relay


async def dialled(relay: Relay) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", relay.port)


async def said(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], text: bytes) -> bytes:
    reader, writer = connection
    writer.write(text)
    return await asyncio.wait_for(reader.readline(), 5)


async def ended(reader: asyncio.StreamReader) -> bool:
    """Politely or not."""
    with contextlib.suppress(ConnectionResetError):
        return await asyncio.wait_for(reader.read(), 5) == b""
    return True


async def test_bytes_pass_both_ways_on_many_connections(relay: Relay) -> None:
    one, other = await dialled(relay), await dialled(relay)

    assert await said(one, b"first\n") == b"FIRST\n"
    assert await said(other, b"second\n") == b"SECOND\n"
    assert await said(one, b"x" * 60_000 + b"\n") == b"X" * 60_000 + b"\n"
    for _, writer in (one, other):
        writer.close()


async def test_a_cut_ends_what_is_open_and_refuses_what_is_new(relay: Relay) -> None:
    connection = await dialled(relay)
    assert await said(connection, b"hello\n") == b"HELLO\n"

    relay.cut()

    assert await ended(connection[0])
    with pytest.raises(OSError):
        await dialled(relay)
    assert not relay.is_whole
    connection[1].close()


async def test_after_a_cut_it_is_whole_again_on_the_same_port(relay: Relay) -> None:
    port = relay.port
    for _ in range(3):
        connection = await dialled(relay)
        assert await said(connection, b"hello\n") == b"HELLO\n"
        relay.cut()
        await relay.restore()
        connection[1].close()

    assert relay.port == port
    connection = await dialled(relay)
    assert await said(connection, b"again\n") == b"AGAIN\n"
    connection[1].close()


async def test_who_hangs_up_hangs_up_at_the_other_end_too() -> None:
    ended = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server, Relay(0, server.sockets[0].getsockname()[1]) as relay:
        _, writer = await dialled(relay)
        writer.close()
        await asyncio.wait_for(ended.wait(), 5)


async def test_where_the_hub_is_away_the_connection_ends() -> None:
    async with Relay(0, 1) as relay:
        reader, writer = await dialled(relay)
        assert await ended(reader)
        writer.close()
