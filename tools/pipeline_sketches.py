"""Sketches inside the boxes of the pipeline picture, as lists of SVG elements.

Curves and marks are no results.
"""

from __future__ import annotations

from xml.sax.saxutils import escape


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
        parts += [
            block(18, top + 14, 62, "faint", 9),
            block(18, top + 28, 72 if name == "z" else 44, "faint", 9),
        ]
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
    return [
        *marks,
        text(136, 56, "z", "z title"),
        text(152, 56, "y", "y title"),
        text(166, 88, "harmful, %", "small note end"),
    ]


def report() -> list[str]:
    """A page with figures and a table."""
    sheet = [path("M30 0H140V84H30z", "thin"), block(38, 8, 60, "faint", 7)]
    sheet += [path("M42 50V24M42 50H82", "line"), path("M46 44L56 36L66 40L78 28", "curve")]
    sheet += [path(f"M92 {y}H132", "thin") for y in (26, 34, 42, 50)]
    return [*sheet, block(38, 60, 94, "tint", 7), block(38, 72, 70, "faint", 7)]
