"""`ident-hub status`: how every clinic stands, from the serving process, or from the store where none answers."""

import argparse
import asyncio
from collections.abc import Iterator
from datetime import datetime

import aiohttp
from pydantic import ValidationError

from hub.clock import business_clock
from hub.commands.tools import Commands, add_parser, open_hub
from hub.config import HubConfig, load
from hub.status import AccountStatus, DatabaseStatus, Status, StatusReader

_ANSWER_SECONDS = 5


def add(commands: Commands) -> None:
    """The parser."""
    parser = add_parser(commands, "status", "show how every clinic stands", "status", "status --json")
    parser.add_argument("--json", action="store_true", help="as the ops address answers at /status")
    parser.set_defaults(act=act)


def act(args: argparse.Namespace) -> None:
    """Show it."""
    asyncio.run(_show(as_json=args.json))


async def _show(*, as_json: bool) -> None:
    config = load()
    told = await _from_the_hub(config)
    status = told or await _from_the_store(config)
    if as_json:
        print(status.model_dump_json())
    else:
        print("\n".join(lines(status, serving=told is not None)))


async def _from_the_hub(config: HubConfig) -> Status | None:
    at = config.ops_listen
    host = f"[{at.host}]" if ":" in at.host else at.host
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{host}:{at.port}/status") as answer,
        ):
            return Status.model_validate_json(await answer.read()) if answer.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, ValidationError):
        return None


async def _from_the_store(config: HubConfig) -> Status:
    async with open_hub(config) as store:
        return await StatusReader(store, business_clock(config.business_clock), frozenset).read()


def lines(status: Status, *, serving: bool) -> Iterator[str]:
    """The status as text."""
    if not serving:
        yield "No hub answers at HUB_OPS_LISTEN: this is what the database says; whether agents are connected is not known."
    if not status.accounts:
        yield "No integration is installed in any account yet (ident-hub install)."
    for account in status.accounts:
        yield f"account {account.account} ({account.host}): {_delivery(account)}"
        yield from (f"  {outcome} {many}" for outcome, many in account.outcomes.items())
        yield from (f"  {_database(database, serving=serving)}" for database in account.databases)
        if not account.databases:
            yield "  no database yet (ident-hub clinic add)"


def _delivery(account: AccountStatus) -> str:
    parts = []
    if account.blocked:
        parts.append(f"BLOCKED ({account.blocked}), nothing is sent")
    if not account.configured:
        parts.append("not configured (ident-hub clinic add)")
    if account.undelivered:
        parts.append(f"undelivered {account.undelivered}, the oldest for {account.oldest_seconds:.0f} s")
    if account.due:
        parts.append(f"due {account.due}")
    return "; ".join(parts) or "all delivered"


def _database(database: DatabaseStatus, *, serving: bool) -> str:
    agent = ("agent connected" if database.connected else "NO AGENT") if serving else "agent unknown"
    loaded = "" if database.loaded else ", first load not done"
    names = "".join(f" {computer}" for computer in database.twins or ())
    twins = "" if database.twins is None else f", SECOND AGENT on{names or ' an unnamed computer'}"
    suspended = "".join(
        f", SUSPENDED {agent} (stop its twin, then ident-hub agent resume)" for agent in database.suspended
    )
    off = f", OFF {' '.join(database.off)} (ident-agent check names the columns)" if database.off else ""
    return (
        f"{database.id} {database.name}: {agent}, IDENT {database.mis or 'never seen'}, "
        f"read through {_time(database.read_through)}, verified through {_time(database.verified_through)}, "
        f"outbox {database.outbox}, parked {database.parked}{loaded}{twins}{suspended}{off}"
    )


def _time(moment: datetime | None) -> str:
    return moment.isoformat(sep=" ", timespec="seconds") if moment else "never"
