"""`make evaluate`: a model folder evaluated from its prompts to its report, beside no other stage."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.core.files import read_json
from tests.support.paths import ROOT
from tools.project_copy import copy_project

RUN = "results/my_model_on_tiny"


def evaluate(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/evaluate_model.py", "--model", "my-model", *options],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "PYTHONPATH": "src"},
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """The project with a model folder and a small configuration: two of the sets, without attacks by a model."""
    folder = copy_project(tmp_path_factory.mktemp("evaluate"))
    shutil.copytree(tiny_model, folder / "my-model")
    config = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    sets = ("align_harmful", "align_benign", "direct", "overrefusal", "sums")
    config["prompt_sets"] = {name: {**config["prompt_sets"][name], "limit": 8} for name in sets}
    del config["attacks"]
    config["evaluate"] |= {"more_judges": [], "resets": False, "adaptive_attacks": []}
    # Random weights close their reasoning by chance alone: at a high temperature some of them do
    config["decoding"] = {"temperature": 5.0, "top_p": 1.0, "max_new_tokens": 120}
    (folder / "small.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def finished(project: Path) -> str:
    """What the evaluation says."""
    result = evaluate(project, "--config", "small.yaml")
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    return result.stdout + result.stderr


def test_a_folder_gets_a_report(project: Path, finished: str):
    assert f"open {RUN}/report.html" in finished
    page = (project / RUN / "report.html").read_text()
    assert "A model from a folder" in page and "Main results" in page and "not run" not in page
    rates = pd.read_csv(project / RUN / "metrics/rates.csv")
    assert set(rates["prompt_set"]) >= {"direct", "overrefusal", "sums"} and set(rates["method"]) == {"base"}
    assert not (project / RUN / "pairs").exists() and not (project / RUN / "characterize").exists()


def test_the_hash_of_the_weights_stands_for_the_revision(project: Path, finished: str):
    made = read_json(project / RUN / "models/my_model/base/training.json")
    assert made["revision"].startswith("sha256:") and list(made["weights_sha256"]) == ["model.safetensors"]
    assert read_json(project / RUN / "manifest.json")["base_weights"]["my_model"] == made["weights_sha256"]


def test_a_second_run_has_nothing_to_do_and_changed_weights_are_noticed(project: Path, finished: str):
    again = evaluate(project, "--config", "small.yaml", "--", "-n")
    assert "Nothing to be done" in again.stdout + again.stderr
    weights = project / "my-model/model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    planned = evaluate(project, "--config", "small.yaml", "--", "-n")
    assert "generate_evaluation" in planned.stdout + planned.stderr


def test_figures_are_redrawn(project: Path, finished: str):
    command = [sys.executable, "scripts/redraw.py", "--run", RUN]
    environment = {**os.environ, "PYTHONPATH": "src"}
    result = subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=120, env=environment
    )
    assert result.returncode == 0, result.stderr


def test_what_cannot_be_evaluated_is_one_line(project: Path, finished: str):
    other = shutil.copytree(project / "my-model", project / "elsewhere/my-model")
    for options, line in (
        (("--config", "tests/tiny.yaml"), "attacks.pap.attacker: nano is a model of tiny"),
        (("--config", "small.yaml", "--model", str(other)), "holds the evaluation of another model"),
        (("--config", "small.yaml", "--model", "workflow"), "MODEL: workflow has no config.json"),
    ):
        result = evaluate(project, *options)
        assert result.returncode == 1 and line in result.stderr and "Traceback" not in result.stderr, result
