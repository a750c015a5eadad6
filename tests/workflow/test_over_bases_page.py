"""What README and docs/results.md say of five bases is what the stored run measured."""

import re

import pandas as pd
import pytest

from tests.support.pages import LABELS, one_line
from tests.support.paths import ROOT

METRICS = ROOT / "results/reference/demo_replicates/metrics"
NUMBERS = ["rate", "low", "high", "sd_bases", "sd_seeds"]


def over_bases_rows() -> list[str]:
    """Per method: harmful reasoning at matched compliance over bases, and its two spreads, in per cent."""
    frame = pd.read_csv(METRICS / "over_bases.csv")
    frame = frame[(frame["read_at"] == "matched") & (frame["prompt_set"] == "safety_average")]
    frame = (100 * frame[frame["part"] == "reasoning"].set_index("method")[NUMBERS]).round(1)
    return [
        " | ".join(
            [
                label,
                f"{row.rate} [{row.low}, {row.high}]",
                str(row.sd_bases),
                "-" if method == "base" else str(row.sd_seeds),
            ]
        )
        for label, method in LABELS.items()
        if method in frame.index
        for row in [frame.loc[method]]
    ]


def test_results_page_shows_the_spread_between_bases():
    table = (ROOT / "docs/results.md").read_text().split("<!-- over-bases-table -->")[1].split("\n\n")[0]
    assert re.findall(r"^\| (.*) \|$", table, re.MULTILINE)[1:] == over_bases_rows()
    words = {row.split(" | ")[0]: row.split(" | ")[1].split(" ")[0] for row in over_bases_rows()}
    for label, said in (
        ("IPO", "to {} %"),
        ("GRPO, reward z + y", "({} %)"),
        ("DPO, natural pairs", "({} %)"),
        ("SFT, safe traces", "({} %)"),
    ):
        assert said.format(round(float(words[label]))) in one_line("README.md"), label


@pytest.mark.parametrize(
    ("method", "reference", "read_at", "turn", "words"),
    [
        ("ipo", "base", "matched", -1, "IPO lowers harm on every base**, by {} points"),
        ("grpo_zy", "ipo", "matched", -1, "leaves less on every base**, by {}"),
        ("dpo_natural", "ipo", "matched", -1, "So does DPO on natural pairs**, by {} points"),
        ("sft_safe", "ipo", "matched", 1, "SFT on safe traces leaves more on all five**, by {} points"),
        ("dpo_natural", "ipo", "end", -1, "leaves less harm than IPO by {} points"),
        ("sft_safe", "ipo", "end", -1, "and SFT by {}"),
    ],
)
def test_results_page_says_what_the_bases_differ_by(
    method: str, reference: str, read_at: str, turn: int, words: str
):
    frame = pd.read_csv(METRICS / "over_bases_differences.csv")
    asked = {"method": method, "reference": reference, "read_at": read_at, "part": "reasoning"}
    asked |= {"prompt_set": "safety_average", "measure": "harmful"}
    (row,) = frame[(frame[list(asked)] == pd.Series(asked)).all(axis=1)].itertuples()
    low, value, high = sorted(100 * turn * x for x in (row.low, row.difference, row.high))
    said = one_line("docs/results.md").split("### The field")[0]
    found = re.search(re.escape(words).replace(r"\{\}", r"([\d.]+)") + r".*?\[([\d.]+), ([\d.]+)\]", said)
    assert found, words
    assert [float(x) for x in found.groups()] == pytest.approx([value, low, high], abs=0.051)
    assert 5 in (row.above, row.below), "on all five bases"
