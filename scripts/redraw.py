"""Redraw every figure and table of a finished run from its stored metrics alone, and renew its manifest: no model, no workflow, seconds.

python scripts/redraw.py --run results/demo
"""

import argparse
import importlib
from pathlib import Path

from safe_reasoning import claims, tables
from safe_reasoning.command import command, progress
from safe_reasoning.figures import FIGURES, style
from safe_reasoning.manifest import write_manifest

PUBLISHED = Path(__file__).parents[1] / "results/published"


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, type=Path, help="folder with metrics/, such as results/demo")
    arguments = parser.parse_args()
    metrics = arguments.run / "metrics"
    for name in FIGURES:
        module = importlib.import_module(f"safe_reasoning.figures.{name}")
        frame = module.data(metrics, PUBLISHED)
        style.save(module.draw(frame), frame, arguments.run / "figures" / name)
    for name in tables.TABLES:
        tables.save(getattr(tables, name)(metrics, PUBLISHED), arguments.run / "tables" / name)
    tables.save(claims.score(metrics), arguments.run / "tables" / "claims")
    write_manifest(arguments.run, arguments.run / "manifest.json")
    progress(f"redrew {len(FIGURES)} figures and {len(tables.TABLES) + 1} tables of {arguments.run}")


if __name__ == "__main__":
    main()
