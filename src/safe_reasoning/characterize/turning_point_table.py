"""Turning points, trigger sentences and first cues of all traces with a continuation safety ratio,
and what they say together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.characterize.continuation_safety import by_trace, curve
from safe_reasoning.characterize.cue_correlation import cue_correlation
from safe_reasoning.characterize.trigger_mining import trace_spans
from safe_reasoning.characterize.turning_points import (
    csr_around,
    safe_turning_point,
    sentence_at,
    unsafe_turning_point,
)
from safe_reasoning.config import Characterize
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.judging.base import CueDetector
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.stats.rates import simple_rate

Row = Mapping[str, Any]

# Thresholds (mu, eta) and window lengths, as multiples of the configured K, under which the shares
# are counted again: the paper did not vary them.
VARIED_THRESHOLDS = [(0.8, 0.2), (0.95, 0.05)]
VARIED_WINDOWS = [1 / 3, 2]


def turning_point_rows(
    csr: Sequence[Row],
    traces: Mapping[str, Row],
    harmful: Mapping[str, bool | None],
    tokenizer: Tokenizer,
    detector: CueDetector,
    settings: Characterize,
) -> list[dict[str, Any]]:
    """One row per trace, in token indices; None where there is none.

    `trigger_start` and `trigger_end` bound the sentence that holds a safe trace's safe turning
    point, `csr_before` and `csr_after` are the ratio at these bounds.

    Args:
        csr: rows of schema csr.
        traces: rows of schema generations by generation_id.
        harmful: verdict on the reasoning of each trace.
        tokenizer: of the model.
        detector: finds the first cue.
        settings: mu, eta and K.
    """
    curves = by_trace(csr)
    found = find_cues(tokenizer, [traces[name]["token_ids"] for name in curves], detector)
    cues = {name: cue for name, (cue, _) in zip(curves, found, strict=True)}
    rows = []
    for name, values in curves.items():
        trace, cue = traces[name], cues[name]
        lengths, ratios = curve(values)
        safe = safe_turning_point(lengths, ratios, settings.safe_threshold, settings.stable_tokens)
        trigger = (
            sentence_at(trace_spans(trace, tokenizer), safe)
            if safe is not None and not harmful[name]
            else None
        )
        before, after = csr_around(lengths, ratios, trigger) if trigger else (None, None)
        rows.append(
            {
                "trace": name,
                "prompt_id": trace["prompt_id"],
                "outcome": "harmful" if harmful[name] else "safe",
                "tokens": lengths[-1],
                "safe_turning_point": safe,
                "unsafe_turning_point": unsafe_turning_point(
                    lengths, ratios, settings.unsafe_threshold, settings.stable_tokens
                ),
                "first_cue_token": cue.token if cue else None,
                "trigger_start": trigger.start if trigger else None,
                "trigger_end": trigger.end if trigger else None,
                "csr_before": before,
                "csr_after": after,
            }
        )
    return rows


def turning_point_shares(
    csr: Sequence[Row], harmful: Mapping[str, bool | None], settings: Characterize
) -> list[dict[str, Any]]:
    """Share of safe traces with a safe turning point and of harmful traces with an unsafe one, with
    Wilson intervals, and as their control harmful traces with a safe one and safe traces with an
    unsafe one.

    A safe trace ends at a ratio of 1 by construction, so that it has a safe turning point is nearly
    forced; that a harmful one has none is not.

    The first four rows are for the configured mu, eta and K; then one of the three varies at a time
    around them.

    Args:
        csr: rows of schema csr.
        harmful: verdict on the reasoning of each trace.
        settings: mu, eta and K.
    """
    curves = [(bool(harmful[name]), *curve(values)) for name, values in by_trace(csr).items()]
    main = (settings.safe_threshold, settings.unsafe_threshold, settings.stable_tokens)
    variants = [main, *((mu, eta, main[2]) for mu, eta in VARIED_THRESHOLDS)]
    variants += [(main[0], main[1], max(1, round(main[2] * factor))) for factor in VARIED_WINDOWS]
    rows = []
    for mu, eta, window in dict.fromkeys(variants):
        for is_harmful, kind, find, threshold in (
            (False, "safe", safe_turning_point, mu),
            (True, "unsafe", unsafe_turning_point, eta),
            (True, "safe", safe_turning_point, mu),
            (False, "unsafe", unsafe_turning_point, eta),
        ):
            rate = simple_rate(
                [find(p, c, threshold, window) is not None for side, p, c in curves if side == is_harmful]
            )
            rows.append(
                {
                    "outcome": "harmful" if is_harmful else "safe",
                    "kind": kind,
                    "share": rate.value,
                    "low": rate.low,
                    "high": rate.high,
                    "traces": rate.count,
                    "mu": mu,
                    "eta": eta,
                    "stable_tokens": window,
                }
            )
    return rows


def correlation_row(
    table: Sequence[Row], traces: Mapping[str, Row], tokenizer: Tokenizer, detector: CueDetector
) -> dict[str, Any]:
    """First cue of one detector against unsafe turning point, over the harmful traces of
    `turning_point_rows`.
    """
    rows = [row for row in table if row["outcome"] == "harmful"]
    cues = find_cues(tokenizer, [traces[row["trace"]]["token_ids"] for row in rows], detector)
    found = cue_correlation(
        [cue.token if cue else None for cue, _ in cues], [row["unsafe_turning_point"] for row in rows]
    )
    return {
        "detector": detector.name,
        "n": found.count,
        "r": found.r,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
    }
