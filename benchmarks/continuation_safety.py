"""The continuation safety ratio with reused continuations, against new ones at each prefix.

python -m benchmarks.continuation_safety

Reads base models and their rollouts from the folders of the runs (`make demo`, `make mini`).
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from safe_reasoning.characterize.continuation_safety import (
    by_trace,
    choose_traces,
    curve,
    prefix_lengths,
    reasoning_harmful,
)
from safe_reasoning.characterize.csr_estimate import Estimate, draw_ahead, estimate
from safe_reasoning.characterize.trigger_mining import trace_spans
from safe_reasoning.characterize.turning_point_intervals import with_intervals
from safe_reasoning.characterize.turning_points import (
    TokenSpan,
    safe_turning_point,
    sentence_at,
    unsafe_turning_point,
)
from safe_reasoning.config import Characterize, Config, load
from safe_reasoning.core.cli import command, progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import read_rows
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.sampling.ends import ends_of
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.factory import open_reader
from safe_reasoning.sampling.sampler import Sampler

TITLE = "Continuation safety ratio: reused continuations against new ones at each prefix"
NOTES = """
Shares are of the exhaustive run, which samples new continuations at each prefix. Seconds hold
reading the traces ahead, sampling and judging, without the start of the engine. *Sentences*: traces
whose turning points lie within one sentence of those of the exhaustive run, or that have none in
both; a second exhaustive run with other seeds shows how far chance alone moves them. *In interval*:
exhaustive turning points within the interval of the row's own.
"""
EXHAUSTIVE, AGAIN, REUSE = "exhaustive", "exhaustive, other seeds", "reuse"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """Traces of a run, and what samples and judges their continuations."""

    config: Config
    model_dir: Path
    traces: list[Row]
    lengths: list[list[int]]
    spans: list[list[TokenSpan]]
    harmful: dict[str, bool | None]
    prompts: dict[str, Row]


@dataclass(frozen=True)
class Arm:
    """What one way of sampling gave and took."""

    found: Estimate
    tokens: int
    seconds: float
    processor_seconds: float


def gather(config: Config, model: str, traces: int) -> Work:
    """The first traces of the run's ratio: safe, harmful, safe, harmful, ..."""
    run = Path("results") / config.run
    folder = run / "models" / model / "base"
    rollouts = run / "generations" / model / "base/rollouts.parquet"
    verdicts = run / "verdicts" / model / f"base/rollouts.{config.evaluate.judge}.parquet"
    if not verdicts.exists():
        raise UserError(f"{verdicts} does not exist: run the workflow of the run {config.run} first")
    names = config.sets_of("characterize") or config.sets_of("align_harmful")
    files = [run / "prompts" / f"{name}.parquet" for name in names]
    prompts: dict[str, Row] = {row["prompt_id"]: row for file in files for row in read_rows(file, "prompts")}
    harmful = reasoning_harmful(read_rows(verdicts, "verdicts"))
    rows = [row for row in read_rows(rollouts, "generations") if row["prompt_id"] in prompts]
    chosen = choose_traces(rows, harmful, config.characterize.csr_prompts, config.world_seed)[:traces]
    tokenizer = load_tokenizer(folder)
    return Work(
        config,
        folder,
        list(chosen),
        [prefix_lengths(trace, tokenizer, config.characterize.csr_stride) for trace in chosen],
        [trace_spans(trace, tokenizer) for trace in chosen],
        harmful,
        prompts,
    )


def sample(work: Work, sampler: Sampler, arm: str) -> Arm:
    """Estimate the ratio in one way, and time it.

    Seeds derive from the traces' names: other names give other seeds.
    """
    config = work.config
    traces = [
        {**trace, "generation_id": f"again {trace['generation_id']}"} if arm == AGAIN else trace
        for trace in work.traces
    ]
    before, begin, processor = sampler.cost(), time.perf_counter(), time.process_time()
    drawn = None
    if arm == REUSE:
        drawn = draw_ahead(config, traces, work.lengths, sampler, lambda: open_reader(work.model_dir, config))
    judge = get_judge(config.evaluate.judge, config)
    ends = ends_of(work.model_dir, load_tokenizer(work.model_dir))
    found = estimate(config, traces, work.lengths, drawn, sampler, ends, judge, work.prompts)
    seconds, processor = time.perf_counter() - begin, time.process_time() - processor
    tokens = int(sampler.cost()["generated_tokens"] - before["generated_tokens"])
    progress(f"{arm}: {found.generations} continuations, {seconds:.0f} s")
    return Arm(found, tokens, seconds, processor)


def compare(config: Config, model: str, traces: int, shards: Path) -> list[dict[str, Any]]:
    """One row per way of sampling.

    Args:
        config: of the run.
        model: of the configuration.
        traces: how many.
        shards: folder of finished shards; sampling goes on from them.
    """
    work = gather(config, model, traces)
    sampler = Sampler(config, work.model_dir, shards, stop_at_think_end=True)
    prompt = list(work.traces[0]["prompt_token_ids"])
    sampler([Request("start", "p", "s", 0, 0, prompt)], f"start {time.time()}")  # opens the engine
    arms = {name: sample(work, sampler, name) for name in (EXHAUSTIVE, REUSE, AGAIN)}
    whole = arms[EXHAUSTIVE]
    rows = []
    for name, arm in arms.items():
        rows.append(
            {
                "model": model,
                "run": name,
                "traces": len(work.traces),
                "n": config.characterize.csr_continuations,
                "stride": config.characterize.csr_stride,
                "generations, %": 100 * arm.found.generations / whole.found.generations,
                "tokens, %": 100 * arm.tokens / whole.tokens,
                "judged, %": 100 * arm.found.judged / whole.found.judged,
                "seconds, %": 100 * arm.seconds / whole.seconds,
                "of the processor, %": 100 * arm.processor_seconds / whole.processor_seconds,
                "seconds": arm.seconds,
                "tokens": arm.tokens,
                **agreement(work, whole.found, arm.found),
            }
        )
    return rows


def agreement(work: Work, one: Estimate, other: Estimate) -> dict[str, float | None]:
    """How near two estimates of the same traces are.

    Turning points of a trace are those of its own outcome: safe ones of safe traces, unsafe ones of
    harmful traces.
    """
    if one is other:
        return {}
    settings = work.config.characterize
    first, second = (list(by_trace(found.rows).values()) for found in (one, other))
    continuations = list(by_trace(other.continuations).values())
    near, held, differences = [], [], []
    for place, trace in enumerate(work.traces):
        kind = "unsafe" if work.harmful[trace["generation_id"]] else "safe"
        points = [_point(rows[place], kind, settings) for rows in (first, second)]
        sentences = [_sentence(work.spans[place], point) for point in points]
        near.append(abs(sentences[0] - sentences[1]) <= 1 or sentences[0] == sentences[1])
        named = [{"trace": second[place][0]["generation_id"]}]
        (row,) = with_intervals(named, second[place], continuations[place], settings, 1000)
        low, high = (row[f"{kind}_turning_point_{end}"] for end in ("low", "high"))
        held.append(_behind(low) <= _behind(points[0]) <= _behind(high))
        differences += list(np.subtract(curve(second[place])[1], curve(first[place])[1]))
    known = np.array(differences)[~np.isnan(differences)]
    return {
        "sentences, %": 100 * float(np.mean(near)),
        "in interval, %": 100 * float(np.mean(held)),
        "mean difference of the ratio": float(known.mean()),
        "its root mean square": float(np.sqrt((known**2).mean())),
    }


def _point(rows: Sequence[Row], kind: str, settings: Characterize) -> int | None:
    if kind == "safe":
        return safe_turning_point(*curve(rows), settings.safe_threshold, settings.stable_tokens)
    return unsafe_turning_point(*curve(rows), settings.unsafe_threshold, settings.stable_tokens)


def _behind(point: int | None) -> float:
    return math.inf if point is None else point


def _sentence(spans: Sequence[TokenSpan], point: int | None) -> float:
    """Number of the sentence that holds a turning point.

    -1 where the prompt alone made it, infinite without one.
    """
    if point is None:
        return math.inf
    span = sentence_at(spans, point)
    return -1 if point == 0 else len(spans) if span is None else spans.index(span)


# Runs whose base is read, with the number of traces: an exhaustive run should take a few minutes
RUNS = [("config/demo.yaml", "nano", 30), ("config/mini.yaml", "smollm2", 4)]


def measure() -> list[dict[str, Any]]:
    """Rows of every run of RUNS that has rollouts."""
    rows = []
    for path, model, traces in RUNS:
        config = load(path)
        if Path("results", config.run, "generations", model, "base/rollouts.parquet").exists():
            with tempfile.TemporaryDirectory() as shards:
                rows += compare(config, model, traces, Path(shards))
    if not rows:
        raise UserError("results/demo has no rollouts: run make demo first")
    return rows


@command
def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(pd.DataFrame(measure()).T.to_string(header=False, float_format=lambda value: f"{value:.4g}"))


if __name__ == "__main__":
    main()
