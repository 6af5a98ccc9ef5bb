"""What many measured values come to: quantiles, ratios of medians with their intervals, verdicts. Pure: chance comes from a seed."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

DRAWS = 2000
COVERED = 0.95

Verdict: TypeAlias = Literal["met", "missed", "unsure"]


@dataclass(frozen=True)
class Interval:
    """A value, and between what it lies with 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Goal:
    """At most (or at least) so much."""

    limit: float
    at_most: bool = True

    def judge(self, found: Interval) -> Verdict:
        """Met where the whole interval keeps the goal, missed where none of it does; only met is met."""
        worst, best = (found.high, found.low) if self.at_most else (found.low, found.high)
        if self._holds(worst):
            return "met"
        return "unsure" if self._holds(best) else "missed"

    def _holds(self, value: float) -> bool:
        return value <= self.limit if self.at_most else value >= self.limit

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.limit:g}"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies, between the two nearest."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def of_median(values: Sequence[float], seed: int = 0) -> Interval:
    """The median over blocks."""
    return _bootstrapped(len(values), lambda drawn: median(values[n] for n in drawn), seed)


def of_ratio(product: Sequence[float], floor: Sequence[float], seed: int = 0) -> Interval:
    """Median by median. A block of the product and the floor's block beside it are drawn together: what slowed the machine down at that
    time slowed both."""
    if len(product) != len(floor):
        raise ValueError("each block of the product has a block of the floor beside it")

    def ratio(drawn: Sequence[int]) -> float:
        return median(product[n] for n in drawn) / median(floor[n] for n in drawn)

    return _bootstrapped(len(product), ratio, seed)


def _bootstrapped(count: int, statistic: Callable[[Sequence[int]], float], seed: int) -> Interval:
    luck = random.Random(seed)
    whole = range(count)
    drawn = [statistic(luck.choices(whole, k=count)) for _ in range(DRAWS)]
    outside = (1 - COVERED) / 2
    return Interval(statistic(whole), quantile(drawn, outside), quantile(drawn, 1 - outside))
