"""Places in this checkout that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results/published"
TEMPLATES = ROOT / "workflow/report"
TINY = ROOT / "tests/tiny.yaml"
