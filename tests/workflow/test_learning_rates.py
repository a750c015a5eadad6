"""The trials of learning rates differ from the demo, or from the comparison, in the rates and in what
they ask, in nothing else, and the demo has the rates that they give.
"""

import pandas as pd
import pytest

from safe_reasoning.config import load
from tests.support.paths import ROOT
from tools import compare_trials
from tools.choose_learning_rates import TRIALS as FOLDER
from tools.choose_learning_rates import chosen, tried

TRIALS = load(ROOT / "config/demo_learning_rates.yaml")
DEMO = load(ROOT / "config/demo.yaml")
COMPARE = load(ROOT / "config/compare.yaml")
COMPARE_TRIALS = load(ROOT / "config/compare.yaml", ROOT / "config/compare_learning_rates.yaml")
SAME_AS = {"ipo_stage2": "ipo", "ipo_lexical": "ipo", "grpo_y": "grpo_zy"}  # not tried by themselves


def table(**rates: float) -> pd.DataFrame:
    """A table `matched` with these rates of harmful reasoning."""
    cell = {"prompt_set": "safety_average", "part": "reasoning", "measure": "harmful"}
    rows = [cell | {"method": name, "rate": rate} for name, rate in rates.items()]
    others = [row | {"part": "response", "rate": 1 - row["rate"]} for row in rows]
    return pd.DataFrame(rows + others)


def test_trials_differ_from_the_demo_in_the_rate_alone():
    for name, method in TRIALS.methods.items():
        same = DEMO.methods[name.rpartition("_")[0]]
        assert method.model_copy(update={"learning_rate": same.learning_rate}) == same, name
    for part in ("models", "engine", "decoding", "characterize", "pairs", "world_seed", "seeds"):
        assert getattr(TRIALS, part) == getattr(DEMO, part), part


def test_every_method_has_the_same_three_rates():
    assert {tuple(group) for group in tried(TRIALS).values()} == {(5e-5, 1e-4, 2e-4)}
    assert set(tried(TRIALS)) | set(SAME_AS) == set(DEMO.methods)


def test_the_least_harm_decides_and_at_a_tie_the_smaller_rate():
    names = list(TRIALS.methods)
    harm = dict.fromkeys(names, 0.5)
    assert set(chosen(TRIALS, table(**harm)).values()) == {5e-5}
    assert chosen(TRIALS, table(**harm | {"ipo_c": 0.1, "ipo_b": 0.2}))["ipo"] == 2e-4
    assert chosen(TRIALS, table(**harm | {"ipo_c": 0.2, "ipo_b": 0.2}))["ipo"] == 1e-4


def test_trials_that_differ_in_more_are_refused():
    longer = TRIALS.methods["ipo_a"].model_copy(update={"max_steps": 50})
    other = TRIALS.model_copy(update={"methods": TRIALS.methods | {"ipo_a": longer}})
    with pytest.raises(ValueError, match="trials of ipo"):
        tried(other)


def test_the_demo_has_the_rates_that_the_stored_trials_give():
    assert load(ROOT / FOLDER / "config.yaml") == TRIALS
    rates = chosen(TRIALS, pd.read_csv(ROOT / FOLDER / "metrics/matched.csv"))
    for name, method in DEMO.methods.items():
        assert method.learning_rate == rates[SAME_AS.get(name, name)], name


def test_trials_ask_neither_what_is_trained_on_nor_what_is_evaluated():
    evaluated = {entry.source for entry in DEMO.prompt_sets.values()}
    assert {TRIALS.prompt_sets[name].source for name in ("tune_harmful", "tune_benign")}.isdisjoint(evaluated)


def test_the_overlay_of_the_comparison_is_what_the_tool_writes():
    assert compare_trials.TRIALS.read_text() == compare_trials.written(), "run tools.compare_trials"


def test_every_training_of_the_comparison_is_tried_at_three_rates():
    groups = tried(COMPARE_TRIALS)
    trained = {name for name, method in COMPARE.methods.items() if method.recipe != "decode"}
    assert set(groups) == {name for name in trained if not name.startswith("organism_")}
    assert {tuple(sorted(group)) for name, group in groups.items() if name != "safepath_own"} == {
        (5e-5, 1e-4, 2e-4)
    }
    assert sorted(groups["safepath_own"]) == [5e-5, 1e-4, 2e-4, COMPARE.methods["safepath_own"].learning_rate]
    for name in groups:  # what starts from it finds it as it is in the comparison
        assert COMPARE_TRIALS.methods[name] == COMPARE.methods[name]


def test_trials_of_the_comparison_train_on_its_data_and_ask_what_it_does_not():
    for part in ("models", "engine", "decoding", "pairs", "demonstrations", "world_seed", "seeds"):
        assert getattr(COMPARE_TRIALS, part) == getattr(COMPARE, part), part
    evaluated = {e.source for e in COMPARE.prompt_sets.values() if not e.role.startswith("align")}
    asked = {e.source for e in COMPARE_TRIALS.prompt_sets.values() if not e.role.startswith("align")}
    assert asked == {TRIALS.prompt_sets[name].source for name in ("tune_harmful", "tune_benign")}
    assert asked.isdisjoint(evaluated)
