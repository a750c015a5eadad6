"""What must hold between blocks of a configuration: of searches, of an evaluation alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safe_reasoning.config.section import check_known

if TYPE_CHECKING:
    from safe_reasoning.config.run import Config

# Of a method that a run does not make
AS_THEY_ARE = ("released", "given")
# Keys of `evaluate` about trainings, and about what a whole run has found
OF_WHOLE_RUNS = ("checkpoints", "recovery_traces", "reliance_traces", "worst_templates", "adaptive_attacks")


def check_searches(config: Config) -> None:
    """A ValueError for searches against each method that cannot be run."""
    adaptive = [name for name, attack in config.attacks.items() if attack.adapts]
    for name in config.evaluate.adaptive_attacks:
        known = adaptive or ["(no attack has target self or kind suffix)"]
        check_known("evaluate.adaptive_attacks", name, known)
    with_weights = [name for name, method in config.methods.items() if not method.policy]
    for name in config.evaluate.attacked_methods:
        check_known("evaluate.attacked_methods", name, with_weights)
    if config.evaluate.adaptive_attacks and not all(config.attacked_sets):
        raise ValueError(
            "evaluate.adaptive_attacks: all safety or overrefusal sets are under attacks: add a plain one"
        )


def check_evaluation(config: Config) -> None:
    """A ValueError for what only a whole run has."""
    if made := [name for name, method in config.methods.items() if method.recipe not in AS_THEY_ARE]:
        raise ValueError(
            f"methods.{made[0]}: stages: evaluation takes released weights alone, and given generations: "
            "leave it out"
        )
    for key in OF_WHOLE_RUNS:
        if getattr(config.evaluate, key):
            raise ValueError(f"evaluate.{key}: stages: evaluation has none: leave it out")
