"""The sign-flip test against every choice of signs, and against random ones."""

from itertools import product
from unittest import mock

import numpy as np
import pytest
from scipy.stats import binomtest

from safe_reasoning.stats import sign_flip
from safe_reasoning.stats.sign_flip import sign_flip_p


def by_enumeration(values: np.ndarray) -> float:
    """Twice the share of all choices of signs whose sum is at least as far above zero."""
    sums = np.array(list(product((-1, 1), repeat=len(values)))) @ np.abs(values)
    return min(1.0, 2 * float((sums >= abs(values.sum()) - 1e-9).mean()))


@pytest.mark.parametrize("seed", range(20))
def test_it_counts_every_choice_of_signs(seed: int):
    rng = np.random.default_rng(seed)
    # Means of 2 and 3 samples, in sets of 5 and 7 prompts, some without a difference
    values = np.concatenate([rng.integers(-2, 3, 5) / 2 / 5, rng.integers(-3, 4, 7) / 3 / 7])
    changed = values[values != 0]
    assert sign_flip_p(values) == pytest.approx(by_enumeration(changed), abs=1e-12)
    assert sign_flip_p(-1e-3 * values) == pytest.approx(sign_flip_p(values), abs=1e-12)


def test_with_one_size_of_difference_it_is_the_exact_sign_test():
    values = [0.25] * 70 + [-0.25] * 30 + [0.0] * 200
    assert sign_flip_p(values) == pytest.approx(binomtest(70, 100).pvalue, rel=1e-9)


def test_fewer_than_two_differences_say_nothing():
    assert sign_flip_p([]) == sign_flip_p([0.0, 0.0]) == sign_flip_p([0.0, 1.0]) == 1.0


def test_random_signs_agree_where_the_sums_are_too_many():
    rng = np.random.default_rng(0)
    values = rng.integers(-3, 5, 60) / 3
    with mock.patch.object(sign_flip, "MOST_SUMS", 10):
        drawn = sign_flip_p(values)
    assert drawn == pytest.approx(sign_flip_p(values), abs=0.01)
    assert drawn != sign_flip_p(values)


def test_sizes_without_a_common_unit_take_random_signs():
    values = np.random.default_rng(1).normal(0.3, 1, 40)
    assert sign_flip._distribution(np.abs(values)) is None
    assert 0 < sign_flip_p(values) < 1
