"""One engine and one folder of shards for a job that samples several times, with the job's cost."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config
from safe_reasoning.core.files import read_json, sha256
from safe_reasoning.sampling.engine import Engine, Request
from safe_reasoning.sampling.factory import open_engine
from safe_reasoning.sampling.shards import sample_sharded

# Part of the names of shards: raise it when the same seed and logits give another token (nucleus),
# so that no job goes on from shards of another draw.
DRAW_VERSION = 1
# Likewise of weights that are read into an open engine: before 1, output embeddings tied to the
# input ones stayed the old ones on CPUs.
IN_PLACE_VERSION = 1


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
        self._config = config
        self._engine: Engine | None = None
        self._shard_size = config.engine.shard_size
        self._max_new_tokens = config.decoding.max_new_tokens
        self._shards = shards
        self._stop_at_think_end = stop_at_think_end
        self._opened: Path | None = None  # whose weights the engine holds
        self._first = model_dir
        self.use(model_dir)
        self._cost = {"generations": 0, "generated_tokens": 0, "sampling_seconds": 0.0}

    def use(self, model_dir: Path) -> None:
        """Sample the next batches with the weights of this folder of the same model, in the same
        engine.
        """
        self._model_dir = model_dir
        marker = model_dir / "training.json"  # beside the seconds, it holds the hash of the weights
        weights = read_json(marker).get("weights_sha256") if marker.exists() else None
        weights = weights or " ".join(map(sha256, sorted(model_dir.glob("*.safetensors")))) or model_dir
        self._fingerprint = f"{self._config.engine!r} {self._config.decoding!r} {weights} draw {DRAW_VERSION}"
        if model_dir != self._first:
            self._fingerprint += f" in place {IN_PLACE_VERSION}"

    def _open_engine(self) -> Engine:
        if self._engine is None:
            self._engine = open_engine(self._model_dir, self._config.engine, self._config.decoding)
        elif self._opened != self._model_dir:
            self._engine.load_weights(self._model_dir)
        self._opened = self._model_dir
        return self._engine

    def __call__(self, requests: Sequence[Request], label: str) -> list[dict[str, Any]]:
        """Rows of schema generations in the order of the requests."""
        return list(self.rows(requests, label))

    def rows(self, requests: Sequence[Request], label: str) -> Iterator[dict[str, Any]]:
        """The same rows, sampled now and read one by one: many need not fit into memory."""
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
        self._cost["generations"] += report.count
        self._cost["generated_tokens"] += report.generated_tokens
        self._cost["sampling_seconds"] += report.seconds
        return report.rows()

    def kept_file(self, *content: Any) -> Path:
        """Path beside the shards for what a job works out before it samples.

        Like a shard's, its name holds a hash of the content and of model, engine and decoding, so
        that changed work never meets an old file.

        Args:
            content: whatever else decides the file, as values of JSON.
        """
        text = json.dumps([self._fingerprint, *content])
        return self._shards / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.parquet"

    def cost(self) -> dict[str, float]:
        """Generations, generated tokens and seconds of sampling so far, for a meta file."""
        return dict(self._cost)
