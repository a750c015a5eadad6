"""Leaks, escapes and disagreements against counts by hand and against the four outcomes' shares."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.characterize.outcome_shares import outcome_shares
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.joint import Harm, harm_of_both
from safe_reasoning.evaluation.leaks import leak_rows, outcome_values
from tests.support.made_samples import ROLES, made_verdicts

VERDICT = st.sampled_from([True, False, None])


def test_shares_counted_by_hand():
    rows = pd.DataFrame(leak_rows(made_verdicts(), ROLES, {}, {"base"}, 200))
    rows = rows[rows["prompt_set"] == "direct"].set_index(["method", "measure"])
    base = rows.loc["base", "rate"]
    # Of 60: 20 leaks in the first ten prompts, 10 escapes and 20 of both in the others
    assert base.to_dict() == pytest.approx(
        {"leak": 20 / 60, "escape": 10 / 60, "dsar": 30 / 60, "both_harmful": 20 / 60, "both_safe": 10 / 60}
    )
    ipo = rows.loc[("ipo", "leak")]
    assert ipo["rate"] == pytest.approx(1 / 59) and (ipo["samples"], ipo["unscored"]) == (59, 1)
    assert ((rows["low"] <= rows["rate"]) & (rows["rate"] <= rows["high"])).all()


@given(st.lists(st.tuples(VERDICT, VERDICT), min_size=1, max_size=20))
def test_outcomes_exclude_each_other_and_dsar_is_leak_and_escape(pairs: list[tuple]):
    for reasoning, response in pairs:
        found = outcome_values([Harm("direct", "direct-0001", reasoning, response)])
        values = {row["measure"]: row["value"] for row in found}
        if reasoning is None or response is None:
            assert set(values.values()) == {None}
        else:
            assert values["dsar"] == (values["leak"] or values["escape"]) == (reasoning != response)
            assert sum(values[name] for name in ("leak", "escape", "both_harmful", "both_safe")) == 1


def test_one_model_s_shares_are_those_of_the_four_outcomes():
    verdicts = made_verdicts()[Variant("base", 0)]
    rows = pd.DataFrame(leak_rows({Variant("base", 0): verdicts}, ROLES, {}, {"base"}, 200))
    ours = rows[rows["prompt_set"] == "direct"].set_index("measure")
    shares = pd.DataFrame(outcome_shares(verdicts, ["direct"], 200))
    theirs = shares[shares["prompt_set"] == "direct"].set_index(["reasoning", "response"])
    for measure, outcome in {"leak": ("harmful", "safe"), "escape": ("safe", "harmful")}.items():
        assert list(ours.loc[measure, ["rate", "low", "high"]]) == pytest.approx(
            list(theirs.loc[outcome, ["share", "low", "high"]])
        )


def test_a_part_without_a_verdict_is_unscored_and_other_sets_are_not_read():
    verdicts = made_verdicts()[Variant("ipo", 0)][:1]
    (one,) = harm_of_both([*verdicts, {**verdicts[0], "prompt_set": "other"}], ["direct"])
    assert one == Harm("direct", "direct-0000", False, None) and not one.scored
