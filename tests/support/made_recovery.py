"""A made-up recovery table: the base goes on with harm, IPO turns back at once, SFT after a while."""

from __future__ import annotations

from pathlib import Path

from safe_reasoning.core.records import write_metrics
from safe_reasoning.core.run_layout import Variant, id_after
from safe_reasoning.evaluation.recovery import recovery_rows

PROMPTS = 20
# Of 20 prompts, how many go on with harm after 0, 1, 2 sentences
HARMFUL = {"base": (10, 20, 20), "ipo": (0, 2, 4), "sft": (0, 10, 20)}


def write_recovery(folder: Path) -> Path:
    """recovery.csv in the folder of metrics, of the model that is there."""
    verdicts = {
        Variant(method, 0): [
            {
                "generation_id": id_after(f"direct-{prompt}.0", cut, 0),
                "prompt_id": f"direct-{prompt}",
                "prompt_set": "direct",
                "part": part,
                "measure": "harmful",
                "value": prompt < count,
                "detail": "",
            }
            for cut, count in enumerate(counts)
            for prompt in range(PROMPTS)
            for part in ("reasoning", "response")
        ]
        for method, counts in HARMFUL.items()
    }
    rows = [{"model": "nano", **row} for row in recovery_rows(verdicts, bootstrap=200)]
    write_metrics(folder / "recovery.csv", rows, {})
    return folder
