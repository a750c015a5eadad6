"""Names and order of methods in figures and tables."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from safe_reasoning.report.related_methods import RELATED

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
    "ipo": ("IPO (stage 1)", "#d55e00", "-"),
    "ipo_stage2": ("IPO (both stages)", "#d55e00", "--"),
    "ipo_appendix": ("IPO (stage 1, appendix settings)", "#d55e00", "-."),
    "ipo_lexical": ("IPO (stage 1, lexical cues)", "#d55e00", ":"),
    "ipo_self_detector": ("IPO (stage 1, cues by the model itself)", "#d55e00", ":"),
    "ipo_deepseek_r1": ("IPO (stage 1, cues by DeepSeek-R1)", "#d55e00", "-."),
}

# Not in the main comparison
ABLATIONS = ("ipo_appendix", "ipo_lexical", "ipo_self_detector", "ipo_deepseek_r1")
# The paper's methods by family, in front of the related ones of the same family
_OF_PAPER = {
    "corrective intervention": ("ipo", "ipo_stage2", "sft", "dpo_full", *ABLATIONS),
    "preferences between own samples": ("dpo_natural",),
    "demonstrations": ("sft_safe", "safechain", "realsafe", "star1", "safekey"),
    "rewards": ("grpo_y", "grpo_zy"),
}
FAMILIES = {
    family: (*_OF_PAPER.get(family, ()), *RELATED.get(family, ())) for family in [*_OF_PAPER, *RELATED]
}
RELATED_LABELS = {method: name for members in RELATED.values() for method, name in members.items()}
OTHERS = "others"
MANY = 16  # lines with a name at their end on one panel


def label(method: str) -> str:
    """A method's name in figures and tables."""
    return METHODS[method][0] if method in METHODS else RELATED_LABELS.get(method, method.replace("_", " "))


def ordered(methods: Iterable[str]) -> list[str]:
    """The methods that occur: those of METHODS in their order, related ones, then others."""
    present = list(dict.fromkeys(methods))
    known = [*METHODS, *RELATED_LABELS]
    return [m for m in known if m in present] + [m for m in present if m not in known]


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


def nameable(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the paper's methods where there are more than MANY, else all.

    For figures that write a name at the end of each line, which have no room for more. Where none
    of the paper's has been trained, the first MANY.
    """
    present = ordered(frame["method"])
    if len(present) <= MANY:
        return frame
    papers = [method for method in present if method in METHODS]
    kept = papers if set(papers) - {"base"} else present[:MANY]
    return frame[frame["method"].isin(kept)].reset_index(drop=True)


def main_methods(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the methods in the main comparison, without ablations."""
    return frame[~frame["method"].isin(ABLATIONS)].reset_index(drop=True)
