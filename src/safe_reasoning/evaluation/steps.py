"""What each step of a run took, from the meta files that the steps left next to their results."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json
from safe_reasoning.core.provenance import read_meta

# File name of a step's result: the step. Every other Parquet file holds pairs or demonstrations.
STEPS = {
    "own_answers.parquet": "own answers of the untouched model",
    "rollouts.parquet": "rollouts of the base",
    "csr.parquet": "continuation safety ratio",
    "triggers.json": "trigger trials",
    "interventions.parquet": "corrective interventions",
    "evaluation.parquet": "evaluation",
    "checkpoints.parquet": "evaluation along training",
}


def step_of(path: Path) -> str:
    """The step that made a file."""
    if path.name == "training.json":
        return "base model" if path.parent.name == "base" else "training"
    if path.name in STEPS:
        return STEPS[path.name]
    if path.suffix == ".parquet" and "pairs" in path.parts:
        return "pairs"
    raise UserError(
        f"{path} belongs to no step: give training.json, generations, characterization or pair files"
    )


def steps(files: Iterable[Path]) -> list[dict[str, Any]]:
    """One row per step, in the order of the files.

    Number of files, generations, generated tokens, seconds of sampling or training.

    Only the work itself is timed: start-up of engines, judging and drawing are not, and steps may
    run side by side, so the sum is not the run's wall time.
    """
    rows: dict[str, dict[str, Any]] = {}
    for path in files:
        meta = read_json(path) if path.name == "training.json" else read_meta(path)
        step = step_of(path)
        row = rows.setdefault(
            step, {"step": step, "files": 0, "generations": 0, "generated_tokens": 0, "seconds": 0.0}
        )
        row["files"] += 1
        row["generations"] += meta.get("generations", 0)
        row["generated_tokens"] += meta.get("generated_tokens", 0)
        row["seconds"] += meta.get("seconds", meta.get("sampling_seconds", 0.0))
    return list(rows.values())
