"""`python -m demo.clinic`: the made-up clinic as a process; its first line on standard output says where its day is driven.

GET  /                       -> {"now", "next_at", "events_left"}
POST /advance {"to": iso}    -> {"reached", "events"}
"""

import argparse
import asyncio
import json
import signal
from datetime import date, datetime
from pathlib import Path

from aiohttp import web

from demo.clinic.day import Player
from demo.clinic.make import create

_PLAYER = web.AppKey("player", Player)


def main() -> None:
    """Make the clinic if it is not there yet, and serve its day until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.clinic", description="A made-up clinic whose day can be driven."
    )
    parser.add_argument("--db", type=Path, required=True, help="the clinic's SQLite file; made where it is absent")
    parser.add_argument("--seed", type=int, required=True, help="which clinic, and which day")
    parser.add_argument("--visits", type=int, default=1000, help="how many visits the day concerns")
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 11, 24))
    parser.add_argument("--zone", default="Europe/Moscow", help="of the clinic's wall clock")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    args = parser.parse_args()
    if not args.db.exists():
        create(args.db, seed=args.seed, visits=args.visits, day=args.day, zone=args.zone)
    with Player(args.db, args.seed) as player:
        asyncio.run(_serve(application(player), args.port))


def application(player: Player) -> web.Application:
    """The routes that drive a day."""
    app = web.Application()
    app[_PLAYER] = player
    app.add_routes([web.get("/", _status), web.post("/advance", _advance)])
    return app


async def _serve(app: web.Application, port: int) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for how in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(how, stopped.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        print(json.dumps({"ready": True, "port": runner.addresses[0][1]}), flush=True)
        await stopped.wait()
    finally:
        await runner.cleanup()


async def _status(request: web.Request) -> web.Response:
    player = request.app[_PLAYER]
    next_at = player.next_at()
    return web.json_response(
        {
            "now": player.now().isoformat(),
            "next_at": next_at and next_at.isoformat(),
            "events_left": player.left(),
        }
    )


async def _advance(request: web.Request) -> web.Response:
    """The clinic's wall clock cannot go back: an earlier time plays nothing."""
    try:
        to = datetime.fromisoformat((await request.json())["to"])
    except (ValueError, KeyError, TypeError):
        to = None
    if to is None or to.tzinfo is None:
        return web.json_response({"error": 'send {"to": an ISO time with offset}'}, status=400)
    done = request.app[_PLAYER].advance(to)
    return web.json_response({"reached": done.reached.isoformat(), "events": done.events})


if __name__ == "__main__":
    main()
