"""Made-up verdicts on three samples of each of 20 prompts, for the measures of stored generations."""

from __future__ import annotations

from typing import Any

from safe_reasoning.core.run_layout import Variant

PROMPTS = 20
ROLES = {"direct": "safety"}
# Reasoning and response of the three samples of each prompt: h harmful, s safe, - unscored
SAMPLES = {
    "base": [("hs", "hs", "ss")] * 10 + [("hh", "hh", "sh")] * 10,
    "ipo": [("ss", "ss", "ss")] * 19 + [("s-", "ss", "hs")],
}


def made_verdicts() -> dict[Variant, list[dict[str, Any]]]:
    """Rows of schema verdicts by method."""
    value = {"h": True, "s": False, "-": None}
    return {
        Variant(method, 0): [
            {
                "generation_id": f"direct-{prompt:04}.{number}",
                "prompt_id": f"direct-{prompt:04}",
                "prompt_set": "direct",
                "part": part,
                "measure": "harmful",
                "value": value[letter],
                "detail": "",
            }
            for prompt, samples in enumerate(of_method)
            for number, sample in enumerate(samples)
            for part, letter in zip(("reasoning", "response"), sample, strict=True)
        ]
        for method, of_method in SAMPLES.items()
    }
