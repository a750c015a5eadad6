"""Figures and tables drawn from metrics, as the rules draw them."""

import importlib
from pathlib import Path

import pandas as pd

from safe_reasoning.report.contents import ANALYSES, ITEMS
from safe_reasoning.report.figures import style
from tests.support.paths import PUBLISHED

# Of every run that switches nothing off
ALWAYS = [item for item in ITEMS.values() if item.asked_by in ("", ANALYSES, "kl_traces")]
FIGURES = [item.name for item in ALWAYS if item.is_figure]
TABLES = [item.name for item in ALWAYS if not item.is_figure]


def draw(name: str, metrics: Path, stem: Path) -> pd.DataFrame:
    """Draw a figure into files and give its data."""
    module = importlib.import_module(f"safe_reasoning.report.figures.{name}")
    frame = module.data(metrics, PUBLISHED)
    style.save(module.draw(frame), frame, stem)
    return frame


def table(name: str, metrics: Path) -> pd.DataFrame:
    """The rows of a table."""
    return importlib.import_module(ITEMS[name].module).data(metrics, PUBLISHED)
