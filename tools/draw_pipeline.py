"""The README's picture of the method and the pipeline, as SVG text.

    python -m tools.draw_pipeline    # writes docs/images/pipeline.svg

Plain Python, so the same bytes on every machine. Curves and marks are sketches, not results. The
picture brings its own background and follows the reader's light or dark mode.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.pipeline_sketches import (
    evaluation,
    intervention,
    pair,
    path,
    prompt,
    ratio,
    report,
    rollout,
    text,
    training,
)

WIDTH, MARGIN, GAP = 850, 14, 26  # GitHub shows a README about this wide
COLUMNS = 4
BOX_WIDTH = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
BOX_HEIGHT, SKETCH_TOP, FOOT = 212, 76, 46

ROWS = (40, 322)  # upper edges of the two rows of boxes
HEIGHT = ROWS[1] + BOX_HEIGHT + 36

STYLE = """
:root { --back: #ffffff; --box: #f6f8fa; --edge: #8c959f; --ink: #1f2328; --soft: #57606a;
  --faint: #c8ced5; --z: #c24e00; --y: #0068a8; --safe: #00795a; --tint: #d8f0e6; --warn: #fbe3d3; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --box: #161b22; --edge: #6e7681;
  --ink: #e6edf3; --soft: #a3adb8; --faint: #444c56; --z: #ff9a52; --y: #6cb6ff; --safe: #4fd1a1;
  --tint: #123c30; --warn: #4a2a14; } }
text { font-family: "Segoe UI", Helvetica, Arial, "Liberation Sans", sans-serif; fill: var(--ink);
  font-size: 11.5px; }
.row { font-size: 12.5px; fill: var(--soft); }
.title { font-size: 13.5px; font-weight: 700; }
.code { font-family: ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; font-size: 11px; }
.note, .rule { fill: var(--soft); }
.small { font-size: 10.5px; }
.mid { text-anchor: middle; }
.end { text-anchor: end; }
.z { fill: var(--z); } .y { fill: var(--y); } .safe { fill: var(--safe); }
.box { fill: var(--box); stroke: var(--edge); }
.line { fill: none; stroke: var(--soft); stroke-width: 1.4; }
.thin { fill: none; stroke: var(--faint); }
.dash { fill: none; stroke: var(--soft); stroke-dasharray: 3 3; }
.curve { fill: none; stroke: var(--safe); stroke-width: 2.2; }
.arrow { fill: none; stroke: var(--ink); stroke-width: 1.6; marker-end: url(#head); }
.head { fill: var(--ink); }
""".strip()


@dataclass(frozen=True)
class Stage:
    """One box: what happens, in which packages of src/safe_reasoning, by which files of
    workflow/rules.
    """

    title: str
    lines: tuple[str, str]
    packages: tuple[str, ...]
    rules: tuple[str, ...]
    sketch: Callable[[], list[str]]


STAGES = (
    Stage(
        "1  Prompts",
        ("benchmarks, attacks,", "or the made-up nano world"),
        ("prompts",),
        ("prompts",),
        prompt,
    ),
    Stage(
        "2  Rollouts",
        ("reasoning z and response y,", "judged apart"),
        ("sampling", "judging"),
        ("rollouts", "judging"),
        rollout,
    ),
    Stage(
        "3  Continuation safety",
        ("share of safe continuations", "after each token of z"),
        ("characterize",),
        ("characterize",),
        ratio,
    ),
    Stage(
        "4  Intervention",
        ("compliance cue replaced", "by a safety trigger"),
        ("characterize",),
        ("characterize",),
        intervention,
    ),
    Stage(
        "5  Preference pairs", ("both sides share the prefix", "up to the cue"), ("pairs",), ("pairs",), pair
    ),
    Stage(
        "6  IPO training",
        ("chosen side up, rejected", "side down; and baselines"),
        ("training",),
        ("train",),
        training,
    ),
    Stage(
        "7  Evaluation",
        ("harm, over-refusal and", "capability, with intervals"),
        ("evaluation", "stats"),
        ("evaluate",),
        evaluation,
    ),
    Stage(
        "8  Report",
        ("figures, tables, verdicts", "on the paper's claims"),
        ("report",),
        ("metrics", "figures"),
        report,
    ),
)


def box(stage: Stage, x: float, y: float) -> list[str]:
    """A stage's box, with its upper left corner at (x, y)."""
    left = x + 11
    base = y + BOX_HEIGHT
    return [
        f'<rect x="{x:g}" y="{y:g}" width="{BOX_WIDTH:g}" height="{BOX_HEIGHT:g}" rx="8" class="box"/>',
        text(left, y + 23, stage.title, "title"),
        text(left, y + 42, stage.lines[0]),
        text(left, y + 57, stage.lines[1]),
        f'<g transform="translate({left:g} {y + SKETCH_TOP - 2:g})">',
        *stage.sketch(),
        "</g>",
        path(f"M{x:g} {base - FOOT + 4:g}h{BOX_WIDTH:g}", "thin"),
        text(left, base - 25, " ".join(f"{name}/" for name in stage.packages), "code"),
        text(left, base - 9, " ".join(f"{name}.smk" for name in stage.rules), "code rule"),
    ]


def svg() -> str:
    """The whole picture."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img">',
        "<title>The method and its pipeline, from prompts to the report</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" class="head"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="var(--back)"/>',
        text(MARGIN, ROWS[0] - 14, "Where in the reasoning is safety decided? (paper section 2)", "row"),
        text(
            MARGIN + BOX_WIDTH + GAP,
            ROWS[1] - 14,
            "Train on the decision, then measure (sections 3 and 4)",
            "row",
        ),
    ]
    for number, stage in enumerate(STAGES):
        row, column = divmod(number, COLUMNS)
        x, y = MARGIN + column * (BOX_WIDTH + GAP), ROWS[row]
        parts += box(stage, x, y)
        if column:
            parts.append(path(f"M{x - GAP + 3:g} {y + BOX_HEIGHT / 2:g}h{GAP - 6}", "arrow"))
    start, turn, end = WIDTH - MARGIN - BOX_WIDTH / 2, ROWS[0] + BOX_HEIGHT + 22, MARGIN + BOX_WIDTH / 2
    parts.append(path(f"M{start:g} {ROWS[0] + BOX_HEIGHT + 3}V{turn}H{end:g}V{ROWS[1] - 3}", "arrow"))
    note = "Packages lie in src/safe_reasoning, rule files in workflow/rules. Curves and marks are sketches."
    parts += [text(MARGIN, HEIGHT - 13, note, "note"), "</svg>"]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=Path("docs/images/pipeline.svg"), help="default: docs/images/pipeline.svg"
    )
    parser.parse_args().out.write_text(svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
