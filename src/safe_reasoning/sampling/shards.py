"""Sharded, resumable sampling.

A killed job goes on after its last finished shard, and ends with the rows of an uninterrupted one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256
from safe_reasoning.core.provenance import read_meta
from safe_reasoning.core.records import iter_rows, write_rows
from safe_reasoning.sampling.engine import Engine, Request


@dataclass(frozen=True)
class SamplingReport:
    """The finished shards in the order of the requests, and what they cost over all attempts.

    Attributes:
        shards: files with rows of schema generations.
        count: number of rows.
        generated_tokens: sampled tokens in the rows (given ones and the end of sequence are not
            counted).
        seconds: wall time of sampling, without the start of the engine.
    """

    shards: Sequence[Path]
    count: int
    generated_tokens: int
    seconds: float

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, read one by one."""
        for path in self.shards:
            yield from iter_rows(path, "generations")


def sample_sharded(
    open_engine: Callable[[], Engine],
    requests: Sequence[Request],
    shard_dir: Path,
    shard_size: int,
    *,
    max_new_tokens: int,
    fingerprint: str,
    label: str,
    stop_at_think_end: bool = False,
) -> SamplingReport:
    """Sample the requests shard by shard.

    Finished shards are kept in `shard_dir` and never sampled again.

    Two processes on one folder do no harm: both write the same shards, each whole or not at all.

    Args:
        open_engine: opens the engine; called only when a shard is missing.
        requests: cut into shards in their order.
        shard_dir: folder of the shards. A shard's name holds a hash of its requests and of
            `fingerprint`, so changed work never meets old shards.
        shard_size: requests per shard; a killed job loses at most one shard.
        max_new_tokens: token limit of one completion, for the upper bound that is shown before the
            work starts.
        fingerprint: whatever else decides the rows: model weights, engine, decoding.
        label: name of the work in the lines of progress.
        stop_at_think_end: see `Engine.generate`.
    """
    shards = [requests[start : start + shard_size] for start in range(0, len(requests), shard_size)]
    paths = [
        shard_dir / _name(number, shard, f"{fingerprint} {stop_at_think_end}")
        for number, shard in enumerate(shards)
    ]
    missing = [number for number, path in enumerate(paths) if not _is_finished(path, label)]
    ceiling = sum(
        max(0, (request.max_new_tokens or max_new_tokens) - len(request.given_ids))
        for number in missing
        for request in shards[number]
    )
    kept = len(shards) - len(missing)
    progress(
        f"{label}: {len(requests)} requests in {len(shards)} shards, {kept} of them finished before; at "
        f"most {ceiling} tokens to sample"
    )

    total = sum(len(shards[number]) for number in missing)
    done, begin = 0, None
    for number in missing:
        engine = open_engine()
        begin = begin or time.perf_counter()
        tokens, seconds = _sample_shard(engine, shards[number], paths[number], stop_at_think_end, label)
        done += len(shards[number])
        left = (time.perf_counter() - begin) / done * (total - done)
        there = len(requests) - total + done
        progress(
            f"{label}: {there}/{len(requests)} requests, {tokens / seconds:.0f} tokens/s, about "
            f"{left:.0f} s left"
        )

    metas = [read_meta(path) for path in paths]
    return SamplingReport(
        paths,
        len(requests),
        sum(meta["generated_tokens"] for meta in metas),
        sum(meta["seconds"] for meta in metas),
    )


def _name(number: int, requests: Sequence[Request], fingerprint: str) -> str:
    content = json.dumps([fingerprint, [vars(request) for request in requests]], sort_keys=True)
    return f"{number:05d}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.parquet"


def _is_finished(path: Path, label: str) -> bool:
    """Whether a shard's rows are those that were written.

    The meta file is written after them and holds their hash.
    """
    if not (path.exists() and path.with_name(f"{path.name}.meta.json").exists()):
        return False
    try:
        whole = read_meta(path)["sha256"] == sha256(path)
    except (UserError, KeyError, TypeError):
        whole = False
    if not whole:
        progress(f"{label}: {path.name} is damaged and is sampled again")
    return whole


def _sample_shard(
    engine: Engine, requests: Sequence[Request], path: Path, stop_at_think_end: bool, label: str
) -> tuple[int, float]:
    """Sample and write one shard; returns its sampled tokens and seconds."""
    begin = time.perf_counter()
    rows = engine.generate(requests, stop_at_think_end=stop_at_think_end)
    seconds = time.perf_counter() - begin
    tokens = sum(len(row["token_ids"]) - row["given_tokens"] for row in rows)
    write_rows(path, "generations", rows, {"label": label, "generated_tokens": tokens, "seconds": seconds})
    return tokens, seconds
