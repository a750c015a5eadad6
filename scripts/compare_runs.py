"""Compare the metrics of two runs: which tables are the same, which rates agree within their
intervals, whether both start from the same base weights.

python scripts/compare_runs.py --run results/demo --reference results/reference/demo
"""

from pathlib import Path

from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.report.compare_runs import compare_runs
from safe_reasoning.report.compare_text import summary, text


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--run", required=True, type=Path, help="folder of a run, A of the comparison")
    parser.add_argument("--reference", required=True, type=Path, help="folder to compare it with, B")
    parser.add_argument("--summary", action="store_true", help="print the last line alone")
    parser.add_argument("--all", action="store_true", help="list every row that differs")
    arguments = parser.parse_args()
    compared = compare_runs(arguments.run, arguments.reference)
    if arguments.summary:
        print(f"compared with {arguments.reference}: {summary(compared)}")
    else:
        print(text(compared, arguments.all))


if __name__ == "__main__":
    main()
