"""Fit the embedding judge on human labels.

Write its coefficients as JSON and its readings out of fold, which the audit uses.

python scripts/fit_embedding_judge.py --config config/mini.yaml \\
    --out results/mini/judges/embedding.json --readings results/mini/audit/embedding.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.files import write_json
from safe_reasoning.core.records import write_metrics
from safe_reasoning.judge_audit.fit_embedding_judge import FOLDS, INVERSE_PENALTY, fit
from safe_reasoning.judge_audit.human_labels import labelled_texts, sources_of


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument(
        "--readings",
        required=True,
        help="CSV of what it says of each text when fitted without that text's request",
    )
    arguments = parser.parse_args()
    mirror = load(arguments.config).data_mirror
    judge, readings = fit(labelled_texts(mirror))
    about = {"sources": sources_of(mirror), "folds": FOLDS, "inverse_penalty": INVERSE_PENALTY}
    write_metrics(arguments.readings, readings, about)
    write_json(arguments.out, judge | about)


if __name__ == "__main__":
    main()
