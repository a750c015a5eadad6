"""Figures and tables as files, from stored metrics alone."""

from __future__ import annotations

import importlib
from pathlib import Path

from safe_reasoning.core.errors import UserError
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
        raise UserError(f"unknown figure or table {name!r}: use one of {', '.join(ITEMS)}")
    item = ITEMS[name]
    module = importlib.import_module(item.module)
    frame = module.data(metrics, published)
    if not item.is_figure:
        common.save(frame, stem)
        return
    from safe_reasoning.report.figures import style  # matplotlib: not needed for tables

    style.save(module.draw(frame), frame, stem)
