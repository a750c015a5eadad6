"""config/paper_compare.yaml holds the rows of the comparison at the paper's scale: planned, and fit to start."""

import pytest

from safe_reasoning.config import Config, load
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.judge_calls import price
from safe_reasoning.plan.rounding import about
from safe_reasoning.plan.step import totals
from tests.support.paths import ROOT

# Of the nano world alone; no benchmark has the wrappers of harmful requests around harmless ones to train on;
# an endpoint would judge every visit of the tree search, and every sentence; the run's detector is lexical
LEFT_OUT = {
    *("ipo_lexical", "form_armor", "form_armor_no_strategy", "armor_vote_built", "aura_coherent"),
    *("kept_one_hard_benign", "stair_ucb_built"),
    *(
        "decode_replace_lexical",
        "safethink_built",
        "safethink_instead",
        "step_search_built",
        "step_search_one",
    ),
    *("reasoning_guard_built", "reasoning_guard_rise"),
    *("organism_start", "organism_hidden"),  # which no model may learn but a nano model
}


@pytest.fixture(scope="module")
def config() -> Config:
    return checked(load(ROOT / "config/paper_compare.yaml"))


def test_its_rows_are_those_of_the_comparison(config: Config):
    small = load(ROOT / "config/compare.yaml")
    assert set(small.methods) - set(config.methods) == LEFT_OUT
    assert set(config.methods) <= set(small.methods)
    said = f"{len(config.methods)} of the {len(small.methods)} rows of"
    for file in ("config/README.md", "config/paper_compare.yaml"):
        assert said in (ROOT / file).read_text(), file
    for name, method in config.methods.items():
        same = ("recipe", "demonstrations", "mix", "reward", "nll_weight", "kl_weight", "start", "teacher")
        assert all(getattr(method, key) == getattr(small.methods[name], key) for key in same), name
    pairs = [pair for pair in small.evaluate.contrasts if set(pair) <= set(config.methods)]
    assert config.evaluate.contrasts == pairs


def test_supervised_and_preference_methods_have_one_budget(config: Config):
    budgets = {
        (method.max_examples, method.epochs, method.max_tokens)
        for method in config.methods.values()
        if method.recipe not in ("grpo", "distil_on_policy", "decode")
    }
    assert budgets == {(1000, 3, 8192)}


def test_recovery_is_counted(config: Config):
    """60 variants continue 60 reasonings after 0 to 4 sentences, twice; both parts are judged."""
    (step,) = (step for step in plan(config) if step.stage == "recovery")
    trained = [method for method in config.methods.values() if method.recipe != "decode"]
    assert len(trained) == 59 and step.generations == (1 + len(trained)) * 60 * 5 * 2
    assert step.calls == 2 * step.generations


def test_the_page_states_what_the_plan_says(config: Config):
    steps = plan(config)
    usd = sum(price(config, step) for step in steps)
    page = " ".join((ROOT / "config/README.md").read_text().split())
    assert f"{about(totals(steps).gpu_hours)} GPU-hours and {about(usd)} USD by `make plan`" in page
