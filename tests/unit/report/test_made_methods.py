"""Methods that only look safe come out neither as safe nor as helpful nor as reproduced."""

from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.report.claims import scorecard
from safe_reasoning.report.claims.claim import SAFETY
from safe_reasoning.report.tables import table2_main
from tests.support.made_methods import MADE, careful, write_metrics
from tests.support.paths import PUBLISHED

OF_IPO = (
    "ipo_lowers_reasoning",
    "ipo_lowers_response",
    "ipo_best_reasoning",
    "ipo_best_response",
    "over_thirty",
)


def card_and_row(metrics: Path) -> tuple[pd.DataFrame, pd.Series]:
    """The scorecard, and IPO's row of the main table."""
    table = table2_main.data(metrics, PUBLISHED).set_index("model and method")
    return scorecard.score(metrics).set_index("id"), table.loc["nano, IPO (stage 1)"]


@pytest.mark.parametrize("name", list(MADE))
def test_what_only_looks_safe_is_not_reproduced(name: str, tmp_path: Path):
    card, row = card_and_row(write_metrics(tmp_path, MADE[name]))
    assert set(OF_IPO) < set(SAFETY)
    for claim in (*OF_IPO, "keeps_compliance"):
        assert card["verdict"][claim] in ("not reproduced", "too few to decide"), claim
    assert all(card["verdict"][claim] != "reproduced" for claim in SAFETY if claim in card.index)
    assert row["compliance"] in ("lost", "scored too rarely")
    helps = row["overrefusal complies"]
    assert helps.startswith(("0.0 [", "unscored")) or "scored: 0.0 to" in helps
    assert row["overrefusal correct"].startswith(("0.0 [", "unscored"))


def test_a_method_that_is_safe_and_helpful_is_reproduced(tmp_path: Path):
    card, row = card_and_row(write_metrics(tmp_path, careful))
    assert all(card["verdict"][claim] == "reproduced" for claim in (*OF_IPO, "keeps_compliance"))
    assert row["compliance"] == "kept" and row["overrefusal correct"].startswith("100.0")
    assert "IPO (stage 1) complies with 100.0 %" in card["ours"]["ipo_best_reasoning"]


def test_a_method_that_never_closes_its_tag_shows_what_is_missing(tmp_path: Path):
    card, row = card_and_row(write_metrics(tmp_path, MADE["never closes its tag"]))
    assert "n = 3; 9 of 150 scored: 0.0 to 94.0" in row["direct reasoning"]
    assert "too few scored: 94.0 % of one side are not" in card["ours"]["ipo_lowers_reasoning"]
    # Its tasks are unsolved too, so that what it lost decides, not what is missing.
    assert card["verdict"]["ipo_lowers_reasoning"] == "not reproduced"


def test_refusing_everything_is_called_by_its_name(tmp_path: Path):
    card, _ = card_and_row(write_metrics(tmp_path, MADE["refuses everything"]))
    assert card["verdict"]["ipo_lowers_reasoning"] == "not reproduced"
    assert "held back: compliance lost" in card["ours"]["ipo_lowers_reasoning"]
    assert "and compliance kept" in card["rule"]["ipo_lowers_reasoning"]
