"""Writes config/compare_learning_rates.yaml: three learning rates of each training method of the
comparison.

.venv/bin/python -m tools.compare_trials

The file is an overlay of config/compare.yaml. Every method stays as it is there, so that what
starts from it finds it, and is there once more with each of the other rates. What the trials do not
need is removed: evaluation sets, decode-time policies, organisms, attacks, further measures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
COMPARE = ROOT / "config/compare.yaml"
TRIALS = ROOT / "config/compare_learning_rates.yaml"
RATES = {"5e_5": 5e-5, "1e_4": 1e-4, "2e_4": 2e-4}  # the demo's
HEAD = """\
# Learning rates of the comparison's methods, given after config/compare.yaml: by the rule and on the
# alignment items of config/demo_learning_rates.yaml. A method under its own name has the rate of the
# demo's nearest one; what starts from it starts there. Written by tools/compare_trials.py.
"""
OFF = {  # measures that the choice does not ask for
    "more_judges": [],
    "contrasts": [],
    "resets": False,
    "recovery_traces": 0,
    "reflection_traces": 0,
    "reliance_traces": 0,
    "stored_measures": False,
    "cue_rates": [],
    "cue_localisation": False,
    "monitorability": False,
    "worst_templates": 0,
    "adaptive_attacks": [],
    "attacked_methods": [],
    "kl_traces": 0,
}


def trials_of(compare: dict[str, Any], tuning: dict[str, Any]) -> dict[str, Any]:
    """The overlay for a raw comparison; `tuning` has the prompt sets of the trials."""
    methods: dict[str, Any] = {}
    for name, method in compare["methods"].items():
        if method["recipe"] == "decode" or name.startswith("organism_"):
            methods[name] = None
            continue
        for suffix, rate in RATES.items():
            if rate != method["learning_rate"]:
                methods[f"{name}_{suffix}"] = method | {"learning_rate": rate}
    kept = {name for name, entry in compare["prompt_sets"].items() if entry["role"].startswith("align")}
    return {
        "run": "compare_learning_rates",
        "prompt_sets": dict.fromkeys(n for n in compare["prompt_sets"] if n not in kept) | tuning,
        "methods": methods,
        "policies": dict.fromkeys(compare["policies"]),
        "judges": dict.fromkeys(compare["judges"]),
        "attacks": dict.fromkeys(compare["attacks"]),
        "characterize": {"intervention_sets": list(tuning)[:1]},
        "evaluate": OFF,
    }


def text(trials: dict[str, Any]) -> str:
    """The overlay as YAML, one line per entry."""
    lines = [f"run: {trials['run']}"]
    for block in ("prompt_sets", "methods", "policies", "judges", "attacks", "characterize", "evaluate"):
        lines += ["", f"{block}:"]
        for name, entry in trials[block].items():
            shown = yaml.safe_dump(entry, default_flow_style=True, width=10**6, sort_keys=False)
            lines.append(f"  {name}: {shown.removesuffix(chr(10)).removesuffix('...').rstrip()}")
    return HEAD + "\n".join(lines) + "\n"


def written() -> str:
    """What the file has to say."""
    compare, demo = (
        yaml.safe_load(path.read_text()) for path in (COMPARE, ROOT / "config/demo_learning_rates.yaml")
    )
    tuning = {name: entry for name, entry in demo["prompt_sets"].items() if name.startswith("tune_")}
    return text(trials_of(compare, tuning))


if __name__ == "__main__":
    TRIALS.write_text(written())
