"""Intervals of turning points, on a model whose ratios are known exactly."""

import random
from functools import cache
from typing import Any

import numpy as np
import pytest

from safe_reasoning.characterize.continuation_reuse import follow
from safe_reasoning.characterize.continuation_safety import continuation_rows, csr_rows, curve
from safe_reasoning.characterize.turning_point_intervals import (
    percentiles,
    resampled_curves,
    with_intervals,
)
from safe_reasoning.characterize.turning_points import safe_turning_point
from safe_reasoning.config import Characterize
from tests.support.markov import draws, exact, rest

ROOM, N, SEEDS = 14, 24, 400
TRACE = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
LENGTHS = list(range(len(TRACE) + 1))
SETTINGS = Characterize(safe_threshold=0.7, unsafe_threshold=0.2, stable_tokens=3)


@cache
def sampled(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of schema csr and csr_continuations of one run."""
    trace = {"generation_id": f"t{seed}", "prompt_id": "p", "token_ids": TRACE}
    rng, counted, safe = random.Random(seed), [], []
    for one in follow([trace], [LENGTHS], N, [draws(TRACE)], ROOM):
        known = TRACE[: one.left] + ([] if one.token is None else [one.token])
        counted.append(one.counted(0, LENGTHS, [[len(TRACE)]]))
        safe.append(2 not in rest(known, rng, ROOM))
    return csr_rows(trace, counted, safe), continuation_rows(trace, counted, safe)


def ratios(seed: int) -> list[float]:
    return curve(sampled(seed)[0])[1]


def prefix_by_prefix(rows: list[dict[str, Any]], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Wrong: each prefix draws its own samples, as if none were shared."""
    alone = []
    for length in LENGTHS:
        there = [row["safe"] for row in rows if row["first"] <= length <= row["last"]]
        alone += [{"first": length, "last": length, "safe": safe} for safe in there]
    return alone


def test_resampled_curves_vary_together_as_those_of_new_runs_do() -> None:
    """Covariances between prefixes: none without shared continuations."""
    rng = np.random.default_rng(0)
    runs = np.array([ratios(seed) for seed in range(SEEDS)])
    true = np.cov(runs.T)
    spread, alone = np.zeros_like(true), np.zeros_like(true)
    for seed in range(60):
        rows = sampled(seed)[1]
        spread += np.cov(resampled_curves(LENGTHS, rows, 400, rng).T) / 60
        alone += np.cov(resampled_curves(LENGTHS, prefix_by_prefix(rows, rng), 400, rng).T) / 60
    scale = np.sqrt(np.outer(true.diagonal(), true.diagonal()))
    assert true[5, 6] / scale[5, 6] > 0.4
    assert np.abs((spread - true) / scale).max() < 0.2
    assert alone[5, 6] / scale[5, 6] < 0.1


def point(values: list[float]) -> int | None:
    return safe_turning_point(LENGTHS, values, SETTINGS.safe_threshold, SETTINGS.stable_tokens)


def test_an_interval_holds_the_exact_turning_point_and_that_of_another_run() -> None:
    true = point([exact(tuple(TRACE[:length]), ROOM) for length in LENGTHS])
    assert true == 10
    held = {"exact": 0, "another": 0}
    lows = []
    for seed in range(200):
        csr, rows = sampled(seed)
        (row,) = with_intervals([{"trace": f"t{seed}", "tokens": 13}], csr, rows, SETTINGS, 400)
        assert row["trace"] == f"t{seed}" and row["tokens"] == 13
        ends = [row[f"safe_turning_point_{end}"] for end in ("low", "high")]
        low, high = (99 if end is None else end for end in ends)
        another = point(ratios(seed + 200))
        held["exact"] += low <= true <= high
        held["another"] += low <= (99 if another is None else another) <= high
        lows.append(low)
        assert row["unsafe_turning_point_low"] is None  # no prefix has a ratio near 0.2
    assert held["exact"] >= 190 and held["another"] >= 165
    assert sum(low > 4 for low in lows) > 10  # not everything is held


def test_where_all_continuations_agree_no_resample_differs() -> None:
    rows = [{"first": 0, "last": 3, "safe": value} for value in [True] * 5 + [None]]
    curves = resampled_curves([0, 1, 2, 3], rows, 50, np.random.default_rng(0))
    assert curves.shape == (50, 4) and set(curves[~np.isnan(curves)]) == {1.0}
    nothing = resampled_curves([0, 1], [{"first": 0, "last": 0, "safe": None}], 9, np.random.default_rng(0))
    assert np.isnan(nothing).all()


@pytest.mark.parametrize(
    ("points", "ends"),
    [
        ([5] * 100, (5, 5)),
        ([None] * 100, (None, None)),
        ([*range(1, 101)], (3, 98)),
        ([4] * 98 + [None] * 2, (4, 4)),
        ([4] * 97 + [None] * 3, (4, None)),
        ([2] * 3 + [None] * 97, (2, None)),
    ],
)
def test_no_turning_point_lies_behind_every_prefix(
    points: list[int | None], ends: tuple[int | None, int | None]
) -> None:
    assert percentiles(points) == ends
