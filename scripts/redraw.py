"""Redraw every figure and table of a finished run from its stored metrics alone, and renew its manifest: no model, no workflow, seconds.

python scripts/redraw.py --run results/demo
"""

import argparse
import importlib
from pathlib import Path

from safe_reasoning import claims, judge_tables, optional, tables
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
    more = optional.at_hand(metrics)
    for name in [*FIGURES, *(name for name in more if name in optional.FIGURES)]:
        module = importlib.import_module(f"safe_reasoning.figures.{name}")
        frame = module.data(metrics, PUBLISHED)
        style.save(module.draw(frame), frame, arguments.run / "figures" / name)
    for name in tables.TABLES:
        tables.save(getattr(tables, name)(metrics, PUBLISHED), arguments.run / "tables" / name)
    for name in [name for name in more if name in judge_tables.TABLES]:
        tables.save(getattr(judge_tables, name)(metrics, PUBLISHED), arguments.run / "tables" / name)
    tables.save(claims.score(metrics), arguments.run / "tables" / "claims")
    write_manifest(arguments.run, arguments.run / "manifest.json")
    progress(f"redrew {len(FIGURES) + len(tables.TABLES) + len(more) + 1} figures and tables of {arguments.run}")


if __name__ == "__main__":
    main()
