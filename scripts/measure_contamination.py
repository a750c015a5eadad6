"""Measure how far training prompts overlap with test prompts.

The same words, 13 words in a row, nearly the same words.

python scripts/measure_contamination.py --config config/demo.yaml \\
    --prompts results/demo/prompts/*.parquet --out results/demo/metrics
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.prompts.benchmark import read_traces

TRAINING = ("align_harmful", "align_benign")
TEST = ("safety", "overrefusal", "capability")


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument(
        "--prompts", required=True, nargs="+", help="prompt files of the training and the test sets"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    arguments = parser.parse_args()
    import pandas as pd

    from safe_reasoning.evaluation.contamination import contamination

    config = load(arguments.config)
    rows = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    training: dict[str, list[str]] = {}
    for row in rows:
        if row["role"] in TRAINING:
            training.setdefault(row["prompt_set"], []).append(row["request"])
    for name in sorted({method.traces for method in config.methods.values() if method.traces}):
        training[f"{name} traces"] = [row["prompt"] for row in read_traces(name, config.data_mirror)]
    table, prompts = contamination(training, [row for row in rows if row["role"] in TEST])
    for line in table:
        if line["any"]:
            progress(
                f"{line['any']} of {line['prompts']} prompts of {line['prompt_set']} overlap with "
                f"{line['training_set']}"
            )
    write_metrics(arguments.out / "contamination.csv", table, {})
    columns = ["prompt_id", "prompt_set", "training_set", "kinds"]
    write_metrics(arguments.out / "contaminated_prompts.csv", pd.DataFrame(prompts, columns=columns), {})


if __name__ == "__main__":
    main()
