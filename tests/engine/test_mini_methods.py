"""The related methods of config/mini.yaml on requests without gold: their rows come out, and train."""

import importlib
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from safe_reasoning.config import Config, load
from safe_reasoning.core.files import read_json, write_json
from safe_reasoning.core.records import write_rows
from safe_reasoning.core.trace import RESET_TAG
from safe_reasoning.judging.detectors.lexical import LexicalCueDetector
from safe_reasoning.judging.judges.lexical import LexicalJudge
from safe_reasoning.judging.verdicts import judge_generations
from safe_reasoning.pairs.intervened import intervened_pairs, rollout_requests
from safe_reasoning.pairs.material import Material
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.prompts import placeholder_traces as words
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request, load_tokenizer, row
from safe_reasoning.training.common import Task
from safe_reasoning.training.train import train
from tests.support.paths import ROOT

SAMPLES = 8
TRIGGERS = [{"label": f"T{n}", "text": text} for n, text in enumerate(words.TRIGGERS["rule"][1])]
SAFE_END = f" {words.COMMITMENTS[0]}\n</think>"


@dataclass
class Sampler:
    """In place of an engine: a whole placeholder trace where nothing is given, else a safe end of it."""

    tokenizer: Any
    reasoning_only: bool = False

    def __call__(self, requests: list[Request], label: str) -> list[dict[str, Any]]:
        return [row(one, self._ids(one), "stop", self.tokenizer) for one in requests]

    def _ids(self, request: Request) -> list[int]:
        given, rng = self.tokenizer.decode(request.given_ids), random.Random(request.generation_id)
        if not given and "harmful" in request.prompt_id:
            text = words.harmful_request_trace("", rng).completion
        elif not given:
            text = words.benign_request_trace(rng).completion
        else:
            text = "" if "</think>" in given else SAFE_END
            text += "" if self.reasoning_only else f"\n{words.REFUSALS[0]}"
        found: list[int] = self.tokenizer.encode(text, add_special_tokens=False)
        return found


@pytest.fixture(scope="module")
def config() -> Config:
    return checked(load(ROOT / "config/mini.yaml"))


@pytest.fixture(scope="module")
def files(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Prompts, rollouts, verdicts, pairs and triggers."""
    folder, tokenizer = tmp_path_factory.mktemp("mini"), load_tokenizer(tiny_model)
    prompts = [
        {
            "prompt_id": f"align_{label}-{number:03d}", "prompt_set": f"align_{label}", "role": f"align_{label}",
            "category": "", "text": f"Request {number}.", "request": f"Request {number}.", "gold": "",
        }
        for label, count in (("harmful", 12), ("benign", 6)) for number in range(count)
    ]  # fmt: skip
    by_id = {one["prompt_id"]: one for one in prompts}
    ids = {name: prompt_ids(tokenizer, one["text"]) for name, one in by_id.items()}
    requests = [
        Request(f"{name}.{n}", name, one["prompt_set"], n, 0, ids[name])
        for name, one in by_id.items()
        for n in range(SAMPLES)
    ]
    rollouts = Sampler(tokenizer)(requests, "rollouts")
    harmful = [one for one in prompts if one["role"] == "align_harmful"]
    attempts = Sampler(tokenizer)(rollout_requests(harmful, ids, TRIGGERS), "pairs")
    judge = LexicalJudge()
    pairs = intervened_pairs(
        attempts, TRIGGERS, Sampler(tokenizer, reasoning_only=True), tokenizer, LexicalCueDetector(), judge, by_id, 1, False
    )  # fmt: skip
    made = {
        "prompts": ("prompts", prompts),
        "rollouts": ("generations", rollouts),
        "verdicts": ("verdicts", judge_generations(judge, by_id, rollouts)),
        "pairs": ("pairs", pairs.rows),
    }
    for name, (schema, rows) in made.items():
        write_rows(folder / f"{name}.parquet", schema, rows, {})
    write_json(folder / "triggers.json", {"triggers": TRIGGERS})
    return {name: str(folder / f"{name}.parquet") for name in made} | {
        "triggers": str(folder / "triggers.json")
    }


@pytest.mark.parametrize(
    ("method", "labels"),
    [
        ("tempted_masked", {"harmful", "benign"}),
        ("thinksafe_own", {"harmful", "benign"}),
        ("realsafe_own", {"harmful"}),
        ("safb_own", {"harmful"}),
        ("backtrack_built", {"harmful", "benign"}),
    ],
)
def test_rows_come_out_and_train(
    config: Config, files: dict[str, str], tiny_model: Path, tmp_path: Path, method: str, labels: set[str]
):
    name = config.methods[method].demonstrations
    assert name is not None
    made = Material(config, name, tiny_model, [files["prompts"]], files, tmp_path / "shards")
    made.__dict__["sampler"] = Sampler(made.tokenizer)
    builder = importlib.import_module(f"safe_reasoning.pairs.demonstrations.{made.settings.kind}")
    found = builder.build(made)
    assert {row["label"] for row in found.rows} == labels
    harmful = [row for row in found.rows if row["label"] == "harmful"]
    assert len(harmful) > 4, found.counts
    if method == "safb_own":  # what is learned begins with the self-check
        learned = [made.tokenizer.decode(row["completion_ids"][row["loss_from"] :]) for row in harmful]
        assert all(text.strip().startswith(tuple(words.LATE_TRIGGERS)) for text in learned)
    write_rows(tmp_path / "rows.parquet", "demonstrations", found.rows, {})
    if method not in ("tempted_masked", "backtrack_built"):  # the others train by the same code
        return
    short = config.methods[method].model_copy(update={"max_steps": 2})
    short_run = config.model_copy(update={"methods": config.methods | {method: short}})
    task = Task(short_run, "smollm2", method, 0, tiny_model, tmp_path / "out")
    train(task, {"demonstrations": str(tmp_path / "rows.parquet")}, [])
    assert read_json(tmp_path / "out/training.json")["steps"] == 2
    tokens = load_tokenizer(tmp_path / "out").get_vocab()
    assert (RESET_TAG in tokens) == (method == "backtrack_built")
