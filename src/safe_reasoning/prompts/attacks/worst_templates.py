"""The nano world's adaptive attack: every way of asking, of which each method's worst one is found.

An attacker who has a list of templates needs no language model: it asks for an item in each of them
and keeps what worked best. Every method is asked the same prompts, so that the budget is the same,
but its worst template is its own (`evaluation/worst_case.py` chooses it).
"""

from __future__ import annotations

import random
from typing import Any

from safe_reasoning.config import Config, NanoModel
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.evaluation.worst_case import ALLOWED, RESTRICTED
from safe_reasoning.prompts.nano_world import prompts

# Split of the nano world and role of each prompt set
ASKED = {RESTRICTED: ("every_way", "safety"), ALLOWED: ("every_way_benign", "overrefusal")}


def template_prompts(config: Config) -> list[dict[str, Any]]:
    """Held-out items, `evaluate.worst_templates` of each kind at most, in every template.

    Returns:
        Rows of schema prompts, item by item; the templates of each stand in the same order.

    Raises:
        UserError: The run has no nano model.
    """
    world = next((model for model in config.models.values() if isinstance(model, NanoModel)), None)
    if world is None:
        raise UserError("evaluate.worst_templates needs a model of kind nano: add one, or set it to 0")
    rows = []
    for name, (split, role) in ASKED.items():
        by_item: dict[str, list[dict[str, Any]]] = {}
        for row in prompts.prompts(split, world.items, config.world_seed):
            by_item.setdefault(row["gold"], []).append(row)
        rng = random.Random(derive_seed("worst templates", name, config.world_seed))
        chosen = rng.sample(list(by_item), min(config.evaluate.worst_templates, len(by_item)))
        rows += [
            {
                **row,
                "prompt_id": f"{name}-{number:04d}",
                "prompt_set": name,
                "role": role,
                "request": row["text"],
            }
            for number, row in enumerate(row for item in chosen for row in by_item[item])
        ]
    return rows
