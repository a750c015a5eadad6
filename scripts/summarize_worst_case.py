"""Harm of each method in the average template, in the one that is worst for it, and under attacks
that search against it.

python scripts/summarize_worst_case.py --config config/compare.yaml --model nano \\
    --templates results/compare/attacks/worst_case/templates.parquet \\
    --verdicts results/compare/verdicts/nano/*/seed0/templates.exact.parquet \\
    --adaptive results/compare/verdicts/nano/*/seed0/adaptive.exact.parquet \\
    --out results/compare/metrics/nano/worst_case.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.adaptive import adaptive_rows
from safe_reasoning.evaluation.worst_case import worst_case_rows
from safe_reasoning.training.recipe import untrained


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--templates", help="where every template was asked")
    parser.add_argument("--verdicts", nargs="*", default=[], help="on them")
    parser.add_argument("--adaptive", nargs="*", default=[], help="verdicts under adaptive attacks")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings, rows = config.evaluate, []
    if arguments.templates:
        rows += worst_case_rows(
            {variant_of(path): read_rows(path, "verdicts") for path in arguments.verdicts},
            read_rows(arguments.templates, "prompts"),
            settings.worst_samples,
            untrained(config),
            settings.bootstrap,
            config.world_seed,
        )
    if arguments.adaptive:
        attacks = {name: config.attacks[name] for name in settings.adaptive_attacks}
        rows += adaptive_rows(
            {variant_of(path): read_rows(path, "verdicts") for path in arguments.adaptive},
            {name: attack.iterations * attack.streams for name, attack in attacks.items()},
            settings.worst_samples,
            untrained(config),
            settings.bootstrap,
        )
    write_metrics(
        arguments.out,
        [{"model": arguments.model, **row} for row in rows],
        {"judge": settings.judge, "bootstrap": settings.bootstrap},
    )


if __name__ == "__main__":
    main()
