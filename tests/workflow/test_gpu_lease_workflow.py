"""GPU leases under Snakemake: as many jobs as there are GPUs."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools.project_copy import SNAKEMAKE

SCRIPT = [sys.executable, str(ROOT / "scripts/lease_gpus.py")]


@pytest.fixture
def ids() -> list[str]:
    """Two ids that no other test and no GPU has."""
    name = uuid.uuid4().hex[:8]
    return [f"fake{name}-{number}" for number in range(2)]


def environment(ids: list[str], **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "CUDA_VISIBLE_DEVICES": ",".join(ids), **more}


def test_snakemake_with_the_workstation_profile_runs_as_many_jobs_as_there_are_gpus(
    ids: list[str], tmp_path: Path
):
    """Eight one-GPU jobs, one of which crashes at its first attempt: never two at the same time on one GPU."""
    (tmp_path / "Snakefile").write_text(
        f"""
rule all:
    input: expand("{{n}}.txt", n=range(8))
rule job:
    output: "{{n}}.txt"
    resources: gpu=1
    shell:
        '{" ".join(SCRIPT)} {{resources.gpu}} sh -c "'
        'echo start \\$CUDA_VISIBLE_DEVICES >> log; sleep 0.4; echo end \\$CUDA_VISIBLE_DEVICES >> log; '
        'if [ {{wildcards.n}} = 3 ] && mkdir crashed; then kill -9 \\$\\$; fi; touch {{output}}"'
"""
    )
    call = [
        SNAKEMAKE[0],
        "--profile",
        str(ROOT / "workflow/profiles/workstation"),
        "--cores",
        "8",
        "--resources",
        "gpu=2",
    ]
    result = subprocess.run(
        call, cwd=tmp_path, env=environment(ids), capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr[-3000:]
    running: set[str] = set()
    for line in (tmp_path / "log").read_text().splitlines():
        what, gpu = line.split()
        assert gpu in ids and (gpu not in running) == (what == "start"), line
        running ^= {gpu}
    assert (tmp_path / "crashed").is_dir() and len(list(tmp_path.glob("*.txt"))) == 8
