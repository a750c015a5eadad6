"""What a rate rests on stands beside it: how many were scored, and what the missing could change."""

import pandas as pd
import pytest

from safe_reasoning.report.scored import scored_note, unscored_share, with_bounds


def row(prompt_set: str, rate: float, samples: int, unscored: int, part_of: str = "", prompts: int = 10):
    return {
        "model": "m",
        "method": "ipo",
        "prompt_set": prompt_set,
        "part_of": part_of,
        "role": "safety",
        "part": "reasoning",
        "measure": "harmful",
        "rate": rate,
        "prompts": prompts,
        "samples": samples,
        "unscored": unscored,
    }


def test_bounds_count_the_missing_as_all_safe_or_all_harmful():
    frame = with_bounds(
        pd.DataFrame(
            [
                row("direct", 0.5, 10, 10),
                row("jailbreak", 0.0, 20, 0),
                row("jailbreak_pair", 0.9, 10, 0, part_of="jailbreak"),
                row("empty", float("nan"), 0, 20),
                row("safety_average", float("nan"), 30, 30),
            ]
        )
    ).set_index("prompt_set")
    bounds = frame[["lower_bound", "upper_bound"]].round(9)
    assert tuple(bounds.loc["direct"]) == (0.25, 0.75) and frame.loc["direct", "asked"] == 20
    assert tuple(bounds.loc["jailbreak"]) == (0.0, 0.0)
    assert tuple(bounds.loc["empty"]) == (0.0, 1.0)
    # The average's bounds are means over the sets, of which a part of a benchmark is none
    assert tuple(bounds.loc["safety_average"]) == pytest.approx((0.25 / 3, 1.75 / 3), abs=1e-8)


def test_parts_in_stored_tables_are_empty_cells():
    """A table read from a file has NaN where no benchmark stands."""
    rows = pd.DataFrame([row("direct", 0.5, 10, 10), row("safety_average", 0.5, 10, 10)])
    found = with_bounds(rows.assign(part_of=float("nan")))
    assert list(found["upper_bound"]) == [0.75, 0.75]


def test_a_note_stands_only_where_something_is_missing():
    frame = with_bounds(pd.DataFrame([row("direct", 0.5, 10, 10), row("other", 0.5, 20, 0)]))
    missing, whole = (frame.iloc[number] for number in (0, 1))
    assert scored_note(missing, 10) == " (10 of 20 scored: 25.0 to 75.0)"
    assert scored_note(missing, 12) == " (n = 10; 10 of 20 scored: 25.0 to 75.0)"
    assert scored_note(whole, 10) == ""
    assert unscored_share(1, 19) == 0.05 and unscored_share(0, 0) == 0.0
