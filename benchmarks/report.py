"""What is written of a run: results.json for programs, a table for people. Pure."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.figure import Line
from benchmarks.stats import Goal, Interval

_HEAD = ("Figure", "What", "Floor", "Product", "Found (95 %)", "Goal", "Verdict")
_WORDS = {"met": "met", "missed": "MISSED", "unsure": "unsure", None: "-"}


@dataclass(frozen=True)
class Machine:
    """All that is told of where it ran."""

    cores: int
    python: str

    def __str__(self) -> str:
        return f"{self.cores} cores, Python {self.python}"


def table(lines: Sequence[Line], machine: Machine, *, blocks: int, quick: bool) -> str:
    """In Markdown, as README shows it."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_row(line) for line in lines)]
    written = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    note = "\nA quick run: it shows that the harness works. Its figures mean nothing." if quick else ""
    return f"{written}\n\n{machine}; {blocks} blocks, floor and product in turn; ratio of medians, bootstrap interval.{note}"


def document(lines: Sequence[Line], machine: Machine, *, blocks: int, quick: bool) -> str:
    """results.json."""
    told = [
        {
            "figure": line.figure,
            "what": line.what,
            "found": asdict(line.found),
            "unit": line.unit,
            "goal": asdict(line.goal) if line.goal else None,
            "verdict": line.verdict,
            "floor": line.floor,
            "product": line.product,
        }
        for line in lines
    ]
    return json.dumps({"machine": asdict(machine), "blocks": blocks, "quick": quick, "lines": told}, indent=1) + "\n"


def measured_likewise(text: str, machine: Machine, *, blocks: int, quick: bool) -> list[Line]:
    """The lines of an earlier results.json; none where it was measured otherwise."""
    told = json.loads(text)
    if (told["machine"], told["blocks"], told["quick"]) != (asdict(machine), blocks, quick):
        return []
    return [
        Line(
            line["figure"],
            line["what"],
            Interval(**line["found"]),
            line["unit"],
            Goal(**line["goal"]) if line["goal"] else None,
            line["floor"],
            line["product"],
        )
        for line in told["lines"]
    ]


def _row(line: Line) -> tuple[str, ...]:
    found = line.found
    spread = f"{_number(found.value)} {line.unit} ({_number(found.low)} to {_number(found.high)})"
    goal = f"{line.goal}" if line.goal else "-"
    return (line.figure, line.what, line.floor or "-", line.product or "-", spread, goal, _WORDS[line.verdict])


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
