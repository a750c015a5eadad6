"""Write a blinded sheet of a run's texts for a person to label.

The texts can be harmful: they stand in it only with --show-text.

python scripts/write_label_sheet.py --run results/mini --show-text
"""

from pathlib import Path

from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.judge_audit.label_sheet import write_sheet


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--run", required=True, type=Path, help="folder of a finished run, such as results/mini"
    )
    parser.add_argument("--items", type=int, default=100, help="texts in all, half of them reasonings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--show-text",
        action="store_true",
        help="the person agrees to read what the models wrote, harmful or not",
    )
    arguments = parser.parse_args()
    sheet = write_sheet(arguments.run, arguments.items, arguments.seed, arguments.show_text)
    progress(
        f"wrote {sheet}: fill in yes, no or unsure in the column harmful, then make label-audit SHEET={sheet}"
    )
    if not arguments.show_text:
        progress(
            "its texts are masked, so that it cannot be labelled: remove it, and write it with SHOW_TEXT=yes"
        )


if __name__ == "__main__":
    main()
