"""`python -m demo --once`: the smoke run."""

import argparse
import asyncio
import sys
from pathlib import Path

from demo.processes import ProcessFailed
from demo.product import NeverIdle, new_seed
from demo.smoke import Kill, say, smoke


def main() -> int:
    """Read the command line and play one day."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Play one seeded day of a made-up clinic through agent, hub and amoCRM stand-in, and judge the end against the oracle.",
        epilog="Exit code: 0 nothing differs; 1 something differs, or a process failed.",
    )
    parser.add_argument(
        "--once", action="store_true", required=True, help="play one day as fast as the product follows"
    )
    parser.add_argument("--seed", type=int, help="which day; without it a new one, printed at the end")
    parser.add_argument("--visits", type=int, default=1000, help="visits of the day (default 1000)")
    parser.add_argument(
        "--kill", type=Kill.parse, action="append", default=[], metavar="WHO@HH:MM", help="kill -9 agent or hub"
    )
    parser.add_argument("--hub", default="hub", metavar="MODULE", help="the hub to run (tests run broken ones)")
    parser.add_argument("--agent", default="agent", metavar="MODULE", help="the agent to run (tests run broken ones)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep databases and logs here")
    args = parser.parse_args()
    seed = new_seed() if args.seed is None else args.seed
    try:
        return asyncio.run(
            smoke(seed=seed, visits=args.visits, kills=args.kill, hub=args.hub, agent=args.agent, keep=args.keep)
        )
    except (ProcessFailed, NeverIdle) as failure:
        say(f"seed {seed}: {failure}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
