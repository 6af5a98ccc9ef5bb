"""The narrow line: how long what is sent takes, and that everything arrives in order."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.narrow import SEGMENT, Line, Narrow, Way
from demo.relay import Relay

PERFECT = Line(loss=0)


def test_what_is_sent_takes_its_bits_and_the_delay() -> None:
    assert Way(PERFECT, 0).arrives(1250, 100.0) == pytest.approx(100.0 + 0.01 + 0.15)  # 10 000 bits at 1 Mbit/s


def test_what_is_sent_next_waits_until_the_line_is_free() -> None:
    way = Way(PERFECT, 0)
    way.arrives(125_000, 0.0)

    assert way.arrives(125_000, 0.5) == pytest.approx(2.15)
    assert way.arrives(1250, 10.0) == pytest.approx(10.16)  # it had been free for long


def test_a_lost_segment_stalls_all_behind_it_until_it_is_sent_again() -> None:
    way = Way(Line(loss=1.0 - 1e-12, again=0.5), 0)
    way._luck = random.Random()  # noqa: S311 replaced: two losses, then none
    way._luck.random = iter([0.0, 0.0, 1.0, 1.0]).__next__  # type: ignore[method-assign]

    assert way.arrives(1250, 0.0) == pytest.approx(0.01 + 0.5 + 1.0 + 0.15)
    assert way.arrives(1250, 0.0) == pytest.approx(0.02 + 0.5 + 1.0 + 0.15)


def test_one_in_a_hundred_is_lost_and_the_same_ones_with_the_same_seed() -> None:
    ways = [Way(Line(), 7), Way(Line(), 7), Way(Line(), 8)]
    for way in ways:
        for _ in range(20_000):
            way.arrives(SEGMENT, 0.0)

    assert ways[0].lost == ways[1].lost != ways[2].lost
    assert all(120 <= way.lost <= 280 for way in ways)


@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(0, 20_000), st.floats(0, 3)), max_size=30))
def test_whatever_is_sent_arrives_in_order_and_never_faster_than_the_line(
    seed: int, sent: list[tuple[int, float]]
) -> None:
    way, now, before, total = Way(Line(), seed), 0.0, 0.0, 0
    for size, pause in sent:
        now += pause
        total += size
        arrives = way.arrives(size, now)

        assert arrives >= max(before, now + size * 8e-6 + 0.15, total * 8e-6 + 0.15) - 1e-9
        before = arrives


async def test_a_relay_carries_everything_over_it_both_ways_and_holds_back_who_sends_too_much() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.write_eof()
        await writer.drain()
        writer.close()

    line = Line(bits_per_second=8_000_000, delay=0.01, again=0.02, holds=16 << 10)
    said = random.Random(1).randbytes(300_000)  # noqa: S311 any bytes do
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Relay(0, server.sockets[0].getsockname()[1], Narrow(line).pump) as relay:
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        begun = loop.time()
        writer.write(said)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 10) == said
        assert loop.time() - begun >= 0.6  # twice 2.4 Mbit at 8 Mbit/s
        assert relay.connections == 1
        writer.close()


async def test_a_cut_ends_a_connection_in_the_middle_of_what_is_under_way() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server, Relay(0, server.sockets[0].getsockname()[1], Narrow(Line()).pump) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(bytes(1_000_000))
        relay.cut()
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(reader.readexactly(1), 5)
        writer.close()
