"""Figures and tables as files, from stored metrics alone."""

from __future__ import annotations

import importlib
from pathlib import Path

from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.report.contents import ITEMS
from safe_reasoning.report.tables import common


def write_item(name: str, metrics: Path, published: Path, stem: Path) -> None:
    """Draw a figure (SVG, PNG, CSV) or write a table (CSV, Markdown).

    Args:
        name: of the item in `contents.ITEMS`; an unknown one is a UserError.
        metrics: folder of a run's metrics.
        published: folder of the paper's values.
        stem: path without ending.
    """
    if name not in ITEMS:
        raise UserError(f"figure or table {unknown_name(name, ITEMS)}")
    if not ITEMS[name].is_figure:
        common.save(
            importlib.import_module(f"safe_reasoning.report.tables.{name}").data(metrics, published), stem
        )
        return
    # By name: tables need no matplotlib, and another style of figures does not write them again.
    style = importlib.import_module("safe_reasoning.report.figures.style")
    module = importlib.import_module(f"safe_reasoning.report.figures.{name}")
    frame = module.data(metrics, published)
    style.save(module.draw(frame), frame, stem)
