"""Turn the characterization of one model into metrics: outcome shares, rollout diversity, CSR curves, turning points, triggers, cue correlation, interventions.

python scripts/summarize_characterization.py --config config/demo.yaml --model nano --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --evaluation-verdicts results/demo/verdicts/nano/base/seed0/evaluation.exact.parquet --csr results/demo/characterize/nano/csr.parquet \\
    --triggers results/demo/characterize/nano/triggers.json --interventions results/demo/characterize/nano/interventions.parquet \\
    --diversity-prompts results/demo/prompts/align_harmful.parquet --prompts results/demo/prompts/*.parquet --out results/demo/metrics/nano
"""

import argparse
from pathlib import Path

from safe_reasoning.command import command, progress
from safe_reasoning.config import load
from safe_reasoning.judging.judge import get_detector
from safe_reasoning.masking import mask_candidates
from safe_reasoning.records import read_json, read_rows, write_metrics


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument("--evaluation-verdicts", required=True, help="verdicts on the base model's evaluation generations")
    parser.add_argument("--csr", required=True)
    parser.add_argument("--triggers", required=True)
    parser.add_argument("--interventions", required=True)
    parser.add_argument("--diversity-prompts", required=True, nargs="+", help="harmful alignment prompts: those that RL would train on")
    parser.add_argument("--prompts", required=True, nargs="+", help="all prompts of the run: mined sentences that quote one are masked")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings, bootstrap = config.characterize, config.evaluate.bootstrap
    from safe_reasoning.characterize import (
        base_model,
        continuation_safety,
        intervention_curve,
        outcome_shares,
        rollout_diversity,
        turning_point_table,
    )
    from safe_reasoning.sampling.engine import load_tokenizer

    tokenizer = load_tokenizer(arguments.model_dir)
    rollout_verdicts = read_rows(arguments.verdicts, "verdicts")
    evaluation = read_rows(arguments.evaluation_verdicts, "verdicts")
    safety_sets = config.sets_of("safety")
    harmful = continuation_safety.reasoning_harmful(rollout_verdicts)
    csr = read_rows(arguments.csr, "csr")
    traced = {row["generation_id"] for row in csr}
    traces = {row["generation_id"]: row for row in read_rows(arguments.rollouts, "generations") if row["generation_id"] in traced}
    detectors = [get_detector(name, config) for name in dict.fromkeys([config.detector, "lexical"])]
    diverse = {row["prompt_id"] for path in arguments.diversity_prompts for row in read_rows(path, "prompts")}
    points = turning_point_table.turning_point_rows(csr, traces, harmful, tokenizer, detectors[0], settings)
    of_alignment = [row for row in rollout_verdicts if row["prompt_id"] in diverse]
    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    nano = config.models[arguments.model].kind == "nano"
    base = base_model.base_model_rows(of_alignment, evaluation, bootstrap, nano=nano)
    for row in base:
        progress(f"base model {arguments.model}: {base_model.told(row)}")
    tables = {
        "base_model": base,
        "outcome_shares": outcome_shares.outcome_shares(evaluation, safety_sets, bootstrap),
        "safe_response_given": outcome_shares.safe_response_given(evaluation, safety_sets, bootstrap),
        "rollout_diversity": rollout_diversity.rollout_diversity(of_alignment, settings.rollouts),
        "csr_curves": continuation_safety.csr_curves(csr, harmful),
        "turning_points": points,
        "turning_point_share": turning_point_table.turning_point_shares(csr, harmful, settings),
        "triggers": mask_candidates(read_json(arguments.triggers)["candidates"], prompts, config.report.show_text),
        "cue_correlation": [turning_point_table.correlation_row(points, traces, tokenizer, detector) for detector in detectors],
        "interventions": intervention_curve.intervention_rates(read_rows(arguments.interventions, "interventions"), bootstrap),
    }
    for name, rows in tables.items():
        write_metrics(arguments.out / f"{name}.csv", [{"model": arguments.model, **row} for row in rows], {"judge": config.evaluate.judge})


if __name__ == "__main__":
    main()
