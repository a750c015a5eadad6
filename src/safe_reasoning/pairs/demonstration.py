"""What a kind of demonstrations declares about itself, and how it is found by name.

A kind is a file of `demonstrations` with a `KIND` and a function `build` that makes its rows from
`pairs.material.Material`. A method names an entry of `demonstrations` in the configuration, or a
kind itself, which then has its default settings.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from safe_reasoning.config import Config, Role
from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.config.named_kinds import checked_settings
from safe_reasoning.core.errors import UserError
from safe_reasoning.training.recipe import check_nano_alone, has_grown

FOLDER = Path(__file__).parent / "demonstrations"
Need = Literal["rollouts", "pairs", "triggers"]


class Counts(NamedTuple):
    """What a kind's upper bounds are counted from.

    Attributes:
        harmful: harmful alignment prompts.
        benign: benign ones, hard ones too where they are asked for.
        rollouts: of the base on each harmful prompt.
        benign_rollouts: of the base on each benign prompt.
        triggers: that are put in; as many pairs a harmful prompt at most.
    """

    harmful: int
    benign: int
    rollouts: int
    benign_rollouts: int
    triggers: int

    @property
    def pairs(self) -> int:
        """Intervened pairs at most."""
        return self.harmful * self.triggers

    @property
    def sampled(self) -> int:
        """Rollouts of the base in all."""
        return self.harmful * self.rollouts + self.benign * self.benign_rollouts


@dataclass(frozen=True)
class Kind:
    """Declaration of a kind of demonstrations.

    Attributes:
        settings: its settings in the configuration.
        needs: what it is made from beyond the alignment prompts: the base's `rollouts` with the
            judge's verdicts, intervened `pairs`, the picked `triggers`.
        empty: what to change when no row comes out, for the message.
        rows: rows at most (plan).
        samples: completions that it samples by itself, at most; 0 for one that needs no model
            (plan, and the machine that the rule asks for).
        teacher: whether these settings need a model that follows instructions, which nano models
            do not.
        nano_only: rows that teach harm, which nano models alone may learn.
        new_tokens: rows hold a token that the base lacks.
    """

    settings: type[KindSettings]
    needs: Callable[[Any], tuple[Need, ...]]
    empty: str
    rows: Callable[[Any, Counts], int]
    samples: Callable[[Any, Counts], int] = lambda settings, counts: 0
    teacher: Callable[[Any], bool] = lambda settings: False
    nano_only: bool = False
    new_tokens: bool = False


def kinds() -> list[str]:
    """Names of all kinds."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


@cache
def kind_named(kind: str) -> Kind:
    """The declaration of a kind."""
    declared: Kind = importlib.import_module(f"safe_reasoning.pairs.demonstrations.{kind}").KIND
    return declared


def settings_of(config: Config, name: str) -> Any:
    """The checked settings of demonstrations, defaults filled in; a UserError names the key."""
    return checked_settings(
        "demonstrations",
        name,
        config.demonstrations,
        kinds(),
        lambda kind: kind_named(kind).settings,
        FOLDER.name,
    )


def name_of_kind(config: Config, name: str) -> str:
    """The kind of demonstrations of that name."""
    kind: str = settings_of(config, name).kind
    return kind


def kind_of(config: Config, name: str) -> Kind:
    """The declaration behind demonstrations of that name."""
    return kind_named(name_of_kind(config, name))


def needs_of(config: Config, name: str) -> tuple[Need, ...]:
    """What demonstrations are made from."""
    return kind_of(config, name).needs(settings_of(config, name))


def roles_of(config: Config, name: str) -> tuple[Role, ...]:
    """Roles of the prompt sets that demonstrations are made for."""
    hard = settings_of(config, name).hard_benign
    return ("align_harmful", "align_benign", *(("align_alarming",) if hard else ()))


def roles_of_rollouts(config: Config) -> tuple[Role, ...]:
    """Roles of the prompt sets that the base's rollouts are of: what some method's data needs."""
    named = {method.demonstrations for method in config.methods.values() if method.demonstrations}
    alarming = any("align_alarming" in roles_of(config, name) for name in named)
    return ("align_harmful", "align_benign", "characterize", *(("align_alarming",) if alarming else ()))


def detector_of(config: Config, name: str) -> str:
    """The cue detector of demonstrations."""
    detector: str = settings_of(config, name).detector or config.detector
    return detector


ONE_OF_EACH = Counts(1, 1, 1, 1, 1)


def samples_of(config: Config, name: str, counts: Counts = ONE_OF_EACH) -> int:
    """Completions that demonstrations sample by themselves, at most."""
    return kind_of(config, name).samples(settings_of(config, name), counts)


def resolved(config: Config) -> Config:
    """The configuration with its demonstrations checked and their defaults filled in.

    Raises:
        UserError: An unknown kind or key, hard benign prompts that are not there or not used, a
            kind that needs a model that follows instructions for a method of a nano model, one of
            nano models alone for another, or one with a token that the method's start lacks.
    """
    used = {name: settings_of(config, name) for name in config.demonstrations}
    for entry_name in used:
        _check_hard_benign(config, entry_name)
    for method, entry in config.methods.items():
        if (name := entry.demonstrations) is None:
            continue
        settings = settings_of(config, name)
        if kind_named(settings.kind).nano_only:
            check_nano_alone(config, method, f"demonstrations {name}")
        if kind_named(settings.kind).new_tokens and not has_grown(config, method):
            raise UserError(
                f"methods.{method}: {name} holds a token that the base lacks: take recipe backtrack_built, "
                "or start from a method of it"
            )
        nano = [
            m for m in config.models if config.models[m].kind == "nano" and method in config.methods_of(m)
        ]
        if nano and kind_named(settings.kind).teacher(settings):
            raise UserError(
                f"methods.{method}: {name} needs a model that follows instructions, which the nano model "
                f"{nano[0]} does not: give methods.{method}.models, or other demonstrations"
            )
    return config.model_copy(update={"demonstrations": used})


def _check_hard_benign(config: Config, name: str) -> None:
    """A UserError where hard benign prompts are asked for and there are none, or none is used."""
    settings = settings_of(config, name)
    if not settings.hard_benign:
        return
    key = f"demonstrations.{name}.hard_benign"
    if not config.sets_of("align_alarming"):
        raise UserError(f"{key}: no prompt set has role align_alarming: add one, or remove {key}")
    rows = kind_named(settings.kind).rows
    if rows(settings, ONE_OF_EACH) == rows(settings, ONE_OF_EACH._replace(benign=0)):
        raise UserError(f"{key}: these settings make no benign rows: remove it, or have them make some")
