"""Where a label and the first find of a trace meet: numbers by hand, and intervals by prompt."""

import math

import pytest

from safe_reasoning.evaluation.first_places import SHARES, first_places

# label, find: the same, one later, three earlier, no find, no label and a find, neither
FIRSTS = [(2, 2), (1, 2), (4, 1), (3, None), (None, 1), (None, None)]


def test_measures_by_hand():
    found = first_places(FIRSTS, list("abcdef"), resamples=200)
    shares = {name: found[name] for name in SHARES}
    assert shares == pytest.approx(
        {
            "seen_in_time": 2 / 4,
            "found": 3 / 4,
            "found_without": 1 / 2,
            "first_exact": 1 / 3,
            "first_within_one": 2 / 3,
        }
    )
    assert found["first_offset"] == 0, "the median of 0, 1, -3"
    for name in (*SHARES, "first_offset"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]


def test_a_find_that_is_the_label_has_no_distance():
    """What the exact detector of a planted sentence must give."""
    found = first_places([(place, place) for place in range(1, 30)], range(29))
    assert found["first_exact"] == found["seen_in_time"] == 1
    assert (found["first_offset"], found["first_offset_low"], found["first_offset_high"]) == (0, 0, 0)


def test_prompts_and_not_traces_are_resampled():
    """Twenty alike traces of one prompt are one: the interval is that of two prompts."""
    firsts = [(1, 1)] * 20 + [(1, 3)] * 20
    by_prompt = first_places(firsts, ["a"] * 20 + ["b"] * 20)
    by_trace = first_places(firsts, range(40))
    assert (by_prompt["first_offset_low"], by_prompt["first_offset_high"]) == (0, 2)
    widths = [one["first_exact_high"] - one["first_exact_low"] for one in (by_prompt, by_trace)]
    assert widths[0] > 2 * widths[1]


def test_nothing_to_compare_has_no_number():
    assert all(map(math.isnan, first_places([], []).values()))
    one = first_places([(1, 2)], ["a"])
    assert one["first_offset"] == 1 and math.isnan(one["first_offset_low"])
