"""The agent as a process that dies at a given await. Imports once, then forks for each line `NUMBER AFTER FOLDER HUB` of its input."""

import asyncio
import os
import sys
import warnings
from pathlib import Path

from tests.agent.kills import awaits


def _agent(folder: Path, hub: str) -> None:
    """The whole agent, as `ident-agent run` has it, but with a pass and a new connection as soon as may be."""
    from agent import app
    from agent.config import load
    from agent.link import dialler
    from agent.scan import Pace

    vars(app)["Pace"] = lambda every, _share: Pace(every, share=1, verify_every_seconds=0.05)
    vars(dialler)["jittered"] = lambda *_: 0.05
    config = load(folder / "agent.toml")
    assert config.hub.url == hub
    asyncio.run(app.run(config, folder / "state"))


def main() -> None:
    awaits.install()
    import agent.app  # noqa: F401 once, for all that are forked

    for line in sys.stdin:
        number, after, folder, hub = line.split(" ")
        with warnings.catch_warnings():
            child = os.fork()
            if child == 0:
                awaits.Doom.number, awaits.Doom.after = int(number), int(after)
                try:
                    _agent(Path(folder), hub.strip())
                finally:
                    os._exit(1)
        print("pid", child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
