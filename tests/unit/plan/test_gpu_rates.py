"""The plan with the rates of the GPU check."""

import json
from pathlib import Path

import pytest

from safe_reasoning.config import load as load_config
from safe_reasoning.core.errors import UserError
from safe_reasoning.plan.measured_rates import measured_rates
from tests.support.paths import ROOT


def rates_file(folder: Path, **changes: object) -> Path:
    measured: dict[str, object] = {"card": "Some GPU", "engine": "transformers", "widths divided by": 1}
    for shape, factor in (("x", 1), ("y", 3)):
        measured[f"{shape}: sampling by batch size"] = {
            "128": {"fits": True, "tokens_per_second": 10.0 * factor},
            "256": {"fits": True, "tokens_per_second": 100.0 * factor},
            "512": {"fits": False},
        }
        for length, speed in ((2048, 40.0), (8192, 20.0)):
            measured[f"{shape}: training at {length} tokens, whole model"] = {
                "tokens_per_second": speed * factor
            }
    content = {"stage": "rates", "device": "cuda", "measured": measured} | changes
    (folder / "rates.json").write_text(json.dumps(content))
    return folder / "rates.json"


def test_the_plan_takes_the_rates_and_says_what_they_were_measured_on(tmp_path: Path):
    config = load_config(ROOT / "config/paper.yaml")
    used = measured_rates(config, rates_file(tmp_path))
    assert used.config.plan.generation_tokens_per_gpu_second == pytest.approx(
        150
    )  # harmonic mean of 100 and 300
    assert used.config.plan.training_tokens_per_gpu_second == pytest.approx(60)
    assert "Some GPU" in used.generation and "256 sequences" in used.generation
    assert "vllm, which was not measured" in used.generation and "2048 tokens" in used.training
    assert measured_rates(config, tmp_path) == used, "the folder does as well"
    half = measured_rates(config, rates_file(tmp_path, measured={"widths divided by": 1}))
    assert (
        half.config.plan == config.plan and half.training == half.generation == "the configuration's estimate"
    )
    for trial in ({"device": "cpu"}, {"stage": "engine"}, {"measured": {"widths divided by": 32}}):
        with pytest.raises(UserError, match="no rates of a GPU"):
            measured_rates(config, rates_file(tmp_path, **trial))
    assert measured_rates(config, None).training == "the configuration's estimate"
