"""Fifth stage: the demo with the transformers engine, every rule, against the CPU's metrics.

The base model is the carried one: it decides the results, and is trained for itself in the third
stage. Trainings are in float32, as on the CPU.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from safe_reasoning.gpu_check import workflow
from safe_reasoning.gpu_check.record import Record
from safe_reasoning.gpu_check.settings import Settings
from safe_reasoning.gpu_check.stages import Places
from safe_reasoning.gpu_check.trainings import ROOT

RUN = "gpu_demo"
# Tables with an interval, and the columns that name a row.
TABLES = {
    "rates": ["model", "method", "prompt_set", "part", "measure"],
    "outcome_shares": ["model", "prompt_set", "reasoning", "response"],
    "base_model": ["model", "measure"],
    "safe_response_given": ["model", "reasoning"],
}


def configuration(settings: Settings) -> dict[str, Any]:
    """The demo's, with the transformers engine and trainings in float32."""
    config: dict[str, Any] = yaml.safe_load((ROOT / settings.demo.config).read_text())
    config["run"] = RUN
    config["engine"] |= {"name": "transformers", "dtype": "float32", "max_num_seqs": settings.demo.batch}
    for method in config["methods"].values():
        method |= {"precision": "float32", "gradient_checkpointing": False}
    return config


def run(record: Record, settings: Settings, places: Places) -> None:
    """The workflow, then each table that it made."""
    folder = workflow.fresh_run(RUN)
    shutil.copytree(places.carried / "nano", folder / "models" / "nano" / "base")
    whole = workflow.run(record, configuration(settings), places, settings.demo.jobs)
    compared = 0
    for table, keys in TABLES.items():
        with record.item(table):
            found, stored = read(folder / "metrics", table), read(ROOT / settings.demo.stored, table)
            if found is None and not whole:
                continue
            if found is None or stored is None:
                raise FileNotFoundError(f"{table}.csv of {folder if found is None else settings.demo.stored}")
            _compare(record, table, found, stored, keys)
            compared += 1
    record.check("the metrics were compared", compared > 0, tables=compared)
    steps = read(folder / "metrics", "steps")
    if steps is not None:
        record.measure("steps", steps.to_dict("records"))


def read(folder: Path, table: str) -> pd.DataFrame | None:
    """A metrics table of a run, or those of its models while the run is not finished."""
    files = [folder / f"{table}.csv"]
    if not files[0].exists():
        files = sorted(folder.glob(f"*/{table}.csv"))
    return pd.concat([pd.read_csv(file) for file in files]) if files else None


def overlaps(found: pd.DataFrame, stored: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows that both tables have, with whether their intervals share a value (`overlap`); a row
    without an interval on both sides is left out.
    """
    both = found.merge(stored, on=keys, suffixes=("_here", "_stored"))
    both = both.dropna(subset=["low_here", "high_here", "low_stored", "high_stored"])
    shared = (both["low_here"] <= both["high_stored"]) & (both["low_stored"] <= both["high_here"])
    return both.assign(overlap=shared)


def _compare(record: Record, table: str, found: pd.DataFrame, stored: pd.DataFrame, keys: list[str]) -> None:
    """The base's rows must overlap: its weights are the same. Trained models' rows are counted:
    training enlarges differences in rounding (docs/status.md).
    """
    both = overlaps(found, stored, keys)
    base = both[both["method"] == "base"] if "method" in keys else both
    apart = [" ".join(map(str, row)) for row in base.loc[~base["overlap"], keys].to_numpy()]
    record.check(
        f"{table}: the base's intervals overlap the CPU's",
        len(base) > 0 and not apart,
        rows=len(base),
        apart=apart,
    )
    if "method" in keys:
        trained = both[both["method"] != "base"]
        counts = trained.groupby("method")["overlap"].agg(["sum", "count"])
        record.measure(
            f"{table}: rows of trained models whose intervals overlap the CPU's",
            {str(name): f"{row['sum']} of {row['count']}" for name, row in counts.iterrows()},
        )
        value = {"harmful reasoning, mean": _mean(found), "harmful reasoning, mean, CPU": _mean(stored)}
        record.measure(f"{table}: by method", value)


def _mean(table: pd.DataFrame) -> dict[str, float]:
    """Mean rate of harmful reasonings over the safety sets, by method."""
    rows = table[
        (table["part"] == "reasoning") & (table["measure"] == "harmful") & (table["role"] == "safety")
    ]
    return {str(name): float(rate) for name, rate in rows.groupby("method")["rate"].mean().items()}
