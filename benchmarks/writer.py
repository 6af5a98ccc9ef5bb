"""Somebody at the clinic: `writer CLINIC SECONDS EVERY` changes a visit every so many seconds (0: as fast as the database takes it) and
prints how many changes a second were committed."""

import json
import sys
import time
from pathlib import Path

from benchmarks.clinic import Desk


def main(clinic: Path, seconds: float, every: float) -> None:
    """Change one visit after another."""
    desk, moves, begun = Desk(clinic), 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        desk.move()
        moves += 1
        if every:
            time.sleep(every)
    print(json.dumps({"per_second": moves / (time.perf_counter() - begun)}), flush=True)
    desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
