"""`kill -9` at any moment: what the outbox said was durable is there, and each lane stands where it said."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from agent.outbox import Outbox, open_outbox
from tests.agent.test_outbox import FIELDS, KEY, visit, welcome
from wire.frames import Push, encode
from wire.lanes import Sent

ROUNDS = 400


async def work(path: Path) -> None:
    """Record, send and ack without end, saying each time what is durable now."""
    async with open_outbox(path, KEY, FIELDS) as outbox:
        await outbox.resumed(welcome(1))
        for number in range(ROUNDS):
            key = number % 7 + 1
            await outbox.record(
                [visit(key, hint=f"{number:04}", day=number)], lane="live", cursors={"load": str(number)}
            )
            print("recorded", key, f"{number:04}", flush=True)
            frame = await outbox.batch("live")
            assert isinstance(frame, Push)
            text = encode(frame)
            sent = (await outbox.sent())["live"].pushed(frame.seq, text).last
            await outbox.pushed("live", frame.seq, text)
            print("pushed", sent.seq, sent.digest, flush=True)
            if number % 3 == 0:
                await outbox.acked("live", frame.seq)
                print("acked", frame.seq, "-", flush=True)


@pytest.mark.parametrize("lines", [1, 2, 3, 50, 51, 52, 53, 54, 55, 201, 202])
async def test_what_was_said_to_be_durable_is_there(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "outbox.db"
    said: dict[str, tuple[str, str]] = {}
    command = [sys.executable, "-m", "tests.agent.test_outbox_kill", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        heard = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        heard += child.stdout.readlines()  # it was faster than we
    whole = [line for line in heard if line.endswith("\n")]  # the kill may cut the last one short
    assert len(whole) >= lines
    for line in whole:
        what, number, rest = line.split()
        said[what] = (number, rest)

    async with open_outbox(path, KEY, FIELDS) as outbox:
        key, hint = said["recorded"]
        found = (await outbox.known.hints("visit", [key]))[key]
        assert found >= hint
        assert int(await outbox.cursor("load") or "") >= int(hint)
        sent = (await outbox.sent())["live"]
        if "pushed" in said:
            seq, digest = said["pushed"]
            assert any((str(p.seq), p.digest) == (seq, digest) for p in sent.named) or sent.acked.seq > int(seq)
        if "acked" in said:
            assert sent.acked.seq >= int(said["acked"][0])
        assert await waiting(outbox, sent) == (await outbox.depth()).live
        assert await outbox.generation() == 1


async def waiting(outbox: Outbox, sent: Sent) -> int:
    """How many changes go to a hub that holds only what it acked."""
    await outbox.resumed(welcome(1, live=sent.acked.seq))
    count = 0
    while (frame := await outbox.batch("live")) is not None:
        assert isinstance(frame, Push)
        count += len(frame.changes)
        await outbox.pushed("live", frame.seq, encode(frame))
    return count


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
