"""What docs/results.md says of the second base's warm-up is what was stored of it."""

import re

import pandas as pd
import pytest

from tests.support.paths import ROOT

PAGE = (ROOT / "docs/results.md").read_text()
WARM_UP = pd.read_csv(ROOT / "results/reference/mini_qwen/metrics/warm_up.csv").set_index("measure")
SHOWN = {  # how a row of the page's table begins
    "harmful reasoning": "harmful reasoning on",
    "refusals, harmful minus benign": "refusals of harmful minus",
    "prompts with both outcomes": "harmful prompts with both outcomes",
    "complies, xstest": "complies with XSTest",
    "gsm8k right": "GSM8K",
    "math500 right": "MATH-500",
    "well-formed": "well-formed",
}


@pytest.mark.parametrize(("measure", "begins"), SHOWN.items())
def test_each_aim_stands_with_what_was_measured(measure: str, begins: str):
    (line,) = re.findall(rf"^\| ({begins}.* \| (?:met|missed)) \|$", PAGE, re.MULTILINE)
    _, said, _, verdict = line.split(" | ")
    row = WARM_UP.loc[measure]
    numbers = [f"{100 * row[name]:.1f}" for name in ("rate", "low", "high") if pd.notna(row[name])]
    assert re.findall(r"\d+\.\d", said) == numbers
    assert verdict == ("met" if row["target_met"] else "missed")


def test_the_aims_that_are_missed_are_counted():
    aims = WARM_UP["target_met"].dropna()
    assert set(SHOWN) == set(aims.index) and len(aims) == 7
    assert sum(not met for met in aims) == 5 and "misses five\nof its seven aims" in PAGE
    for measure, before in (
        ("refusals of harmful prompts, untouched", "41.9"),
        ("refusals of benign prompts, untouched", "6.9"),
        ("gsm8k right, untouched", "10.0"),
        ("math500 right, untouched", "0.0"),
    ):
        assert f"{100 * WARM_UP.loc[measure, 'rate']:.1f}" == before
        assert re.search(
            rf"untouched: (?:41\.9 and )?{re.escape(before)}|untouched: {re.escape(before)}", PAGE
        )
