"""No training and no sampling: generations from a file of the user's own, which are judged."""

from __future__ import annotations

from safe_reasoning.training.recipe import Recipe

RECIPE = Recipe(trained=False, has_weights=False)
