"""Files that add rows to a run's configuration: accepted behind it, and never in the way of its own rows."""

import math

import pytest

from safe_reasoning import config
from safe_reasoning.config import Config
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.report.methods import FAMILIES, RELATED_LABELS
from safe_reasoning.training.recipe import pair_stems
from tests.support.paths import ROOT

ADDED = config.read(ROOT / "config/compare_sweeps.yaml")


@pytest.fixture(scope="module")
def both() -> Config:
    whole = config.read(ROOT / "config/compare.yaml")
    assert set(ADDED) == {"methods"} and not set(ADDED["methods"]) & set(whole["methods"])
    return checked(config.validate(whole | {"methods": whole["methods"] | ADDED["methods"]}, "both"))


def test_the_sweep_over_tars_differs_in_the_shares_of_prompts_alone(both: Config):
    main = both.methods["tars_built"]
    shares = {}
    for name in (name for name in ADDED["methods"] if name.startswith("tars_")):
        method = both.methods[name]
        assert method.model_copy(update={"prompts": main.prompts}) == main
        assert math.isclose(sum(method.prompts.values()), 1)
        assert method.prompts.get("benign") == method.prompts.get("alarming")
        shares[name] = round(100 * method.prompts["harmful"])
    assert shares == {f"tars_harmful_{share}": share for share in (10, 30, 70, 90, 100)}


def test_rounds_of_stair_go_on_from_one_another_each_on_its_own_trees(both: Config):
    names = ["stair_sft_built", "stair_round1_built", "stair_round2_built", "stair_round3_built"]
    assert [both.methods[name].start for name in names] == [None, *names[:-1]]
    stems = pair_stems(both, "nano")
    assert {f"siblings_best_ucb_of_{name}_seed0" for name in names[:-1]} <= set(stems)


def test_every_row_has_a_name_and_a_family(both: Config):
    known = {method for members in FAMILIES.values() for method in members}
    assert set(ADDED["methods"]) <= known & set(RELATED_LABELS)
    assert set(both.methods) <= known | {"ipo_lexical"}
