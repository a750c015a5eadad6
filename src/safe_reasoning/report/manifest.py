"""The manifest of a run: what its evidence is, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, sha256, write_json
from safe_reasoning.core.provenance import commit, software
from safe_reasoning.report.metrics import STORED

# Where a run's files say what they were computed on: weights, samples, pairs, verdicts, metrics; no
# shards
COMPUTED = (
    *("models/*/base/training.json", "models/*/*/seed*/training.json", "pairs/*/*.meta.json"),
    *("generations/*/*/*.meta.json", "generations/*/*/seed*/*.meta.json"),
    *("verdicts/*/*/*.meta.json", "verdicts/*/*/seed*/*.meta.json"),
    *("metrics/*.meta.json", "metrics/*/*.meta.json"),
)
EVIDENCE = ("metrics/*.csv", "tables/*.csv", "tables/*.md", "figures/*.csv", "figures/*.png", "figures/*.svg")


def evidence(run: Path) -> list[Path]:
    """The resolved configuration and every metric, table and figure of a run."""
    return [run / "config.yaml", *sorted(path for pattern in EVIDENCE for path in run.glob(pattern))]


def write_manifest(run: Path, out: Path) -> None:
    """Write SHA-256 and size of the resolved configuration and of every metric, table and figure,
    with versions and commit, the machines that the run was computed on, and SHA-256 of the base
    models' weights.
    """
    if not (run / "config.yaml").exists():
        raise UserError(
            f"{run / 'config.yaml'} does not exist: give the folder of a run, such as results/demo"
        )
    files = {
        path.relative_to(run).as_posix(): {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in evidence(run)
    }
    write_json(
        out,
        {
            "files": files,
            "base_weights": base_weights(run),
            "software": software(),
            "machines": machines(run),
            "commit": commit(),
        },
    )


def base_weights(run: Path) -> dict[str, Any]:
    """SHA-256 of each base model's weights, one for each file where there are several.

    From what the run's models say of themselves; without models, from the run's manifest.
    """
    summaries = sorted(run.glob("models/*/base/training.json"))
    if summaries:
        said = {path.parts[-3]: read_json(path).get("weights_sha256") for path in summaries}
        return {model: weights for model, weights in said.items() if weights}
    manifest = run / "manifest.json"
    return read_json(manifest).get("base_weights", {}) if manifest.exists() else {}


def machines(run: Path) -> list[dict[str, Any]]:
    """The machines that weights, samples, verdicts and metrics of a run come from, each once.

    From its meta files and trainings; without samples, from the run's manifest too. Runs from
    before machines were noted have none.
    """
    metas = (path for pattern in COMPUTED for path in sorted(run.glob(pattern)))
    found = [machine for path in metas if (machine := read_json(path).get("machine"))]
    manifest = run / "manifest.json"
    if manifest.exists() and not (run / "generations").exists():
        found += read_json(manifest).get("machines", [])
    return [machine for place, machine in enumerate(found) if machine not in found[:place]]


def entry(content: bytes) -> dict[str, Any]:
    """What a manifest says of a file with that content."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def first_problem(files: dict[str, dict[str, Any]], read: Callable[[str], bytes | None]) -> str | None:
    """The first file that is missing or not what its entry says, in words; None when all are.

    Args:
        files: entries by name.
        read: content of a file by name, None when it is missing.
    """
    for name, entry_of_file in sorted(files.items()):
        content = read(name)
        if content is None:
            return f"{name} is missing"
        if entry(content) != {key: entry_of_file.get(key) for key in ("sha256", "bytes")}:
            return f"{name} is not the file that the manifest names"
    return None


def entries(manifest: Any, origin: str) -> dict[str, dict[str, Any]]:
    """The entries of a manifest by file name.

    What is no manifest, or names no metrics, is a UserError.
    """
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or not all(
        isinstance(entry_of_file, dict) for entry_of_file in files.values()
    ):
        raise UserError(f"{origin} is no manifest of a run: write it with scripts/write_manifest.py")
    if not any(name.startswith("metrics/") for name in files):
        raise UserError(f"{origin} names no metrics: give the folder of a finished run, such as results/demo")
    return files


def check_manifest(run: Path) -> dict[str, Any]:
    """The manifest of a run whose evidence is byte for byte what it says.

    Anything else is a UserError that names the first file.
    """
    path = run / "manifest.json"
    if not path.exists():
        raise UserError(f"{path} does not exist: give the folder of a finished run, such as results/demo")
    manifest = read_json(path)
    files = entries(manifest, str(path))
    problem = first_problem(files, lambda name: (run / name).read_bytes() if (run / name).is_file() else None)
    unnamed = [
        name for name in (found.relative_to(run).as_posix() for found in evidence(run)) if name not in files
    ]
    if problem is None and unnamed:
        problem = f"{unnamed[0]} is not in the manifest"
    if problem:
        named = f"{STORED}/{run.name}" if run.parent.name == STORED else run.name
        repair = (
            "restore it or, if it was changed on purpose, renew figures and manifest with make figures "
            f"RUN={named}"
        )
        raise UserError(f"{run}: {problem}: {repair}")
    return manifest
