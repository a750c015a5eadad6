"""What a kind of policy declares about itself, and how it is found by name.

A kind is a file of `policies` with a `KIND` and a function `open_policy` that makes the policy from
`control.inputs.PolicyInputs`. A method of the recipe `decode` names an entry of `policies` in the
configuration, or a kind itself, which then has its default settings.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from safe_reasoning.config import Config
from safe_reasoning.config.named_kinds import checked_settings
from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.core.errors import UserError

FOLDER = Path(__file__).parent / "policies"
Need = Literal["triggers", "detector", "judge", "weights", "rollouts", "scorer"]


@dataclass(frozen=True)
class Kind:
    """Declaration of a kind of policy.

    Attributes:
        settings: its settings in the configuration.
        needs: what these settings ask for beyond the engine: the picked `triggers`, a cue
            `detector`, the run's `judge`, the model's `weights` for a second forward pass, the
            base's `rollouts`, or the learned step `scorer`.
        rounds: most edits of one completion (plan).
        candidates: continuations after each edit (plan).
        paths: completions of each request, each under the policy, of which one is delivered (plan).
        nano_only: these settings ask for what is known in the nano world alone.
    """

    settings: type[PolicySettings]
    needs: Callable[[Any], tuple[Need, ...]]
    rounds: Callable[[Any], int]
    candidates: Callable[[Any], int] = lambda settings: 1
    paths: Callable[[Any], int] = lambda settings: 1
    nano_only: Callable[[Any], bool] = lambda settings: False


def kinds() -> list[str]:
    """Names of all kinds."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


@cache
def kind_named(kind: str) -> Kind:
    """The declaration of a kind."""
    declared: Kind = importlib.import_module(f"safe_reasoning.control.policies.{kind}").KIND
    return declared


def settings_of(config: Config, name: str) -> Any:
    """The checked settings of a policy, defaults filled in; a UserError names the key."""
    return checked_settings(
        "policies", name, config.policies, kinds(), lambda kind: kind_named(kind).settings, FOLDER.name
    )


def kind_of(config: Config, name: str) -> str:
    """The kind of a policy."""
    kind: str = settings_of(config, name).kind
    return kind


def needs_of(config: Config, name: str) -> tuple[Need, ...]:
    """What a policy needs beyond the engine."""
    settings = settings_of(config, name)
    return kind_named(settings.kind).needs(settings)


def copies_of(config: Config, name: str) -> int:
    """Weights that a policy holds beside the engines: the model's, the base's, or both."""
    return sum(need in ("weights", "scorer") for need in needs_of(config, name))


def continuations_of(config: Config, name: str) -> int:
    """Most continuations that a policy samples for one completion, beyond that one itself."""
    settings = settings_of(config, name)
    kind = kind_named(settings.kind)
    return kind.paths(settings) * (1 + kind.rounds(settings) * kind.candidates(settings)) - 1


def annotators_of(config: Config, name: str) -> list[str]:
    """The cue detector and the judge that a policy asks."""
    settings, needs = settings_of(config, name), needs_of(config, name)
    detector = [settings.detector or config.detector] if "detector" in needs else []
    return [*detector, *([config.evaluate.judge] if "judge" in needs else [])]


def resolved(config: Config) -> Config:
    """The configuration with its policies checked and their defaults filled in.

    Raises:
        UserError: An unknown kind or key, a method that lacks its policy or has one that its recipe
            does not read, a method that decodes another that decodes, a policy of the nano world
            alone in another, or a learned step scorer that would not learn from alignment prompts.
    """
    used = {name: settings_of(config, name) for name in config.policies}
    for method, entry in config.methods.items():
        decodes = entry.recipe == "decode"
        if decodes != (entry.policy is not None):
            raise UserError(
                f"methods.{method}: the recipe {entry.recipe} "
                + ("needs a `policy`: name one" if decodes else "reads no `policy`: remove it")
            )
        if entry.policy is not None:
            _check_world(config, entry.policy)
            if "scorer" in needs_of(config, entry.policy):
                _check_scorer(config, method)
        for key in ("start", "teacher"):
            other = getattr(entry, key)
            if other and config.methods[other].recipe in ("decode", "given"):
                raise UserError(
                    f"methods.{method}.{key}: {other} has no weights of its own: name a trained method"
                )
    return config.model_copy(update={"policies": used})


def learns_scorer(config: Config) -> bool:
    """Whether a method of the run decodes by the learned step scorer."""
    return any(
        "scorer" in needs_of(config, entry.policy) for entry in config.methods.values() if entry.policy
    )


def _check_world(config: Config, name: str) -> None:
    """Whether a policy that knows the nano world alone is used there alone."""
    settings = settings_of(config, name)
    others = [model for model, entry in config.models.items() if entry.kind != "nano"]
    if others and kind_named(settings.kind).nano_only(settings):
        raise UserError(
            f"policies.{name}: coherence: exact knows the nano world alone, and models.{others[0]} is of "
            "another: take `coherence: likelihood`"
        )


def _check_scorer(config: Config, method: str) -> None:
    """Whether the learned step scorer of a method would see alignment prompts alone."""
    if other := config.sets_of("characterize"):
        raise UserError(
            f"methods.{method}: a learned step scorer learns from the continuation safety ratio of alignment "
            f"prompts, and prompt_sets.{other[0]} has role characterize: remove that set or the method"
        )
