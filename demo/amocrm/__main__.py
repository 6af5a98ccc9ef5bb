"""`python -m demo.amocrm`: the stand-in as a process of its own; its first line says where it is and what it gives."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.amocrm import seed
from demo.amocrm.app import serving
from demo.amocrm.archive import NotTaken, Widget, unpacked
from demo.amocrm.front import NotSetUp
from demo.amocrm.saved import Keeper, Unreadable
from demo.amocrm.stand_in import Options, StandIn
from wire import log

KEEP_SECONDS = 1.0
"""How much of what people do a power cut may cost; what a client was told stands before it hears."""


@dataclass(frozen=True)
class _Served:
    """An account, where it is served, and what keeps it."""

    stand_in: StandIn
    host: str
    widget: Widget | None
    keeper: Keeper | None
    also: tuple[str, ...] = ()

    def keep(self, *, ended: bool = False) -> None:
        if self.keeper:
            self.keeper.step(ended=ended)


def main() -> None:
    """Read the command line and serve until SIGTERM."""
    log.set_up("WARNING")
    given = _arguments()
    options = Options(
        redirect_uri=given.redirect_uri,
        rate=given.rate,
        account_rate=given.account_rate,
        filters=given.filter == "on",
        account_id=given.account_id,
        subdomain=given.subdomain,
        timezone=given.timezone,
        index_delay=given.index_delay,
        webhooks=given.webhooks == "on",
        uninstall_uri=given.uninstall_uri,
        public=bool(given.account),
    )
    stand_in = StandIn(options, _business_clock(given.clock))
    try:
        widget = unpacked(given.widget) if given.widget else None
        keeper = Keeper(stand_in, given.state, widget) if given.state else None
        restored = keeper is not None and keeper.restore()
        if given.seed_file and not restored:
            seed.add(stand_in.account, given.seed_file)
        first = _Served(stand_in, given.host, widget, keeper, tuple(given.also))
        others = [_other(first, given.state, *which) for which in given.account]
        asyncio.run(_serve([first, *others], given.port))
    except (NotSetUp, NotTaken, Unreadable) as trouble:
        sys.exit(str(trouble))


def _other(first: _Served, state: Path | None, host: str, account_id: int, subdomain: str) -> _Served:
    """Another account that has installed the same integration: a public one."""
    integration = first.stand_in.integration
    options = replace(
        first.stand_in.options,
        account_id=account_id,
        subdomain=subdomain,
        client=(integration.client_id, integration.secret),
    )
    stand_in = StandIn(options, first.stand_in.business)
    widget = replace(first.widget, settings={}) if first.widget else None  # what one account saves is none of another's
    keeper = Keeper(stand_in, state.with_name(f"{state.name}.{account_id}"), widget) if state else None
    if keeper:
        keeper.restore()
    return _Served(stand_in, host, widget, keeper)


async def _serve(accounts: list[_Served], port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for how in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(how, stopped.set)
    async with contextlib.AsyncExitStack() as stack:
        told: list[dict[str, object]] = []
        for one in accounts:
            served = serving(one.stand_in, one.host, port, one.widget, one.keep, also=one.also)
            told.append(_told(one.stand_in, await stack.enter_async_context(served)))
        ready: dict[str, Any] = {"ready": True, **told[0], **({"others": told[1:]} if told[1:] else {})}
        print(json.dumps(ready), flush=True)
        while not stopped.is_set():
            for one in accounts:
                one.keep()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KEEP_SECONDS):
                    await stopped.wait()
    for one in accounts:
        one.keep(ended=True)


def _told(stand_in: StandIn, url: str) -> dict[str, object]:
    integration = stand_in.integration
    return {
        "url": url,
        "account_id": stand_in.account.id,
        "client_id": integration.client_id,
        "client_secret": integration.secret,
        "redirect_uri": integration.redirect_uri,
        "token": stand_in.judge_token(url),
    }


def _business_clock(path: Path | None) -> Callable[[], int]:
    """Unix seconds of business time: of the file, put in place whole by whoever plays the day, else of the machine."""
    if path is None:
        return lambda: int(time.time())
    return lambda: int(datetime.fromisoformat(path.read_text("utf-8").strip()).timestamp())


def _arguments() -> argparse.Namespace:
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m demo.amocrm", description="A stand-in for amoCRM.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--redirect-uri", default=default.redirect_uri, help="of the integration, compared exactly")
    parser.add_argument("--also", action="append", default=[], help="a further host of the account, to rename it to")
    parser.add_argument("--uninstall-uri", default="", help="told when an admin switches the integration off")
    parser.add_argument("--rate", type=int, default=default.rate, help="requests in any second of one integration")
    parser.add_argument("--account-rate", type=int, default=default.account_rate, help="the same of the whole account")
    parser.add_argument("--clock", type=Path, help="a file with business time, ISO with offset")
    parser.add_argument("--filter", choices=("on", "off"), default="off", help="the paid option; off ignores filters")
    parser.add_argument("--webhooks", choices=("on", "off"), default="on", help="whether the plan has them")
    parser.add_argument("--index-delay", type=float, default=default.index_delay, help="seconds until query finds it")
    parser.add_argument("--seed-file", type=Path, help="JSON: users, loss_reasons, pipelines, fields, contacts, leads")
    parser.add_argument(
        "--state",
        type=Path,
        help="a file that keeps the account: the next start goes on with it; limits, faults and what waits are not kept",
    )
    parser.add_argument("--widget", type=Path, help="widget.zip: serves pages for people, too, with it in the cards")
    parser.add_argument("--account-id", type=int, default=default.account_id)
    parser.add_argument("--subdomain", default=default.subdomain)
    parser.add_argument("--timezone", default=default.timezone)
    parser.add_argument(
        "--account",
        type=_account,
        action="append",
        default=[],
        help="HOST:ID:SUBDOMAIN, another one; beside --state it is kept, in a file that ends in its id",
    )
    return parser.parse_args()


def _account(text: str) -> tuple[str, int, str]:
    host, account_id, subdomain = text.split(":")
    return host, int(account_id), subdomain


if __name__ == "__main__":
    main()
