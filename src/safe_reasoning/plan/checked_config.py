"""A configuration checked against everything that it names.

Judges, cue detectors, recipes, demonstrations, policies, prompt sources.
"""

from __future__ import annotations

from collections.abc import Iterator

from safe_reasoning.config import Config, HubModel
from safe_reasoning.control import policy
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.judging.kinds import resolved, weights_of
from safe_reasoning.pairs import demonstration
from safe_reasoning.prompts.prompt_sets import known_sources
from safe_reasoning.sources import table
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
            raise UserError(f"prompt_sets.{name}.source: {unknown_name(entry.source, known_sources())}")
    for key, source_id, kind in _named_sources(config):
        if source_id not in table.table():
            known = [name for name, entry in table.table().items() if entry.kind == kind]
            raise UserError(f"{key}: {unknown_name(source_id, known)} (config/sources.yaml)")
        if (found := table.source(source_id).kind) != kind:
            raise UserError(
                f"{key}: {source_id} of config/sources.yaml is a {found}, not a {kind}: name another"
            )
    return config


def _named_sources(config: Config) -> Iterator[tuple[str, str, str]]:
    """Key, id and kind of each entry of config/sources.yaml that the configuration names itself."""
    for name, model in config.models.items():
        if isinstance(model, HubModel):
            yield f"models.{name}.source", model.source, "model"
    for name, method in config.methods.items():
        for model_name, source_id in method.weights.items():
            yield f"methods.{name}.weights.{model_name}", source_id, "model"
    for name in config.judges:
        if weights := weights_of(name, config):
            yield f"judges.{name}.source", weights, "model"
