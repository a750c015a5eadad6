"""Write the manifest of a run: SHA-256 and size of every metric, table and figure, with versions and commit.

python scripts/write_manifest.py --run results/demo --files results/demo/metrics/evaluation.csv --out results/demo/manifest.json
"""

import argparse
from pathlib import Path

from safe_reasoning.command import command
from safe_reasoning.records import commit, sha256, software, write_json


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, type=Path)
    parser.add_argument("--files", required=True, nargs="+", type=Path)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    files = {
        path.relative_to(arguments.run).as_posix(): {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted(arguments.files)
    }
    write_json(arguments.out, {"files": files, "software": software(), "commit": commit()})


if __name__ == "__main__":
    main()
