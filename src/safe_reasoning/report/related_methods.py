"""Names of the related training methods in figures and tables, by family.

What each is, and what its name may claim: docs/methods.md. Methods that we rebuilt bear names of
ours until they match their release.
"""

from __future__ import annotations

# What a method learns from decides its family: a panel of the figures that compare many methods.
RELATED: dict[str, dict[str, str]] = {
    "preferences between own samples": {
        "salt_built": "SaLT-DPO, built",
        "stair_tree_built": "step pairs (STAIR), built",
        "stair_ucb_built": "step pairs by tree search (STAIR), built",
        "safer_length_built": "step pairs, short (SAFER), built",
    },
    "demonstrations": {
        "kept_one": "rejection sampling",
        "kept_one_hard_benign": "rejection sampling, hard benign",
        "safechain_own": "SafeChain's filter",
        "star1_own": "STAR-1's selection",
        "realsafe_own": "RealSafe's filter",
        "leaks": "leaks alone (control)",
        "unsafechain_own": "UnsafeChain's choice",
        "thinksafe_own": "ThinkSafe, forced opening",
        "thinksafe_kl": "ThinkSafe + KL, forced opening",
        "safepath_own": "SafePath's primer",
        "safekey_built": "SafeKey, built",
        "safekey_no_key": "SafeKey without key loss",
        "safekey_no_heads": "SafeKey without heads",
        "tars_sft": "own rollouts, no filter",
    },
    "forms of safety reasoning": {
        "form_without_cue": "without cues",
        "form_improved": "improved",
        "form_short": "short",
        "form_template": "template",
        "form_none": "no reasoning",
        "form_assessed": "assessed (AltTrain)",
        "form_assessed_9to1": "assessed, 9 to 1",
        "form_safer": "ex-ante (SAFER)",
        "form_armor": "intent (ARMOR)",
        "form_armor_no_strategy": "intent, no strategy",
    },
    "turning back": {
        "safr_own": "SafR",
        "safb_own": "SafB",
        "safb_unmasked": "SafB, loss on all",
        "tempted": "tempted (AdvChain)",
        "tempted_masked": "tempted, masked",
        "derta_own": "DeRTa on reasoning",
        "derta_cue": "DeRTa from the cue on",
        "backtrack_built": "BackTrack, built",
    },
    "cut, loss, objective": {
        "nll_cue_whole": "NLL, cue, whole",
        "nll_random_after": "NLL, random, after",
        "nll_random_whole": "NLL, random, whole",
        "nll_end_after": "NLL, end, after",
        "nll_end_whole": "NLL, end, whole",
        "dpo_cue_after": "DPO, cue, after",
        "dpo_random_after": "DPO, random, after",
        "dpo_end_after": "DPO, end, after",
    },
    "rewards": {
        "beyond_sft_mixed": "GRPO, mixed prompts",
        "alphaalign_reward": "AlphaAlign's reward",
        "tars_built": "TARS, built",
        "recap_built": "RECAP, built",
        "recap_aligned": "RECAP, aligned (control)",
        "recap_mixed": "RECAP, no beginnings",
        "self_reset_built": "Self-ReSET, built",
        "sara_reward": "SARA's reward",
        "opsa_built": "OPSA, built",
    },
}
