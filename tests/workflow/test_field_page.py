"""What docs/results.md says of the field's methods is what the stored comparison measured."""

import re

import pandas as pd

from tests.support.pages import one_line
from tests.support.paths import ROOT

METRICS = ROOT / "results/reference/compare/metrics"
INTERVAL = re.compile(
    r"(\d+\.\d)(?: %| points more| points less| points| more)?(?: of the base's [\d.]+)? \[(-?\d+\.\d), (-?\d+\.\d)\]"
)
ALONE = re.compile(r"(\d+\.\d)(?: %| and [\d.]+ %|, [\d.]+ %)")


def section() -> str:
    return one_line("docs/results.md").split("### The field in this world")[1].split("###")[0]


def stored() -> list[pd.DataFrame]:
    """Tables with intervals, in per cent or points."""
    tables = []
    for name, value in (
        ("matched", "rate"),
        ("rates", "rate"),
        ("reliance", "rate"),
        ("contrasts", "difference"),
        ("matched_differences", "difference"),
    ):
        frame = pd.read_csv(METRICS / f"{name}.csv")
        tables.append((100 * frame[[value, "low", "high"]]).set_axis(["value", "low", "high"], axis=1))
    return tables


def rounded(*numbers: float) -> tuple[str, ...]:
    return tuple(f"{number:.1f}" for number in numbers)


def test_every_number_with_an_interval_is_stored():
    said = INTERVAL.findall(section())
    assert len(said) == len(re.findall(r"\[-?\d+\.\d,", section())) > 20
    frame = pd.concat(stored())
    known = {rounded(*row) for row in frame.to_numpy()} | {
        rounded(-value, -high, -low) for value, low, high in frame.to_numpy()
    }
    assert [numbers for numbers in said if numbers not in known] == []


def test_every_share_is_stored():
    said = ALONE.findall(section())
    assert len(said) > 20
    tables = [pd.read_csv(path).select_dtypes("number") for path in METRICS.glob("*.csv")]
    known = {
        rounded(100 * abs(value))[0]
        for frame in tables
        for value in frame.to_numpy().ravel()
        if value == value
    }
    assert [number for number in said if number not in known] == []
