"""Floor L3, the agent: answers each frame with 549 bytes that it holds ready. websockets and nothing else."""

import asyncio
import json
import sys

import uvloop
from websockets.asyncio.client import connect

BYTES = 549


async def main(port: int) -> None:
    """Answer until killed."""
    value = "x" * (BYTES - len('""'))
    async with connect(f"ws://127.0.0.1:{port}/agent", compression=None, proxy=None) as websocket:
        print(json.dumps({"ready": True}), flush=True)
        async for message in websocket:
            question = json.loads(message)
            await websocket.send(json.dumps({"id": question["id"], "value": value}))
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
