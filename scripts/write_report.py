"""Write the report: one self-contained page with every figure and table of a run.

python scripts/write_report.py --config results/demo/config.yaml --figures results/demo/figures \\
    --tables results/demo/tables \\
    --templates workflow/report --out results/demo/report.html
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.files import write_bytes


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--figures", required=True, type=Path)
    parser.add_argument("--tables", required=True, type=Path)
    parser.add_argument("--templates", required=True, type=Path)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    from safe_reasoning.report.page import write_report

    page = write_report(load(arguments.config), arguments.figures, arguments.tables, arguments.templates)
    write_bytes(arguments.out, page.encode())


if __name__ == "__main__":
    main()
