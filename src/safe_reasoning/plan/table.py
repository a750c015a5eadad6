"""The plan as a table and lines for a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.table import Table

from safe_reasoning.config import Config, HubModel
from safe_reasoning.plan.judge_calls import price
from safe_reasoning.plan.step import Step, totals

COLUMNS = (
    "model",
    "step",
    "jobs",
    "generations",
    "tokens, million",
    "GPU-hours",
    "calls",
    "asked",
    "USD",
    "disk, GiB",
)


def plan_table(config: Config, steps: Sequence[Step]) -> Table:
    """One line per step and the sums."""
    table = Table(*COLUMNS, title=f"plan of {config.run}")
    for column in table.columns[2:]:
        column.justify = "right"
    for step in steps:
        table.add_row(*_line(config, step))
    total = totals(steps)
    usd = sum(price(config, step) for step in steps)
    table.add_section()
    table.add_row(*_line(config, total)[:7], "", f"{usd:,.0f}", f"{total.disk_gib:,.0f}")
    return table


def _line(config: Config, step: Step) -> list[str]:
    """A line of the table."""
    bound = "at most " if step.bound else ""
    usd = price(config, step)
    return [
        step.model,
        step.stage,
        f"{step.jobs}" if step.jobs else "",
        f"{bound}{step.generations:,}" if step.generations else "",
        f"{step.tokens / 1e6:,.1f}" if step.tokens else "",
        f"{step.gpu_hours:,.1f}" if step.gpu_hours else "",
        f"{bound}{step.calls:,}" if step.calls and step.chat else "",
        step.chat if step.calls else "",
        f"{usd:,.0f}" if usd else "",
        f"{step.disk_gib:,.0f}" if step.disk_gib else "",
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
