"""Third stage: every kind of training, against the recorded runs of the CPU and each other."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from safe_reasoning.core.files import read_json
from safe_reasoning.gpu_check import trainings
from safe_reasoning.gpu_check.record import Record, compare, furthest
from safe_reasoning.gpu_check.settings import Settings
from safe_reasoning.gpu_check.stages import Places
from safe_reasoning.gpu_check.trainings import Folder, Training

RECORDED = ("ipo", "ipo_stage2", "sft")


def run(record: Record, settings: Settings, places: Places) -> None:
    """All trainings side by side, then what compares them, then log-probabilities and KL."""
    size = settings.training
    shutil.rmtree(places.work / "training", ignore_errors=True)
    folder = trainings.prepare(size, places)
    wanted = trainings.planned(size, folder, places.device == "cuda")
    if places.recording:
        wanted = [training for training in wanted if training.name in (*RECORDED, "grpo")]
    with ThreadPoolExecutor(size.side_by_side) as pool:
        running: dict[str, Future[dict[str, Any]]] = {}
        for training in wanted:
            running[training.name] = pool.submit(_train, folder, training, places, running)
        extra = {"nano_base": pool.submit(_nano_base, folder, places)}
        if not places.recording:
            extra["resumed"] = pool.submit(_killed_and_resumed, folder, wanted[0], places)
        runs: dict[str, dict[str, Any]] = {}
        for name, future in {**running, **extra}.items():
            with record.item(name):
                runs[name] = future.result()
                record.measure(name, _shown(runs[name]))
                _check_run(record, name, runs[name], settings, places)
    if not places.recording:
        with record.item("comparisons"):
            _comparisons(record, runs, settings)
        with record.item("log-probabilities and KL"):
            from safe_reasoning.gpu_check import two_models

            two_models.run(record, folder)


def _train(
    folder: Folder, training: Training, places: Places, running: dict[str, Future[dict[str, Any]]]
) -> dict[str, Any]:
    """Train, after the one that it waits for; that one was submitted before, so it has a thread."""
    if training.after:
        running[training.after].result()
    return trainings.train(folder, training, places)


def _killed_and_resumed(folder: Folder, like: Training, places: Places) -> dict[str, Any]:
    again = Training("resumed", like.settings, like.data)
    killed = trainings.kill_after_checkpoint(folder, again, places)
    return {**trainings.train(folder, again, places), "was_killed": killed}


def _nano_base(folder: Folder, places: Places) -> dict[str, Any]:
    """A short training of a nano base from scratch."""
    out = folder.path / "nano_base"
    script = [sys.executable, str(trainings.ROOT / "scripts/train_nano_base.py")]
    options = ["--config", str(folder.configuration("ipo")), "--model", "nano", "--out", str(out)]
    environment = trainings.environment(places)
    done = subprocess.run([*script, *options], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the nano base ended with code {done.returncode}: {done.stderr[-1500:]}")
    summary: dict[str, Any] = read_json(out / "training.json")
    points = [{"step": step, "loss": loss} for step, loss in summary["loss_curve"]]
    return {**summary, "loss_curve": points}


def _losses(run: dict[str, Any]) -> list[float]:
    return [point["loss"] for point in run["loss_curve"]]


def _shown(run: dict[str, Any]) -> dict[str, Any]:
    keys = ("steps", "seconds", "process_seconds", "device", "precision", "peak_gpu_gib", "was_killed")
    norms = [point.get("grad_norm") for point in run["loss_curve"]]
    return {
        **{key: run[key] for key in keys if key in run},
        "losses": _losses(run),
        "gradient_norms": norms,
    }


def _check_run(record: Record, name: str, run: dict[str, Any], settings: Settings, places: Places) -> None:
    """A run against the recorded one; one that samples by itself need only teach something."""
    losses, norms = _losses(run), _shown(run)["gradient_norms"]
    finite = all(abs(loss) < 1e3 for loss in losses) and bool(losses)  # False for NaN as well
    record.check(f"{name}: losses are finite", finite)
    if name.startswith("grpo"):
        record.check(f"{name}: has a gradient", any(norm for norm in norms))
    if name in (*RECORDED, "nano_base"):
        if places.recording:
            record.keep(name, losses)
        else:
            compare(record, name, losses, places.reference("training"), settings.training.tolerance)


def _comparisons(record: Record, runs: dict[str, dict[str, Any]], settings: Settings) -> None:
    """Trainings that must be alike: across precisions, DeepSpeed stages, checkpointing, a kill."""
    size = settings.training
    alike = [(name, "ipo", size.tolerance) for name in ("zero2", "zero3", "checkpointed", "resumed")]
    alike += [(f"{name}_bfloat16", name, size.bfloat16_tolerance) for name in RECORDED]
    for name, other, tolerance in alike:
        if name not in runs or other not in runs:
            continue
        difference = furthest(_losses(runs[name]), _losses(runs[other]))
        record.check(
            f"{name} has the losses of {other}",
            difference <= tolerance,
            largest_difference=difference,
            tolerance=tolerance,
        )
    if "resumed" in runs:
        record.check("resumed: was killed before its end", runs["resumed"]["was_killed"])
