"""What must hold between blocks of a configuration: of searches, of an evaluation alone."""

from __future__ import annotations

from collections.abc import Mapping

from safe_reasoning.config.attacks import Attack
from safe_reasoning.config.evaluate import Evaluate
from safe_reasoning.config.methods import Method
from safe_reasoning.config.section import check_known

# Of a method that a run does not make
AS_THEY_ARE = ("released", "given")
# Keys of `evaluate` about trainings, and about what a whole run has found
OF_WHOLE_RUNS = (
    *("checkpoints", "recovery_traces", "reliance_traces", "worst_templates", "adaptive_attacks"),
    "cue_localisation",
)


def check_searches(
    evaluate: Evaluate, attacks: Mapping[str, Attack], methods: Mapping[str, Method], *, plain_sets: bool
) -> None:
    """A ValueError for searches against each method that cannot be run.

    Args:
        evaluate: asks for them.
        attacks: by name.
        methods: by name.
        plain_sets: whether there are safety and over-refusal sets that are under no attack.
    """
    adaptive = [name for name, attack in attacks.items() if attack.adapts]
    for name in evaluate.adaptive_attacks:
        known = adaptive or ["(no attack has target self or kind suffix)"]
        check_known("evaluate.adaptive_attacks", name, known)
    with_weights = [name for name, method in methods.items() if not method.policy]
    for name in evaluate.attacked_methods:
        check_known("evaluate.attacked_methods", name, with_weights)
    if evaluate.adaptive_attacks and not plain_sets:
        raise ValueError(
            "evaluate.adaptive_attacks: all safety or overrefusal sets are under attacks: add a plain one"
        )


def check_contrasts(evaluate: Evaluate, methods: Mapping[str, Method]) -> None:
    """A ValueError for pairs of methods that cannot be compared."""
    if evaluate.contrasts and not evaluate.checkpoints:
        raise ValueError("evaluate.contrasts: methods are matched along their training: add checkpoints")
    for pair in evaluate.contrasts:
        for name in pair:
            check_known("evaluate.contrasts", name, ["base", *methods])
        if pair[0] == pair[1] or evaluate.contrasts.count(pair) > 1:
            raise ValueError(f"evaluate.contrasts: [{', '.join(pair)}]: give two methods, and each pair once")


def check_evaluation(evaluate: Evaluate, methods: Mapping[str, Method]) -> None:
    """A ValueError for what only a whole run has."""
    if made := [name for name, method in methods.items() if method.recipe not in AS_THEY_ARE]:
        raise ValueError(
            f"methods.{made[0]}: stages: evaluation takes released weights alone, and given generations: "
            "leave it out"
        )
    for key in OF_WHOLE_RUNS:
        if getattr(evaluate, key):
            raise ValueError(f"evaluate.{key}: stages: evaluation has none: leave it out")
