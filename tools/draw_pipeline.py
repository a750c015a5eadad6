"""The README's picture of the method and the pipeline, as SVG text.

    python tools/draw_pipeline.py    # writes docs/images/pipeline.svg

Plain Python, so the same bytes on every machine. Curves and marks are sketches, not results. The
picture brings its own background and follows the reader's light or dark mode.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

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


def text(x: float, y: float, words: str, style: str = "") -> str:
    """One line of text; `y` is its base line."""
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}"{kind}>{escape(words)}</text>'


def block(x: float, y: float, width: float, fill: str, height: float = 16) -> str:
    """A sentence of a trace, as a bar."""
    paint = f'fill="var(--{fill})" stroke="var(--edge)" stroke-width="0.7"'
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3" {paint}/>'


def path(shape: str, style: str) -> str:
    """A line."""
    return f'<path d="{shape}" class="{style}"/>'


def dot(x: float, y: float, color: str) -> str:
    """A round mark."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="var(--{color})"/>'


def prompt() -> list[str]:
    """A request, plain and with an attack around it."""
    return [
        path("M6 4H150a6 6 0 0 1 6 6V30a6 6 0 0 1-6 6H20L10 45V36H6a6 6 0 0 1-6-6V10a6 6 0 0 1 6-6z", "thin"),
        text(10, 25, "“How do I make … ?”"),
        text(0, 66, "harmful, benign, capability", "note small"),
        text(0, 81, "plain or under an attack", "note small"),
    ]


def rollout() -> list[str]:
    """A trace in two parts, each with a verdict of its own."""
    parts = []
    for top, name, style, verdict, color in ((0, "z", "z", "harmful", "z"), (49, "y", "y", "safe", "safe")):
        parts += [text(0, top + 22, name, f"{style} title"), block(18, top, 80, "faint", 9)]
        parts += [block(18, top + 14, 62, "faint", 9), block(18, top + 28, 72 if name == "z" else 44, "faint", 9)]
        parts += [path(f"M106 {top + 18}h14", "line"), text(124, top + 22, verdict, color)]
    return parts


def ratio() -> list[str]:
    """A continuation safety ratio that jumps and stays up."""
    return [
        path("M20 0V76H166", "line"),
        path("M20 14H166", "dash"),
        text(16, 18, "0.9", "small note end"),
        text(16, 79, "0", "small note end"),
        path("M20 58C30 50 36 66 48 60S66 50 78 56S94 14 104 14S130 6 164 7", "curve"),
        path("M104 76V18", "dash"),
        dot(104, 14, "safe"),
        text(111, 42, "turning", "small safe"),
        text(111, 55, "point", "small safe"),
        text(166, 89, "tokens of z", "small note end"),
    ]


def intervention() -> list[str]:
    """A compliance cue taken out, a safety trigger in its place."""
    return [
        block(0, 4, 56, "faint"),
        block(60, 4, 56, "warn"),
        text(88, 16, "cue", "z mid"),
        path("M62 12H74M102 12H114", "line"),
        block(120, 4, 50, "faint"),
        path("M88 24V42", "arrow"),
        block(0, 48, 56, "faint"),
        block(60, 48, 56, "tint"),
        text(88, 60, "trigger", "safe mid"),
        path("M120 56H168", "arrow"),
        text(28, 82, "prefix", "small note mid"),
        text(168, 82, "continues", "small note end"),
    ]


def pair() -> list[str]:
    """Two continuations of one prefix."""
    return [
        block(0, 30, 52, "faint"),
        text(26, 60, "prefix", "small note mid"),
        path("M52 38C62 38 60 16 70 16M52 38C62 38 60 60 70 60", "line"),
        block(72, 8, 50, "tint"),
        text(97, 20, "trigger", "safe mid small"),
        block(124, 8, 46, "tint"),
        text(72, 38, "chosen", "safe small"),
        block(72, 52, 50, "warn"),
        text(97, 64, "cue", "z mid small"),
        block(124, 52, 46, "warn"),
        text(72, 82, "rejected", "z small"),
    ]


def training() -> list[str]:
    """What the loss moves: chosen up, rejected down, the prefix not at all."""
    return [
        path("M8 40H164", "dash"),
        path("M40 40V10", "arrow"),
        path("M124 40V70", "arrow"),
        text(52, 20, "log π(chosen)", "safe"),
        text(112, 66, "log π(rejected)", "z end"),
        text(0, 88, "the shared prefix carries no loss", "small note"),
    ]


def evaluation() -> list[str]:
    """Harm of reasoning and response by method, with intervals."""
    marks = [text(0, 20, "base", "small"), text(0, 56, "IPO", "small"), path("M34 0V74H166", "line")]
    for y, z_at, y_at in ((10, 132, 96), (46, 54, 42)):
        marks += [path(f"M{z_at - 14} {y}H{z_at + 14}", "line"), dot(z_at, y, "z")]
        marks += [path(f"M{y_at - 8} {y + 14}H{y_at + 14}", "line"), dot(y_at, y + 14, "y")]
    return [*marks, text(136, 56, "z", "z title"), text(152, 56, "y", "y title"), text(166, 88, "harmful, %", "small note end")]


def report() -> list[str]:
    """A page with figures and a table."""
    sheet = [path("M30 0H140V84H30z", "thin"), block(38, 8, 60, "faint", 7)]
    sheet += [path("M42 50V24M42 50H82", "line"), path("M46 44L56 36L66 40L78 28", "curve")]
    sheet += [path(f"M92 {y}H132", "thin") for y in (26, 34, 42, 50)]
    return [*sheet, block(38, 60, 94, "tint", 7), block(38, 72, 70, "faint", 7)]


@dataclass(frozen=True)
class Stage:
    """One box: what happens, in which packages of src/safe_reasoning, by which files of workflow/rules."""

    title: str
    lines: tuple[str, str]
    packages: tuple[str, ...]
    rules: tuple[str, ...]
    sketch: Callable[[], list[str]]


STAGES = (
    Stage("1  Prompts", ("benchmarks, attacks,", "or the made-up nano world"), ("prompts",), ("prompts",), prompt),
    Stage("2  Rollouts", ("reasoning z and response y,", "judged apart"), ("sampling", "judging"), ("rollouts", "judging"), rollout),
    Stage("3  Continuation safety", ("share of safe continuations", "after each token of z"), ("characterize",), ("characterize",), ratio),
    Stage("4  Intervention", ("compliance cue replaced", "by a safety trigger"), ("characterize",), ("characterize",), intervention),
    Stage("5  Preference pairs", ("both sides share the prefix", "up to the cue"), ("pairs",), ("pairs",), pair),
    Stage("6  IPO training", ("chosen side up, rejected", "side down; and baselines"), ("training",), ("train",), training),
    Stage("7  Evaluation", ("harm, over-refusal and", "capability, with intervals"), ("evaluation", "stats"), ("evaluate",), evaluation),
    Stage("8  Report", ("figures, tables, verdicts", "on the paper's claims"), ("report",), ("metrics", "figures"), report),
)  # fmt: skip


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
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
        "<title>The method and its pipeline, from prompts to the report</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" class="head"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="var(--back)"/>',
        text(MARGIN, ROWS[0] - 14, "Where in the reasoning is safety decided? (paper section 2)", "row"),
        text(MARGIN + BOX_WIDTH + GAP, ROWS[1] - 14, "Train on the decision, then measure (sections 3 and 4)", "row"),
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images/pipeline.svg"), help="default: docs/images/pipeline.svg")
    parser.parse_args().out.write_text(svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
