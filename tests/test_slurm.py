"""The workflow on a real SLURM: GPUs handed out, a failing job reported, jobs that are cancelled, preempted or lose their node, and both kinds of cluster.

The rates of a model this small mean nothing; what counts is which jobs ran, where, and what they left behind.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.slurm_cluster import ACCOUNT, GPUS, SlurmCluster, missing, wait_for
from tests.test_workflow import ROOT, SNAKEMAKE, copy_project

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]

RUN = Path("results/tiny")
# For one machine: its scheduler answers at once and its files show at once.
SITE = ["--slurm-init-seconds-before-status-checks", "5", "--latency-wait", "5"]
# Behind these lies the way from the base model to the evaluation of IPO; figures and tables are drawn where the workflow runs.
METRICS = [f"{RUN}/metrics/nano/{table}.csv" for table in ("evaluation", "kl", "interventions")]
SUBMITTED = {
    "train_nano_base", "sample_rollouts", "estimate_csr", "rank_triggers", "correct_interventions", "build_intervened_pairs", "train_method",
    "generate_evaluation", "measure_kl",
}  # fmt: skip
STEPS = 100
EVALUATION = RUN / "generations/nano/sft_safe/seed0/evaluation.parquet"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with a shorter tiny configuration whose jobs ask for one GPU each and whose trainings take some seconds."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    settings = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    settings["resources"] = {"gpus": 1}
    settings["methods"] = {name: settings["methods"][name] | {"max_steps": STEPS} for name in ("ipo", "sft_safe")}
    del settings["attacks"], settings["prompt_sets"]["direct_pap"]
    (folder / "slurm.yaml").write_text(yaml.safe_dump(settings))
    settings["methods"]["sft_safe"]["nodes"] = 2
    (folder / "nodes.yaml").write_text(yaml.safe_dump(settings))
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    """A cluster without accounting."""
    with SlurmCluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@dataclass
class Run:
    """A workflow that runs on a cluster; what it prints goes into a file of the project."""

    project: Path
    process: subprocess.Popen[bytes]

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def output(self) -> str:
        return (self.project / "output").read_text()

    def succeed(self) -> None:
        assert self.process.wait(timeout=240) == 0, self.output()[-6000:]

    def submissions(self) -> list[tuple[str, str]]:
        """Rule and SLURM id of each job so far."""
        return re.findall(r"slurm_logs/rule_(\w+)/\S*?(\d+)\.log\)", self.output())


def start(project: Path, cluster: SlurmCluster, *arguments: str | Path, config: str = "slurm.yaml") -> Run:
    command = [SNAKEMAKE[0], "--profile", "workflow/profiles/slurm", "--configfile", config, *SITE, *map(str, arguments)]
    with open(project / "output", "w") as file:
        return Run(
            project, subprocess.Popen(command, cwd=project, env=os.environ | cluster.environment, stdout=file, stderr=subprocess.STDOUT)
        )


def gpus_of_jobs(cluster: SlurmCluster) -> dict[str, str]:
    """What the programs that run now on GPUs find in CUDA_VISIBLE_DEVICES, by job."""
    found = cluster.environments("scripts/")
    return {
        environment["SLURM_JOB_ID"]: environment["CUDA_VISIBLE_DEVICES"] for environment in found if "CUDA_VISIBLE_DEVICES" in environment
    }


@pytest.fixture(scope="module")
def finished(project: Path, cluster: SlurmCluster) -> tuple[Run, list[dict[str, str]]]:
    """The run, and which GPUs its jobs saw, twice a second."""
    moments = []
    with start(project, cluster, *METRICS) as run:
        deadline = time.monotonic() + 500
        while run.process.poll() is None and time.monotonic() < deadline:
            moments.append(gpus_of_jobs(cluster))
            time.sleep(0.5)
        run.succeed()
    return run, moments


def test_heavy_rules_run_through_sbatch_and_light_ones_do_not(finished, project: Path):
    run, _ = finished
    assert {rule for rule, _ in run.submissions()} == SUBMITTED
    assert (project / METRICS[0]).exists() and (project / RUN / "logs/summarize_evaluation").is_dir()


def test_no_two_jobs_share_a_gpu(finished):
    _, moments = finished
    assert {gpu for moment in moments for gpu in moment.values()} == {str(number) for number in range(GPUS)}
    assert any(len(moment) == GPUS for moment in moments), "never two GPU jobs at once"
    assert all(len(set(moment.values())) == len(moment) for moment in moments)


def test_second_run_has_nothing_to_do(finished, project: Path, cluster: SlurmCluster):
    with start(project, cluster, *METRICS) as run:
        run.succeed()
    assert "Nothing to be done" in run.output()


def test_failing_job_is_told_with_its_log(finished, project: Path, cluster: SlurmCluster):
    weights = project / training("sft_safe") / "model.safetensors"
    content = weights.read_bytes()
    (project / EVALUATION).unlink()
    shutil.rmtree((project / EVALUATION).parent / "shards", ignore_errors=True)
    weights.write_bytes(b"no weights")
    with start(project, cluster, EVALUATION, "--retries", "0") as run:
        assert run.process.wait(timeout=240) == 1
    weights.write_bytes(content)
    log = RUN / "logs/generate_evaluation/nano/sft_safe.seed0.log"
    error = (project / log).read_text().strip().splitlines()[-1]
    assert str(log) in run.output() and error in run.output() and "FAILED" in run.output()


def training(method: str) -> Path:
    return RUN / f"models/nano/{method}/seed0"


@contextmanager
def trainings_with_checkpoints(project: Path, cluster: SlurmCluster, *methods: str) -> Iterator[tuple[Run, dict[str, str]]]:
    """Trainings that start anew and have a checkpoint each; with the SLURM id of each."""
    for method in methods:
        shutil.rmtree(project / training(method))
    with start(project, cluster, *(training(method) / "training.json" for method in methods)) as run:
        for method in methods:
            states = partial((project / training(method)).glob, "checkpoint-*/trainer_state.json")
            wait_for(lambda states=states: any(states()), f"checkpoint of {method}", seconds=120)
        yield run, {method: re.findall(rf"nano_{method}_0/(\d+)\.log", run.output())[0] for method in methods}


def assert_went_on(project: Path, method: str) -> None:
    assert "going on from step" in (project / RUN / f"logs/train_method/nano/{method}.seed0.log").read_text()
    assert json.loads((project / training(method) / "training.json").read_text())["steps"] == STEPS


def test_cancelled_and_requeued_trainings_go_on_from_their_checkpoints(finished, project: Path, cluster: SlurmCluster):
    """A requeue is what preemption does: the job comes again under its own id. A cancelled one is submitted once more."""
    with trainings_with_checkpoints(project, cluster, "sft_safe", "ipo") as (run, jobs):
        cluster.run("scancel", jobs["sft_safe"])
        cluster.run("scontrol", "requeue", jobs["ipo"])
        run.succeed()
    assert "CANCELLED" in run.output()
    assert {job for _, job in run.submissions()} > set(jobs.values()) and len(run.submissions()) == 3
    for method in jobs:
        assert_went_on(project, method)


def test_killed_node_is_survived(finished, project: Path, cluster: SlurmCluster):
    with trainings_with_checkpoints(project, cluster, "sft_safe") as (run, _):
        cluster.kill_nodes()
        cluster.start_nodes()
        run.succeed()
    assert_went_on(project, "sft_safe")


def test_training_on_two_nodes_of_a_cluster_with_accounting(finished, project: Path, tmp_path: Path):
    """By sacct, the executor's own choice where there is accounting, and under an account."""
    account = ["--slurm-status-command", "sacct", "--default-resources", f"slurm_account={ACCOUNT}"]
    ranks: set[tuple[str, str]] = set()
    with (
        SlurmCluster(tmp_path, accounting=True, nodes=2) as cluster,
        start(project, cluster, training("sft_safe") / "training.json", *account, config="nodes.yaml") as run,
    ):
        while run.process.poll() is None and len(ranks) < 2:
            ranks |= {(found["SLURMD_NODENAME"], found["RANK"]) for found in cluster.environments("train_method.py") if "RANK" in found}
            time.sleep(0.5)
        run.succeed()
        told = cluster.run("sacct", "--allocations", "--noheader", "--parsable2", "--format", "JobIDRaw,Account,State,AllocTRES")
    assert {node for node, _ in ranks} == {"node1", "node2"} and {rank for _, rank in ranks} == {"0", "1"}
    [(rule, job)] = run.submissions()
    assert rule == "train_method" and told.startswith(f"{job}|{ACCOUNT}|COMPLETED|") and "gres/gpu=2" in told and "node=2" in told
