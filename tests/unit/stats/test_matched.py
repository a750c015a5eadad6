"""Reading off at matched compliance: the last checkpoint that keeps enough, or the crossing behind it."""

import numpy as np
import pytest

from safe_reasoning.stats.matched import Resampled, last_kept, read_off


@pytest.mark.parametrize(
    ("kept", "index", "beyond"),
    [
        ([1.0, 1.0, 0.97], 2, 0.0),  # all keep enough: the end
        ([1.0, 1.0, 0.5], 1, 0.1),  # crosses 0.95 a tenth of the way
        ([1.0, 0.5, 0.2], 0, 0.1),  # loses too much at once: between the base and the first
        ([1.0, 0.4, 0.96], 2, 0.0),  # comes back: the last point counts
        ([1.0, 0.97, float("nan")], 1, 0.0),  # nothing scored: as if nothing were kept, no line to it
        ([1.0, 0.95, 0.90], 1, 0.0),  # exactly the threshold is enough
    ],
)
def test_where_a_training_is_read(kept: list[float], index: int, beyond: float):
    place = last_kept(np.array([kept]), 0.95)
    assert place.index[0] == index and place.beyond[0] == pytest.approx(beyond)


def test_values_are_read_on_the_line_between_two_checkpoints():
    place = last_kept(np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 1.0]]), 0.95)
    harm = np.array([[0.8, 0.4, 0.0], [0.8, 0.4, 0.0]])
    assert place.read(harm) == pytest.approx([0.36, 0.0]), "each bootstrap sample at its own place"


def test_an_unscored_checkpoint_behind_does_not_reach_what_is_read():
    place = last_kept(np.array([[1.0, 1.0, float("nan")]]), 0.95)
    assert place.read(np.array([[0.8, 0.4, float("nan")]])) == pytest.approx([0.4])


def test_samples_are_the_same_for_all_methods_and_the_observed_comes_first():
    resampled = Resampled({"a": [f"p{i}" for i in range(50)]}, 200, {"a": 1})
    again = Resampled({"a": [f"p{i}" for i in range(50)]}, 200, {"a": 1})
    prompts, values = [f"p{i}" for i in range(50)], [i < 20 for i in range(50)]
    rates = resampled.mean_rate([resampled.totals("a", prompts, values)])
    assert rates[0] == pytest.approx(0.4) and rates.std() > 0.02
    assert np.array_equal(rates, again.mean_rate([again.totals("a", prompts, values)]))


def test_unscored_values_are_left_out_and_counted():
    resampled = Resampled({"a": ["p", "q"]}, 10, {"a": 1})
    totals = resampled.totals("a", ["p", "p", "q"], [True, None, None])
    assert resampled.mean_rate([totals])[0] == 1.0 and totals.unscored == 2
    read = read_off(last_kept(np.ones((11, 1)), 0.95), resampled.mean_rate([totals])[:, None], [[totals]])
    assert (read.scored, read.unscored) == (1, 2) and read.unscored_share() == pytest.approx(2 / 3)
