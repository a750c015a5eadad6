"""The report: one self-contained page with the paper's story in this run's figures and tables."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from docutils.core import publish_parts
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from safe_reasoning.config import Config, dump
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.machine import in_words
from safe_reasoning.core.provenance import commit, software
from safe_reasoning.report import contents
from safe_reasoning.report.claims.scorecard import CAPTION as CLAIMS_CAPTION
from safe_reasoning.report.claims.scorecard import VERDICTS
from safe_reasoning.report.manifest import machines

ABOUT = {
    "nano": (
        "<b>A model organism, not a language model.</b> The model has fewer than two million parameters "
        "and was "
        "trained from scratch for this run, in a made-up world in which harm is the leak of an invented "
        "recipe. "
        "Its numbers say nothing about real models. They show that every stage runs and measures what it "
        "should, "
        "with exact labels, and how the methods act on a model that has the phenomena. What the base does "
        "is built into its corpus to some degree: safe answers after harmful reasoning, few safe rollouts, "
        "cues that predict harm, triggers that help. So this world says little about the paper's claims on "
        "the base. What training does is not built in: who is safer at the same help, what is lost, and how "
        "far it reaches unseen wrappers and families. Claims on these can fail here."
    ),
    "hub": (
        "<b>Reasoning models from the model hub</b>, at the commits that config/sources.yaml pins. Their "
        "harm is "
        "what the judge named below says it is."
    ),
    "folder": (
        "<b>A model from a folder</b>, by the hash of its weights. Its harm is what the judge named below "
        "says it is."
    ),
    "gguf_package": (
        "<b>Real weights, small ones</b>, of a 4-bit GGUF file converted back (SmolLM2-135M, or the model "
        "that the configuration names). It is no reasoning model: it was first taught to think in "
        "tags, on traces that this project writes, with placeholders instead of harmful content. The "
        "prompts are "
        "real benchmark prompts; the judge is lexical (phrases of refusal and of willingness) and crude. "
        "Samples "
        "are small: read the intervals. It shows that the pipeline works on real language, not how a capable "
        "reasoning model behaves."
    ),
}

ZOOM, NARROW = 1.3, 300  # figures on the page against print; points
PAPER_ROW = ' class="paper"'


def caption(item: contents.Item) -> str:
    """The caption of a figure or table, which stands in its module, as reStructuredText."""
    text: str = importlib.import_module(item.module).CAPTION
    return text


def title(text: str) -> str:
    """What a caption says in bold at its beginning: the name of the figure or table."""
    return re.search(r"\*\*(.+?)\*\*", text, re.DOTALL)[1].rstrip(".")  # type: ignore[index]  # a test: each has one


def _html(text: str) -> Markup:
    """ReStructuredText of ours as HTML."""
    return Markup(publish_parts(text, writer="html5", settings_overrides={"initial_header_level": 4})["body"])  # noqa: S704


def read_table(path: Path) -> pd.DataFrame:
    """A finished table, every cell as text."""
    if not path.exists():
        raise UserError(
            f"{path} does not exist: write it with scripts/write_table.py or scripts/score_claims.py"
        )
    return pd.read_csv(path, keep_default_na=False, dtype=str)


def _cell(text: str) -> str:
    """A cell; a rate's interval stands below it, unbroken."""
    if found := re.fullmatch(r"([\d.]+(?: ± [\d.]+)?) \[([\d.]+), ([\d.]+)\]", text):
        return "{}<br>[{},&nbsp;{}]".format(*found.groups())
    return str(escape(text))


def html_table(frame: pd.DataFrame) -> Markup:
    """A table as HTML; rows of the paper are grey, underscores in headings may break."""
    head = "".join(f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in frame.columns)
    lines = [
        f"<tr{PAPER_ROW if str(row[0]).startswith('paper') else ''}>"
        + "".join(f"<td>{_cell(cell)}</td>" for cell in row)
        + "</tr>"
        for row in frame.itertuples(index=False)
    ]
    return Markup(f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>")  # noqa: S704


def inline_svg(path: Path, name: str, said: str) -> Markup:
    """An SVG without its XML head, somewhat larger than in print.

    Args:
        path: of the SVG.
        name: of the figure: ids get it, so that figures on one page do not share any.
        said: what those hear who do not see the picture, and what shows when it is pointed at.
    """
    if not path.exists():
        raise UserError(f"{path} does not exist: draw it with scripts/draw_figure.py")
    text = path.read_text()
    text = text[text.index("<svg") :]
    text = re.sub(r'id="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(xlink:href="|href="|url\()#', rf"\1#{name}-", text)
    head, rest = text.split(">", 1)
    points = float(re.search(r'width="([\d.]+)pt"', head)[1])  # type: ignore[index]  # matplotlib always writes it
    head = (
        re.sub(r' (width|height)="[^"]*"', "", head)
        + f' class="{"wide" if points > NARROW else "narrow"}" width="{ZOOM * points:.0f}pt"'
        + f' role="img" aria-labelledby="{name}-title"'
    )
    named = f'{head}><title id="{name}-title">{escape(said)}</title>{rest}'
    return Markup(re.sub(r"<metadata>.*?</metadata>", "", named, flags=re.DOTALL))  # noqa: S704


def write_report(
    config: Config, figures: Path, tables: Path, templates: Path, made: Mapping[str, Any] | None = None
) -> str:
    """The page as text, from a run's figures and tables.

    Args:
        config: of the run.
        figures: folder of the run's figures.
        tables: folder of its tables.
        templates: folder of the page's template.
        made: the run's manifest, where the page is written elsewhere: its commit, software and
            machines stand on the page, not those available.
    """
    beside_its_run = made is None
    made = made or {"commit": commit(), "software": software(), "machines": machines(figures.parent)}
    items = contents.of_run(config)
    captions = {item.name: caption(item) for item in items}
    environment = Environment(loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined)
    environment.filters["anchor"] = lambda title: re.sub(r"\W+", "-", title.lower())
    sections: list[dict[str, Any]] = []
    for section in contents.sections(items):
        entries = [
            {
                "name": item.name,
                "title": title(captions[item.name]),
                "metrics": item.metrics,
                "svg": inline_svg(figures / f"{item.name}.svg", item.name, title(captions[item.name]))
                if item.is_figure
                else "",
                "table": "" if item.is_figure else html_table(read_table(tables / f"{item.name}.csv")),
            }
            for item in section.items
        ]
        head = {"title": section.title, "lead": section.lead, "opening": section.opening}
        sections.append({**head, "items": entries})
    whole, scorecard = config.stages == "all", read_table(tables / "claims.csv")
    if not whole:  # most claims are about stages that it has not
        scorecard = scorecard[scorecard["verdict"] != "not run"]
    kinds = dict.fromkeys(model.kind for model in config.models.values())
    return environment.get_template("report.html.j2").render(
        run=config.run,
        models=list(config.models),
        seeds=config.seeds,
        replicates=config.replicates,
        commit=made["commit"],
        about=Markup("<br>".join(ABOUT[kind] for kind in kinds)),  # noqa: S704
        judge=config.evaluate.judge,
        claims=scorecard.to_dict("records"),
        tally={verdict: int((scorecard["verdict"] == verdict).sum()) for verdict in reversed(VERDICTS)},
        captions={name: _html(text) for name, text in {**captions, "claims": CLAIMS_CAPTION}.items()},
        sections=sections,
        software=", ".join(f"{name} {version}" for name, version in made["software"].items()),
        machines=[in_words(machine) for machine in made.get("machines") or [{}]],
        configuration=dump(config),
        show_text=config.report.show_text,
        traces="traces.html" if beside_its_run and whole else "",
    )
