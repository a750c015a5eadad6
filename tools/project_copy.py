"""A copy of the project, so that its own results stay as they are, and the command that runs it."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SNAKEMAKE = [str(Path(sys.executable).parent / "snakemake"), "--cores", "2"]
PARTS = (
    "Snakefile",
    "config",
    "containers",
    "envs",
    "profiles",
    "scripts",
    "src",
    "tests/tiny.yaml",
    "workflow",
    "results/published",
)


def copy_project(folder: Path) -> Path:
    """The folder, with the parts of the project that a run needs copied into it."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.sif*"))
        else:
            shutil.copy(source, target)
    return folder
