"""The drawing of a continuation safety ratio above the sentences of its trace.

An SVG of columns whose height and colour both say the ratio.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from safe_reasoning.report.traces.entries import Curve, Line

LEFT, WIDTH = 40, 720  # of the plot, in the drawing's units
TOP, HEIGHT = 26, 72
COLUMNS = 300  # more cannot be distinguished
LEVELS = 11  # colours from 0 to 1
NUMBERED = 9  # a sentence's number fits into a box this wide, digit by digit


@dataclass(frozen=True)
class Mark:
    """A vertical line with its name; `before` says that the name stands left of it."""

    x: float
    name: str
    kind: str
    row: int
    before: bool


@dataclass(frozen=True)
class Box:
    """A sentence under the columns."""

    x: float
    width: float
    role: str
    number: str


@dataclass(frozen=True)
class Strip:
    """What the page draws.

    `paths` are columns by colour level, `merged` the estimates in one of them.
    """

    paths: dict[int, str]
    marks: list[Mark]
    boxes: list[Box]
    ticks: list[tuple[float, int]]
    merged: int


def level(value: float) -> int:
    """The colour of a ratio, 0 to LEVELS - 1."""
    return round(value * (LEVELS - 1))


def plot(curve: Curve, lines: Sequence[Line]) -> Strip:
    """Place a curve and its sentences.

    The value at prefix length p is drawn over the tokens since the prefix length before it, the
    p-th last; that of the bare prompt in front of the first token.
    """
    last = curve.prefix_tokens[-1]
    unit = WIDTH / (last + 1)

    def x(token: float) -> float:
        """Left edge of the place of a token, numbered from 1.

        The prompt has the place of token 0.
        """
        return round(LEFT + token * unit, 1)

    starts = [0, *(p + 1 for p in curve.prefix_tokens[:-1])]
    size = math.ceil(len(starts) / COLUMNS)
    paths: dict[int, str] = defaultdict(str)
    for first in range(0, len(starts), size):
        known = [value for value in curve.values[first : first + size] if not math.isnan(value)]
        if not known:
            continue
        value = sum(known) / len(known)
        begin, end = x(starts[first]), x(curve.prefix_tokens[min(first + size, len(starts)) - 1] + 1)
        # A ratio of 0 is a thin line, an unknown one is nothing
        tall = round(max(1, value * HEIGHT), 1)
        paths[level(value)] += f"M{begin} {TOP + HEIGHT}v-{tall}H{end}v{tall}z"

    start_of = dict(zip(curve.prefix_tokens, starts, strict=True))
    points = [
        (curve.safe_point, "safe turning point", "safe"),
        (curve.unsafe_point, "unsafe turning point", "unsafe"),
    ]
    found = [
        (x(start_of[point]), f"{name}, token {point}", kind)
        for point, name, kind in points
        if point is not None
    ]
    if curve.cue is not None:
        found.append((x(curve.cue + 1), "first compliance cue", "cue"))
    marks = [
        Mark(place, name, kind, row, place > LEFT + WIDTH / 2)
        for row, (place, name, kind) in enumerate(found)
    ]

    boxes = []
    for line in lines:
        begin, end = line.tokens or (0, 0)
        width = x(end + 1) - x(begin)
        boxes.append(
            Box(
                x(begin),
                round(width, 1),
                line.role,
                str(line.number) if width > NUMBERED * len(str(line.number)) else "",
            )
        )
    step = max(1, 10 ** math.floor(math.log10(max(1, last))))
    step = (
        step // 5 if step >= 5 and last < 2 * step else step // 2 if step >= 2 and last < 5 * step else step
    )
    ticks = [(x(token + 0.5), token) for token in range(0, last + 1, step)]
    return Strip(dict(paths), marks, boxes, ticks, size)
