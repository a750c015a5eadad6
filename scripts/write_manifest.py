"""Write the manifest of a run.

SHA-256 and size of its configuration and of every metric, table and figure, with versions and
commit.

python scripts/write_manifest.py --run results/demo --out results/demo/manifest.json
"""

from pathlib import Path

from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.report.manifest import write_manifest


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--run", required=True, type=Path, help="folder of a finished run, such as results/demo"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    write_manifest(arguments.run, arguments.out)


if __name__ == "__main__":
    main()
