"""Redraw every figure and table of a finished run from its stored metrics alone, and renew its
manifest: no model, no workflow, seconds.

python scripts/redraw.py --run results/demo
python scripts/redraw.py \\
    --archive results/demo.zip    (into results/demo-redrawn, or the folder of --out)
"""

from pathlib import Path

from safe_reasoning.archive.redraw import redraw_archive
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.report.redraw import redraw

PUBLISHED = Path(__file__).parents[1] / "results/published"


@command
def main() -> None:
    parser = argument_parser(__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--run", type=Path, help="folder with metrics/, such as results/demo; redrawn in place"
    )
    source.add_argument("--archive", type=Path, help="file of make archive; redrawn in a folder of its own")
    parser.add_argument(
        "--out", type=Path, help="folder for what is drawn from --archive, results/<run>-redrawn by default"
    )
    arguments = parser.parse_args()
    if arguments.run:
        if arguments.out:
            parser.error("--out goes with --archive: a run is redrawn in place")
        progress(f"redrew {redraw(arguments.run, PUBLISHED)} of {arguments.run}")
    else:
        progress(f"redrew {redraw_archive(arguments.archive, arguments.out)}")


if __name__ == "__main__":
    main()
