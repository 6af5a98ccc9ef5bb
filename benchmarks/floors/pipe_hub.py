"""Floors C1 and C2, the hub: a frame of rows becomes one statement of PostgreSQL, its commit an ack. asyncpg and websockets."""

import asyncio
import json
import sys

import asyncpg
import uvloop
from websockets.asyncio.server import ServerConnection, serve

_TABLES = """
CREATE TABLE floor_rows (key bigint PRIMARY KEY, seq bigint NOT NULL, body text NOT NULL);
CREATE TABLE floor_lane (one int PRIMARY KEY, seq bigint NOT NULL);
INSERT INTO floor_lane VALUES (1, 0)
"""
_TAKE = """
WITH taken AS (
  INSERT INTO floor_rows SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])
  ON CONFLICT (key) DO UPDATE SET seq = excluded.seq, body = excluded.body
)
UPDATE floor_lane SET seq = $4
"""


async def main(url: str) -> None:
    """Take until killed."""
    database = await asyncpg.connect(url)
    await database.execute("DROP TABLE IF EXISTS floor_rows, floor_lane")
    await database.execute(_TABLES)
    take = await database.prepare(_TAKE)

    async def agent(websocket: ServerConnection) -> None:
        async for frame in websocket:
            rows = json.loads(frame)
            keys, seqs, bodies = (list(column) for column in zip(*rows, strict=True))
            await take.fetch(keys, seqs, bodies, seqs[-1])
            await websocket.send(str(seqs[-1]))

    async with serve(agent, "127.0.0.1", 0, compression=None, max_size=None) as server:
        print(json.dumps({"port": next(iter(server.sockets)).getsockname()[1]}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
