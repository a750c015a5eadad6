"""What docs/results.md says of the field's methods is what the stored comparison measured."""

import re

import pandas as pd
import pytest

from tests.support.pages import one_line
from tests.support.paths import ROOT

METRICS = ROOT / "results/reference/compare/metrics"
INTERVAL = re.compile(
    r"(\d+\.\d)(?: %| points more| points less| points| more)?(?: of the base's [\d.]+)? \[(-?\d+\.\d), (-?\d+\.\d)\]"
)
HARMFUL = {"prompt_set": "safety_average", "measure": "harmful"}
RATES = [  # of harmful reasoning at matched compliance, by the words before or around it
    ("ipo", "less than IPO** ({} %"),
    ("base", "of the base's {})"),
    ("grpo_zy", "GRPO on reasoning and response {} ["),
    ("nll_cue_whole", "NLL on whole corrected traces {} ["),
    ("sft", "IPO's own chosen sides {} ["),
    ("dpo_natural", "a third of its training, {} ["),
    ("tempted_masked", "in the manner of AdvChain {} ["),
    ("unsafechain_own", "(UnsafeChain's choice) {} ["),
    ("star1_own", "STAR-1's selection {} ["),
    ("sft", "NLL after the cut leaves {} %"),
    ("dpo_cue_after", "DPO: {} %"),
    ("alphaalign_reward", "AlphaAlign's reward {} %"),
    ("realsafe_own", "(RealSafe's filter) {} %"),
    ("recap_built", "RECAP {} %"),
    ("leaks", "give {} %: the known answer"),
    ("recap_mixed", "without beginnings ({} %)"),
    ("safekey_built", "that can be measured** ({} %)"),
    ("decode_replace_cue", "cues while decoding leaves {} %"),
    ("decode_replace_neutral", "the trigger's place leaves {} %"),
    ("decode_replace_none", "sampling again {} %"),
    ("step_search_built", "three rounds leave {} %"),
    ("safethink_instead", "harmful step leaves {} %"),
    ("reasoning_guard_built", "on harmful prompts and leaves {} %"),
]
RESPONSES = [
    ("ipo", "IPO leaves few harmful responses ({} %)"),
    ("sft", "SFT on the same sides leaves {} %"),
    ("base", "harmful responses from {} to"),
    ("zero_think", "harmful responses from 29.5 to {} %"),
    ("alphaalign_reward", "in the reasoning**, with {} %"),
    ("realsafe_own", "in the reasoning**, with {} %"),
    ("recap_built", "in the reasoning**, with {} %"),
]
DIFFERENCES = [  # between two methods, in points
    ("nll_random_after", "sft", "at a random sentence {} points"),
    ("nll_end_after", "sft", "at the end of the reasoning {} more"),
    ("dpo_random_after", "dpo_cue_after", "DPO: 25.3 %, and {} ["),
    ("dpo_end_after", "dpo_cue_after", "[28.4, 40.3] and {} more"),
    ("dpo_cue_after", "sft", "NLL leaves less than DPO, by {} points"),
    ("nll_random_whole", "nll_random_after", "harms elsewhere, by {} points"),
    ("nll_end_whole", "nll_end_after", "[13.1, 24.9] and {} points"),
    ("recap_built", "recap_mixed", "RECAP leaves {} points more"),
    ("recap_built", "recap_aligned", "(48.0 %), and {} more"),
    ("kept_one_hard_benign", "kept_one", "made it worse: by {} points"),
    ("stair_ucb_built", "stair_tree_built", "[0.9, 9.7] and {} points"),
    ("step_search_built", "aura_built", "the same search leaves {} points less"),
]
# Methods that the page says cannot be distinguished
ALIKE = [
    ("nll_random_after", "dpo_random_after"),
    ("nll_end_after", "dpo_end_after"),
    ("nll_cue_whole", "sft"),
    ("safekey_no_key", "safekey_built"),
    ("safekey_no_heads", "safekey_built"),
]


def section() -> str:
    return one_line("docs/results.md").split("### The field in this world")[1].split("###")[0]


def matched(method: str, part: str) -> pd.Series:
    frame = pd.read_csv(METRICS / "matched.csv")
    asked = HARMFUL | {"method": method, "part": part}
    (found,) = frame[(frame[list(asked)] == pd.Series(asked)).all(axis=1)].to_dict("records")
    return pd.Series(found)


def difference(method: str, reference: str) -> tuple[float, float, float]:
    """In points, with its interval, from the stored pair in either order."""
    frame = (
        pd.read_csv(METRICS / "contrasts.csv").query("part == 'reasoning'").set_index(["method", "reference"])
    )
    columns = ["difference", "low", "high"]
    if (method, reference) in frame.index:
        value, low, high = 100 * frame.loc[(method, reference), columns]
        return value, low, high
    value, low, high = -100 * frame.loc[(reference, method), columns]
    return value, high, low


def shown(*numbers: float) -> tuple[str, ...]:
    return tuple(f"{number:.1f}" for number in numbers)


@pytest.mark.parametrize(
    ("method", "part", "words"),
    [(m, "reasoning", w) for m, w in RATES] + [(m, "response", w) for m, w in RESPONSES],
)
def test_rates_are_those_of_their_methods(method: str, part: str, words: str):
    row = matched(method, part)
    value, low, high = shown(*(100 * row[["rate", "low", "high"]]))
    said = section()
    assert words.format(value) in said
    if words.endswith("["):
        assert f"{words.format(value)}{low}, {high}]" in said


@pytest.mark.parametrize(("method", "reference", "words"), DIFFERENCES)
def test_differences_are_those_of_their_pairs(method: str, reference: str, words: str):
    value, low, high = shown(*difference(method, reference))
    start = words.format(value)
    found = INTERVAL.search(section(), section().index(start) + start.index(value))
    assert found and found.groups() == (value, low, high)


@pytest.mark.parametrize(("method", "reference"), ALIKE)
def test_what_cannot_be_distinguished_has_an_interval_around_zero(method: str, reference: str):
    _, low, high = difference(method, reference)
    assert low < 0 < high


def test_every_interval_is_stored():
    said = INTERVAL.findall(section())
    assert len(said) == len(re.findall(r"\[-?\d+\.\d,", section())) > 20
    known = set()
    for name, value in (("matched", "rate"), ("reliance", "rate"), ("contrasts", "difference")):
        for row in (100 * pd.read_csv(METRICS / f"{name}.csv")[[value, "low", "high"]]).to_numpy():
            known |= {shown(*row), shown(-row[0], -row[2], -row[1])}
    assert [numbers for numbers in said if numbers not in known] == []


@pytest.mark.parametrize(("method", "words"), [("ipo", "IPO reasons harmfully in {} to {} %"), ("base", "the base in {} to {} %"), ("grpo_zy", "response in {} to {} %")])  # fmt: skip
def test_worst_cases_are_those_of_their_methods(method: str, words: str):
    frame = pd.read_csv(METRICS / "worst_case.csv")
    rows = frame[
        (frame["method"] == method) & (frame["part"] == "reasoning") & (frame["measure"] == "harmful")
    ]
    rates = 100 * rows[rows["selection"] == "confirmed"]["rate"]
    assert len(rates) == 3 and words.format(*shown(rates.min(), rates.max())) in section()
