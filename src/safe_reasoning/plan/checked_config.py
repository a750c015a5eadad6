"""A configuration checked against everything that it names.

Judges, cue detectors, recipes, demonstrations, policies, prompt sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safe_reasoning.config import Config, FolderModel, HubModel
from safe_reasoning.control import policy
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.core.model_folder import check_own
from safe_reasoning.judging.kinds import kind_of_judge, resolved, weights_of
from safe_reasoning.pairs import demonstration
from safe_reasoning.plan.needed_sources import needed
from safe_reasoning.prompts.own_files import own_completions, own_prompts
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
    for model, settings in config.models.items():
        if isinstance(settings, FolderModel):
            check_own(f"models.{model}.path", Path(settings.path))
    config = resolved(config)
    check_recipes(config)
    config = policy.resolved(demonstration.resolved(config))
    nano_judges = [judge for judge in config.all_judges if kind_of_judge(judge, config).nano_only]
    for name, entry in config.prompt_sets.items():
        if entry.file and nano_judges:
            raise UserError(
                f"prompt_sets.{name}.file: the judge {nano_judges[0]} knows the nano world's prompts alone: "
                "name another in evaluate.judge, such as lexical"
            )
        if entry.source and entry.source not in known_sources():
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


def check_own_files(config: Config) -> None:
    """A UserError for a file of the user's own that is not there or does not fit.

    And for a mirror folder that does not exist. Not a part of `checked`, which every job calls.
    """
    if needed(config):
        table.existing_mirror(config.data_mirror)
    for name, entry in config.prompt_sets.items():
        if entry.file:
            own_prompts(name, entry)
    files = {
        (name, method.generations_of(model, seed))
        for model in config.models
        for name in config.methods_of(model)
        for method in [config.methods[name]]
        if method.generations
        for seed in config.seeds
    }
    for name, file in sorted(files):
        own_completions(name, file)


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
