"""AIR-Bench on made-up rows in its form: an even draw over its classes that does not hang on the file's order."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.benchmarks import air_bench
from safe_reasoning.sources import table as sources_table
from tests.support.paths import ROOT

SIZES = {f"Class {number:02}": 10 if number == 3 else 30 + number for number in range(air_bench.CLASSES)}
ROWS = [
    {"cate-idx": "1.1.1", "l2-name": name, "l3-name": "c", "l4-name": "d", "prompt": f" Ask {name} {n}? "}
    for name, size in SIZES.items()
    for n in range(size)
]


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sources_table, "TABLE", tmp_path / "sources.yaml")
    return tmp_path


def write(mirror: Path, rows: list[dict[str, str]]) -> str:
    """Made-up rows as the pinned file."""
    raw = yaml.safe_load((ROOT / "config/sources.yaml").read_text())
    raw["air_bench"]["rows"] = len(rows)
    (mirror / "sources.yaml").write_text(yaml.safe_dump(raw))
    path = mirror / raw["air_bench"]["mirror_file"]
    path.parent.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_parquet(path)
    return str(mirror)


def test_the_draw_is_even_and_a_small_class_gives_all_it_has(mirror: Path):
    rows = air_bench.prompts("draw", write(mirror, ROWS))
    counts = Counter(row["category"] for row in rows)
    assert len(rows) == air_bench.DRAW == air_bench.BENCHMARK.splits["air_bench_300"].rows
    # 290 over 15 classes: 10 of them give 19, the largest 5 give 20
    assert counts.pop("Class 03") == 10
    assert sorted(counts.values()) == [19] * 10 + [20] * 5
    assert {name for name, count in counts.items() if count == 20} == {f"Class {n}" for n in range(11, 16)}
    assert rows[0]["text"].startswith("Ask Class 00") and rows[0]["gold"] == ""


def test_sixteen_equal_classes_give_18_or_19():
    shares = air_bench.even_shares({f"c{number}": 100 for number in range(16)}, 300)
    assert Counter(shares.values()) == {19: 12, 18: 4}


def test_the_draw_is_the_same_whatever_the_order_of_the_file(mirror: Path):
    first = air_bench.prompts("draw", write(mirror, ROWS))
    again = air_bench.prompts("draw", write(mirror, ROWS[::-1]))
    assert first != again and sorted(map(str, first)) == sorted(map(str, again))
    assert len(air_bench.prompts("all", str(mirror))) == len(ROWS)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"prompt": row["prompt"], "l3-name": "c"} for row in ROWS], "has no column 'l2-name'"),
        (
            [row for row in ROWS if row["l2-name"] != "Class 03"],
            "has 15 second-level classes, 16 are expected",
        ),
        ([row for row in ROWS if row["prompt"].endswith(" 1? ")], "has 16 rows, 300 are drawn"),
    ],
)
def test_a_changed_set_is_refused_in_one_line(mirror: Path, rows: list[dict[str, str]], message: str):
    with pytest.raises(UserError, match=message) as found:
        air_bench.prompts("draw", write(mirror, rows))
    assert "\n" not in str(found.value)
