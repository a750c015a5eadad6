"""Prompt sets: from the nano world or from a benchmark, drawn with a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from safe_reasoning.config import Config, NanoModel, PromptSet
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.prompts.benchmarks import (
    aime,
    gpqa,
    gsm8k,
    harmbench,
    humaneval,
    jailbreakbench,
    math500,
    sorry_bench,
    star1,
    star_benign,
    strongreject,
    wildjailbreak,
    xstest,
)
from safe_reasoning.prompts.nano_world import prompts

# Sources outside the nano world: name -> (function, split).
BENCHMARKS: dict[str, tuple[Callable[[str, str | None], list[dict[str, Any]]], str]] = {
    "jailbreakbench_harmful": (jailbreakbench.prompts, "harmful"),
    "jailbreakbench_benign": (jailbreakbench.prompts, "benign"),
    "xstest_safe": (xstest.prompts, "safe"),
    "star1_harmful": (star1.prompts, "harmful"),
    "star_benign": (star_benign.prompts, "benign"),
    "strongreject": (strongreject.prompts, "full"),
    "strongreject_small": (strongreject.prompts, "small"),
    "wildjailbreak": (wildjailbreak.prompts, "eval"),
    "harmbench": (harmbench.prompts, "standard"),
    "harmbench_contextual": (harmbench.prompts, "contextual"),
    "sorry_bench": (sorry_bench.prompts, "base"),
    "aime2024": (aime.prompts, "2024"),
    "aime2025": (aime.prompts, "2025"),
    "math500": (math500.prompts, "test"),
    "gsm8k": (gsm8k.prompts, "test"),
    "gpqa_diamond": (gpqa.prompts, "diamond"),
    "humaneval": (humaneval.prompts, "test"),
}


# Prompts of each source as its makers give it, for plans; a reader refuses a file with another number.
ROWS = {
    "jailbreakbench_harmful": 100,
    "jailbreakbench_benign": 100,
    "xstest_safe": 250,
    "star1_harmful": 1000,
    "star_benign": 915,
    "strongreject": 313,
    "strongreject_small": 60,
    "wildjailbreak": 250,
    "harmbench": 200,
    "harmbench_contextual": 100,
    "sorry_bench": 440,
    "aime2024": 30,
    "aime2025": 30,
    "math500": 500,
    "gsm8k": 1319,
    "gpqa_diamond": 198,
    "humaneval": 164,
}


def known_rows(source: str, config: Config) -> int:
    """How many prompts a source has, without reading it."""
    return ROWS[source] if source in ROWS else len(_source_rows(source, config))


def known_sources() -> list[str]:
    """Every name that a prompt set's `source` may have."""
    return sorted([*BENCHMARKS, *(f"nano_{split}" for split in prompts.SPLITS)])


def _source_rows(source: str, config: Config) -> list[dict[str, Any]]:
    if source not in known_sources():
        raise UserError(f"unknown prompt source {source!r}: use one of {', '.join(known_sources())}")
    if source in BENCHMARKS:
        function, split = BENCHMARKS[source]
        return function(split, config.data_mirror)
    world = next((model for model in config.models.values() if isinstance(model, NanoModel)), None)
    if world is None:
        raise UserError(f"prompt source {source} needs a model of kind nano: add one or use a benchmark")
    return prompts.prompts(source.removeprefix("nano_"), world.items, config.world_seed)


def _draw(settings: PromptSet, count: int, config: Config) -> list[int]:
    """A seeded order of a source's rows; the same for every prompt set that draws on that source."""
    order = list(range(count))
    random.Random(derive_seed("prompt set", settings.source, config.world_seed)).shuffle(order)
    return order


def warm_up_prompts(role: str, config: Config) -> list[dict[str, Any]]:
    """The rows (text, category, gold) that prompt sets of that role leave to the warm-up by their `skip`, in the order drawn."""
    chosen = []
    for settings in config.prompt_sets.values():
        if settings.role == role and settings.skip:
            rows = _source_rows(settings.source, config)
            chosen += [rows[index] for index in _draw(settings, len(rows), config)[: settings.skip]]
    return chosen


def make_prompt_set(name: str, config: Config) -> list[dict[str, Any]]:
    """The rows (schema prompts) of the prompt set `name`: all of its source, or `limit` of them drawn with a seed of their own.

    `skip` rows at the front of that draw are left to whatever else uses the source (the warm-up of real weights), so the two never share a prompt.
    """
    settings = config.prompt_sets[name]
    rows = _source_rows(settings.source, config)
    order = list(range(len(rows)))
    if settings.limit is not None or settings.skip:
        order = _draw(settings, len(rows), config)
        stop = None if settings.limit is None else settings.skip + settings.limit
        order = sorted(order[settings.skip : stop])
    if not order:
        raise UserError(f"prompt_sets.{name}: no prompts left of {len(rows)} after skip: {settings.skip}: lower it")
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
