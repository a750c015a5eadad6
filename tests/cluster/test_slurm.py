"""The workflow on a real SLURM: GPUs handed out, a failing job reported, jobs that are cancelled, preempted or lose their node, and both kinds of cluster.

The rates of a model this small mean nothing; what counts is which jobs ran, where, and what they left behind.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.paths import ROOT
from tests.support.slurm_cluster import ACCOUNT, GPUS, SlurmCluster, missing, wait_for
from tools.project_copy import SNAKEMAKE, copy_project

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]

RUN = Path("results/tiny")
# For one machine: its scheduler answers at once and its files show at once.
SITE = ["--slurm-init-seconds-before-status-checks", "4", "--latency-wait", "5"]
# Behind these lies the way from the base model to the evaluation of IPO; figures and tables are drawn where the workflow runs.
METRICS = [f"{RUN}/metrics/nano/{table}.csv" for table in ("evaluation", "kl", "interventions")]
SUBMITTED = {
    "train_nano_base", "sample_rollouts", "estimate_csr", "rank_triggers", "correct_interventions", "build_intervened_pairs", "train_method",
    "generate_evaluation", "measure_kl",
}  # fmt: skip
STEPS = {"ipo": 40, "sft_safe": 100}
EVALUATION = RUN / "generations/nano/sft_safe/seed0/evaluation.parquet"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with a shorter tiny configuration whose jobs ask for one GPU each and whose trainings take some seconds."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    settings = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    settings["resources"] = {"gpus": 1}
    settings["methods"] = {
        name: settings["methods"][name] | {"max_steps": steps} for name, steps in STEPS.items()
    }
    settings["models"]["nano"]["threads"] = (
        1  # two would wait for each other wherever the machine has other work
    )
    del settings["attacks"], settings["prompt_sets"]["direct_pap"], settings["prompt_sets"]["benign_forged"]
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
    """A workflow that runs on a cluster; what it prints goes into a file."""

    project: Path
    process: subprocess.Popen[bytes]
    file: Path

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def output(self) -> str:
        return self.file.read_text()

    def end(self) -> int:
        return self.process.wait(timeout=400)

    def succeed(self) -> None:
        assert self.end() == 0, self.output()[-6000:]

    def jobs(self) -> list[tuple[str, str, str]]:
        """Rule, wildcards and SLURM id of each submission so far."""
        return re.findall(r"slurm_logs/rule_(\w+)/(\S+)/(\d+)\.log\)", self.output())


def start(project: Path, cluster: SlurmCluster, *arguments: str | Path, config: str = "slurm.yaml") -> Run:
    command = [
        SNAKEMAKE[0],
        "--profile",
        "workflow/profiles/slurm",
        "--configfile",
        config,
        *SITE,
        *map(str, arguments),
    ]
    file = project / f"output-{len(list(project.glob('output-*')))}"
    with open(file, "w") as output:
        process = subprocess.Popen(
            command,
            cwd=project,
            env=os.environ | cluster.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Run(project, process, file)


def gpus_of_jobs(cluster: SlurmCluster) -> dict[str, str]:
    """What the programs that run now on GPUs find in CUDA_VISIBLE_DEVICES, by job."""
    found = cluster.environments("scripts/")
    return {
        environment["SLURM_JOB_ID"]: environment["CUDA_VISIBLE_DEVICES"]
        for environment in found
        if "CUDA_VISIBLE_DEVICES" in environment
    }


@pytest.fixture(scope="module")
def finished(project: Path, cluster: SlurmCluster) -> tuple[Run, list[dict[str, str]]]:
    """The run, and which GPUs its jobs saw, twice a second."""
    moments = []
    with start(project, cluster, *METRICS) as run:
        deadline = time.monotonic() + 900
        while run.process.poll() is None and time.monotonic() < deadline:
            moments.append(gpus_of_jobs(cluster))
            time.sleep(0.5)
        run.succeed()
    return run, moments


def test_heavy_rules_run_through_sbatch_and_light_ones_do_not(finished, project: Path):
    run, _ = finished
    assert {rule for rule, _, _ in run.jobs()} == SUBMITTED
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
        assert run.end() == 1
    weights.write_bytes(content)
    log = RUN / "logs/generate_evaluation/nano/sft_safe.seed0.log"
    error = (project / log).read_text().strip().splitlines()[-1]
    assert str(log) in run.output() and error in run.output() and "FAILED" in run.output()


def training(method: str) -> Path:
    return RUN / f"models/nano/{method}/seed0"


def start_trainings(project: Path, cluster: SlurmCluster, *methods: str) -> Run:
    for method in methods:
        shutil.rmtree(project / training(method))
    return start(project, cluster, *(training(method) / "training.json" for method in methods))


def at_first_checkpoint(run: Run, deeds: dict[str, Callable[[str], object]]) -> None:
    """Do something to the SLURM job of each training as soon as it has a checkpoint."""
    waiting, deadline = dict(deeds), time.monotonic() + 300
    while waiting and time.monotonic() < deadline:
        for method in list(waiting):
            if any((run.project / training(method)).glob("checkpoint-*/trainer_state.json")):
                waiting.pop(method)(
                    next(job for _, wildcards, job in run.jobs() if wildcards == f"nano_{method}_0")
                )
        time.sleep(0.05)
    assert not waiting, run.output()[-6000:]


def assert_went_on(project: Path, method: str) -> None:
    assert "going on from step" in (project / RUN / f"logs/train_method/nano/{method}.seed0.log").read_text()
    assert json.loads((project / training(method) / "training.json").read_text())["steps"] == STEPS[method]


def test_cancelled_and_requeued_trainings_go_on_from_their_checkpoints(
    finished, project: Path, cluster: SlurmCluster
):
    """A requeue is what preemption does: the job comes again under its own id. A cancelled one is submitted once more."""
    with start_trainings(project, cluster, "sft_safe", "ipo") as run:
        at_first_checkpoint(
            run,
            {
                "sft_safe": lambda job: cluster.run("scancel", job),
                "ipo": lambda job: cluster.run("scontrol", "requeue", job),
            },
        )
        run.succeed()
    assert "CANCELLED" in run.output()
    assert sorted(wildcards for _, wildcards, _ in run.jobs()) == [
        "nano_ipo_0",
        "nano_sft_safe_0",
        "nano_sft_safe_0",
    ]
    for method in STEPS:
        assert_went_on(project, method)


def test_killed_node_is_survived(finished, project: Path, cluster: SlurmCluster):
    """SLURM queues the job of a dead node again, and the node comes back."""
    with start_trainings(project, cluster, "sft_safe") as run:
        at_first_checkpoint(run, {"sft_safe": lambda job: cluster.kill_nodes()})
        wait_for(
            lambda: "down" in cluster.run("sinfo", "--noheader", "--format", "%T"), "the dead node is noticed"
        )
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
            ranks |= {
                (found["SLURMD_NODENAME"], found["RANK"])
                for found in cluster.environments("train_method.py")
                if "RANK" in found
            }
            time.sleep(0.5)
        run.succeed()
        message = cluster.run(
            "sacct",
            "--allocations",
            "--noheader",
            "--parsable2",
            "--format",
            "JobIDRaw,Account,State,AllocTRES",
        )
    assert {node for node, _ in ranks} == {"node1", "node2"} and {rank for _, rank in ranks} == {"0", "1"}
    [(_, _, job)] = run.jobs()
    assert (
        message.startswith(f"{job}|{ACCOUNT}|COMPLETED|") and "gres/gpu=2" in message and "node=2" in message
    )
