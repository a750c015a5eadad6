"""What the figures share: print sizes, colours, method names, and files that are the same bytes every time."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.errors import UserError
from safe_reasoning.records import write_bytes

COLUMN, PAGE = 3.3, 7.0  # widths of one column and of a page, inches
METHODS = {
    "base": "base",
    "sft_safe": "SFT, safe traces",
    "sft": "SFT, chosen side",
    "dpo_natural": "DPO, natural pairs",
    "dpo_full": "DPO, whole traces",
    "grpo_y": "GRPO, reward y",
    "grpo_zy": "GRPO, reward z + y",
    "ipo": "IPO",
    "ipo_stage2": "IPO, stage 2",
    "ipo_lexical": "IPO, lexical cues",
}
REASONING, RESPONSE, GREY = "#d55e00", "#0072b2", "#777777"
PALETTE = sns.color_palette("colorblind", 10)


def begin() -> None:
    """Set the style; called before each figure, so that figures do not depend on each other."""
    sns.set_theme(context="paper", style="ticks", palette=PALETTE, font_scale=0.9)
    plt.rcParams.update(
        {
            "svg.hashsalt": "safe-reasoning",
            "svg.fonttype": "none",
            "figure.dpi": 100,
            "savefig.dpi": 200,
            "axes.titlesize": 9,
            "axes.labelsize": 9,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "legend.fontsize": 8,
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )


def read(metrics: Path, table: str) -> pd.DataFrame:
    """A metrics table; a missing or empty one is a UserError."""
    path = metrics / f"{table}.csv"
    if not path.exists():
        raise UserError(f"{path} does not exist: run the workflow, or give the folder of a finished run's metrics")
    frame = pd.read_csv(path)
    if frame.empty:
        raise UserError(f"{path} holds no rows: the run measured nothing for this figure")
    return frame


def label(method: str) -> str:
    """A method's name in figures and tables."""
    return METHODS.get(method, method.replace("_", " "))


def ordered(methods: pd.Series) -> list[str]:
    """The methods that occur, in the order of METHODS, others after them."""
    present = list(dict.fromkeys(methods))
    return [m for m in METHODS if m in present] + [m for m in present if m not in METHODS]


def panels(frame: pd.DataFrame, width: float, height: float) -> tuple[Figure, list[tuple[str, Axes]]]:
    """A panel a model, side by side."""
    models = list(dict.fromkeys(frame["model"]))
    figure, axes = plt.subplots(1, len(models), figsize=(max(width, min(PAGE, width * len(models))), height), squeeze=False, sharey=True)
    for model, axis in zip(models, axes[0], strict=True):
        if len(models) > 1:
            axis.set_title(model)
    return figure, list(zip(models, axes[0], strict=True))


def whiskers(axis: Axes, x: float, row: pd.Series, value: str, color: str = "black", scale: float = 100) -> None:
    """The interval of a row as a thin vertical line."""
    if pd.notna(row["low"]) and pd.notna(row[value]):
        axis.plot([x, x], [scale * row["low"], scale * row["high"]], color=color, linewidth=0.9, zorder=3)


def save(figure: Figure, frame: pd.DataFrame, stem: Path) -> None:
    """Write stem.csv, stem.svg and stem.png; equal figures are equal files."""
    write_bytes(stem.with_suffix(".csv"), frame.to_csv(index=False, lineterminator="\n").encode())
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=metadata)
        write_bytes(stem.with_suffix(f".{kind}"), buffer.getvalue())
    plt.close(figure)
