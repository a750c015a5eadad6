"""Trainings lose what recorded ones lost, step by step, so that an upgrade that moves them is seen.

The tolerance holds across kinds of CPU: with the instruction sets of an AVX-512 machine and of a
plain one, losses and gradient norms of IPO and SFT were within 1e-5 of each other. GRPO samples:
where two tokens are about as likely, another machine may take the other one, and every later step
differs. So its first steps are compared, and of all 30 only the mean.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.support.trajectories import AGAIN, STEPS, recorded, trajectory, versions

TOLERANCE = 1e-3
ROBUST = 5  # steps of GRPO, 1,000 sampled tokens


def difference(recipe: str, stored: dict, measure: str, found: list[float]) -> str:
    """What to tell of a trajectory that is another."""
    known = stored["versions"]
    now = {name: f"{known[name]} -> {new}" for name, new in versions().items() if new != known[name]}
    steps = [(step, a, b) for step, (a, b) in enumerate(zip(found, stored[measure], strict=True), 1)]
    first = next((f"step {s}: {a:.6f}, recorded {b:.6f}" for s, a, b in steps if abs(a - b) > 1e-3), "")
    return f"{recipe}: another {measure} ({first}; versions: {now or 'the recorded ones'}); {AGAIN}"


@pytest.mark.parametrize("recipe", ["ipo", "sft"])
def test_losses_and_gradient_norms_are_the_recorded_ones(recipe: str, tiny_model: Path, tmp_path: Path):
    stored, found = recorded(recipe), trajectory(recipe, tiny_model, tmp_path)
    for measure, values in found.items():
        assert len(values) == STEPS
        message = difference(recipe, stored, measure, values)
        assert values == pytest.approx(stored[measure], rel=TOLERANCE), message
    assert np.mean(found["loss"][-5:]) < 0.6 * np.mean(found["loss"][:5]), "it must learn something"


def test_grpo_begins_as_recorded_and_keeps_its_size(tiny_model: Path, tmp_path: Path):
    stored, found = recorded("grpo"), trajectory("grpo", tiny_model, tmp_path)
    for measure, values in found.items():
        message = difference("grpo", stored, measure, values)
        first = pytest.approx(stored[measure][:ROBUST], rel=TOLERANCE, abs=TOLERANCE)
        assert values[:ROBUST] == first, message
    norms = np.mean(found["grad_norm"])
    assert norms == pytest.approx(np.mean(stored["grad_norm"]), rel=0.1), "mean over all steps"
