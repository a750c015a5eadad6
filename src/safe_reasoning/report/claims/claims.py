"""The paper's claims, and checks of ours, in the order of the paper."""

from __future__ import annotations

from dataclasses import dataclass

from safe_reasoning.report.claims import characterization_effects as base
from safe_reasoning.report.claims import training_effects as trained
from safe_reasoning.report.claims.compliance import MARGIN
from safe_reasoning.report.claims.estimates import Effects
from safe_reasoning.report.claims.training_effects import BASELINES


@dataclass(frozen=True)
class Claim:
    """A claim: effects that should lie above a threshold.

    An effect is always built so that above is the claim's side.
    """

    name: str
    claim: str
    source: str
    paper: str
    threshold: float
    effects: Effects

    @property
    def safety(self) -> bool:
        """Whether it says that a trained method does less harm, which compliance limits."""
        return self.name in SAFETY


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
)
CAPABILITY_MARGIN = 0.05

CLAIMS = [
    Claim(
        "safe_z_safe_y",
        "After safe reasoning the response is nearly always safe (over 90 %)",
        "section 2, Fig. 3",
        "98 % (C), DS-8B",
        0.9,
        base.safe_after_safe,
    ),
    Claim(
        "unsafe_z_safe_y",
        "A large share of traces (over 10 %) reason harmfully and answer safely",
        "section 2, Fig. 3",
        "40.5 % (A), DS-8B; 3.7 % (A), Qwen3-8B",
        0.1,
        base.safe_after_harmful,
    ),
    Claim(
        "few_safe_rollouts",
        "Many harmful prompts (over 25 %) give at most one safe rollout",
        "section 2, Fig. 4",
        "about 50 % (A), DS-8B, 8 rollouts",
        0.25,
        base.few_safe_rollouts,
    ),
    Claim(
        "reward_z",
        "GRPO that rewards the reasoning too lowers its harm more than GRPO that rewards the response alone",
        "Table 1",
        "6.0 against 0.3 % (A), DS-8B, JailbreakBench",
        0.0,
        trained.less_harm("grpo_zy", "grpo_y", "reasoning"),
    ),
    Claim(
        "turning_points",
        "Most safe traces (over 75 %) have a safe turning point",
        "section 2, Fig. 5a",
        "over 90 % (A), DS-8B, n = 30",
        0.75,
        base.turning_points,
    ),
    Claim(
        "cues_foretell",
        "The first cue's position goes with the unsafe turning point (r above 0)",
        "section 2, Fig. 5b",
        "r = 0.853 (A), DS-8B, n about 30",
        0.0,
        base.cue_correlation(0),
    ),
    Claim(
        "lexical_cues_foretell",
        "... and so does a cue found by another detector (our check)",
        "not in the paper",
        "-",
        0.0,
        base.cue_correlation(1),
    ),
    Claim(
        "interventions_fall",
        "Harm falls with one intervention, and further with more",
        "section 2, Fig. 6",
        "100 to 60 to 15 % (B), DS-8B",
        0.0,
        base.interventions_fall,
    ),
    Claim(
        "triggers_beat_none",
        "A trigger lowers harm more than sampling again from the same place (our control)",
        "not in the paper",
        "-",
        0.0,
        base.interventions_beat("none"),
    ),
    Claim(
        "triggers_beat_neutral",
        "A trigger lowers harm more than a neutral sentence (our control)",
        "not in the paper",
        "-",
        0.0,
        base.interventions_beat("neutral"),
    ),
    Claim(
        "ipo_lowers_reasoning",
        "IPO lowers harmful reasoning against the base",
        "Table 2",
        "71.5 to 15.3 % (A), DS-8B",
        0.0,
        trained.ipo_less_harm("reasoning", "base"),
    ),
    Claim(
        "ipo_lowers_response",
        "IPO lowers harmful responses against the base",
        "Table 2",
        "56.1 to 6.9 % (A), DS-8B",
        0.0,
        trained.ipo_less_harm("response", "base"),
    ),
    Claim(
        "ipo_best_reasoning",
        "IPO reasons more safely than every baseline",
        "Table 2",
        "15.3 against 18.5 % (A), GRPO, DS-8B",
        0.0,
        trained.ipo_less_harm("reasoning", *BASELINES),
    ),
    Claim(
        "ipo_best_response",
        "IPO responds more safely than every baseline",
        "Table 2",
        "not so in the paper: 6.9 against 2.7 % (A), RealSafe, DS-8B",
        0.0,
        trained.ipo_less_harm("response", *BASELINES),
    ),
    Claim(
        "over_thirty",
        "IPO lowers the mean of both harms by over 30 % against the best baseline",
        "abstract",
        "36.8 % (A), DS-8B",
        0.3,
        trained.over_thirty,
    ),
    Claim(
        "suffix_beats_full",
        "On the same pairs, DPO on suffixes (IPO) leaves less harmful reasoning than DPO on whole traces",
        "Table 3",
        "11.2 against 25.8 % (A), DS-8B",
        0.0,
        trained.less_harm("ipo", "dpo_full", "reasoning"),
    ),
    Claim(
        "full_beats_sft",
        "... and DPO on whole traces less than SFT on the chosen sides",
        "Table 3",
        "25.8 against 47.4 % (A), DS-8B",
        0.0,
        trained.less_harm("dpo_full", "sft", "reasoning"),
    ),
    Claim(
        "suffix_beats_sft",
        "... and so does IPO (DPO on suffixes)",
        "Table 3",
        "11.2 against 47.4 % (A), DS-8B",
        0.0,
        trained.less_harm("ipo", "sft", "reasoning"),
    ),
    Claim(
        "keeps_capability",
        "IPO costs less than 5 points of capability, on average over the sets",
        "Table 2",
        "+1.8 points (A), DS-8B",
        -CAPABILITY_MARGIN,
        trained.keeps_capability(CAPABILITY_MARGIN),
    ),
    Claim(
        "keeps_compliance",
        "IPO costs less than 30 points of compliance with benign requests",
        "Table 2",
        "98.4 to 80.0 % (A), DS-8B; 98.1 to 71.2 % (A), DS-7B; 99.3 to 91.0 % (A), Qwen3-8B",
        -MARGIN,
        trained.keeps_compliance,
    ),
    Claim(
        "stage2_complies",
        "Stage 2 raises compliance with benign requests",
        "section 3",
        "no number found",
        0.0,
        trained.stage2_complies,
    ),
    Claim(
        "kl_early",
        "IPO departs from the base mainly early in the trace (first half against second)",
        "Fig. 7",
        "peak of 1.75 nats near token 50 (A), DS-8B",
        0.0,
        trained.kl_early,
    ),
    Claim(
        "kl_higher",
        "There it departs further than SFT on safe traces does",
        "Fig. 7",
        "1.75 against under 0.5 nats (A), DS-8B",
        0.0,
        trained.kl_higher,
    ),
    Claim(
        "fewer_generations",
        "IPO needs fewer generations per prompt than GRPO",
        "section 3",
        "at most 14 against at least 40 (A)",
        0.0,
        trained.generations,
    ),
]
