"""Prompts of the user's own, and generations that were made elsewhere, read from files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safe_reasoning.config import PromptSet
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.prompts.cells import FILLED, LABEL, TEXT, Kind, check_cells
from safe_reasoning.prompts.math_prompt import math_row
from safe_reasoning.prompts.readers import read

CATEGORY = "own"


def own_rows(key: str, file: str, columns: Mapping[str, Kind]) -> list[dict[str, Any]]:
    """All rows of a file of the user's own.

    Args:
        key: of the configuration that names the file, for messages.
        file: a relative path starts at the folder that the run works in.
        columns: those that are used, with what each holds.

    Raises:
        UserError: No such file, no rows, a column or a cell that is not as it must be.
    """
    path = Path(file)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        place = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise UserError(f"{key}: {file} {what}{place}: correct the path")
    rows = read(path)
    if not rows:
        raise UserError(f"{key}: {file} holds no rows: give it some")
    there = list(dict.fromkeys(column for row in rows for column in row))
    for column in columns:
        if column not in there:
            raise UserError(f"{key}: {file}: column {unknown_name(column, there)}")
    check_cells(path, rows, columns)
    return rows


def own_completions(method: str, file: str) -> list[dict[str, Any]]:
    """Rows with prompt and completion of generations that were made elsewhere."""
    return own_rows(f"methods.{method}.generations", file, {"prompt": FILLED, "completion": TEXT})


def own_prompts(name: str, settings: PromptSet) -> list[dict[str, str]]:
    """The prompts of a set that names a file, in its order: rows with text, category and gold."""
    columns = {settings.text: FILLED}
    columns |= {column: LABEL for column in (settings.category, settings.answer) if column}
    found = []
    for row in own_rows(f"prompt_sets.{name}", str(settings.file), columns):
        text = row[settings.text].strip()
        category = str(row[settings.category]) if settings.category else CATEGORY
        if settings.answer is None:
            found.append({"text": text, "category": category, "gold": ""})
        elif settings.scorer == "math":
            found.append(math_row(text, str(row[settings.answer]), category))
        else:
            gold = json.dumps({"scorer": "choice", "answer": str(row[settings.answer]).strip()})
            found.append({"text": text, "category": category, "gold": gold})
    return found
