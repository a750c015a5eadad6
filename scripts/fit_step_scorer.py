"""Fit the learned step scorer of decode-time policies, and measure it on held-out prompts.

python scripts/fit_step_scorer.py --config config/compare.yaml --model nano \\
    --base results/compare/models/nano/base \\
    --rollouts results/compare/generations/nano/base/rollouts.parquet \\
    --csr results/compare/characterize/nano/csr.parquet \\
    --prompts results/compare/prompts/align_*.parquet \\
        --out results/compare/characterize/nano/step_scorer.safetensors \\
        --metrics results/compare/metrics/nano/step_scorer.csv
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.provenance import write_meta
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.seeds import derive_seed


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--base", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="of the base on alignment prompts")
    parser.add_argument("--csr", required=True, help="continuation safety ratio of some of them")
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--metrics", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)

    from safe_reasoning.control.step_labels import judged_steps, labelled_steps, quality
    from safe_reasoning.control.step_scorer import StateReader, fit
    from safe_reasoning.core.products import use_threads
    from safe_reasoning.evaluation.monitors import thing
    from safe_reasoning.judging.factory import get_judge
    from safe_reasoning.judging.kinds import by_own_name
    from safe_reasoning.sampling.engine import load_tokenizer

    use_threads(config.engine.threads)
    found = labelled_steps(
        read_rows(arguments.rollouts, "generations"),
        read_rows(arguments.csr, "csr"),
        config.sets_of("align_benign"),
        load_tokenizer(arguments.base),
        StateReader(arguments.base),
        config.characterize.unsafe_threshold,
        derive_seed("step scorer", config.world_seed),
    )
    steps = [step for step, _, _ in found]
    prompts = {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")}
    fitted = fit(steps, {name: thing(row) for name, row in prompts.items()})
    labels = {"continuations": [step.unsafe for step in steps]}
    if config.evaluate.judge in by_own_name("judges"):  # one that reads by rules and asks no model
        labels["judge"] = judged_steps(found, prompts, get_judge(config.evaluate.judge, config))
    meta = {"steps": len(steps), "unsafe_threshold": config.characterize.unsafe_threshold}
    rows = [
        {"model": arguments.model, "labels": source, "threshold": fitted.scorer.threshold, **row}
        for source, unsafe in labels.items()
        for row in quality(fitted.held_out, unsafe, steps, fitted.scorer, config.evaluate.bootstrap)
    ]
    fitted.scorer.save(arguments.out)
    write_meta(arguments.out, meta)
    write_metrics(arguments.metrics, rows, {**meta, "bootstrap": config.evaluate.bootstrap})


if __name__ == "__main__":
    main()
