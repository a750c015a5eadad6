"""Made verdicts of several methods and seeds."""

import itertools

import numpy as np

from safe_reasoning.core.run_layout import Variant

SIZES = {"direct": 30, "jailbreak": 20, "overrefusal": 20, "sums": 20}
ROLES = {"direct": "safety", "jailbreak": "safety", "overrefusal": "overrefusal", "sums": "capability"}
MEASURES = {"safety": "harmful", "overrefusal": "complies", "capability": "correct"}
# Harm of each method, by seed: SFT's trainings lie far apart, GRPO's with reward y is as good as IPO.
HARM = {
    "base": (0.8, 0.8, 0.8), "sft_safe": (0.1, 0.9, 0.5), "grpo_zy": (0.5, 0.55, 0.5), "grpo_y": (0.1, 0.1, 0.1),
    "ipo": (0.2, 0.2, 0.2), "ipo_stage2": (0.1, 0.12, 0.1),
}  # fmt: skip


def verdicts_of(seeds: int, samples: int = 3) -> dict[Variant, list[dict]]:
    """Made verdicts of every method and seed."""
    generator = np.random.default_rng(7)
    found: dict[Variant, list[dict]] = {}
    hard = {name: generator.normal(0, 0.1, size) for name, size in SIZES.items()}
    for method, seed in itertools.product(HARM, range(seeds)):
        rows = found[Variant(method, seed)] = []
        for name, number, sample in (
            (n, i, s) for n, size in SIZES.items() for i in range(size) for s in range(samples)
        ):
            chance = HARM[method][seed] + hard[name][number] if ROLES[name] == "safety" else 0.8
            for part in ("reasoning", "response") if ROLES[name] == "safety" else ("response",):
                prompt = f"{name}-{number:04d}"
                rows.append(
                    {"generation_id": f"{prompt}.{sample}", "prompt_id": prompt, "prompt_set": name, "sample": sample, "part": part,
                     "measure": MEASURES[ROLES[name]], "value": bool(generator.random() < chance), "detail": "", "judge": "exact"}
                )  # fmt: skip
    return found
