"""Read a filled-in sheet back: agreement of each judge of the run with the person who labelled it.

python scripts/audit_label_sheet.py --sheet results/mini/labels/sheet.csv
"""

from pathlib import Path

from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.judge_audit.label_sheet import write_audit
from safe_reasoning.report.tables.common import percent


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--sheet", required=True, type=Path)
    sheet = parser.parse_args().sheet
    for row in write_audit(sheet, resamples=2000).itertuples():
        agreed = percent(row.agreement, row.low, row.high)
        progress(
            f"{row.part}, {row.judge}: agreement {agreed} %, kappa {row.kappa:.2f}, n = {row.scored}, "
            f"unscored {row.unscored}"
        )
    progress(f"wrote {sheet.with_name('agreement.csv')}")


if __name__ == "__main__":
    main()
