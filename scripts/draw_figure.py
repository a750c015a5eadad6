"""Draw one figure from stored metrics alone: PNG, SVG and the CSV behind it.

python scripts/draw_figure.py --figure fig_main --metrics results/demo/metrics --published results/published --out results/demo/figures/fig_main
"""

import argparse
import importlib
from pathlib import Path

from safe_reasoning import optional
from safe_reasoning.command import command
from safe_reasoning.errors import UserError
from safe_reasoning.figures import FIGURES


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", required=True)
    parser.add_argument("--metrics", required=True, type=Path)
    parser.add_argument("--published", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path, help="path without ending")
    arguments = parser.parse_args()
    known = [*FIGURES, *optional.FIGURES]
    if arguments.figure not in known:
        raise UserError(f"unknown figure {arguments.figure!r}: use one of {', '.join(known)}")
    from safe_reasoning.figures import style

    module = importlib.import_module(f"safe_reasoning.figures.{arguments.figure}")
    frame = module.data(arguments.metrics, arguments.published)
    style.save(module.draw(frame), frame, arguments.out)


if __name__ == "__main__":
    main()
