"""Turn the verdicts of one model's methods into metrics: rates with intervals, by seed and over seeds, trace classes, paired differences on the same prompts, effect of the
number of samples.

python scripts/summarize_evaluation.py --config config/demo.yaml --model nano --prompts results/demo/prompts/*.parquet \\
    --generations results/demo/generations/nano/*/seed0/evaluation.parquet --verdicts results/demo/verdicts/nano/*/seed0/evaluation.exact.parquet \\
    --contaminated results/demo/metrics/contaminated_prompts.csv --out results/demo/metrics/nano
"""

import argparse
from pathlib import Path

import pandas as pd

from safe_reasoning import evaluate, over_seeds
from safe_reasoning.command import command
from safe_reasoning.config import load
from safe_reasoning.layout import variant_of
from safe_reasoning.records import read_rows, write_metrics
from safe_reasoning.sample_count import sample_counts


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--generations", required=True, nargs="+")
    parser.add_argument("--verdicts", required=True, nargs="+")
    parser.add_argument(
        "--contaminated", required=True, type=Path, help="test prompts that overlap with training prompts (measure_contamination.py)"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    arguments = parser.parse_args()
    config = load(arguments.config)
    bootstrap = config.evaluate.bootstrap
    roles = evaluate.roles_of(read_rows(path, "prompts") for path in arguments.prompts)
    verdicts = {variant_of(path): read_rows(path, "verdicts") for path in arguments.verdicts}
    contaminated = set(pd.read_csv(arguments.contaminated)["prompt_id"])
    left = {variant: [row for row in rows if row["prompt_id"] not in contaminated] for variant, rows in verdicts.items()}
    rates, clean, classes, details = [], [], [], []
    for path in arguments.generations:
        classes += [{**variant_of(path)._asdict(), **row} for row in evaluate.trace_classes(read_rows(path, "generations"))]
    for variant, rows in verdicts.items():
        rates += [{**variant._asdict(), **row} for row in evaluate.rates(rows, roles, bootstrap, config.benchmarks)]
        clean += [{**variant._asdict(), **row} for row in evaluate.rates(left[variant], roles, bootstrap, config.benchmarks)]
        details += [{**variant._asdict(), **row} for row in evaluate.verdict_details(rows)]
    untrained = {"base", *(name for name, method in config.methods.items() if method.recipe == "released")}
    meta = {"judge": config.evaluate.judge, "bootstrap": bootstrap}
    for name, table in (
        ("evaluation", rates),
        ("evaluation_clean", clean),
        ("seeds", over_seeds.rates(rates, verdicts, roles, bootstrap, config.benchmarks, untrained)),
        ("seeds_clean", over_seeds.rates(clean, left, roles, bootstrap, config.benchmarks, untrained)),
        ("verdict_details", details),
        ("trace_classes", classes),
        ("paired", over_seeds.paired(verdicts, roles, bootstrap, config.benchmarks, untrained)),
        ("sample_count", sample_counts(verdicts, roles, config.benchmarks)),
    ):
        write_metrics(arguments.out / f"{name}.csv", [{"model": arguments.model, **row} for row in table], meta)


if __name__ == "__main__":
    main()
