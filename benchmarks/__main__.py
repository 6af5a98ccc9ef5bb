"""`python -m benchmarks [NAME...]`: measures the figures of goals.md beside their floors; tells how far it is, then a table."""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figure import Figure, Line, Run
from benchmarks.report import Machine, document, measured_likewise, table

RESULTS = Path(__file__).parent / "results.json"
QUICK_BLOCKS = 2


def figures() -> dict[str, Figure]:
    """All, in the order in which they are measured. Imported here, so that --help needs nothing."""
    from benchmarks.figures import f1, f3, f6, p1, p3, p5, p6

    return {
        figure.name: figure for figure in (p1.FIGURE, p5.FIGURE, p3.FIGURE, p6.FIGURE, f3.FIGURE, f1.FIGURE, f6.FIGURE)
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; 0 where every goal was met. A figure that cannot be measured does not take the others with it."""
    known = figures()
    args = _arguments(argv, known)
    blocks = args.blocks or (QUICK_BLOCKS if args.quick else 5)
    machine = Machine(os.cpu_count() or 1, platform.python_version())
    names = args.name or list(known)
    lines = [line for line in _earlier(args.results, machine, blocks, quick=args.quick) if line.figure not in names]
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ident-benchmarks-") as shared:
        for name in names:
            try:
                lines += asyncio.run(_measured(known[name], Path(shared), blocks, quick=args.quick))
            except Exception:  # noqa: BLE001 told below, and by the exit code
                traceback.print_exc()
                failed.append(name)
            lines.sort(key=lambda line: list(known).index(line.figure))
            args.results.write_text(document(lines, machine, blocks=blocks, quick=args.quick), "utf-8")
    print(table(lines, machine, blocks=blocks, quick=args.quick))
    if failed:
        print(f"\nNot measured: {', '.join(failed)}.")
    met = args.quick or all(line.verdict in ("met", None) for line in lines)
    return 0 if met and not failed else 1


def _earlier(results: Path, machine: Machine, blocks: int, *, quick: bool) -> list[Line]:
    """What was found of other figures, on such a machine and in such a way: a figure may be measured alone."""
    return (
        measured_likewise(results.read_text("utf-8"), machine, blocks=blocks, quick=quick) if results.exists() else []
    )


async def _measured(figure: Figure, shared: Path, blocks: int, *, quick: bool) -> list[Line]:
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{figure.name} {time.monotonic() - begun:6.1f} s  {text}", file=sys.stderr, flush=True)

    say(figure.title)
    folder = Path(tempfile.mkdtemp(dir=shared))
    return await figure.measure(Run(folder, shared, say, blocks, quick))


def _arguments(argv: Sequence[str] | None, known: dict[str, Figure]) -> argparse.Namespace:
    names = "\n".join(f"  {figure.name:4} {figure.title}" for figure in known.values())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures the product beside its floors. Run it where nothing else runs.",
        epilog=f"figures:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "name",
        nargs="*",
        metavar="NAME",
        choices=[*known, []],
        help="which figures; the others stay as they were; all where none is named",
    )
    parser.add_argument("--blocks", type=int, help="of each side; 5 where nothing is said")
    parser.add_argument("--quick", action="store_true", help="tiny: shows only that the harness works")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results.json is written")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
