"""`python -m demo.amocrm`: the stand-in as a process of its own; its first line says where it is and what it gives."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
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
        others = [(host, _other(stand_in, account_id, subdomain)) for host, account_id, subdomain in given.account]
        asyncio.run(_serve(stand_in, given, widget, keeper, others))
    except (NotSetUp, NotTaken, Unreadable) as trouble:
        sys.exit(str(trouble))


def _other(stand_in: StandIn, account_id: int, subdomain: str) -> StandIn:
    """Another account that has installed the same integration: a public one."""
    integration = stand_in.integration
    options = replace(
        stand_in.options,
        account_id=account_id,
        subdomain=subdomain,
        client=(integration.client_id, integration.secret),
    )
    return StandIn(options, stand_in.business)


async def _serve(
    stand_in: StandIn,
    given: argparse.Namespace,
    widget: Widget | None,
    keeper: Keeper | None,
    others: list[tuple[str, StandIn]],
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for how in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(how, stopped.set)
    keep = keeper.step if keeper else lambda: None
    async with contextlib.AsyncExitStack() as stack:
        first = serving(stand_in, given.host, given.port, widget, keep, also=given.also)
        ready: dict[str, Any] = {"ready": True, **_told(stand_in, await stack.enter_async_context(first))}
        for host, other in others:
            own = replace(widget, settings={}) if widget else None  # what one account saves is none of another's
            url = await stack.enter_async_context(serving(other, host, given.port, own))
            ready.setdefault("others", []).append(_told(other, url))
        print(json.dumps(ready), flush=True)
        while keeper and not stopped.is_set():
            keeper.step()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KEEP_SECONDS):
                    await stopped.wait()
        await stopped.wait()
    if keeper:
        keeper.step(ended=True)


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
    parser.add_argument("--state", type=Path, help="a file that keeps the account: the next start goes on with it")
    parser.add_argument("--widget", type=Path, help="widget.zip: serves pages for people, too, with it in the cards")
    parser.add_argument("--account-id", type=int, default=default.account_id)
    parser.add_argument("--subdomain", default=default.subdomain)
    parser.add_argument("--timezone", default=default.timezone)
    parser.add_argument(
        "--account", type=_account, action="append", default=[], help="HOST:ID:SUBDOMAIN, another one; it is not kept"
    )
    return parser.parse_args()


def _account(text: str) -> tuple[str, int, str]:
    host, account_id, subdomain = text.split(":")
    return host, int(account_id), subdomain


if __name__ == "__main__":
    main()
