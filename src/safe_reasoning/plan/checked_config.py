"""A configuration checked against everything that it names.

Judges, cue detectors, recipes, demonstrations, policies, prompt sources.
"""

from __future__ import annotations

from safe_reasoning.config import Config
from safe_reasoning.control import policy
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.kinds import resolved
from safe_reasoning.pairs import demonstration
from safe_reasoning.prompts.prompt_sets import known_sources
from safe_reasoning.training.recipe import check_recipes

KEPT = ("gpu", "published", "reference")  # folders of results/ that git keeps


def checked(config: Config) -> Config:
    """The configuration with the defaults of its judges and detectors filled in.

    Raises:
        UserError: A name that is unknown (the message gives the key and the known names), or that
            no run may have.
    """
    if config.run in KEPT:
        raise UserError(f"run: results/{config.run} is not for runs: choose another name")
    config = resolved(config)
    check_recipes(config)
    config = policy.resolved(demonstration.resolved(config))
    for name, entry in config.prompt_sets.items():
        if entry.source not in known_sources():
            raise UserError(
                f"prompt_sets.{name}.source: {entry.source!r} is unknown: use one of "
                f"{', '.join(known_sources())}"
            )
    return config
