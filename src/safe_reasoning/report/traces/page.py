"""The trace reader's page.

One file without network, scripts of others or fonts, kept under two megabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import seaborn as sns
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from safe_reasoning.config import Config
from safe_reasoning.report import methods as report_methods
from safe_reasoning.report.figures import style
from safe_reasoning.report.figures.fig5a_csr_curves import TRIGGER
from safe_reasoning.report.traces import csr_bars
from safe_reasoning.report.traces.gather import PAIRS, Gathered
from safe_reasoning.report.traces.reasons import reasons
from safe_reasoning.sampling.engine import load_tokenizer

BYTES = {"csr": 1_000_000, "evaluated": 400_000, "pair": 400_000}  # at most, of each kind
KINDS = {
    "csr": "traces with a continuation safety ratio",
    "evaluated": "every method on the same prompts",
    "pair": "intervened pairs",
}
CUE = style.PALETTE[4]


def _in_turn(several: list[Iterator[Any]]) -> Iterator[Any]:
    """The first of each, then the second of each, and so on."""
    return (item for turn in zip_longest(*several) for item in turn if item is not None)


def write_traces(config: Config, run: Path, templates: Path) -> str:
    """The page as text.

    Args:
        config: of the run; `report.show_text` says whether the page holds the words of prompts and
            generations.
        run: folder of the run.
        templates: folder of the page's template and of that of an entry.
    """
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("trace_entry.html.j2")
    models = {model: Gathered(run, config, model, load_tokenizer) for model in config.models}
    gathered = list(models.values())
    each = PAIRS // max(1, sum(model.pair_files for model in gathered))
    entries = {
        "csr": _in_turn([model.csr_traces() for model in gathered]),
        "evaluated": _in_turn([model.evaluated_traces() for model in gathered]),
        "pair": _in_turn([model.pairs(each) for model in gathered]),
    }
    articles, shown, methods, outcomes = [], {}, [], []
    for kind, of_kind in entries.items():
        shown[kind], size = 0, 0
        for entry in of_kind:
            curve = getattr(entry, "curve", None)
            text = template.render(
                e=entry,
                strip=csr_bars.plot(curve, entry.lines) if curve else None,
                reasons=reasons(curve, entry.lines, config.characterize) if curve else [],
                config=config,
            )
            size += len(text.encode())
            if size > BYTES[kind]:
                break
            articles.append(text)
            shown[kind] += 1
            methods += entry.methods
            outcomes += [entry.outcome] if entry.outcome else []
    counts = [model.counts(each) for model in gathered]
    there = {kind: sum(count[kind] for count in counts) for kind in KINDS}
    return environment.get_template("traces.html.j2").render(
        config=config,
        show_text=config.report.show_text,
        articles=articles,
        kinds={kind: name for kind, name in KINDS.items() if shown[kind]},
        left_out={KINDS[kind]: there[kind] - shown[kind] for kind in KINDS if there[kind] > shown[kind]},
        methods={method: report_methods.label(method) for method in report_methods.ordered(methods)},
        outcomes=sorted(set(outcomes)),
        models={name: model.masker.triggers for name, model in models.items()},
        detectors=sorted({model.detector for model in gathered}),
        colors=sns.blend_palette([style.REASONING, "#eeeeee", style.RESPONSE], csr_bars.LEVELS).as_hex(),
        palette={
            "cue": CUE,
            "trigger": TRIGGER,
            "harmful": style.REASONING,
            "safe": style.RESPONSE,
            "unscored": style.GREY,
        },
    )
