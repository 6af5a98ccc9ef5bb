"""Floor L3, the hub: a GET becomes one frame to an agent's WebSocket, its answer becomes the response. aiohttp and nothing else."""

import asyncio
import itertools
import json
from typing import Any

import uvloop
from aiohttp import WSMsgType, web

PATIENCE = 5


async def main() -> None:
    """Serve until killed."""
    numbers = itertools.count(1)
    waiting: dict[int, asyncio.Future[Any]] = {}
    agents: list[web.WebSocketResponse] = []

    async def agent(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(compress=False)
        await websocket.prepare(request)
        agents.append(websocket)
        async for message in websocket:
            if message.type is WSMsgType.TEXT:
                answer = json.loads(message.data)
                waiting.pop(answer["id"]).set_result(answer["value"])
        return websocket

    async def browser(request: web.Request) -> web.Response:
        number = next(numbers)
        waiting[number] = asyncio.get_running_loop().create_future()
        question = {"id": number, "ask": "card", "patient": request.match_info["patient"]}
        await agents[-1].send_str(json.dumps(question))
        async with asyncio.timeout(PATIENCE):
            return web.json_response(await waiting[number])

    app = web.Application()
    app.add_routes([web.get("/agent", agent), web.get("/card/{patient}", browser)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
