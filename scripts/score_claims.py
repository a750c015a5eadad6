"""Hold the paper's claims against the metrics of a run.

python scripts/score_claims.py --metrics results/demo/metrics --out results/demo/tables/claims
"""

import argparse
from pathlib import Path

from safe_reasoning.core.cli import command
from safe_reasoning.report.claims.scorecard import score
from safe_reasoning.report.tables import common


@command
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--metrics", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path, help="path without ending")
    arguments = parser.parse_args()
    common.save(score(arguments.metrics), arguments.out)


if __name__ == "__main__":
    main()
