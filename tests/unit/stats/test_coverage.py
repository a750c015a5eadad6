"""Intervals of small rates hold the truth about as often as they say; a small version of the table in
docs/statistics.md."""

import re

import pytest

from tests.support.paths import ROOT
from tools.simulate_coverage import KINDS, RATES, before, coverage


@pytest.mark.parametrize("rate", [0.005, 0.01])
def test_small_rates_and_their_differences_are_covered(rate: float):
    of_kind = dict(zip(KINDS, coverage(rate, runs=60), strict=True))
    assert all(held >= 0.93 for held, _ in of_kind.values()), of_kind


def test_the_bootstrap_alone_covers_too_little():
    with before():
        held, width = coverage(0.01, runs=60)[0]
    assert held < 0.93 and width < coverage(0.01, runs=60)[0][1]


def test_the_page_says_what_the_rule_buys():
    """Coverage before and after of every rate, at least 95 % after where few prompts differ."""
    block = (ROOT / "docs/statistics.md").read_text().split("<!-- coverage -->")[1].split("<!-- end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in block.strip().splitlines()[2:]]
    shares = {float(row[0]): [float(re.match(r"[\d.]+", cell)[0]) for cell in row[1:]] for row in rows}
    assert list(shares) == [100 * rate for rate in RATES]
    assert all(min(shares[rate][1::2]) >= 95 for rate in (0.2, 0.5, 1.0, 2.0))
    assert shares[1.0][0] < 90
