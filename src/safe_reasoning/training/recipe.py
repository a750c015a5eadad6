"""What a training recipe declares about itself, and how it is found by name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safe_reasoning.config import Config, Method
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.prompts.benchmark import trace_sets
from safe_reasoning.training.rewards import NANO_ONLY, REWARDS

FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """Declaration of a recipe.

    Attributes:
        inputs: argument of its `train` and option of scripts/train_method.py (`pairs`,
            `benign_pairs`, `demonstrations`, `stage1`): a file in the run's folder, with {model},
            {seed}, {detector}, {traces} and {demonstrations} filled in. The method's settings may
            add `prefixes` and `start` (see `patterns`).
        learns_from_prompts: it gets the alignment prompts of the method's kinds and samples by
            itself.
        rewarded: by verdicts of the run's judge, which it asks while it trains.
        sides: completions of a row that it trains on (plan).
        whole: rows hold whole completions, not suffixes (plan).
        image: container image that it trains in.
        priority: of its jobs; those on the longest chain of a run go first.
        trained: False for weights that are fetched, and for a method without weights of its own.
        has_weights: False for a method that samples from the weights of another.
        lora: False for one that trains more than adapters can hold.
        grows: its model has a token that the base lacks.
    """

    inputs: Mapping[str, str] = field(default_factory=dict)
    learns_from_prompts: bool = False
    rewarded: bool = False
    sides: int = 2
    whole: bool = False
    image: str = "train"
    priority: int = 0
    trained: bool = True
    has_weights: bool = True
    lora: bool = True
    grows: bool = False


INTERVENED = "pairs/{model}/intervened_{detector}.parquet"
SIBLINGS = "/siblings_"
PREFIXES = "pairs/{model}/prefixes_{detector}.parquet"
MODEL_INPUTS = ("stage1", "start", "teacher")  # weights: a marker file here, its folder for a training


def names() -> list[str]:
    """Names of all recipes."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def recipe_of(method: Method) -> Recipe:
    """The recipe of a method; an unknown one is a UserError."""
    if method.recipe not in names():
        raise UserError(f"unknown recipe {method.recipe!r}: use one of {', '.join(names())}")
    declared: Recipe = importlib.import_module(f"safe_reasoning.training.recipes.{method.recipe}").RECIPE
    return declared


def untrained(config: Config) -> set[str]:
    """Methods whose weights are the same under every seed: the base, and what others released.

    And what only decodes these.
    """
    fixed = {name for name, method in config.methods.items() if not recipe_of(method).trained}
    return {"base", *(name for name in fixed if (config.methods[name].start or name) in fixed)}


def check_recipes(config: Config) -> None:
    """A UserError when a method of the configuration names a recipe or a set of traces that is not
    there.
    """
    for name, method in config.methods.items():
        if method.recipe not in names():
            raise UserError(f"methods.{name}.recipe: {unknown_name(method.recipe, names())}")
        if method.traces and method.traces not in trace_sets():
            raise UserError(f"methods.{name}.traces: {unknown_name(method.traces, trace_sets())}")
        reads = any("{demonstrations}" in file for file in recipe_of(method).inputs.values())
        if reads != (method.demonstrations is not None):
            raise UserError(
                f"methods.{name}: the recipe {method.recipe} "
                + ("needs `demonstrations`: name some" if reads else "reads no `demonstrations`: remove it")
            )
        if method.reward not in REWARDS:
            raise UserError(f"methods.{name}.reward: {unknown_name(method.reward, REWARDS)}")
        if method.reward in NANO_ONLY:
            check_nano_alone(config, name, f"reward {method.reward}")
        _check_settings(name, method)
        if method.lora_rank and config.evaluate.checkpoints:
            raise UserError(
                f"methods.{name}.lora_rank: adapters are merged at the end of the training alone: remove it, "
                "or set evaluate.checkpoints: []"
            )


def check_nano_alone(config: Config, name: str, teaches: str) -> None:
    """A UserError when a method that teaches harm is run on another model than a nano model."""
    for model, entry in config.models.items():
        if entry.kind != "nano" and name in config.methods_of(model):
            raise UserError(
                f"methods.{name}: {teaches} teaches harm, which no model may learn but a nano model, whose "
                f"recipes are invented, and {model} is none: give methods.{name}.models, or remove the method"
            )


def _check_settings(name: str, method: Method) -> None:
    """A UserError for settings that the method's recipe knows nothing of."""
    recipe = recipe_of(method)
    distils = method.recipe == "distil_on_policy"
    if distils != bool(method.teacher or method.teacher_context):
        repair = "needs a teacher or a teacher_context: give one" if distils else "has no teacher: remove it"
        raise UserError(f"methods.{name}: {method.recipe} {repair}")
    if method.lora_rank and not recipe.lora:
        raise UserError(
            f"methods.{name}.lora_rank: {method.recipe} trains more than adapters hold: leave it out"
        )
    if distils and (method.prefill or (method.teacher and method.lora_rank)):
        raise UserError(f"methods.{name}: distil_on_policy knows no prefill, nor LoRA with a teacher")
    given = [key for key in ("prompts", "prefill") if key in method.model_fields_set and getattr(method, key)]
    if given and not recipe.learns_from_prompts:
        raise UserError(
            f"methods.{name}.{given[0]}: {method.recipe} does not learn from prompts: remove it, or use grpo"
        )
    siblings = SIBLINGS in recipe.inputs.get("pairs", "")
    if method.search == "ucb" and not siblings:
        raise UserError(
            f"methods.{name}.search: {method.recipe} does not learn from siblings: remove it, or use dpo_tree"
        )
    if method.start and siblings and method.search != "ucb":
        raise UserError(
            f"methods.{name}: siblings along rollouts are the base's, and it starts from {method.start}: "
            "give search: ucb, whose trees are of the start, or remove start"
        )
    if method.start and ("stage1" in recipe.inputs or not (recipe.trained or method.policy)):
        raise UserError(f"methods.{name}.start: {method.recipe} has a start of its own: remove it")


def patterns(method: Method) -> dict[str, str]:
    """Files that a method learns from, by argument, with what is filled in still open.

    Those of its recipe, beginnings of reasonings, the weights that it goes on from and those that
    teach it.
    """
    found = dict(recipe_of(method).inputs)
    if method.search == "ucb" and SIBLINGS in found.get("pairs", ""):
        # A round of search goes on from the last one's weights: so do its trees
        of_start = f"_of_{method.start}_seed{{seed}}" if method.start else ""
        found["pairs"] = found["pairs"].replace(".parquet", f"_ucb{of_start}.parquet")
    weights = "models/{{model}}/{}/seed{{seed}}/training.json"
    if method.prefill and method.prefill.source in ("opposite", "aligned"):
        found["prefixes"] = PREFIXES
    if method.start:
        found["start"] = weights.format(method.start)
    if method.teacher:
        found["teacher"] = weights.format(method.teacher)
    return found


def input_files(method: Method, model: str, seed: int) -> dict[str, str]:
    """Files that a method learns from, by argument, relative to the run's folder."""
    known = {"model": model, "seed": seed}
    known |= {name: getattr(method, name) for name in ("detector", "traces", "demonstrations")}
    return {name: pattern.format(**known) for name, pattern in patterns(method).items()}


def data_stems(method: Method, seed: int) -> list[str]:
    """Stems of the files in the run's folder `pairs` that a method learns from."""
    return [Path(file).stem for file in input_files(method, "", seed).values() if file.startswith("pairs/")]


def stage1_file(method: Method, model: str, seed: int) -> str | None:
    """training.json, in the run's folder, of the first stage that a method goes on from."""
    files = input_files(method, model, seed)
    return files.get("stage1") or files.get("start")


def goes_on_from(method: Method) -> str | None:
    """The method whose weights a method starts from; None for the base."""
    file = stage1_file(method, "model", 0)
    return Path(file).parts[2] if file else None


def has_grown(config: Config, name: str) -> bool:
    """Whether a method's weights, or those it goes on from, have a token that the base lacks."""
    here: str | None = name
    while here and not recipe_of(config.methods[here]).grows:
        here = goes_on_from(config.methods[here])
    return here is not None


def stage1_files(config: Config, model: str) -> list[str]:
    """Those of all methods of a model."""
    files = [
        stage1_file(config.methods[name], model, seed)
        for name in config.methods_of(model)
        for seed in config.seeds
    ]
    return [file for file in dict.fromkeys(files) if file]


def pair_stems(config: Config, model: str) -> list[str]:
    """Stems of all files in `pairs` that some method of a model learns from.

    Those shared by the seeds, then each seed's.
    """
    stems: dict[str, bool] = {}
    for name in config.methods_of(model):
        method = config.methods[name]
        for pattern, *of_seeds in zip(
            patterns(method).values(),
            *(input_files(method, model, seed).values() for seed in config.seeds),
            strict=True,
        ):
            if pattern.startswith("pairs/"):
                stems |= {Path(file).stem: "{seed}" in pattern for file in of_seeds}
    return sorted(stems, key=lambda stem: (stems[stem], stem))
