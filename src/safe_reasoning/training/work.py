"""What decides a training: a killed one goes on only where all of it is the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safe_reasoning.config.endpoints import ANSWERS
from safe_reasoning.core.files import read_json, sha256, write_json
from safe_reasoning.judging.kinds import chat_of, rules_versions
from safe_reasoning.training.common import NOTE, Task
from safe_reasoning.training.recipe import recipe_of


def forget_other_work(task: Task, inputs: Mapping[str, Path]) -> None:
    """Remove what a training of other work left behind, and note what this one is, by the first
    process.

    Checkpoints, weights along the way, and the data set with the reference's log-probabilities,
    whose name does not always differ with the weights.

    Args:
        task: what is trained.
        inputs: what it reads, by name: files, and the folders of models.
    """
    if int(os.environ.get("RANK", "0")):
        return
    work, note = _work(task, inputs), task.out / NOTE
    if not note.exists() or read_json(note) != work:
        for folder in (*task.out.glob("checkpoint-*"), task.out / "checkpoints", task.out / "rows"):
            if folder.exists():
                shutil.rmtree(folder)
        (task.out / "seconds.json").unlink(missing_ok=True)
    write_json(note, work)


def _work(task: Task, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """The settings and the digests of all that decides a training, as JSON gives them back."""
    config = task.config
    return {
        "settings": task.method.model_dump(mode="json"),
        "seed": task.seed,
        "checkpoints": list(config.evaluate.checkpoints),
        "engine": config.engine.model_dump(mode="json"),
        "decoding": config.decoding.model_dump(mode="json"),
        "arithmetic": config.arithmetic,
        "judge": _judge(task) if recipe_of(task.method).rewarded else None,
        "inputs": {name: _digest(path) for name, path in {"base": task.base, **inputs}.items()},
    }


def _judge(task: Task) -> dict[str, Any]:
    """What the rewards depend on: the judge, the detector that cuts own traces, what an endpoint is
    asked.
    """
    config, prefill = task.config, task.method.prefill
    own = prefill is not None and prefill.source == "own"
    names = [config.evaluate.judge, *([task.method.detector] if own else [])]
    entries = {**config.judges, **config.detectors}
    chats = {chat for name in names if (chat := chat_of(name, config)) in config.endpoints}
    return {
        "names": names,
        "entries": {name: entries[name].model_dump(mode="json") for name in names if name in entries},
        "asked": {chat: config.endpoints[chat].model_dump(include=set(ANSWERS)) for chat in sorted(chats)},
        "rules": rules_versions(names, config),
    }


def _digest(path: Path) -> str:
    """Digest of a file, or of the marker file that completes a model's folder; the path of a folder
    without one.
    """
    file = path / "training.json" if path.is_dir() else path
    return sha256(file) if file.exists() else str(path)
