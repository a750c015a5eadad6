"""Prompt sets: from the nano world or from a benchmark, drawn with a fixed seed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config, FolderModel, NanoModel, PromptSet
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.prompts.benchmark import read_split, splits
from safe_reasoning.prompts.nano_world import prompts
from safe_reasoning.prompts.own_files import own_prompts


def known_rows(name: str, config: Config) -> int:
    """How many prompts the source of a set has, without reading a benchmark."""
    source = config.prompt_sets[name].source
    return splits()[source][1].rows if source in splits() else len(_rows_of(name, config))


def file_of(source: str) -> str:
    """The id in config/sources.yaml of the file behind a prompt set's `source`.

    The nano world's have none and stay.
    """
    return splits()[source][1].source if source in splits() else source


def known_sources() -> list[str]:
    """Every name that a prompt set's `source` may have."""
    return sorted([*splits(), *(f"nano_{split}" for split in prompts.SPLITS)])


def _rows_of(name: str, config: Config) -> list[dict[str, Any]]:
    """Rows (text, category, gold) of what a prompt set draws on."""
    settings = config.prompt_sets[name]
    if settings.file:
        return own_prompts(name, settings)
    return _source_rows(str(settings.source), config)


def _source_rows(source: str, config: Config) -> list[dict[str, Any]]:
    if source not in known_sources():
        raise UserError(f"prompt source {unknown_name(source, known_sources())}")
    if source in splits():
        return read_split(source, config.data_mirror)
    worlds = (m.items for m in config.models.values() if isinstance(m, NanoModel | FolderModel) and m.items)
    items = next(worlds, None)
    if items is None:
        raise UserError(
            f"prompt source {source} needs a model of kind nano, or `items` of a folder with one: add it, "
            "or use a benchmark"
        )
    return prompts.prompts(source.removeprefix("nano_"), items, config.world_seed)


def _draw(settings: PromptSet, count: int, config: Config) -> list[int]:
    """A seeded order of a source's rows.

    The same for every prompt set that draws on that source.
    """
    order = list(range(count))
    random.Random(
        derive_seed("prompt set", settings.source or Path(str(settings.file)).name, config.world_seed)
    ).shuffle(order)
    return order


def warm_up_prompts(role: str, config: Config) -> list[dict[str, Any]]:
    """The rows (text, category, gold) that prompt sets of that role leave to the warm-up by their
    `skip`, in the order drawn.
    """
    chosen = []
    for name, settings in config.prompt_sets.items():
        if settings.role == role and settings.skip:
            rows = _rows_of(name, config)
            chosen += [rows[index] for index in _draw(settings, len(rows), config)[: settings.skip]]
    return chosen


def make_prompt_set(name: str, config: Config) -> list[dict[str, Any]]:
    """The rows (schema prompts) of the prompt set `name`.

    All of its source, or `limit` of them drawn with a seed of their own.

    `skip` rows at the front of that draw are left to whatever else uses the source (the warm-up of
    real weights), so the two never share a prompt.
    """
    settings = config.prompt_sets[name]
    rows = _rows_of(name, config)
    order = list(range(len(rows)))
    if settings.limit is not None or settings.skip:
        order = _draw(settings, len(rows), config)
        stop = None if settings.limit is None else settings.skip + settings.limit
        order = sorted(order[settings.skip : stop])
    if not order:
        raise UserError(
            f"prompt_sets.{name}: no prompts left of {len(rows)} after skip: {settings.skip}: lower it"
        )
    return [
        {
            "prompt_id": f"{name}-{index:04d}",
            "prompt_set": name,
            "role": settings.role,
            "category": rows[index]["category"],
            "text": rows[index]["text"],
            "request": rows[index]["text"],
            "gold": rows[index].get("gold", ""),
        }
        for index in order
    ]
