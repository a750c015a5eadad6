"""Metric tables of one model's characterization (paper section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.characterize import (
    base_model,
    continuation_safety,
    intervention_curve,
    outcome_shares,
    rollout_diversity,
    turning_point_intervals,
    turning_point_table,
)
from safe_reasoning.config import Config
from safe_reasoning.core.cli import progress
from safe_reasoning.core.redaction import mask_candidates
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.judging.base import CueDetector

Row = Mapping[str, Any]


def outcome_tables(
    config: Config,
    model: str,
    *,
    rollout_verdicts: Sequence[Row],
    evaluation_verdicts: Sequence[Row],
    diversity_prompts: Sequence[Row],
) -> dict[str, list[dict[str, Any]]]:
    """The tables, by name, of how the base model's reasonings and responses end.

    Args:
        config: the run's.
        model: name of the model.
        rollout_verdicts: verdicts on rollouts of the base model.
        evaluation_verdicts: verdicts on the base model's evaluation generations.
        diversity_prompts: harmful alignment prompts, those that reinforcement learning would train
            on.
    """
    bootstrap, safety_sets = config.evaluate.bootstrap, config.sets_of("safety")
    diverse = {row["prompt_id"] for row in diversity_prompts}
    of_alignment = [row for row in rollout_verdicts if row["prompt_id"] in diverse]
    nano = config.models[model].kind == "nano"
    base = base_model.base_model_rows(of_alignment, evaluation_verdicts, bootstrap, nano=nano)
    for row in base:
        progress(f"base model {model}: {base_model.summary_line(row)}")
    return {
        "base_model": base,
        "outcome_shares": outcome_shares.outcome_shares(evaluation_verdicts, safety_sets, bootstrap),
        "safe_response_given": outcome_shares.safe_response_given(
            evaluation_verdicts, safety_sets, bootstrap
        ),
        "rollout_diversity": rollout_diversity.rollout_diversity(of_alignment, config.characterize.rollouts),
    }


def analysis_tables(
    config: Config,
    tokenizer: Tokenizer,
    detectors: Sequence[CueDetector],
    *,
    rollouts: Sequence[Row],
    rollout_verdicts: Sequence[Row],
    csr: Sequence[Row],
    continuations: Sequence[Row],
    candidates: Sequence[Row],
    interventions: Sequence[Row],
    without_cue: float,
    prompts: Sequence[Row],
) -> dict[str, list[dict[str, Any]]]:
    """The tables, by name, of where reasonings turn and what interventions do.

    Args:
        config: the run's.
        tokenizer: of the model.
        detectors: of compliance cues, the run's own first.
        rollouts: generations of the base model.
        rollout_verdicts: verdicts on them.
        csr: rows of schema csr.
        continuations: rows of schema csr_continuations.
        candidates: of triggers.json.
        interventions: rows of schema interventions.
        without_cue: share of the harmful traces read for them that hold no cue.
        prompts: all prompts of the run: trigger sentences that quote one are masked.
    """
    settings, bootstrap = config.characterize, config.evaluate.bootstrap
    harmful = continuation_safety.reasoning_harmful(rollout_verdicts)
    traced = {row["generation_id"] for row in csr}
    traces = {row["generation_id"]: row for row in rollouts if row["generation_id"] in traced}
    points = turning_point_table.turning_point_rows(csr, traces, harmful, tokenizer, detectors[0], settings)
    return {
        "csr_curves": continuation_safety.csr_curves(csr, harmful),
        "turning_points": turning_point_intervals.with_intervals(
            points, csr, continuations, settings, bootstrap
        ),
        "turning_point_share": turning_point_table.turning_point_shares(csr, harmful, settings),
        "triggers": mask_candidates(candidates, prompts, config.report.show_text),
        "cue_correlation": [
            turning_point_table.correlation_row(points, traces, tokenizer, d) for d in detectors
        ],
        "interventions": intervention_curve.intervention_rates(interventions, bootstrap, without_cue),
    }
