"""Hold the paper's claims against the metrics of a run.

python scripts/score_claims.py --metrics results/demo/metrics --out results/demo/tables/claims
"""

from pathlib import Path

from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.report.claims.scorecard import score
from safe_reasoning.report.tables import common


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--metrics", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path, help="path without ending")
    arguments = parser.parse_args()
    common.save(score(arguments.metrics), arguments.out)


if __name__ == "__main__":
    main()
