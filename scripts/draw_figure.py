"""Draw one figure from stored metrics alone: PNG, SVG and the CSV behind it.

python scripts/draw_figure.py --figure fig_main --metrics results/demo/metrics \\
    --published results/published --out results/demo/figures/fig_main
"""

from pathlib import Path

from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.report.write_item import write_item


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--figure", required=True)
    parser.add_argument("--metrics", required=True, type=Path)
    parser.add_argument("--published", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path, help="path without ending")
    arguments = parser.parse_args()
    write_item(arguments.figure, arguments.metrics, arguments.published, arguments.out)


if __name__ == "__main__":
    main()
