"""`python -m demo.clinic`: the made-up clinic as a process; its first line on standard output says where its day is driven.

GET  /                       -> {"now", "next_at", "events_left", "last": {"at", "text"} | null}
GET  /callers                -> {"callers": [{"at", "patient", "name", "phones", "new"}]}: who is going to book
GET  /stop?to=iso            -> {"stop": iso}: how far an advance would go
POST /advance {"to": iso}    -> {"reached", "events"}
POST /book {"patient": 1001} or {"phone": "+7...", "name"?}  -> {"visit", "patient", "start", "name"}: now, beside the plan; or 409
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from time import monotonic

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from demo.clinic.database import Database
from demo.clinic.day import Player
from demo.clinic.follow import Follower
from demo.clinic.form import Form
from demo.clinic.make import create, nobody
from demo.clinic.schema import TABLES

_BEGAN = monotonic()
_LEAST = 50
_MOST_VISITS = 15_000
"""Fewer patients leave a day without a family, or without anybody who calls."""
_PLAYER = web.AppKey("player", Player)


def main() -> None:
    """Make the clinic if it is not there yet, and serve its day until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.clinic", description="A made-up clinic whose day can be driven."
    )
    parser.add_argument("--db", type=Path, required=True, help="the clinic's SQLite file; made where it is absent")
    parser.add_argument("--seed", type=int, required=True, help="which clinic, and which day")
    size = parser.add_argument_group("the size of a clinic that is made", "whatever is not said follows from what is")
    size.add_argument("--visits", type=_visits, help="how many visits the day concerns; 1000 where nothing is said")
    size.add_argument("--patients", type=_patients, help="how many patients there are, from 50 on")
    size.add_argument("--receptions", type=int, default=0, help="how many visits there are at least, e.g. 500000")
    size.add_argument("--first-number", type=int, metavar="9991000001", help="of its people's phones")
    kind = parser.add_argument_group("what its database is like")
    kind.add_argument("--indexed", action="store_true", help="with indexes on RowVersion and on changed-times")
    kind.add_argument(
        "--without", action="append", default=[], metavar="TABLE[.COLUMN]", type=_lost, help="what it lacks"
    )
    kind.add_argument(
        "--odbc",
        help="a connection string: make the same in this empty database of a SQL Server, and follow the day there",
    )
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 11, 24))
    parser.add_argument("--zone", default="Europe/Moscow", help="of the clinic's wall clock")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--only-make", action="store_true", help="make it, and end")
    parser.add_argument("--endless", action="store_true", help="plan day after day, each when it is reached")
    args = parser.parse_args()
    if not args.db.exists():
        _create(args)
    if args.only_make and not args.odbc:
        return
    with contextlib.ExitStack() as stack:
        player = stack.enter_context(Player(args.db, args.seed, endless=args.endless))
        app = application(player)
        if args.odbc:
            follower = stack.enter_context(Follower(stack.enter_context(Database(args.db)), args.odbc))
            follower.make(_tell)
            if args.only_make:
                return
            app.middlewares.append(following(follower))
        asyncio.run(_serve(app, args.port))


def _create(args: argparse.Namespace) -> None:
    """Under another name first: whoever is killed meanwhile leaves no half of a clinic."""
    draft = args.db.with_name(f"{args.db.name}.new")
    for leftover in args.db.parent.glob(f"{draft.name}*"):
        leftover.unlink()
    like = {"without": tuple(args.without), "indexed": args.indexed, "first_number": args.first_number}
    form = Form.of(args.patients, args.receptions, args.visits, **like)
    create(draft, seed=args.seed, day=args.day, zone=args.zone, form=form, tell=_tell if args.receptions else nobody)
    draft.replace(args.db)


def _tell(table: str) -> None:
    """How far it is; the first line on standard output is the address."""
    print(f"{monotonic() - _BEGAN:5.1f} s  {table}", file=sys.stderr, flush=True)


def _patients(text: str) -> int:
    if not text.isdigit() or int(text) < _LEAST:
        raise argparse.ArgumentTypeError(f"from {_LEAST} on, not {text}")
    return int(text)


def _visits(text: str) -> int:
    if not text.isdigit() or int(text) > _MOST_VISITS:
        raise argparse.ArgumentTypeError(f"at most {_MOST_VISITS} in a day: there are no keys for more doctors")
    return int(text)


def _lost(text: str) -> str:
    """A table or a column that IDENT has."""
    table, _, column = text.partition(".")
    if table not in TABLES or (column and not TABLES[table].has(column)):
        raise argparse.ArgumentTypeError(f"IDENT has no {text}")
    return text


def application(player: Player) -> web.Application:
    """The routes that drive a day."""
    app = web.Application()
    app[_PLAYER] = player
    app.add_routes([web.get("/", _status), web.get("/callers", _callers), web.get("/stop", _stop)])
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


def following(follower: Follower) -> Middleware:
    """Whatever was done in the file stands on the server before it is answered."""

    @web.middleware
    async def bring(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        follower.bring()
        return answer

    return bring


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


async def _stop(request: web.Request) -> web.Response:
    to = datetime.fromisoformat(request.query["to"])
    return web.json_response({"stop": request.app[_PLAYER].stop(to).isoformat()})


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
