"""How pages name methods, and their text."""

from tests.support.paths import ROOT

LABELS = {
    "base": "base",
    "SFT, safe traces": "sft_safe",
    "SFT, chosen side": "sft",
    "DPO, natural pairs": "dpo_natural",
    "DPO, whole traces": "dpo_full",
    "GRPO, reward y": "grpo_y",
    "GRPO, reward z + y": "grpo_zy",
    "IPO": "ipo",
    "IPO, stage 2": "ipo_stage2",
}


def one_line(page: str) -> str:
    """The page's text without its line breaks."""
    return " ".join((ROOT / page).read_text().split())
