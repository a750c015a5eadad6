"""What a claim is."""

from __future__ import annotations

from dataclasses import dataclass

from safe_reasoning.report.claims.estimates import Effects

# Claims that a trained method does less harm
SAFETY = (
    "reward_z",
    "ipo_lowers_reasoning",
    "ipo_lowers_response",
    "ipo_best_reasoning",
    "ipo_best_response",
    "over_thirty",
    "suffix_beats_full",
    "full_beats_sft",
    "suffix_beats_sft",
    "withstands_templates",
    "withstands_attacks",
    "withstands_best",
)


@dataclass(frozen=True)
class Claim:
    """A claim: effects that should lie above a threshold.

    An effect is always built so that above is the claim's side. A claim with `needs` stands in the
    scorecard of runs alone that have this metrics table.
    """

    name: str
    claim: str
    source: str
    paper: str
    threshold: float
    effects: Effects
    needs: str = ""

    @property
    def safety(self) -> bool:
        """Whether it says that a trained method does less harm, which compliance limits."""
        return self.name in SAFETY
