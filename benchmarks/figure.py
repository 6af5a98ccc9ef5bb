"""What a figure is: lines with a goal each, found by blocks that alternate between a floor and the product."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.stats import Goal, Interval, Verdict, of_median, of_ratio

Say = Callable[[str], None]
Block = Callable[[], Awaitable[dict[str, float]]]
"""One block of one side: named values, e.g. p50 and p99 of its requests."""


@dataclass(frozen=True)
class Line:
    """One printed row. `unit` is "x" for a ratio; `floor` and `product` are the two medians beside it, already worded."""

    figure: str
    what: str
    found: Interval
    unit: str
    goal: Goal | None
    floor: str = ""
    product: str = ""

    @property
    def verdict(self) -> Verdict | None:
        """None where the figure is told for information only."""
        return self.goal.judge(self.found) if self.goal else None


@dataclass(frozen=True)
class Run:
    """How to measure. `quick`: only whether the harness works, with tiny blocks and sizes; its figures mean nothing. `shared` outlives a
    figure: what is made there once serves the next one too."""

    folder: Path
    shared: Path
    say: Say
    blocks: int = 5
    quick: bool = False

    def size(self, full: int, quick: int) -> int:
        """How much of something."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Figure:
    """A figure of goals.md."""

    name: str
    title: str
    measure: Callable[[Run], Awaitable[list[Line]]] = field(repr=False)


@dataclass
class Blocks:
    """What was found, block by block: floor and product in turn."""

    floor: list[dict[str, float]] = field(default_factory=list)
    product: list[dict[str, float]] = field(default_factory=list)

    def of_floor(self, name: str) -> list[float]:
        """One value of each block."""
        return [block[name] for block in self.floor]

    def of_product(self, name: str) -> list[float]:
        """One value of each block."""
        return [block[name] for block in self.product]

    def ratio(self, figure: str, what: str, product: str, floor: str, goal: Goal, unit: str = "ms") -> Line:
        """Product by floor."""
        ours, theirs = self.of_product(product), self.of_floor(floor)
        return Line(figure, what, of_ratio(ours, theirs), "x", goal, worded(theirs, unit), worded(ours, unit))

    def promise(self, figure: str, what: str, product: str, goal: Goal | None, unit: str = "ms") -> Line:
        """A value of the product that stands for itself."""
        return Line(figure, what, of_median(self.of_product(product)), unit, goal)


async def interleaved(run: Run, floor: Block, product: Block) -> Blocks:
    """Floor, product, floor, product: whatever else the machine does, it does to both."""
    blocks = Blocks()
    for number in range(1, run.blocks + 1):
        run.say(f"block {number} of {run.blocks}: floor")
        blocks.floor.append(await floor())
        run.say(f"block {number} of {run.blocks}: product")
        blocks.product.append(await product())
    return blocks


def worded(values: Sequence[float], unit: str) -> str:
    """The median, for people."""
    return f"{of_median(values).value:.4g} {unit}"
