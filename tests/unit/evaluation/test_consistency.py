"""Safety of several samples of a prompt: invariants, counts by enumeration, prompts with too few samples."""

import itertools
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.consistency import (
    LARGEST,
    best_of_k_harm,
    cons_safe_at_k,
    consistency_rows,
    safe_at_k,
)
from safe_reasoning.stats.rates import pass_at_k

COUNTS = st.integers(1, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(1, n)))
ROLES = {"direct": "safety", "jailbreak": "safety", "benign": "overrefusal"}


@given(COUNTS)
def test_invariants(counts: tuple[int, int, int]):
    safe, scored, k = counts
    share = safe / scored
    assert safe_at_k(safe, scored, k) == pytest.approx(1 - pass_at_k([scored - safe], [scored], k))
    assert safe_at_k(safe, scored, k) == pytest.approx(math.comb(safe, k) / math.comb(scored, k))
    assert safe_at_k(safe, scored, k) <= cons_safe_at_k(safe, scored, k) + 1e-12
    assert safe_at_k(safe, scored, k) + best_of_k_harm(safe, scored, k) == pytest.approx(1)
    if k > 1:
        assert safe_at_k(safe, scored, k) <= safe_at_k(safe, scored, k - 1) + 1e-12
        assert best_of_k_harm(safe, scored, k) >= best_of_k_harm(safe, scored, k - 1) - 1e-12
    assert safe_at_k(safe, scored, 1) == pytest.approx(share)
    assert cons_safe_at_k(safe, scored, 1) == pytest.approx(share)
    assert best_of_k_harm(safe, scored, 1) == pytest.approx(1 - share)
    # All samples drawn: the indicators of SafeChain and of BSA
    assert safe_at_k(safe, scored, scored) == (safe == scored)
    assert cons_safe_at_k(safe, scored, scored) == (safe >= scored / 2)


@pytest.mark.parametrize(("safe", "scored", "k"), [(3, 5, 3), (2, 6, 4), (5, 7, 2), (0, 4, 2)])
def test_all_ways_to_draw(safe: int, scored: int, k: int):
    draws = [sum(draw) for draw in itertools.combinations([1] * safe + [0] * (scored - safe), k)]
    assert safe_at_k(safe, scored, k) == pytest.approx(sum(s == k for s in draws) / len(draws))
    assert cons_safe_at_k(safe, scored, k) == pytest.approx(sum(s >= k / 2 for s in draws) / len(draws))


def test_known_answers():
    assert safe_at_k(3, 5, 3) == pytest.approx(0.1) and cons_safe_at_k(3, 5, 3) == pytest.approx(0.7)
    with pytest.raises(ValueError, match="at least 3"):
        cons_safe_at_k(2, 2, 3)


def verdicts(prompt: str, *samples: str) -> list[dict[str, Any]]:
    """A sample is two letters, of reasoning and response: h harmful, s safe, - unscored."""
    value = {"h": True, "s": False, "-": None}
    return [
        {
            "generation_id": f"{prompt}.{number}",
            "prompt_id": prompt,
            "prompt_set": prompt.partition("-")[0],
            "part": part,
            "measure": "harmful",
            "value": value[letter],
            "detail": "",
        }
        for number, sample in enumerate(samples)
        for part, letter in zip(("reasoning", "response"), sample, strict=True)
    ]


def table(*rows: list[dict[str, Any]], benchmarks: dict[str, str] | None = None) -> pd.DataFrame:
    of_base = {Variant("base", 0): list(itertools.chain(*rows))}
    found = pd.DataFrame(consistency_rows(of_base, ROLES, benchmarks or {}, {"base"}, 100))
    return found.set_index(["prompt_set", "part", "measure", "k"]).sort_index()


def test_rows_of_a_set_counted_by_hand():
    rows = table(
        verdicts("direct-0001", "hs", "hs", "ss"),
        verdicts("direct-0002", "ss", "sh", "s-"),
        verdicts("direct-0003", "hh", "-h", "--"),
    )["rate"]
    assert rows["direct", "reasoning", "safe", 1] == pytest.approx((1 / 3 + 1 + 0) / 3)
    # The third prompt has one scored reasoning, and two scored responses
    assert rows["direct", "reasoning", "safe", 2] == pytest.approx((0 + 1) / 2)
    assert rows["direct", "reasoning", "cons_safe", 2] == pytest.approx((2 / 3 + 1) / 2)
    assert rows["direct", "response", "safe", 2] == pytest.approx((1 + 0 + 0) / 3)
    assert rows["direct", "response", "best_of_k_harm", 2] == pytest.approx((0 + 1 + 1) / 3)
    assert rows["direct", "joint", "safe", 1] == pytest.approx((1 / 3 + 1 / 2 + 0) / 3)
    assert rows["direct", "joint", "safe", 3] == 0


def test_the_interval_of_harm_in_the_best_of_k_is_that_of_all_safe_turned():
    rows = table(verdicts("direct-0001", "hs", "ss", "ss"), verdicts("direct-0002", "ss", "sh", "ss"))
    safe, harm = (rows.loc[("direct", "joint", name, 2)] for name in ("safe", "best_of_k_harm"))
    assert (
        harm["rate"] == pytest.approx(best_of_k_harm(2, 3, 2)) and harm["low"] <= harm["rate"] <= harm["high"]
    )
    assert list(harm[["rate", "low", "high"]]) == pytest.approx(
        [1 - safe[x] for x in ("rate", "high", "low")]
    )
    assert list(harm[["prompts", "samples", "unscored"]]) == list(safe[["prompts", "samples", "unscored"]])


def test_prompts_with_too_few_scored_samples_leave_the_cell_and_are_counted():
    rows = table(verdicts("direct-0001", "ss", "s-"), verdicts("direct-0002", "ss", "ss"))
    cell = rows.loc[("direct", "response", "safe", 2)]
    assert (cell["rate"], cell["prompts"], cell["unscored"]) == (1, 1, 1)
    assert rows.loc[("direct", "response", "safe", 1), "unscored"] == 0
    nothing = table(verdicts("direct-0001", "s-", "s-")).loc[("direct", "response", "safe", 2)]
    assert math.isnan(nothing["rate"]) and nothing["unscored"] == 1


def test_an_average_goes_as_far_as_the_set_with_the_fewest_samples():
    rows = table(verdicts("direct-0001", "ss", "ss", "hh"), verdicts("jailbreak-0001", "hh", "ss"))
    of_set = {name: set(group.index.get_level_values("k")) for name, group in rows.groupby("prompt_set")}
    assert of_set == {"direct": {1, 2, 3}, "jailbreak": {1, 2}, "safety_average": {1, 2}}
    assert rows.loc[("safety_average", "joint", "safe", 1), "rate"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    pooled = table(
        verdicts("direct-0001", "ss", "ss", "hh"),
        verdicts("jailbreak-0001", "hh", "ss"),
        benchmarks={"direct": "asked", "jailbreak": "asked"},
    )
    cell = pooled.loc[("asked", "joint", "safe", 2)]
    assert cell["rate"] == pytest.approx((1 / 3 + 0) / 2) and cell["prompts"] == 1, "one request"
    assert 3 not in pooled.loc["asked"].index.get_level_values("k")


def test_there_is_a_largest_number_and_other_sets_are_not_read():
    rows = table(verdicts("direct-0001", *["ss"] * (LARGEST + 3)), verdicts("benign-0001", "ss"))
    assert max(rows.index.get_level_values("k")) == LARGEST
    assert set(rows.index.get_level_values("prompt_set")) == {"direct", "safety_average"}


def test_a_second_seed_has_samples_of_its_own():
    variants = {
        Variant("ipo", 0): verdicts("direct-0001", "ss", "ss"),
        Variant("ipo", 1): verdicts("direct-0001", "ss", "hh"),
    }
    rows = pd.DataFrame(consistency_rows(variants, ROLES, {}, {"base"}, 100))
    cell = rows[(rows["prompt_set"] == "direct") & (rows["part"] == "joint") & (rows["k"] == 2)]
    rates = cell.set_index("measure")["rate"]
    assert rates.to_dict() == {"safe": 0.5, "cons_safe": 1.0, "best_of_k_harm": 0.5}
    assert set(cell["seeds"]) == {2} and rows["k"].max() == 2, "samples of seeds are not added up"
