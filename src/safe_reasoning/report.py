"""The report: one self-contained page that tells the paper's story with this run's figures and tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
from docutils.core import publish_parts
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from safe_reasoning.config import Config, GgufModel, NanoModel, dump
from safe_reasoning.errors import UserError
from safe_reasoning.records import commit, software

SECTIONS = [
    ("The main result", ["fig_main", "table2_main"]),
    ("Reasoning and response", ["fig3_outcome_shares", "fig2_reasoning_vs_response"]),
    ("Where safety is decided", ["fig5a_csr_curves", "fig_sensitivity", "table_triggers"]),
    ("Cues and corrections", ["fig5b_cue_correlation", "fig6_intervention_curve", "table_pairs"]),
    ("Against reinforcement learning and other training", ["fig4_rollout_diversity", "table1_grpo_rewards", "table3_ablations", "fig7_kl"]),
    ("What it cost", ["fig_efficiency", "table_efficiency"]),
]
ABOUT = {
    "nano": "<b>A model organism.</b> The model has about 2 million parameters and was trained from scratch for this run, in a made-up world in which harm is the leak of an invented recipe. "
    "Its numbers say nothing about real models. They show that every stage runs and measures what it should, with exact labels, and how the methods act on a model that has the "
    "phenomena. That cues precede harm and that triggers help is built into its corpus; what training makes of it is not.",
    "gguf_package": "<b>Real weights, small ones.</b> SmolLM2-135M is no reasoning model: it was first taught to think in tags, on traces that this project writes, with placeholders instead of harmful "
    "content. The prompts are real benchmark prompts; the judge is lexical (phrases of refusal and of willingness) and crude. Samples are small: read the intervals. It shows that "
    "the pipeline works on real language, not how a capable reasoning model behaves.",
}


def caption(path: Path) -> Markup:
    """A caption (reStructuredText) as HTML."""
    if not path.exists():
        raise UserError(f"{path} does not exist: write the caption, a few lines of reStructuredText")
    return Markup(publish_parts(path.read_text(), writer="html5", settings_overrides={"initial_header_level": 4})["body"])  # noqa: S704


def inline_svg(path: Path, name: str) -> Markup:
    """An SVG without its XML head; ids get the figure's name, so that figures on one page do not share any."""
    text = path.read_text()
    text = text[text.index("<svg") :]
    text = re.sub(r'id="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(xlink:href="|href="|url\()#', rf"\1#{name}-", text)
    return Markup(re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL))  # noqa: S704


def write_report(config: Config, figures: Path, tables: Path, captions: Path) -> str:
    """The page as text, from a run's figures and tables."""
    names = [name for _, items in SECTIONS for name in items]
    environment = Environment(loader=FileSystemLoader(captions), autoescape=True, undefined=StrictUndefined)
    sections: list[dict[str, Any]] = []
    for title, items in SECTIONS:
        entries = []
        for name in items:
            if name.startswith("fig"):
                entries.append({"name": name, "svg": inline_svg(figures / f"{name}.svg", name), "table": ""})
            else:
                frame = pd.read_csv(tables / f"{name}.csv", keep_default_na=False, dtype=str)
                entries.append({"name": name, "svg": "", "table": Markup(frame.to_html(index=False, border=0, escape=True))})  # noqa: S704
        sections.append({"title": title, "items": entries})
    kinds = dict.fromkeys(
        "nano" if isinstance(m, NanoModel) else "gguf_package" if isinstance(m, GgufModel) else "" for m in config.models.values()
    )
    return environment.get_template("report.html.j2").render(
        run=config.run,
        models=list(config.models),
        seeds=config.seeds,
        commit=commit(),
        about=Markup("<br>".join(ABOUT[kind] for kind in kinds if kind)),  # noqa: S704
        claims=pd.read_csv(tables / "claims.csv", keep_default_na=False).to_dict("records"),
        captions={name: caption(captions / f"{name}.rst") for name in [*names, "claims"]},
        sections=sections,
        software=", ".join(f"{name} {version}" for name, version in software().items()),
        configuration=dump(config),
    )
