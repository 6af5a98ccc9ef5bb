"""`python -m widget.build HUB`: packs widget.zip for one hub: files at the root, the hub's address stamped in, pictures drawn."""

import argparse
import re
import sys
import zipfile
from pathlib import Path

from widget.pictures import SIZES, png
from widget.rules import violations

HERE = Path(__file__).parent
_STAMP = "@HUB@"
_WHEN = (2026, 1, 1, 0, 0, 0)
"""The same sources give the same archive."""


def files(hub: str) -> dict[str, bytes]:
    """What the archive holds, by name."""
    texts = [*HERE.glob("*.js"), *HERE.glob("*.css"), HERE / "manifest.json", *HERE.glob("i18n/*.json")]
    packed = {
        str(path.relative_to(HERE)): path.read_text("utf-8").replace(_STAMP, hub).encode() for path in sorted(texts)
    }
    return packed | {f"images/{name}.png": png(*size) for name, size in SIZES.items()}


def build(hub: str, target: Path) -> int:
    """Write the archive; returns its size in bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in files(hub).items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), data, zipfile.ZIP_DEFLATED)
    return target.stat().st_size


def main() -> int:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(prog="make widget", description="Pack widget.zip for one hub.")
    parser.add_argument("hub", help="the hub's public address, e.g. https://hub.example.ru")
    parser.add_argument("--to", type=Path, default=Path("widget.zip"))
    args = parser.parse_args()
    if not re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?|http://(127\.0\.0\.\d+|localhost):\d+", args.hub):
        parser.error("write the hub's address as https://name, without a path")
    size = build(args.hub, args.to)
    wrong = violations(args.to.read_bytes(), args.hub, args.to.name)
    for violation in wrong:
        print(violation, file=sys.stderr)  # noqa: T201 a command line prints
    if not wrong:
        print(f"{args.to}: {size} bytes for {args.hub}")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
