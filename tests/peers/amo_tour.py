"""The tour of `@shevernitskiy/amo` in a Node of its own: a client in JavaScript that speaks TLS only, so it gets a certificate to trust."""

import asyncio
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from demo.amocrm import seed
from tests.peers.ground import BUSINESS, Played, certified, ground

TYPINGS = Path(__file__).parent / "node_modules/@shevernitskiy/amo/src/typings/entities.d.ts"
_TOUR = Path(__file__).parent / "tour.mjs"
_SECONDS = 30.0


class NoNode(Exception):
    """There is nothing to run the second peer with."""

    def __str__(self) -> str:
        return "node is not there: run `make test`, it says what to install"


def node() -> str:
    """Node's path. Without it the stand-in would be held to one stranger only, so its absence is a failure."""
    found = shutil.which("node")
    if found is None:
        raise NoNode
    return found


async def tour() -> Played:
    """Play it: one process, one line of JSON a step."""
    with tempfile.TemporaryDirectory() as folder:
        context, authority = certified(Path(folder))
        async with ground(context) as here:
            account, chosen = here.stand_in.account, here.stand_in.integration
            given = {
                "host": here.url.removeprefix("https://"),
                "client_id": chosen.client_id,
                "client_secret": chosen.secret,
                "redirect_uri": chosen.redirect_uri,
                "code": here.stand_in.code(),
                "pipeline": account.main_pipeline().id,
                "stage": account.first_stage(account.main_pipeline()).id,
                "user": seed.admin(account).id,
                "business": BUSINESS,
            }
            here.said |= await _lines(json.dumps(given), authority)
            return here.played()


async def _lines(given: str, authority: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        node(),
        str(_TOUR),
        given,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(authority)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    steps = [json.loads(line) for line in out.decode().splitlines()]
    assert process.returncode == 0, f"after {[step['step'] for step in steps][-1:]}: {err.decode()}"
    return {step.pop("step"): step for step in steps}
