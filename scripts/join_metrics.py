"""Join one metrics table over the models of a run.

python scripts/join_metrics.py --tables results/demo/metrics/nano/rates_by_seed.csv \\
    --out results/demo/metrics/rates_by_seed.csv
"""

import pandas as pd

from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import write_metrics


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--tables", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    frames = [pd.read_csv(path, keep_default_na=False, dtype=str) for path in arguments.tables]
    write_metrics(arguments.out, pd.concat(frames, ignore_index=True), {"tables": arguments.tables})


if __name__ == "__main__":
    main()
