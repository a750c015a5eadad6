"""Released weights of others: fetched, not trained."""

from __future__ import annotations

from safe_reasoning.training.recipe import Recipe

RECIPE = Recipe(trained=False)
