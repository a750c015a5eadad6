"""What a run costs, for the tables of docs/artifact.md: seconds of the demo from docs/results.md
and its metrics, the rest from the plan of config/paper.yaml.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from safe_reasoning.config import Config, load
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.judge_calls import price
from safe_reasoning.plan.rounding import about
from safe_reasoning.plan.step import Step, totals
from safe_reasoning.report import contents
from tools.project_copy import ROOT, SNAKEMAKE, copy_project

DEMO = ROOT / "results/reference/demo/metrics"
MISSING = "-"
# docs/results.md gives the seconds of both under one name.
TIMED_AS = {"generate_evaluation_along_training": "generate_evaluation"}


@dataclass(frozen=True)
class Stage:
    """A step: the rules that do its work, its names in metrics/steps.csv, and how its lines in the
    plan begin.
    """

    name: str
    rules: tuple[str, ...]
    steps: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()


STAGES = [
    Stage(
        "base model",
        ("train_nano_base", "fetch_base", "sample_own_answers"),
        ("base model", "own answers of the untouched model"),
        ("base model",),
    ),
    Stage("attacks", ("attack_prompts",), (), ("attack ",)),
    Stage("rollouts", ("sample_rollouts",), ("rollouts of the base",), ("rollouts",)),
    Stage(
        "continuation safety ratio",
        ("estimate_csr",),
        ("continuation safety ratio",),
        ("continuation safety ratio",),
    ),
    Stage("trigger trials", ("rank_triggers",), ("trigger trials",), ("trigger trials",)),
    Stage(
        "corrective interventions",
        ("correct_interventions",),
        ("corrective interventions",),
        ("corrective interventions",),
    ),
    Stage("cues of both", (), (), ("their cues",)),
    Stage(
        "pairs",
        ("build_intervened_pairs", "build_overrefusal_pairs"),
        ("pairs",),
        ("pairs, ", "over-refusal pairs"),
    ),
    Stage("training", ("train_method",), ("training",), ("training ", "weights of ")),
    Stage(
        "evaluation, along training too",
        ("generate_evaluation", "generate_evaluation_along_training"),
        ("evaluation", "evaluation along training"),
        ("evaluation",),
    ),
    Stage("KL", ("measure_kl",)),
]


@cache
def paper() -> Config:
    return load(ROOT / "config/paper.yaml")


@cache
def rule_seconds() -> dict[str, tuple[int, int]]:
    """(jobs, seconds) of each rule in the timed run of docs/results.md."""
    return {
        rule: (int(jobs), int(seconds))
        for rule, jobs, seconds in re.findall(
            r"^\| ([a-z_]+) \| (\d+) \| (\d+) \|$", (ROOT / "docs/results.md").read_text(), re.M
        )
    }


@cache
def priced_steps() -> list[tuple[Step, float]]:
    """The plan of the paper run, each step with its price."""
    return [(step, price(paper(), step)) for step in plan(paper())]


def planned(stage: Stage) -> tuple[Step, float]:
    """The stage's lines of the paper run's plan, summed over the models, and their price."""
    steps = [
        (step, usd) for step, usd in priced_steps() if stage.planned and step.stage.startswith(stage.planned)
    ]
    return totals([step for step, _ in steps]), sum(usd for _, usd in steps)


def demo(stage: Stage) -> tuple[int, int]:
    """(jobs, seconds) of the stage in the timed run of docs/results.md."""
    timed = [rule_seconds()[rule] for rule in stage.rules if rule in rule_seconds()]
    return sum(jobs for jobs, _ in timed), sum(seconds for _, seconds in timed)


def number(value: float, form: str = ",.0f") -> str:
    """A number, or a dash for none."""
    return format(value, form) if value else MISSING


def costs() -> list[list[str]]:
    measured = pd.read_csv(DEMO / "steps.csv").groupby("step")[["generations", "seconds"]].sum()
    rows = []
    for stage in STAGES:
        work = measured[measured.index.isin(stage.steps)].sum()
        step, usd = planned(stage)
        rules = ", ".join(f"`{rule}`" for rule in stage.rules) or MISSING
        here = [*map(number, demo(stage)), number(work["seconds"]), number(work["generations"])]
        rows.append([stage.name, rules, *here, *plan_cells(step, usd)])
    whole = [sum(demo(stage)[column] for stage in STAGES) for column in (0, 1)]
    here = [*map(number, [*whole, measured["seconds"].sum(), measured["generations"].sum()])]
    rows.append(
        [
            "in all",
            "",
            *here,
            *plan_cells(totals([step for step, _ in priced_steps()]), sum(usd for _, usd in priced_steps())),
        ]
    )
    return rows


def plan_cells(step: Step, usd: float) -> list[str]:
    return [
        (about if step.estimated else number)(step.generations) if step.generations else MISSING,
        *(about(value) if value else MISSING for value in (step.tokens / 1e6, step.gpu_hours, usd)),
    ]


@cache
def graph(configuration: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The workflow's jobs from nothing: (label by number, what each waits for)."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder))
        command = [*SNAKEMAKE, "--configfile", configuration, "--dag", "dot"]
        dot = subprocess.run(
            command, cwd=project, capture_output=True, text=True, check=True, timeout=120
        ).stdout
    waits: dict[str, list[str]] = {}
    for before, after in re.findall(r"^\s*(\d+) -> (\d+)$", dot, re.M):
        waits.setdefault(after, []).append(before)
    return dict(re.findall(r'^\s*(\d+)\[label = "([^"]*)"', dot, re.M)), waits


def job_of(target: str) -> str:
    """The label of the job that makes a target."""
    path = Path(target)
    known = {
        "tables/claims.csv": "score_claims",
        "report.html": "write_report",
        "manifest.json": "write_manifest",
    }
    return known.get(target) or (
        rf"draw_figure\nfigure: {path.stem}" if path.suffix == ".svg" else rf"write_table\ntable: {path.stem}"
    )


def made(config: Config, targets: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the targets that a run of the configuration makes."""
    names = {item.name for item in contents.of_run(config)}
    return tuple(
        target for target in targets if Path(target).stem not in contents.ITEMS or Path(target).stem in names
    )


def needed(configuration: str, targets: tuple[str, ...]) -> dict[str, float]:
    """The share of each rule's jobs that the targets need, by the names of docs/results.md."""
    labels, waits = graph(configuration)
    wanted = {job_of(target) for target in targets}
    queue = [job for job, label in labels.items() if label in wanted]
    assert len(queue) == len(wanted), f"no rule makes one of {targets}"
    seen: set[str] = set()
    while queue:
        job = queue.pop()
        if job not in seen:
            seen.add(job)
            queue += waits.get(job, [])
    every = Counter(map(_timed_rule, labels.values()))
    used = Counter(_timed_rule(labels[job]) for job in seen)
    return {rule: used[rule] / every[rule] for rule in every}


def _timed_rule(label: str) -> str:
    """The rule of a job's label, by its name in docs/results.md."""
    rule = label.split("\\n")[0]
    return TIMED_AS.get(rule, rule)


def cost(targets: tuple[str, ...]) -> tuple[float, float]:
    """(seconds of jobs in the demo, GPU-hours of the paper run) from nothing to the targets, those
    that the run makes. Jobs of one rule count alike.
    """
    here, there = needed("config/demo.yaml", targets), needed("config/paper.yaml", made(paper(), targets))
    seconds = sum(shares * rule_seconds()[rule][1] for rule, shares in here.items() if rule in rule_seconds())
    hours = sum(
        max(there.get(rule, 0.0) for rule in stage.rules) * planned(stage)[0].gpu_hours
        for stage in STAGES
        if stage.rules
    )
    return seconds, hours
