"""Record the trajectories that tests/engine/test_trajectories.py compares trainings with.

    python -m tools.record_trajectories              # writes tests/engine/recorded/*.json
    python -m tools.record_trajectories --compare    # writes nothing, shows how far they are apart

Record again only for a change that is meant to move them, such as a new version of TRL.
"""

import json
import os
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # as in the tests, before torch loads

from safe_reasoning.core.cli import argument_parser
from tests.support.tiny_model import write_tiny_model
from tests.support.trajectories import RECIPES, RECORDED, recorded, trajectory, versions


def furthest(found: list[float], stored: list[float]) -> float:
    """The largest difference, relative to the recorded value, or to 1e-3 where that is smaller."""
    return max(abs(a - b) / max(abs(b), 1e-3) for a, b in zip(found, stored, strict=True))


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--compare", action="store_true", help="show differences, write nothing")
    compare = parser.parse_args().compare
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "tiny_model"
        base.mkdir()
        write_tiny_model(base)
        for recipe in RECIPES:
            folder = Path(name) / recipe
            folder.mkdir()
            found = trajectory(recipe, base, folder)
            if compare:
                stored = recorded(recipe)
                print(recipe, {key: f"{furthest(found[key], stored[key]):.1e}" for key in found})
                continue
            rounded = {key: [round(value, 6) for value in values] for key, values in found.items()}
            content = {"versions": versions(), **rounded}
            (RECORDED / f"{recipe}.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
