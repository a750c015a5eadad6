"""SafeKey's losses as on many GPUs: on two CPU processes under ZeRO-2 and ZeRO-3."""

from pathlib import Path

import pytest

from safe_reasoning.core.records import write_rows
from tests.support.paths import ROOT
from tests.support.trainings import configuration, make_pairs, train, train_here

SETTINGS = {
    "recipe": "safekey_built",
    "demonstrations": "understood",
    "mix": {"harmful": 0.5, "benign": 0.5},
    "safekey": {"last_share": 0.67},
    "max_steps": 3,
    "batch_size": 8,
}
MANY = {"processes": 2, "micro_batch_size": 1, "gradient_checkpointing": True}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> str:
    """All rows of a step; three have spans, so that one of two processes has more of them."""
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    made = [
        {
            "prompt_id": f"p{i}",
            "prompt_ids": pair["prompt_ids"],
            "completion_ids": pair["chosen_ids"],
            "source": "x",
            "label": ("harmful", "benign")[i % 2],
            "spans": {"understanding": [0, 2], "key": [2, 4]} if i in (0, 3, 4) else None,
        }
        for i, pair in enumerate(make_pairs(8, 300))
    ]
    write_rows(path, "demonstrations", made, {})
    return str(path)


@pytest.fixture(scope="module")
def one(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory, rows: str) -> list[float]:
    """The losses of one process in float32."""
    folder = tmp_path_factory.mktemp("one")
    return losses(train_here(folder, tiny_model, configuration(**SETTINGS), "out", demonstrations=rows))


def losses(summary: dict) -> list[float]:
    return [point["loss"] for point in summary["loss_curve"]]


@pytest.mark.parametrize(("stage", "precision"), [(2, "float32"), (3, "bfloat16")])
def test_processes_of_which_some_have_no_spans_have_the_losses_of_one(
    stage: int, precision: str, tiny_model: Path, tmp_path: Path, rows: str, one: list[float]
):
    zero = {"deepspeed": str(ROOT / f"config/deepspeed/zero{stage}.json"), "precision": precision}
    config = configuration(**SETTINGS, **MANY, **zero)
    found = train(tmp_path, tiny_model, config, "out", "--demonstrations", rows)
    tolerance = {"float32": 3e-4, "bfloat16": 1e-2}[precision]
    assert len(one) == 3 and losses(found) == pytest.approx(one, rel=tolerance)
