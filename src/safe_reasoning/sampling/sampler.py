"""One engine and one folder of shards for a job that samples several times, with the job's cost."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config
from safe_reasoning.core.files import sha256
from safe_reasoning.sampling.engine import Request
from safe_reasoning.sampling.factory import open_engine
from safe_reasoning.sampling.shards import sample_sharded


class Sampler:
    """Samples labelled batches of requests with the model in `model_dir`, opening its engine once
    and only if a shard is missing.

    Args:
        config: engine and decoding.
        model_dir: folder of the model.
        shards: folder of finished shards; a killed job goes on from them.
        stop_at_think_end: end each completion at the closing think tag.
    """

    def __init__(self, config: Config, model_dir: Path, shards: Path, *, stop_at_think_end: bool) -> None:
        self._open_engine = functools.cache(lambda: open_engine(model_dir, config.engine, config.decoding))
        self._shard_size = config.engine.shard_size
        self._max_new_tokens = config.decoding.max_new_tokens
        self._shards = shards
        self._stop_at_think_end = stop_at_think_end
        marker = model_dir / "training.json"  # it holds the hash of the weights
        self._fingerprint = (
            f"{config.engine!r} {config.decoding!r} {sha256(marker) if marker.exists() else model_dir}"
        )
        self._cost = {"generations": 0, "generated_tokens": 0, "sampling_seconds": 0.0}

    def __call__(self, requests: Sequence[Request], label: str) -> list[dict[str, Any]]:
        """Rows of schema generations in the order of the requests."""
        report = sample_sharded(
            self._open_engine,
            requests,
            self._shards / re.sub(r"\W+", "_", label),
            self._shard_size,
            stop_at_think_end=self._stop_at_think_end,
            max_new_tokens=self._max_new_tokens,
            fingerprint=self._fingerprint,
            label=label,
        )
        self._cost["generations"] += len(report.rows)
        self._cost["generated_tokens"] += report.generated_tokens
        self._cost["sampling_seconds"] += report.seconds
        return report.rows

    def cost(self) -> dict[str, float]:
        """Generations, generated tokens and seconds of sampling so far, for a meta file."""
        return dict(self._cost)
