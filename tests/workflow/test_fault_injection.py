"""A run that is killed, or meets another fault, ends as an uninterrupted one does.

Small: a few kills of a sampling job, and of the finished tiny run's last rules. Slow: fifty kills of
a whole small run, and every fault of `tools.faults`.
"""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from benchmarks import records
from tests.support.paths import ROOT
from tools import fault_injection, faults
from tools.fault_runs import Project, differences, kill_at_random, stage_of

KILLS = 8


def test_a_job_that_is_killed_again_and_again_loses_nothing(tmp_path: Path):
    """At moments drawn from a tenth of a second to what the whole job takes."""
    records.write(tmp_path / "uninterrupted", 20_000)
    chance, folder, again, before = random.Random(0), tmp_path / "killed", 0, dict[Path, int]()
    command = [sys.executable, "-m", "benchmarks.records", "--part", "write", "--rows", "20000", "--folder"]
    for _ in range(KILLS):
        job = subprocess.Popen(
            [*command, str(folder)], cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        while not records.finished(folder).keys() - before.keys() and job.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.2))
        job.send_signal(signal.SIGKILL)
        job.wait()
        now = records.finished(folder)
        again += sum(now.get(path) != written for path, written in before.items())
        before = now
    assert again == 0 and len(before) >= KILLS
    records.write(folder, 20_000)
    for variant in records.VARIANTS:
        for name in ("evaluation.parquet", "verdicts.parquet"):
            ours, theirs = (
                records.place_of(run, variant, name) for run in (folder, tmp_path / "uninterrupted")
            )
            assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.xdist_group("tiny_run")
def test_the_last_rules_of_a_run_survive_kills_and_a_clock_that_jumps_back(finished: Path, tmp_path: Path):
    settings = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    whole = Project(finished, settings, cores=2)
    project = whole.copied_to(tmp_path / "copy")
    (verdicts,) = project.run.glob("verdicts/nano/ipo/seed0/evaluation.exact.parquet")
    figures = sorted(project.run.glob("figures/fig[24]*.svg"))
    for path in (verdicts, *figures):
        path.unlink()
    faults.set_files_later(project)
    running = [kill_at_random(project, random.Random(number), longest=2.0) for number in range(2)]
    assert all(names is not None for names in running), running
    project.finish()
    assert verdicts.exists() and all(path.exists() for path in figures)
    assert not differences(project, whole)


def test_scripts_belong_to_stages():
    names = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    found = {name: stage_of(name) for name in names}
    expected = {"train_method": "training", "judge_generations": "judging", "draw_figure": "drawing"}
    assert expected.items() <= found.items() and found["generate_evaluation"] == "sampling"


@pytest.mark.slow
@pytest.mark.xdist_group("fault_injection")
def test_fifty_kills_of_a_whole_run(uninterrupted: Path):
    found = fault_injection.kill_many(uninterrupted, 50, seed=0, cores=2)
    assert found["rows_lost"] == found["rows_sampled_twice"] == 0, found
    for stage in ("sampling", "judging", "training", "drawing"):
        assert found["by_stage"].get(stage, 0) >= 3, found


@pytest.mark.slow
@pytest.mark.parametrize("name", faults.FAULTS)
@pytest.mark.xdist_group("fault_injection")
def test_a_fault_leaves_the_metrics_of_an_uninterrupted_run(name: str, uninterrupted: Path, tmp_path: Path):
    seen = faults.inject(
        name, fault_injection.uninterrupted(uninterrupted / "uninterrupted", 2), tmp_path / "fault"
    )
    if seen.startswith("skipped"):
        pytest.skip(seen)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the uninterrupted run is made once."""
    return tmp_path_factory.mktemp("faults")
