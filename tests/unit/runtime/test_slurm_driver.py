"""The batch script that drives a run on a cluster: the command it starts, and what it refuses in one line."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import snakemake_executor_plugin_slurm
import yaml

from tests.support.paths import ROOT

PROFILE = ROOT / "workflow/profiles/slurm"
SCRIPT = PROFILE / "drive.sbatch"


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """A cluster's login node: a project, an environment whose Snakemake says what it was given, Apptainer."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project/Snakefile").touch()
    program(
        tmp_path / "project/.venv-analyze/bin/snakemake",
        'echo "${0##*/project/} $*"; echo "cache $XDG_CACHE_HOME"',
    )
    program(tmp_path / "bin/apptainer", "")
    return {
        "PATH": str(tmp_path / "bin"),  # no Apptainer of this machine's
        "SLURM_SUBMIT_DIR": str(tmp_path / "project"),
        "HF_HOME": "/shared/huggingface",
    }


def submitted(site: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script as SLURM runs it: a copy, in the spool folder of a node."""
    copy = Path(site["SLURM_SUBMIT_DIR"]).parent / "slurm_script"
    copy.write_bytes(SCRIPT.read_bytes())
    command = [shutil.which("bash"), str(copy), *arguments]
    return subprocess.run(command, env=site, capture_output=True, text=True, timeout=30, cwd="/")


def test_it_starts_the_run_in_images_through_the_profile(site: dict[str, str]):
    result = submitted(site, "config/paper.yaml", "my.yaml", "--until", "fetch_model")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        ".venv-analyze/bin/snakemake --profile workflow/profiles/slurm --sdm apptainer "
        "--configfile config/paper.yaml my.yaml --until fetch_model",
        f"cache {site['SLURM_SUBMIT_DIR']}/.cache",
    ]


@pytest.mark.parametrize(
    ("missing", "repair"),
    [
        ("Snakefile", "cd to it"),
        (".venv-analyze/bin/snakemake", "install envs/analyze.lock into .venv-analyze"),
        ("../bin/apptainer", "load its module before sbatch"),
        ("HF_HOME", "HF_HOME is not set"),
        ("configuration", "sbatch profiles/slurm/drive.sbatch config/paper.yaml"),
    ],
)
def test_what_is_missing_is_one_line_with_its_repair(site: dict[str, str], missing: str, repair: str):
    arguments = ["config/paper.yaml"]
    if missing == "configuration":
        arguments = []
    elif missing in site:
        del site[missing]
    else:
        (Path(site["SLURM_SUBMIT_DIR"]) / missing).unlink()
    result = submitted(site, *arguments)
    assert result.returncode == 1 and not result.stdout
    assert repair in result.stderr and result.stderr.startswith("error: ") and result.stderr.count("\n") == 1


def test_shellcheck_finds_nothing():
    checker = Path(sys.executable).with_name("shellcheck")
    if not checker.exists():
        pytest.skip("shellcheck is not installed: make test installs it")
    result = subprocess.run([checker, SCRIPT], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout
    assert str(SCRIPT.relative_to(ROOT)) in (ROOT / "Makefile").read_text()


def test_every_key_that_a_site_may_set_is_one_that_the_executor_reads():
    """Those are comments in the profile: as YAML they are keys, and the executor asks for each by its name."""
    text = (PROFILE / "config.yaml").read_text().split("default-resources:")[1].split("\n\n")[0]
    keys = re.findall(r"^  (?:# )?(\w+):", text, re.MULTILINE)
    assert {"slurm_account", "slurm_partition", "qos", "gpu_model", "constraint"} < set(keys)
    uncommented = yaml.safe_load(re.sub(r"^  # ", "  ", text, flags=re.MULTILINE))
    assert set(uncommented) == set(keys)
    plugin = Path(snakemake_executor_plugin_slurm.__file__).parents[1]
    code = "".join(path.read_text() for path in plugin.glob("snakemake_executor_plugin_slurm*/*.py"))
    assert code and not [key for key in keys if key != "tmpdir" and f'"{key}"' not in code]
