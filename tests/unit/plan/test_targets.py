"""Files asked for by name: a name that the configuration lacks is refused in one line, with the closest."""

import pytest

from safe_reasoning.config import load
from safe_reasoning.core.errors import UserError
from safe_reasoning.plan.targets import check_targets
from tests.support.paths import ROOT

TINY = load(ROOT / "tests/tiny.yaml")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("figures/fig_man.svg", "figure 'fig_man' is unknown .did you mean 'fig_main'"),
        ("tables/table2_man.csv", "table 'table2_man' is unknown .did you mean 'table2_main'"),
        ("prompts/direkt.parquet", "prompt set 'direkt' is unknown .did you mean 'direct'"),
        ("models/nanno/base/training.json", "model 'nanno' is unknown .did you mean 'nano'"),
        ("verdicts/nano/ippo/seed0/evaluation.exact.parquet", "method 'ippo' is unknown .did you mean 'ipo'"),
        ("verdicts/nano/base/rollouts.exakt.parquet", "judge 'exakt' is unknown .did you mean 'exact'"),
    ],
)
def test_a_mistyped_target_is_one_line(target: str, message: str):
    with pytest.raises(UserError, match=message) as fault:
        check_targets(["all", f"results/tiny/{target}"], TINY)
    assert "\n" not in str(fault.value)


def test_targets_that_are_there_and_options_pass():
    check_targets(
        [
            "-n", "--configfile", "tests/tiny.yaml", "all", "figures", "results/tiny/report.html", "results/tiny",
            "results/tiny/figures/fig_main.svg", "results/tiny/tables/claims.csv", "results/tiny/prompts/direct.parquet",
            "results/tiny/models/nano/base/training.json", "results/tiny/verdicts/nano/base/rollouts.lexical.parquet",
            "results/tiny/generations/nano/ipo/seed0/evaluation.parquet", "results/other/figures/fig_man.svg",
        ],
        TINY,
    )  # fmt: skip
