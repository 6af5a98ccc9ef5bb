"""`python -m demo.clinic`: the made-up clinic as a process; its first line on standard output says where its day is driven.

GET  /                       -> {"now", "next_at", "events_left", "last": {"at", "text"} | null}
GET  /callers                -> {"callers": [{"at", "patient", "name", "phones", "new"}]}: who is going to book
POST /advance {"to": iso}    -> {"reached", "events"}
POST /book {"patient": 1001} or {"phone": "+7...", "name"?}  -> {"visit", "patient", "start", "name"}: now, beside the plan; or 409
"""

import argparse
import asyncio
import json
import signal
from dataclasses import asdict
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
    parser.add_argument("--endless", action="store_true", help="plan day after day, each when it is reached")
    args = parser.parse_args()
    if not args.db.exists():
        _create(args)
    with Player(args.db, args.seed, endless=args.endless) as player:
        asyncio.run(_serve(application(player), args.port))


def _create(args: argparse.Namespace) -> None:
    """Under another name first: whoever is killed meanwhile leaves no half of a clinic."""
    draft = args.db.with_name(f"{args.db.name}.new")
    for leftover in args.db.parent.glob(f"{draft.name}*"):
        leftover.unlink()
    create(draft, seed=args.seed, visits=args.visits, day=args.day, zone=args.zone)
    draft.replace(args.db)


def application(player: Player) -> web.Application:
    """The routes that drive a day."""
    app = web.Application()
    app[_PLAYER] = player
    app.add_routes([web.get("/", _status), web.get("/callers", _callers)])
    app.add_routes([web.post("/advance", _advance), web.post("/book", _book)])
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
            "last": player.last(),
        }
    )


async def _callers(request: web.Request) -> web.Response:
    callers = [{**asdict(caller), "at": caller.at.isoformat()} for caller in request.app[_PLAYER].callers()]
    return web.json_response({"callers": callers})


async def _book(request: web.Request) -> web.Response:
    player = request.app[_PLAYER]
    match await request.json():
        case {"patient": int(patient)}:
            booked = player.book_now(patient=patient)
        case {"phone": str(phone), **rest}:
            booked = player.book_now(phone=phone, name=str(rest.get("name", "")))
        case _:
            return web.json_response({"error": "send a patient or a phone"}, status=400)
    if booked is None:
        return web.json_response({"error": "no such patient, or no free chair"}, status=409)
    told = {"start": booked.start.isoformat(), "name": player.name_of(booked.patient)}
    return web.json_response({**asdict(booked), **told})


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
