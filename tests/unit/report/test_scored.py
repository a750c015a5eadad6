"""What a rate rests on stands beside it: how many were scored, and what the missing could change."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.report.scored import mean_note, scored_note, unscored_share, with_bounds
from tests.support.drawing import table
from tests.support.judge_metrics import judge_metrics
from tests.support.made_bases import write_bases
from tests.support.made_curves import write_curves
from tests.support.metrics_fixture import write_metrics

LONG = pytest.mark.long


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


def test_a_mean_of_sets_has_the_means_of_their_bounds():
    frame = with_bounds(pd.DataFrame([row("direct", 0.5, 10, 10), row("other", 1.0, 20, 0)]))
    assert mean_note(frame) == " (30 of 40 scored: 62.5 to 87.5)"
    assert mean_note(frame[frame["prompt_set"] == "other"]) == ""


@pytest.mark.parametrize(
    ("name", "metric", "made", "column"),
    [
        (
            "table_matched",
            "matched",
            lambda path: write_curves(write_metrics(path)),
            "harmful reasoning, %, matched",
        ),
        (
            "table_matched",
            "curves",
            lambda path: write_curves(write_metrics(path)),
            "harmful response, %, at its end",
        ),
        pytest.param("table_over_bases", "over_bases", write_bases, "harmful reasoning, %", marks=LONG),
        pytest.param("table_over_bases", "over_bases", write_bases, "help, %", marks=LONG),
        ("table_judges", "judge_rates", judge_metrics, "harmful response, %"),
    ],
)
def test_a_rate_of_few_scored_answers_is_not_shown_alone(
    name: str, metric: str, made: Callable[[Path], Path], column: str, tmp_path: Path
):
    metrics = made(tmp_path)
    whole = table(name, metrics)[column]
    assert not whole.str.contains("scored:").any()
    frame = pd.read_csv(metrics / f"{metric}.csv")
    frame["unscored"] = frame["samples"]
    frame.to_csv(metrics / f"{metric}.csv", index=False)
    half = table(name, metrics)[column]
    noted = half[half.str.contains("scored:")]
    low, high = (float(x) for x in noted.iloc[0].rsplit(": ", 1)[1].rstrip(")").split(" to "))
    assert high - low == pytest.approx(50, abs=0.11)
