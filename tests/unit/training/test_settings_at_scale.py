"""Settings that no run on a CPU shows: GRPO under vLLM, memory shares, several processes, KL of large models."""

import importlib.util
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from safe_reasoning.config import Engine
from safe_reasoning.core import products
from safe_reasoning.core.errors import UserError
from safe_reasoning.evaluation import kl
from safe_reasoning.judging.judges.exact import ExactJudge
from safe_reasoning.sampling import engine as sampling_engine
from safe_reasoning.training import common, grpo
from safe_reasoning.training.arguments import training_arguments
from safe_reasoning.training.common import Task
from tests.support.paths import ROOT
from tests.support.trainings import PROMPT, configuration


class Stopped(Exception):
    pass


def grpo_arguments(base: Path, monkeypatch: pytest.MonkeyPatch, prompts: int, **method: Any) -> Any:
    """The arguments that GRPO's trainer gets for so many prompts; the longest has 30 tokens."""
    found: list[Any] = []

    def caught(**given: Any) -> Any:
        found.append(given["args"])
        raise Stopped

    (base / "config.json").write_text('{"vocab_size": 300}')
    monkeypatch.setattr(grpo, "TokenGRPOTrainer", caught)
    monkeypatch.setattr(grpo, "tokenizer_of", lambda folder: None)
    monkeypatch.setattr(grpo, "get_judge", lambda name, config: ExactJudge())
    monkeypatch.setattr(grpo, "prompt_ids", lambda tokenizer, text: [1] * len(text))
    rows = [PROMPT | {"prompt_id": str(n), "text": "x" * (30 if n == 1 else 20)} for n in range(prompts)]
    config = configuration(recipe="grpo", **method)
    with pytest.raises(Stopped):
        grpo.train_grpo(Task(config, "nano", "m", 0, base, base), rows)
    return found[0], config


def test_grpo_under_vllm_weighs_tokens_and_fits_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    arguments, config = grpo_arguments(tmp_path, monkeypatch, 4, rollouts=4, batch_size=8)
    assert arguments.vllm_importance_sampling_mode == "token_truncate"
    assert arguments.vllm_max_model_length == 30 + config.decoding.max_new_tokens
    assert arguments.vllm_gpu_memory_utilization == config.engine.grpo_memory_share == 0.3


def test_grpo_has_trl_s_defaults_and_can_leave_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    given = {"loss_type": "grpo", "kl_beta": 0.1, "epsilon_high": 0.28}
    plain, _ = grpo_arguments(tmp_path, monkeypatch, 4, rollouts=4, batch_size=8)
    trl = grpo.GRPOConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False)
    names = ("loss_type", "beta", "epsilon", "epsilon_high", "scale_rewards", "shuffle_dataset")
    assert [getattr(plain, name) for name in names] == [getattr(trl, name) for name in names]
    changed, _ = grpo_arguments(tmp_path, monkeypatch, 4, rollouts=4, batch_size=8, **given)
    assert (changed.loss_type, changed.beta, changed.epsilon_high) == ("grpo", 0.1, 0.28)


def test_a_beginning_has_room_under_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    prefill = {"source": "opposite", "tokens": 50}
    arguments, config = grpo_arguments(tmp_path, monkeypatch, 4, rollouts=4, batch_size=8, prefill=prefill)
    assert arguments.vllm_max_model_length == 30 + 50 + config.decoding.max_new_tokens


def test_grpos_schedule_counts_completions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """1,000 prompts of 8 rollouts, 5 epochs, 128 completions a step: 312 steps."""
    arguments, _ = grpo_arguments(tmp_path, monkeypatch, 1000, rollouts=8, batch_size=128, epochs=5)
    assert arguments.warmup_steps == int(0.05 * 312) == 15
    assert 5 <= 312 / arguments.save_steps <= 7


def test_a_share_of_memory_is_that_of_all_engines_of_a_job():
    engine = Engine(name="vllm", gpu_memory_share=0.9)
    assert engine.shared_by(1).gpu_memory_share == 0.9
    assert engine.shared_by(2).gpu_memory_share == 0.45


def test_a_judge_inside_grpo_takes_no_more_than_grpos_own_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Else a judge with weights would take 0.9 of the GPU that is trained on."""
    given: list[float] = []
    config = configuration(recipe="grpo")
    config = config.model_copy(update={"engine": Engine(gpu_memory_share=0.9, grpo_memory_share=0.2)})
    monkeypatch.setattr(
        grpo, "get_judge", lambda name, config: given.append(config.engine.gpu_memory_share) or ExactJudge()
    )
    grpo._Rewards(Task(config, "nano", "m", 0, tmp_path, tmp_path), None, {})
    assert given == [0.2]


def test_lora_holds_its_frozen_weights_in_the_arithmetic_of_the_training(tmp_path: Path):
    def dtype(**method: Any) -> str:
        task = Task(configuration(**method), "nano", "m", 0, tmp_path, tmp_path)
        return training_arguments(task, 8)["model_init_kwargs"]["dtype"]

    assert dtype(lora_rank=2, precision="bfloat16") == "bfloat16"
    assert dtype(lora_rank=2, precision="float32") == dtype(precision="bfloat16") == "float32"


def test_every_process_waits_before_it_looks_for_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    order: list[str] = []

    def noted(name: str) -> Any:
        return lambda *_: order.append(name)

    def train(resume_from_checkpoint: Any) -> None:
        raise Stopped

    monkeypatch.setattr(common, "last_checkpoint", noted("look"))
    accelerator = SimpleNamespace(wait_for_everyone=noted("wait"))
    trainer = SimpleNamespace(
        accelerator=accelerator, remove_callback=noted("-"), add_callback=noted("+"), train=train
    )
    with pytest.raises(Stopped):
        common.run(trainer, Task(configuration(), "nano", "m", 0, tmp_path, tmp_path), None, lambda _: {})
    assert [name for name in order if name not in "+-"] == ["wait", "look"]


@pytest.mark.parametrize(("one_by_one", "models"), [(False, 2), (True, 1)])
def test_the_kl_of_many_methods_holds_two_models_at_a_time_or_one(
    one_by_one: bool, models: int, monkeypatch: pytest.MonkeyPatch
):
    class States:
        def __init__(self, *given: Any) -> None:
            pass

        def kl_from(self, aligned: Any) -> list[Any]:
            return []

    class Model:
        pass

    alive: weakref.WeakSet[Model] = weakref.WeakSet()
    most = 0

    def load(folder: Path, dtype: str) -> Model:
        nonlocal most
        model = Model()
        alive.add(model)
        most = max(most, len(alive))
        return model

    spec = importlib.util.spec_from_file_location("measure_kl", ROOT / "scripts/measure_kl.py")
    assert spec and spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    config = configuration()
    evaluate = config.evaluate.model_copy(update={"kl_one_by_one": one_by_one})
    monkeypatch.setattr(script, "load", lambda path: config.model_copy(update={"evaluate": evaluate}))
    monkeypatch.setattr(kl, "StatesOfBase", States)
    monkeypatch.setattr(script, "read_rows", lambda *_: [])
    monkeypatch.setattr(script, "write_metrics", lambda *_: None)
    monkeypatch.setattr(products, "use_threads", lambda threads: None)
    monkeypatch.setattr(sampling_engine, "load_tokenizer", lambda folder: None)
    monkeypatch.setattr(kl, "harmful_reasonings", lambda *_: [([1], [2])])
    monkeypatch.setattr(kl, "load_weights", load)
    monkeypatch.setattr(kl, "kl_by_token", lambda *_: None)
    monkeypatch.setattr(kl, "kl_curve", lambda *_: [])
    trained = [f"results/r/models/nano/{name}/seed0/training.json" for name in ("ipo", "sft", "grpo_zy")]
    options = ["--config", "c", "--model", "nano", "--base", "b", "--generations", "g", "--verdicts", "v"]
    monkeypatch.setattr(sys, "argv", ["measure_kl.py", *options, "--out", "o", "--trained", *trained])
    script.main()
    assert most == models


def test_capability_prompts_of_a_scorer_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "config.json").write_text('{"vocab_size": 300}')
    monkeypatch.setitem(PROMPT, "role", "align_capability")
    monkeypatch.setitem(PROMPT, "gold", '{"scorer": "math", "answer": "1"}')
    monkeypatch.setattr(grpo, "tokenizer_of", lambda folder: None)
    monkeypatch.setattr(grpo, "prompt_ids", lambda tokenizer, text: [1])
    config = configuration(recipe="grpo", prompts={"harmful": 1})
    method = config.methods["m"].model_copy(update={"prompts": {"capability": 1.0}})
    config = config.model_copy(update={"methods": {"m": method}})
    with pytest.raises(UserError, match="no scorer for capability prompts: leave them out") as caught:
        grpo.train_grpo(Task(config, "nano", "m", 0, tmp_path, tmp_path), [PROMPT | {"text": "x"}])
    assert "\n" not in str(caught.value)
