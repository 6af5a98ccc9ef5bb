"""What values come to: quantiles, intervals, verdicts. No clock takes part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stats import Goal, Interval, of_median, of_ratio, quantile

VALUES = st.lists(st.floats(0.001, 1000), min_size=1, max_size=9)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 3), (1.0, 5), (0.25, 2), (0.125, 1.5), (0.99, 4.96)])
def test_a_quantile_lies_between_the_two_nearest_values(share: float, value: float) -> None:
    assert quantile([5, 1, 3, 2, 4], share) == pytest.approx(value)


@given(VALUES, st.floats(0, 1))
def test_a_quantile_lies_within_the_values_and_does_not_care_for_their_order(values: list[float], share: float) -> None:
    found = quantile(values, share)

    assert min(values) <= found <= max(values)
    assert quantile(values[::-1], share) == found


def test_a_ratio_is_that_of_the_medians() -> None:
    assert of_ratio([2, 100, 4], [1, 1, 2]).value == 4.0


def test_blocks_that_do_not_vary_leave_no_doubt() -> None:
    assert of_ratio([3.0] * 5, [2.0] * 5) == Interval(1.5, 1.5, 1.5)
    assert of_median([7.0] * 5) == Interval(7, 7, 7)


def test_what_slowed_both_sides_down_leaves_no_doubt_either() -> None:
    floor = [1.0, 5.0, 2.0, 9.0, 3.0]

    found = of_ratio([2 * value for value in floor], floor)

    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))  # pairs are drawn together


def test_doubt_grows_with_what_varies_on_one_side_only() -> None:
    calm = of_ratio([2.0, 2.1, 1.9, 2.0, 2.05], [1.0] * 5)
    wild = of_ratio([2.0, 9.0, 0.5, 2.0, 5.0], [1.0] * 5)

    assert calm.high - calm.low < 0.3 < wild.high - wild.low


@given(VALUES)
def test_the_value_lies_within_its_interval_and_comes_back_with_the_same_seed(values: list[float]) -> None:
    found = of_ratio(values, [1.0] * len(values))

    assert found.low <= found.value <= found.high
    assert found == of_ratio(values, [1.0] * len(values))


def test_each_block_wants_one_beside_it() -> None:
    with pytest.raises(ValueError, match="beside it"):
        of_ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("at_most", "low", "high", "verdict"),
    [
        (True, 1.0, 2.0, "met"),
        (True, 1.0, 2.01, "unsure"),
        (True, 2.01, 3.0, "missed"),
        (False, 2.0, 3.0, "met"),
        (False, 1.99, 3.0, "unsure"),
        (False, 1.0, 1.99, "missed"),
    ],
)
def test_only_an_interval_that_keeps_the_goal_whole_meets_it(
    at_most: bool, low: float, high: float, verdict: str
) -> None:
    assert Goal(2.0, at_most=at_most).judge(Interval((low + high) / 2, low, high)) == verdict
