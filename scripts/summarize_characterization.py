"""Turn the characterization of one model into metrics.

Outcome shares, rollout diversity, CSR curves, turning points, triggers, cue correlation,
interventions.

python scripts/summarize_characterization.py --config config/demo.yaml --model nano \\
    --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
        --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --evaluation-verdicts results/demo/verdicts/nano/base/seed0/evaluation.exact.parquet \\
        --csr results/demo/characterize/nano/csr.parquet \\
        --continuations results/demo/characterize/nano/csr_continuations.parquet \\
    --triggers results/demo/characterize/nano/triggers.json \\
        --interventions results/demo/characterize/nano/interventions.parquet \\
    --diversity-prompts results/demo/prompts/align_harmful.parquet \\
        --prompts results/demo/prompts/*.parquet --out results/demo/metrics/nano
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json
from safe_reasoning.core.provenance import read_meta
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.judging.factory import get_detector


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument(
        "--evaluation-verdicts", required=True, help="verdicts on the base model's evaluation generations"
    )
    parser.add_argument("--csr", help="this and the next three: all of them, or none without analyses")
    parser.add_argument("--continuations", help="those behind the ratio, one by one")
    parser.add_argument("--triggers")
    parser.add_argument("--interventions")
    parser.add_argument(
        "--diversity-prompts",
        required=True,
        nargs="+",
        help="harmful alignment prompts: those that RL would train on",
    )
    parser.add_argument(
        "--prompts",
        required=True,
        nargs="+",
        help="all prompts of the run: mined sentences that quote one are masked",
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    analysed = [arguments.csr, arguments.continuations, arguments.triggers, arguments.interventions]
    if any(analysed) and not all(analysed):
        raise UserError("give --csr, --continuations, --triggers and --interventions together, or none")
    from safe_reasoning.characterize.summary import analysis_tables, outcome_tables
    from safe_reasoning.sampling.engine import load_tokenizer

    rollout_verdicts = read_rows(arguments.verdicts, "verdicts")
    tables = outcome_tables(
        config,
        arguments.model,
        rollout_verdicts=rollout_verdicts,
        evaluation_verdicts=read_rows(arguments.evaluation_verdicts, "verdicts"),
        diversity_prompts=[row for path in arguments.diversity_prompts for row in read_rows(path, "prompts")],
    )
    if arguments.csr:
        names = dict.fromkeys([config.detector, "lexical"])
        tables |= analysis_tables(
            config,
            load_tokenizer(arguments.model_dir),
            [get_detector(name, config) for name in names],
            rollouts=read_rows(arguments.rollouts, "generations"),
            rollout_verdicts=rollout_verdicts,
            csr=read_rows(arguments.csr, "csr"),
            continuations=read_rows(arguments.continuations, "csr_continuations"),
            candidates=read_json(arguments.triggers)["candidates"],
            interventions=read_rows(arguments.interventions, "interventions"),
            without_cue=read_meta(arguments.interventions)["without_cue"],
            prompts=[row for path in arguments.prompts for row in read_rows(path, "prompts")],
        )
    for name, rows in tables.items():
        write_metrics(
            arguments.out / f"{name}.csv",
            [{"model": arguments.model, **row} for row in rows],
            {"judge": config.evaluate.judge},
        )


if __name__ == "__main__":
    main()
