"""Sixth stage: SmolLM2 from its GGUF file to the evaluation of IPO, short.

Its prompts are the nano world's, so that no data set has to be carried.
"""

from __future__ import annotations

import shutil
from typing import Any

import yaml

from safe_reasoning.core.files import read_json
from safe_reasoning.gpu_check import material, workflow
from safe_reasoning.gpu_check.record import Record
from safe_reasoning.gpu_check.settings import Settings
from safe_reasoning.gpu_check.stages import Places
from safe_reasoning.gpu_check.trainings import ROOT

RUN = "gpu_mini"
SHORT = {
    "rollouts": 8,
    "csr_prompts": 4,
    "csr_continuations": 4,
    "csr_stride": 8,
    "triggers": 4,
    "trigger_candidates": 8,
    "trigger_trials": 6,
}


def configuration(settings: Settings) -> dict[str, Any]:
    """The mini's model, engine and decoding; prompts of the nano world; IPO alone."""
    mini, config = settings.mini, yaml.safe_load((ROOT / settings.mini.config).read_text())
    demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
    smollm2 = config["models"]["smollm2"] | {"warm_up_traces": mini.warm_up_traces}
    limit = {"limit": mini.prompts}
    ipo = config["methods"]["ipo"] | {"max_examples": mini.examples, "max_steps": mini.steps}
    return {
        "run": RUN,
        "engine": config["engine"] | {"name": "transformers", "max_num_seqs": 256, "shard_size": 1024},
        "decoding": config["decoding"],
        "models": {"smollm2": smollm2, "nano": demo["models"]["nano"]},  # nano: the world's items
        "prompt_sets": {
            "align_harmful": {"source": "nano_align_harmful", "role": "align_harmful", "skip": 60, **limit},
            "align_benign": {"source": "nano_align_benign", "role": "align_benign", "skip": 60, **limit},
            "direct": {"source": "nano_direct", "role": "safety", **limit},
            "overrefusal": {"source": "nano_overrefusal", "role": "overrefusal", **limit},
        },
        "characterize": SHORT,
        "methods": {"ipo": ipo},
        "evaluate": {"judge": "lexical", "bootstrap": 200},
    }


def run(record: Record, settings: Settings, places: Places) -> None:
    """Conversion, then the workflow up to the verdicts on the base and on IPO."""
    folder = workflow.fresh_run(RUN)
    converted = material.model_folder("smollm2", places)
    shutil.copytree(converted, folder / "models" / "smollm2" / "converted")
    targets = [
        f"results/{RUN}/verdicts/smollm2/{variant}/evaluation.lexical.parquet"
        for variant in ("base/seed0", "ipo/seed0")
    ]
    workflow.run(record, configuration(settings), places, None, targets)
    for name, path in (("warm-up", "base"), ("IPO", "ipo/seed0")):
        summary = folder / "models" / "smollm2" / path / "training.json"
        if summary.exists():
            content = read_json(summary)
            keys = ("steps", "seconds", "examples", "precision", "peak_gpu_gib", "loss_curve")
            record.measure(name, {key: content[key] for key in keys if key in content})
    for generations in sorted(folder.glob("generations/smollm2/**/*.meta.json")):
        content = read_json(generations)
        kept = {key: content[key] for key in ("generations", "generated_tokens", "seconds") if key in content}
        if kept and "shards" not in generations.parts:
            record.measure(str(generations.relative_to(folder)).removesuffix(".parquet.meta.json"), kept)
    verdicts = folder / "verdicts" / "smollm2" / "ipo" / "seed0" / "evaluation.lexical.parquet"
    record.check("IPO was evaluated", verdicts.exists())
