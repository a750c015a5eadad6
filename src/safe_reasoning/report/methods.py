"""Names and order of methods in figures and tables."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

# Methods in the order of the figures: name, colour of the family, dashes. A method looks the same
# wherever it is drawn.
METHODS = {
    "base": ("base", "#000000", "-"),
    "safechain": ("SafeChain", "#56b4e9", "-"),
    "realsafe": ("RealSafe-R1", "#56b4e9", "--"),
    "star1": ("STAR-1", "#e69f00", "-"),
    "safekey": ("SafeKey", "#e69f00", "--"),
    "sft_safe": ("SFT (safe traces)", "#009e73", "-"),
    "sft": ("SFT (chosen side)", "#009e73", "--"),
    "dpo_natural": ("DPO (natural pairs)", "#0072b2", "--"),
    "dpo_full": ("DPO (whole traces)", "#0072b2", "-"),
    "grpo_y": ("GRPO (y)", "#cc78bc", "--"),
    "grpo_zy": ("GRPO (z + y)", "#cc78bc", "-"),
    "beyond_sft_mixed": ("GRPO (z + y, mixed prompts)", "#cc78bc", ":"),
    "alphaalign_reward": ("GRPO (label of the prompt)", "#cc78bc", "-."),
    "tars_built": ("TARS, our build", "#cc78bc", ":"),
    "recap_built": ("RECAP, our build", "#cc78bc", "-"),
    "recap_aligned": ("RECAP, aligned beginnings", "#cc78bc", "--"),
    "recap_mixed": ("RECAP, no beginnings", "#cc78bc", ":"),
    "self_reset_built": ("Self-ReSET, our build", "#cc78bc", "-."),
    "sara_reward": ("GRPO (early awareness)", "#cc78bc", "--"),
    "opsa_built": ("OPSA, our build", "#cc78bc", "-."),
    "ipo": ("IPO (stage 1)", "#d55e00", "-"),
    "ipo_stage2": ("IPO (both stages)", "#d55e00", "--"),
    "ipo_appendix": ("IPO (stage 1, appendix settings)", "#d55e00", "-."),
    "ipo_lexical": ("IPO (stage 1, lexical cues)", "#d55e00", ":"),
    "ipo_self_detector": ("IPO (stage 1, cues by the model itself)", "#d55e00", ":"),
    "ipo_deepseek_r1": ("IPO (stage 1, cues by DeepSeek-R1)", "#d55e00", "-."),
}

# What a method learns from decides its family: a panel of the figures that compare many methods.
FAMILIES = {
    "corrective intervention": ("ipo", "ipo_stage2", "sft", "dpo_full"),
    "preferences between own samples": ("dpo_natural",),
    "demonstrations": ("sft_safe", "safechain", "realsafe", "star1", "safekey"),
    "rewards": (
        "grpo_y",
        "grpo_zy",
        "beyond_sft_mixed",
        "alphaalign_reward",
        "tars_built",
        "recap_built",
        "recap_aligned",
        "recap_mixed",
        "self_reset_built",
        "sara_reward",
        "opsa_built",
    ),
}
OTHERS = "others"

ABLATIONS = ("ipo_appendix", "ipo_lexical", "ipo_self_detector", "ipo_deepseek_r1")  # shown in Table 3 alone


def label(method: str) -> str:
    """A method's name in figures and tables."""
    return METHODS[method][0] if method in METHODS else method.replace("_", " ")


def ordered(methods: Iterable[str]) -> list[str]:
    """The methods that occur, in the order of METHODS, others after them."""
    present = list(dict.fromkeys(methods))
    return [m for m in METHODS if m in present] + [m for m in present if m not in METHODS]


def families(methods: Iterable[str]) -> dict[str, list[str]]:
    """The methods that occur but the base, by family in the order of FAMILIES; unknown last."""
    present = [method for method in dict.fromkeys(methods) if method != "base"]
    named = {family: [m for m in members if m in present] for family, members in FAMILIES.items()}
    known = {method for members in FAMILIES.values() for method in members}
    named[OTHERS] = [method for method in present if method not in known]
    return {family: members for family, members in named.items() if members}


def methods_by_model(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The methods that each model has, in the order of METHODS.

    Not every method is run on every model.
    """
    return {str(model): ordered(cell["method"]) for model, cell in frame.groupby("model", sort=False)}


def main_methods(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the methods in the main comparison, without ablations."""
    return frame[~frame["method"].isin(ABLATIONS)].reset_index(drop=True)
