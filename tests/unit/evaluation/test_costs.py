"""Costs: pairs by seed, and seconds of the steps of a run."""

from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_json
from safe_reasoning.evaluation.costs import pair_counts
from safe_reasoning.evaluation.steps import step_of, steps


def test_pairs_that_each_seed_has_anew_are_told_apart():
    files = {"natural": {"schema": "pairs", "source": "natural", "rows": 5}}
    files |= {
        f"overrefusal_seed{seed}": {"schema": "pairs", "source": "overrefusal", "rows": 3 + seed}
        for seed in (0, 1)
    }
    found = [(row["source"], row["seed"], row["pairs"]) for row in pair_counts(files)]
    assert found == [("natural", "", 5), ("overrefusal", "0", 3), ("overrefusal", "1", 4)]


def test_steps_add_up_files_of_one_kind(tmp_path: Path):
    write_json(tmp_path / "models/m/base/training.json", {"seconds": 10.0})
    for method, seconds in (("ipo", 2.0), ("sft", 3.0)):
        write_json(
            tmp_path / f"models/m/{method}/seed0/training.json", {"seconds": seconds, "generations": 5}
        )
    write_json(
        tmp_path / "pairs/m/natural.parquet.meta.json", {"sampling_seconds": 1.5, "generated_tokens": 7}
    )
    files = [*sorted(tmp_path.rglob("training.json")), tmp_path / "pairs/m/natural.parquet"]
    found = {row["step"]: row for row in steps(files)}
    assert found["training"] == {
        "step": "training",
        "files": 2,
        "generations": 10,
        "generated_tokens": 0,
        "seconds": 5.0,
    }
    assert found["base model"]["seconds"] == 10.0 and found["pairs"]["generated_tokens"] == 7
    with pytest.raises(UserError, match="belongs to no step"):
        step_of(tmp_path / "other.parquet")
