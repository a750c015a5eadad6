"""Small trainings by the project's script, and the rows they learn from."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import yaml

from safe_reasoning.config import Config, validate
from safe_reasoning.core.records import write_rows
from tests.support.paths import ROOT, TINY

PROMPT = {
    "prompt_id": "p",
    "prompt_set": "direct",
    "role": "safety",
    "gold": json.dumps({"restricted": True}),
}


def configuration(**method: object) -> Config:
    """The tiny configuration with one method `m` (and ipo)."""
    settings = {"recipe": "ipo", "learning_rate": 1e-3, "batch_size": 4, **method}
    methods = {"ipo": {"recipe": "ipo", "learning_rate": 1e-3}, "m": settings}
    return validate(yaml.safe_load(TINY.read_text()) | {"methods": methods}, "test")


def make_pairs(number: int, vocabulary: int, seed: int = 0) -> list[dict]:
    """Random pairs with a shared reasoning prefix of 3 tokens."""
    rng = random.Random(seed)

    def ids(count: int) -> list[int]:
        return [rng.randrange(10, vocabulary) for _ in range(count)]

    return [
        {
            "pair_id": str(i),
            "prompt_id": str(i),
            "prompt_ids": ids(8),
            "prefix_tokens": 3,
            "chosen_ids": [5, *ids(rng.randrange(4, 9))],
            "rejected_ids": [6, *ids(rng.randrange(4, 9))],
            "trigger": "t",
            "cue": "c",
            "rounds": 1,
            "source": "intervened",
        }
        for i in range(number)
    ]


def make_groups(number: int, vocabulary: int, size: int = 3, seed: int = 0) -> list[dict]:
    """Random groups of completions, the first the safest, and half as many benign rows."""
    rng = random.Random(seed)

    def row(name: str, label: str, count: int) -> dict:
        completions = [
            [rng.randrange(10, vocabulary) for _ in range(rng.randrange(5, 9))] for _ in range(count)
        ]
        scores = [5.0, *[1.0 + i % 2 for i in range(count - 1)]] if label == "harmful" else []
        return {
            "prompt_id": name,
            "label": label,
            "prompt_ids": [rng.randrange(10, vocabulary) for _ in range(6)],
            "completions": completions,
            "reasoning_ends": [rng.randrange(2, len(ids)) for ids in completions],
            "reasoning_scores": scores,
            "response_scores": scores,
        }

    harmful = [row(f"h{i}", "harmful", size) for i in range(number)]
    return [*harmful, *(row(f"b{i}", "benign", 1) for i in range(number // 2))]


def write_data(folder: Path) -> dict[str, str]:
    """Files of every kind of training row: 16 pairs, 16 demonstrations, 8 groups of 3, 4 benign rows, 4 prompts."""
    pairs = make_pairs(16, 300)
    write_rows(folder / "pairs.parquet", "pairs", pairs, {})
    rows = [
        {
            "prompt_id": "p",
            "prompt_ids": pair["prompt_ids"],
            "completion_ids": pair["chosen_ids"],
            "source": "x",
        }
        for pair in pairs
    ]
    write_rows(folder / "demonstrations.parquet", "demonstrations", rows, {})
    write_rows(folder / "groups.parquet", "groups", make_groups(8, 300), {})
    text = {"category": "", "text": "hello", "request": "hello"}
    prompt = PROMPT | text | {"prompt_set": "a", "role": "align_harmful"}
    prompts = [prompt | {"prompt_id": str(i)} for i in range(4)]
    write_rows(folder / "prompts.parquet", "prompts", prompts, {})
    return {
        name: str(folder / f"{name}.parquet") for name in ("pairs", "demonstrations", "groups", "prompts")
    }


def command(folder: Path, base: Path, config: Config, out: str, *options: str) -> list[str]:
    """A call of the training script for method `m`."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    script = [sys.executable, str(ROOT / "scripts/train_method.py")]
    script += ["--config", str(folder / "config.yaml"), "--model", "nano", "--method", "m"]
    script += ["--seed", "0", "--base", str(base), *options, "--out", str(folder / out)]
    return script


def environment() -> dict[str, str]:
    """The variables of a training: this checkout's package, one thread."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT / "src"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


def train(folder: Path, base: Path, config: Config, out: str, *options: str) -> dict:
    """Train method `m` by its script and give its training.json."""
    call = command(folder, base, config, out, *options)
    result = subprocess.run(call, capture_output=True, text=True, timeout=400, env=environment())
    assert result.returncode == 0, result.stderr[-12000:]
    return json.loads((folder / out / "training.json").read_text())


def train_here(folder: Path, base: Path, config: Config, out: str, **files: str) -> dict:
    """As `train`, but in this process, which is faster: no second import of TRL."""
    from safe_reasoning.training.common import Task
    from safe_reasoning.training.train import train as train_task

    prompts = [files.pop("prompts")] if "prompts" in files else []
    task = Task(config, "nano", "m", 0, base, folder / out)
    train_task(task, dict(files), prompts)
    return json.loads((folder / out / "training.json").read_text())
