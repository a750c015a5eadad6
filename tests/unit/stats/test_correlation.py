"""Pearson's r with few points and ties."""

import math
from itertools import permutations

import numpy as np
import pytest

from safe_reasoning.stats.correlation import pearson


def test_p_value_is_the_share_of_orders_that_go_together_as_well():
    x, y = [1, 2, 3, 4, 5], [1, 2, 3, 5, 4]
    found = pearson(x, y)
    of_orders = np.array([np.corrcoef(x, order)[0, 1] for order in permutations(y)])
    share = min(1.0, 2 * float((of_orders >= found.r - 1e-12).mean()))
    assert found.r == pytest.approx(0.9) and found.count == 5
    assert found.p_value == pytest.approx(share, abs=0.01)
    assert -1 <= found.low <= found.r <= found.high <= 1


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([], []),
        ([1, 2], [1, 2]),
        ([1, 1, 1], [1, 2, 3]),
        ([15, 17, 17, 17, 18, 18, 28], [20, 20, 20, 20, 20, 20, 32]),  # r = 0.97, p = 0.14
        ([1, 2, 3, 4, 5], [1, 1, 2, 3, 3]),
    ],
)
def test_few_distinct_values_are_too_few_to_decide(x: list[float], y: list[float]):
    found = pearson(x, y)
    assert all(map(math.isnan, (found.r, found.low, found.high, found.p_value))) and found.count == len(x)


def test_interval_holds_the_truth_and_is_the_same_every_time():
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(40):
        x = generator.normal(size=30)
        y = 0.6 * x + 0.8 * generator.normal(size=30)
        found = pearson(list(x), list(y))
        held += found.low <= 0.6 <= found.high
    assert held >= 33 and found == pearson(list(x), list(y))
    assert found.p_value < 0.05


def test_points_of_one_axis_without_a_partner_are_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="3 x values for 2 y values"):
        pearson([1, 2, 3], [1, 2])
