"""Cells of the grid of corrected traces that must be the same trainings are, with real trainings."""

from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_rows
from tests.support.trainings import configuration, make_pairs, train_here, write_data

METHOD = {"max_steps": 3, "learning_rate": 1e-3}


def rows(loss_on: str, number: int = 8) -> list[dict]:
    """Pairs as the demonstrations that `corrected` makes of them."""
    made = []
    for pair in make_pairs(number, 300):
        cut = len(pair["prompt_ids"]) - pair["prefix_tokens"]
        prefix = pair["prompt_ids"][cut:]
        made.append(
            {
                "prompt_id": pair["prompt_id"],
                "prompt_ids": pair["prompt_ids"][:cut],
                "completion_ids": prefix + pair["chosen_ids"],
                "rejected_ids": prefix + pair["rejected_ids"],
                "loss_from": len(prefix) if loss_on == "after" else 0,
                "source": "corrected",
                "label": "harmful",
            }
        )
    return made


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    for loss_on in ("after", "whole"):
        write_rows(tmp_path / f"{loss_on}.parquet", "demonstrations", rows(loss_on), {})
    write_rows(tmp_path / "eight.parquet", "pairs", make_pairs(8, 300), {})
    return {name: str(tmp_path / f"{name}.parquet") for name in ("after", "whole", "eight")}


def losses(summary: dict) -> list[float]:
    return [point["loss"] for point in summary["loss_curve"]]


def test_dpo_after_the_cut_is_ipo_and_on_whole_traces_the_same_without_the_nll(
    tiny_model: Path, tmp_path: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    # Each kind of data has its own order; here they shall have the same
    monkeypatch.setattr("safe_reasoning.training.common.derive_seed", lambda *names: 0)

    def trained(name: str, data: str, **method: object) -> dict:
        config = configuration(**METHOD, **method)
        argument = "pairs" if data == "eight" else "demonstrations"
        return train_here(tmp_path, tiny_model, config, name, **{argument: files[data]})

    on = {"recipe": "dpo_on", "demonstrations": "corrected"}
    ipo, same = trained("ipo", "eight"), trained("on_after", "after", **on)
    assert ipo["weights_sha256"] == same["weights_sha256"]
    plain = [trained(f"plain_{loss_on}", loss_on, **on, nll_weight=0.0) for loss_on in ("after", "whole")]
    assert losses(plain[0]) == pytest.approx(losses(plain[1]), abs=1e-5)
    with_nll = trained("nll_whole", "whole", **on)
    assert with_nll["weights_sha256"] != same["weights_sha256"]
    assert abs(losses(with_nll)[1] - losses(same)[1]) > 1e-3


def test_sft_after_the_cut_is_sft_and_not_sft_on_whole_traces(
    tiny_model: Path, tmp_path: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("safe_reasoning.training.common.derive_seed", lambda *names: 0)
    sft = train_here(tmp_path, tiny_model, configuration(recipe="sft", **METHOD), "sft", pairs=files["eight"])
    config = configuration(recipe="sft_on", demonstrations="corrected", **METHOD)
    after, whole = (
        train_here(tmp_path, tiny_model, config, name, demonstrations=files[name])
        for name in ("after", "whole")
    )
    assert sft["weights_sha256"] == after["weights_sha256"] != whole["weights_sha256"]
    assert whole["labels"]["harmful"] == after["labels"]["harmful"] + 8 * 3


def test_rows_without_a_rejected_side_are_no_preferences(tiny_model: Path, tmp_path: Path):
    data = write_data(tmp_path)["demonstrations"]
    config = configuration(recipe="dpo_on", demonstrations="corrected", **METHOD)
    with pytest.raises(UserError, match="m: corrected holds nothing to turn away from"):
        train_here(tmp_path, tiny_model, config, "none", demonstrations=data)
