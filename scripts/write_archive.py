"""Write the archive of a finished run.

One zip file with its evidence, masked, from which every figure and table can be redrawn.

python scripts/write_archive.py --run results/demo --out results/demo.zip
"""

import hashlib
from pathlib import Path

from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.files import write_bytes

PROJECT = Path(__file__).resolve().parents[1]


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--run", required=True, type=Path, help="folder of a finished run, such as results/demo"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    from safe_reasoning.archive.contents import gather
    from safe_reasoning.archive.pack import pack

    contents, left_out = gather(arguments.run, PROJECT)
    archive = pack(contents)
    write_bytes(arguments.out, archive)
    if left_out:
        progress(f"left out: {'; '.join(left_out)}")
    progress(
        f"wrote {arguments.out}: {len(contents)} files, {len(archive) / 1e6:.1f} MB, sha256 "
        f"{hashlib.sha256(archive).hexdigest()}"
    )


if __name__ == "__main__":
    main()
