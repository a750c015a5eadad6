"""The plan as a table and lines for a person."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.table import Table

from safe_reasoning.config import Config, HubModel
from safe_reasoning.plan.judge_calls import price
from safe_reasoning.plan.measured_rates import Rates
from safe_reasoning.plan.rounding import about, duration
from safe_reasoning.plan.step import Step, totals

HOURS = "GPU-hours"
COLUMNS = (
    "model",
    "step",
    "jobs",
    "generations",
    "tokens, million",
    HOURS,
    "calls",
    "asked",
    "USD",
    "disk, GiB",
)


def plan_table(config: Config, steps: Sequence[Step], hours_known: bool = True) -> Table:
    """One line per step and the sums.

    Without GPUs the hours are those of processor cores: a job's, times its threads.
    """
    named = ["CPU-hours" if name == HOURS and on_cpu(config) else name for name in COLUMNS]
    table = Table(*named, title=f"plan of {config.run}")
    for column in table.columns[2:]:
        column.justify = "right"
    for step in steps:
        table.add_row(*_line(config, step, hours_known))
    total = totals(steps)
    usd = sum(price(config, step) for step in steps)
    table.add_section()
    table.add_row(*_line(config, total, hours_known)[:7], "", about(usd), about(total.disk_gib))
    return table


def on_cpu(config: Config) -> bool:
    """Whether the run has no GPUs."""
    return not config.resources.gpus


def hours(config: Config, step: Step) -> float:
    """Hours of GPUs, or of processor cores in a run without GPUs."""
    return step.gpu_hours * (config.engine.threads if on_cpu(config) else 1)


def _line(config: Config, step: Step, hours_known: bool) -> list[str]:
    """A line of the table.

    Counts that the configuration decides are exact; what rests on a rate or a length is rounded.
    """
    count = about if step.estimated else "{:,}".format
    bound = "at most " if step.bound else ""
    usd = price(config, step)
    return [
        step.model,
        step.stage,
        f"{step.jobs}" if step.jobs else "",
        f"{bound}{count(step.generations)}" if step.generations else "",
        about(step.tokens / 1e6) if step.tokens else "",
        about(hours(config, step)) if step.gpu_hours and hours_known else "",
        f"{bound}{count(step.calls)}" if step.calls and step.chat else "",
        step.chat if step.calls else "",
        about(usd) if usd else "",
        about(step.disk_gib) if step.disk_gib else "",
    ]


def rate_lines(used: Rates, total: Step) -> list[str]:
    """The rates of a plan, where they come from, and how long all of it takes at best."""
    config = used.config
    if not used.known:
        return [
            "No rate of a processor is known for this run, so no CPU-hours are given: MEASURED=results/<run> "
            "takes those of a finished run of the same models."
        ]
    rates, of_what = config.plan, "GPU"
    cores = os.cpu_count() or 1
    end = f"On {rates.gpus} GPUs at best {duration(total.gpu_hours / rates.gpus)}."
    if on_cpu(config):
        of_what = f"job (threads: {config.engine.threads})"
        end = f"On {cores} cores at best {duration(hours(config, total) / cores)}."
    return [
        f"Generated tokens per second and {of_what}: {about(rates.generation_tokens_per_gpu_second)} "
        f"({used.generation}).",
        f"Trained tokens per second and {of_what}: {about(rates.training_tokens_per_gpu_second)} "
        f"({used.training}).",
        end,
    ]


def published_costs(config: Config, published: Path) -> list[str]:
    """What the paper itself says of its costs, for the models of the run."""
    frame = pd.read_csv(published / "other.csv")
    names = [model.paper_name for model in config.models.values() if isinstance(model, HubModel)]
    rows = frame[frame["item"].isin(["pairs", "efficiency"]) & frame["model"].isin(names)]
    return [
        f"{row.model}, {row.method}, {row.series}: {row.value:g} {row.unit} ({row.mark})"
        for row in rows.itertuples()
    ]
