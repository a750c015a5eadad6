"""The trainings of the third stage as processes: each runs scripts/train_method.py as the workflow
does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from safe_reasoning.core.files import read_json, write_bytes
from safe_reasoning.core.records import write_rows
from safe_reasoning.gpu_check import material
from safe_reasoning.gpu_check.settings import TrainingSize
from safe_reasoning.gpu_check.stages import Places
from safe_reasoning.sampling.engine import load_tokenizer

ROOT = Path(__file__).resolve().parents[3]
COMPLETION = 64  # tokens of a GRPO completion


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes:
        name: of its folder and its configuration. The method in there has the name of its recipe,
            since the order of the examples comes from that name.
        settings: of the method, beside those that all have.
        data: options of scripts/train_method.py.
        after: training that must have ended before.
    """

    name: str
    settings: Mapping[str, Any]
    data: tuple[str, ...] = ()
    after: str = ""

    @property
    def method(self) -> str:
        """The method's name."""
        return str(self.settings["recipe"])


@dataclass(frozen=True)
class Folder:
    """Folder of the trainings, with their data and configurations, and the base model's."""

    path: Path
    base: Path

    def configuration(self, name: str) -> Path:
        """The configuration of a training."""
        return self.path / f"{name}.yaml"


def planned(size: TrainingSize, folder: Folder, cuda: bool) -> list[Training]:
    """All trainings, those that others wait for first."""
    pairs = ("--pairs", str(folder.path / "pairs.parquet"))
    benign = ("--benign-pairs", str(folder.path / "benign.parquet"))
    stage1 = ("--stage1", str(folder.path / "ipo"))
    prompts = ("--prompts", str(folder.path / "prompts.parquet"))
    plain = {"gradient_checkpointing": False}
    grpo = {"recipe": "grpo", "rollouts": 4, "max_steps": size.grpo_steps, **plain}
    found = [
        Training("ipo", {"recipe": "ipo", **plain}, pairs),
        Training("ipo_stage2", {"recipe": "ipo_stage2", **plain}, (*pairs, *benign, *stage1), "ipo"),
        Training("sft", {"recipe": "sft", **plain}, pairs),
        Training("grpo", grpo, prompts),
        Training("checkpointed", {"recipe": "ipo", "gradient_checkpointing": True}, pairs),
    ]
    if cuda:
        found += [
            Training(f"{one.name}_bfloat16", {**one.settings, "precision": "bfloat16"}, one.data, one.after)
            for one in found[:4]
        ]
    if size.deepspeed:
        for stage in (2, 3):
            deepspeed = {"deepspeed": str(ROOT / f"config/deepspeed/zero{stage}.json")}
            found.append(Training(f"zero{stage}", {"recipe": "ipo", **plain, **deepspeed}, pairs))
    return found


def prepare(size: TrainingSize, places: Places) -> Folder:
    """Write data and configurations of the trainings into the work folder."""
    folder = Folder(places.work / "training", material.model_folder("nano", places))
    tokenizer = load_tokenizer(folder.base)
    count = 4 * size.batch_size
    write_rows(folder.path / "pairs.parquet", "pairs", material.intervened_pairs(tokenizer, count), {})
    write_rows(folder.path / "benign.parquet", "pairs", material.benign_pairs(tokenizer, count), {})
    write_rows(folder.path / "prompts.parquet", "prompts", material.prompt_rows(count), {})
    everything = planned(size, folder, cuda=True)
    for training in [*everything, Training("resumed", everything[0].settings)]:
        config = _configuration(size, training)
        write_bytes(folder.configuration(training.name), yaml.safe_dump(config).encode())
    return folder


def _configuration(size: TrainingSize, training: Training) -> dict[str, Any]:
    common = {
        "learning_rate": 1e-4,
        "batch_size": size.batch_size,
        "max_steps": size.steps,
        "precision": "float32",
    }
    config: dict[str, Any] = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
    methods = {"ipo": {**common, "recipe": "ipo"}, training.method: {**common, **training.settings}}
    config |= {"run": "gpu_check", "methods": methods, "evaluate": {"judge": "exact"}}
    config["engine"] = {"name": "transformers", "dtype": "float32", "max_model_len": 512, "threads": 1}
    config["decoding"] = {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": COMPLETION}
    config["models"]["nano"] |= {"documents": size.nano_documents, "threads": 1}
    return config


def command(folder: Folder, training: Training) -> list[str]:
    """The call of the training script."""
    return [
        sys.executable,
        str(ROOT / "scripts/train_method.py"),
        *("--config", str(folder.configuration(training.name)), "--model", "nano"),
        *("--method", training.method, "--seed", "0", "--base", str(folder.base)),
        *(*training.data, "--out", str(folder.path / training.name)),
    ]


def environment(places: Places) -> dict[str, str]:
    """Of the processes: the library's source, this environment's programs, no GPU on the CPU.

    Trainings meet on the loopback device, the one that a machine without a network has.
    """
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    source = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if places.device == "cpu" else {}
    meeting = {"NCCL_SOCKET_IFNAME": "lo", "GLOO_SOCKET_IFNAME": "lo"}
    own = {"PATH": path, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    return {**os.environ, **meeting, **own, **hidden}


def train(folder: Folder, training: Training, places: Places) -> dict[str, Any]:
    """Train to the end.

    Returns:
        Content of training.json, and the seconds of the whole process.
    """
    begin = time.perf_counter()
    done = subprocess.run(
        command(folder, training), env=environment(places), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{training.name} ended with code {done.returncode}: {done.stderr[-1500:]}")
    summary: dict[str, Any] = read_json(folder.path / training.name / "training.json")
    return {**summary, "process_seconds": round(time.perf_counter() - begin, 1)}


def kill_after_checkpoint(folder: Folder, training: Training, places: Places) -> bool:
    """Start a training and kill it when its first checkpoint is whole.

    Returns:
        Whether it was killed before its end.
    """
    out = folder.path / training.name
    process = subprocess.Popen(
        command(folder, training),
        env=environment(places),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not list(out.glob("checkpoint-*/trainer_state.json")):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return bool(list(out.glob("checkpoint-*"))) and not (out / "training.json").exists()
