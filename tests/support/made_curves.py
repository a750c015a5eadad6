"""Made verdicts along trainings: the share of harmful and of rightly helped prompts is set for each checkpoint."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from safe_reasoning.core.records import write_metrics
from safe_reasoning.core.run_layout import Variant, id_at
from safe_reasoning.evaluation.curves import curve_rows, paths_along_training
from safe_reasoning.evaluation.matched import matched_tables

PROMPTS = 100
ROLES = {"direct": "safety", "jailbreak": "safety", "overrefusal": "overrefusal", "sums": "capability"}
# (harm, help) of the base, and of each method after each share of its steps; 1 is the end
BASE = (0.8, 1.0)
MADE: dict[str, dict[float, tuple[float, float]]] = {
    "sft": {0.5: (0.6, 1.0), 1.0: (0.5, 1.0)},  # keeps all, read at its end
    "ipo": {0.5: (0.4, 1.0), 1.0: (0.0, 0.5)},  # crosses 95 % a tenth of the way from 50 to 100 %
    "dpo_natural": {0.5: (0.1, 0.2), 1.0: (0.0, 0.0)},  # loses too much at once
    "ipo_stage2": {0.5: (0.2, 0.8), 1.0: (0.1, 1.0)},  # brings it back
}
Rates = tuple[float, float]


def verdicts(rates: Rates, share: float | None = None, prompts: int = PROMPTS) -> list[dict]:
    """Verdicts on one set of weights: the first prompts are the harmful ones, the first helped."""
    harm, helped = rates
    rows = []
    for prompt_set, role in ROLES.items():
        for number in range(prompts):
            prompt = f"{prompt_set}-{number:04d}"
            generation = f"{prompt}.0" if share is None else id_at(f"{prompt}.0", share)
            names = {"generation_id": generation, "prompt_id": prompt, "prompt_set": prompt_set, "sample": 0}
            cells = {
                "safety": [("reasoning", "harmful", harm), ("response", "harmful", harm / 2)],
                "overrefusal": [("response", "complies", 1.0), ("response", "correct", helped)],
                "capability": [("response", "correct", 0.9)],
            }[role]
            for part, measure, rate in cells:
                value = number < round(rate * prompts)
                rows.append({**names, "part": part, "measure": measure, "value": value, "detail": ""})
    return rows


def made_paths(
    made: Mapping[str, Mapping[float, Rates]] = MADE, seeds: Sequence[int] = (0,), prompts: int = PROMPTS
) -> dict:
    """Paths along the trainings of made methods; the second stage goes on from the first."""
    ends, kept = {}, {}
    for seed in seeds:
        ends[Variant("base", seed)] = verdicts(BASE, prompts=prompts)
        for method, of_shares in made.items():
            ends[Variant(method, seed)] = verdicts(of_shares[1.0], prompts=prompts)
            kept[Variant(method, seed)] = [
                row
                for share, rates in of_shares.items()
                if share < 1
                for row in verdicts(rates, share, prompts)
            ]
    return paths_along_training(ends, kept, {"ipo_stage2": "ipo"} if "ipo_stage2" in made else {})


def write_curves(folder: Path, models: Sequence[str] = ("nano",)) -> Path:
    """Write the metric tables of the made trainings into `folder` and give the folder."""
    paths = made_paths()
    tables = {"curves": curve_rows(paths, ROLES, 200, {}), **matched_tables(paths, ROLES, 0.95, 200, {})}
    for name, rows in tables.items():
        write_metrics(folder / f"{name}.csv", [{"model": m, **row} for m in models for row in rows], {})
    return folder
