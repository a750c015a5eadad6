"""Write one table from stored metrics alone, as CSV and Markdown.

python scripts/write_table.py --table table2_main --metrics results/demo/metrics --published results/published --out results/demo/tables/table2_main
"""

import argparse
from pathlib import Path

from safe_reasoning import judge_tables, tables
from safe_reasoning.command import command
from safe_reasoning.errors import UserError


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True)
    parser.add_argument("--metrics", required=True, type=Path)
    parser.add_argument("--published", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path, help="path without ending")
    arguments = parser.parse_args()
    known = [*tables.TABLES, *judge_tables.TABLES]
    if arguments.table not in known:
        raise UserError(f"unknown table {arguments.table!r}: use one of {', '.join(known)}")
    module = judge_tables if arguments.table in judge_tables.TABLES else tables
    tables.save(getattr(module, arguments.table)(arguments.metrics, arguments.published), arguments.out)


if __name__ == "__main__":
    main()
