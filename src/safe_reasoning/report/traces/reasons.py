"""Why a turning point lies where it lies, in the numbers of its trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from safe_reasoning.config import Characterize
from safe_reasoning.report.traces.entries import Curve, Interval, Line


def reasons(curve: Curve, lines: Sequence[Line], settings: Characterize) -> list[tuple[str, str]]:
    """(kind, sentence) for the safe and the unsafe turning point, also where there is none.

    Args:
        curve: of the trace.
        lines: its sentences, with their tokens.
        settings: mu, eta and K.
    """
    mu, eta, stable = settings.safe_threshold, settings.unsafe_threshold, settings.stable_tokens
    stays = (
        f"stays at or above μ = {mu} for {stable} tokens",
        f"stays at or below η = {eta} for {stable} tokens",
    )
    return [
        (
            "safe",
            _reason("safe", curve, curve.safe_point, curve.safe_interval, lambda v: v >= mu, stays[0], lines),
        ),
        (
            "unsafe",
            _reason(
                "unsafe",
                curve,
                curve.unsafe_point,
                curve.unsafe_interval,
                lambda v: v <= eta,
                stays[1],
                lines,
            ),
        ),
    ]


def _reason(
    kind: str,
    curve: Curve,
    point: int | None,
    interval: Interval | None,
    holds: Callable[[float], bool],
    stays: str,
    lines: Sequence[Line],
) -> str:
    if point is None:
        tokens, start = _longest(curve, holds)
        longest = (
            f"the longest stretch is {tokens}, from token {start} on" if tokens else "it never gets there"
        )
        return f"No {kind} turning point: the ratio never {stays}; {longest}."
    index = curve.prefix_tokens.index(point)
    here = f"the ratio is {100 * curve.values[index]:.0f} % and {stays}"
    if index == 0:
        said = f"before the first token {here}: the prompt alone decides"
    else:
        line = next(
            (line for line in lines if line.tokens and line.tokens[0] <= point <= line.tokens[1]), None
        )
        place = f", in sentence {line.number}" if line else ""
        earlier = curve.prefix_tokens[index - 1]
        value = curve.values[index - 1]
        was = "could not be scored" if value != value else f"was {100 * value:.0f} %"
        said = f"after token {point}{place}, {here}; after token {earlier} it {was}"
        if line and line.role == "trigger" and kind == "safe":
            said += ". That sentence is marked as a trigger"
    return f"{kind.capitalize()} turning point: {said}.{_chance(interval)}"


def _longest(curve: Curve, holds: Callable[[float], bool]) -> tuple[int, int]:
    """Tokens of the longest stretch over which all known ratios hold, and where it begins."""
    longest, start = (0, 0), None
    for prefix, value in zip(curve.prefix_tokens, curve.values, strict=True):
        if not holds(value):  # nor does an unknown ratio
            start = None
            continue
        start = prefix if start is None else start
        longest = max(longest, (prefix - start + 1, start), key=lambda stretch: stretch[0])
    return longest


def _chance(interval: Interval | None) -> str:
    """How far chance in the continuations moves it, as far as that was measured."""
    if interval is None or interval[0] is None:
        return ""
    low, high = interval
    if high is None:
        return f" With its continuations resampled it lies at token {low} or later, or nowhere."
    if low == high:
        return f" With its continuations resampled it stays at token {low} (95 %)."
    return f" With its continuations resampled it lies within tokens {low} to {high} (95 %)."
