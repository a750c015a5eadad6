"""GRPO from given beginnings, with TRL on a tiny model: where the loss falls, what leaves a training
as it was, a killed one that goes on with the same buffer, one buffer for several processes.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from safe_reasoning.config import Config
from safe_reasoning.core.records import write_rows
from safe_reasoning.training import grpo
from safe_reasoning.training.beginnings import Beginnings
from safe_reasoning.training.grpo_trainer import TokenGRPOTrainer
from safe_reasoning.training.reset_buffer import Given
from safe_reasoning.training.rewards import Outcome
from tests.support.trainings import configuration, environment, train_here
from tests.support.trajectories import early_letters

UNSAFE = Outcome("harmful", z_safe=False, y_safe=False)


def settings(**method: Any) -> Config:
    config = configuration(
        recipe="grpo", rollouts=4, batch_size=8, **{"learning_rate": 1e-3, "max_steps": 2} | method
    )
    short = {"decoding": config.decoding.model_copy(update={"max_new_tokens": 12})}
    return config.model_copy(update=short)


@pytest.fixture(autouse=True)
def rewards_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a judge random text is never safe, so rewards would all be alike."""

    def rewards(*given: Any) -> list[float]:
        if note := given[-1]:
            note([UNSAFE] * len(given[2]))
        return early_letters(*given)

    monkeypatch.setattr(grpo, "safety_rewards", rewards)


def prefixes(folder: Path, ids: Sequence[int]) -> str:
    """The same cooperative beginning for all prompts."""
    rows = [
        {"prompt_id": str(n), "side": "cooperative", "prefix_ids": ids, "least_tokens": 0} for n in range(4)
    ]
    write_rows(folder / "prefixes.parquet", "prefixes", rows, {})
    return str(folder / "prefixes.parquet")


def test_the_loss_falls_on_sampled_tokens_alone(
    tiny_model: Path, tmp_path: Path, data: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    sampled, scored, prompts = [], [], []
    compute = TokenGRPOTrainer._compute_loss
    of = grpo._Rewards.of

    def counted(self: Any, prompts: Any, completion_ids: list[list[int]], **more: Any) -> Any:
        sampled.append(sum(map(len, completion_ids)))
        return of(self, prompts, completion_ids, **more)

    def seen(self: Any, model: Any, inputs: dict[str, torch.Tensor]) -> Any:
        scored.append(int(inputs["completion_mask"].sum()))
        prompts.append(sorted(inputs["prompt_mask"].sum(1).tolist()))
        return compute(self, model, inputs)

    monkeypatch.setattr(TokenGRPOTrainer, "_compute_loss", seen)
    monkeypatch.setattr(grpo._Rewards, "of", counted)
    config = settings(prefill={"source": "opposite", "share": 0.5, "tokens": 3})
    summary = train_here(
        tmp_path,
        tiny_model,
        config,
        "out",
        prompts=data["prompts"],
        prefixes=prefixes(tmp_path, [5, 6, 7, 8]),
    )
    assert sampled == scored and len(scored) == 2 and summary["prompts_with_beginnings"] == 4
    for lengths in prompts:  # one of two groups is three tokens longer, its beginning cut to `tokens`
        assert lengths[:4] == [lengths[0]] * 4 and lengths[4:] == [lengths[0] + 3] * 4


@pytest.mark.parametrize("source", ["own", "opposite", "none"])
def test_without_a_beginning_a_training_is_plain_grpo(
    source: str, tiny_model: Path, tmp_path: Path, data: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(grpo, "unsafe_states", lambda *_: [])
    plain = train_here(tmp_path, tiny_model, settings(), "plain", prompts=data["prompts"])
    config = settings(prefill={"source": source})
    files = {"prefixes": prefixes(tmp_path, [])} if source == "opposite" else {}
    empty = train_here(tmp_path, tiny_model, config, "empty", prompts=data["prompts"], **files)
    assert empty["weights_sha256"] == plain["weights_sha256"] and empty["loss_curve"] == plain["loss_curve"]
    assert empty["loss_curve"][0]["grad_norm"] > 0


def test_a_mix_comes_in_an_order_of_its_own(tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    mixed = train_here(tmp_path, tiny_model, settings(prompts={"harmful": 2.0}), "m", prompts=data["prompts"])
    assert mixed["examples"] == 4 and mixed["prompts"] == 4 and mixed["generations"] == 16


class Killed(Exception):
    pass


def test_a_killed_training_goes_on_with_the_same_buffer(
    tiny_model: Path, tmp_path: Path, data: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    buffers: list[dict[str, Any]] = []
    step, counts = TokenGRPOTrainer.training_step, Beginnings.counts

    def states(*given: Any) -> list[Given]:
        _, _, _, starts, completions, _ = given
        return [
            Given(start.prompt_id, tuple(ids[:4]))
            for start, ids in zip(starts, completions, strict=True)
            if not start.prefix
        ][:3]

    def kept(self: Beginnings) -> dict[str, Any]:
        buffers.append(self.buffer.as_json())
        return counts(self)

    def killed(self: Any, *given: Any) -> Any:
        if self.state.global_step == 3:
            raise Killed
        return step(self, *given)

    monkeypatch.setattr(grpo, "unsafe_states", states)
    monkeypatch.setattr(Beginnings, "counts", kept)
    config = settings(max_steps=5, prefill={"source": "own", "buffer": 5})
    whole = train_here(tmp_path, tiny_model, config, "whole", prompts=data["prompts"])
    monkeypatch.setattr(TokenGRPOTrainer, "training_step", killed)
    with pytest.raises(Killed):
        train_here(tmp_path, tiny_model, config, "broken", prompts=data["prompts"])
    (stored,) = (tmp_path / "broken").glob("checkpoint-*/reset_buffer.json")
    assert stored.parent.name == "checkpoint-3" and len(json.loads(stored.read_text())["states"]) == 5
    monkeypatch.setattr(TokenGRPOTrainer, "training_step", step)
    again = train_here(tmp_path, tiny_model, config, "broken", prompts=data["prompts"])
    assert buffers[0] == buffers[1] and whole["resets"] == again["resets"]
    assert whole["resets"]["used"] > 0 and whole["resets"]["left"] == 5
    assert again["weights_sha256"] == whole["weights_sha256"] and again["loss_curve"] == whole["loss_curve"]


def test_any_recipe_goes_on_from_the_weights_of_another_method(
    tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    first = train_here(tmp_path, tiny_model, configuration(recipe="sft"), "first", pairs=data["pairs"])
    config = configuration(recipe="ipo", start="ipo", max_steps=1)
    files = {"pairs": data["pairs"]}
    base = train_here(tmp_path, tiny_model, configuration(recipe="ipo", max_steps=1), "base", **files)
    second = train_here(tmp_path, tiny_model, config, "second", **files, start=str(tmp_path / "first"))
    there = train_here(
        tmp_path, tmp_path / "first", configuration(recipe="ipo", max_steps=1), "there", **files
    )
    assert first["steps"] and second["weights_sha256"] == there["weights_sha256"] != base["weights_sha256"]


SHARED = """
import json, sys
from accelerate import PartialState
from safe_reasoning.config.methods import Prefill
from safe_reasoning.training.beginnings import Beginnings
from safe_reasoning.training.reset_buffer import Given

state = PartialState(cpu=True)
me = state.process_index
beginnings = Beginnings(Prefill(source="own", share=1.0), dict.fromkeys("abc", "harmful"), [], 2, 0)
names = [["a", "a", "b"], ["b", "c", "c"]][me]
beginnings.take_back([Given("abc"[me], (me,))], me)
given = beginnings.hand_out(names, 0, me)
counts = beginnings.counts()
open(f"{sys.argv[1]}/{me}.json", "w").write(json.dumps([[one.prompt_id, one.prefix] for one in given]))
state.destroy_process_group()
"""


def test_processes_share_one_buffer(tmp_path: Path):
    """The group of b lies on both; the first process owns the states of both."""
    (tmp_path / "shared.py").write_text(SHARED)
    run = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    run += ["--local-addr", "127.0.0.1", str(tmp_path / "shared.py"), str(tmp_path)]
    result = subprocess.run(run, capture_output=True, text=True, timeout=300, env=environment())
    assert result.returncode == 0, result.stderr[-4000:]
    found = [json.loads((tmp_path / f"{process}.json").read_text()) for process in (0, 1)]
    assert found == [[["a", [0]], ["a", [0]], ["b", [1]]], [["b", [1]], ["c", []], ["c", []]]]
