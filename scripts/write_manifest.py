"""Write the manifest of a run: SHA-256 and size of every metric, table and figure in all their forms, with configuration, versions and commit.

python scripts/write_manifest.py --run results/demo --files results/demo/metrics/evaluation.csv results/demo/figures/fig_main.svg --out results/demo/manifest.json
"""

import argparse
from pathlib import Path

from safe_reasoning.command import command
from safe_reasoning.errors import UserError
from safe_reasoning.records import commit, sha256, software, write_json

FORMS = (".csv", ".md", ".png", ".svg")  # a figure is PNG, SVG and CSV; a table CSV and Markdown


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, type=Path)
    parser.add_argument(
        "--files", required=True, nargs="+", type=Path, help="one form of each metric, table and figure; the others are found beside it"
    )
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    if missing := [str(path) for path in arguments.files if not path.exists()]:
        raise UserError(f"{missing[0]} does not exist: finish the run before its manifest")
    config = arguments.run / "config.yaml"
    if not config.exists():
        raise UserError(f"{config} does not exist: give the folder of a run, such as results/demo")
    forms = {path.with_suffix(form) for path in arguments.files for form in FORMS}
    files = {
        path.relative_to(arguments.run).as_posix(): {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in [config, *sorted(forms)]
        if path.exists()
    }
    write_json(arguments.out, {"files": files, "software": software(), "commit": commit()})


if __name__ == "__main__":
    main()
