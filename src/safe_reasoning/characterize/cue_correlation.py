"""First compliance cue against unsafe turning point (paper section 2).

Pearson's R over harmful traces, on token indices.
"""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.stats.correlation import Correlation, pearson


def cue_correlation(cue_tokens: Sequence[int | None], turning_points: Sequence[int | None]) -> Correlation:
    """R over the traces that have both.

    Args:
        cue_tokens: index of the token that begins the first cue of each harmful trace.
        turning_points: its unsafe turning point.
    """
    both = [
        (cue, point)
        for cue, point in zip(cue_tokens, turning_points, strict=True)
        if cue is not None and point is not None
    ]
    return pearson([cue for cue, _ in both], [point for _, point in both])
