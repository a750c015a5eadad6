"""DPO on sibling pairs with length control: of equally safe sentences the shortest is chosen, of
equally unsafe ones the longest rejected.

The part of SAFER (formerly ERPO) that its abstract tells: step-level preference for safety and
brevity.
"""

from __future__ import annotations

from safe_reasoning.training.recipe import Recipe
from safe_reasoning.training.recipes.dpo_tree import train

RECIPE = Recipe(inputs={"pairs": "pairs/{model}/siblings_short.parquet"})
__all__ = ["RECIPE", "train"]
