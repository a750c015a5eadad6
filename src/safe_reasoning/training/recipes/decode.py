"""No training: another method's weights, whose reasonings a policy edits while they are written.

The policies are in `control/policies`.
"""

from __future__ import annotations

from safe_reasoning.training.recipe import Recipe

RECIPE = Recipe(trained=False, has_weights=False)
