"""`python -m demo.amocrm`: the stand-in as a process of its own; its first line says where it is and what it gives."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

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
    )
    stand_in = StandIn(options, _business_clock(given.clock))
    try:
        widget = unpacked(given.widget) if given.widget else None
        keeper = Keeper(stand_in, given.state, widget) if given.state else None
        restored = keeper is not None and keeper.restore()
        if given.seed_file and not restored:
            seed.add(stand_in.account, given.seed_file)
        asyncio.run(_serve(stand_in, given.host, given.port, widget, keeper))
    except (NotSetUp, NotTaken, Unreadable) as trouble:
        sys.exit(str(trouble))


async def _serve(stand_in: StandIn, host: str, port: int, widget: Widget | None, keeper: Keeper | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for how in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(how, stopped.set)
    async with serving(stand_in, host, port, widget, keeper.step if keeper else lambda: None) as url:
        print(json.dumps(_ready(stand_in, url)), flush=True)
        while keeper and not stopped.is_set():
            keeper.step()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KEEP_SECONDS):
                    await stopped.wait()
        await stopped.wait()
    if keeper:
        keeper.step(ended=True)


def _ready(stand_in: StandIn, url: str) -> dict[str, object]:
    integration = stand_in.integration
    return {
        "ready": True,
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
    parser.add_argument("--rate", type=int, default=default.rate, help="requests in any second of one integration")
    parser.add_argument("--account-rate", type=int, default=default.account_rate, help="the same of the whole account")
    parser.add_argument("--clock", type=Path, help="a file with business time, ISO with offset")
    parser.add_argument("--filter", choices=("on", "off"), default="off", help="the paid option; off ignores filters")
    parser.add_argument("--index-delay", type=float, default=default.index_delay, help="seconds until query finds it")
    parser.add_argument("--seed-file", type=Path, help="JSON: users, loss_reasons, pipelines, fields, contacts, leads")
    parser.add_argument("--state", type=Path, help="a file that keeps the account: the next start goes on with it")
    parser.add_argument("--widget", type=Path, help="widget.zip: serves pages for people, too, with it in the cards")
    parser.add_argument("--account-id", type=int, default=default.account_id)
    parser.add_argument("--subdomain", default=default.subdomain)
    parser.add_argument("--timezone", default=default.timezone)
    return parser.parse_args()


if __name__ == "__main__":
    main()
