"""Finished shards: used again as they are, and sampled again only where their files are damaged."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from safe_reasoning.config import validate
from safe_reasoning.core.files import write_json
from safe_reasoning.sampling.engine import Request
from safe_reasoning.sampling.sampler import Sampler
from safe_reasoning.sampling.shards import SamplingReport, sample_sharded
from tests.support.paths import TINY

REQUESTS = [Request(f"a-{i}.0", f"a-{i}", "a", 0, i, [1, 2]) for i in range(23)]


class Counting:
    """An engine whose completions follow from the request, and which counts what it samples."""

    def __init__(self) -> None:
        self.sampled: list[str] = []

    def generate(self, requests: Sequence[Request], *, stop_at_think_end: bool = False) -> list[dict]:
        self.sampled += [request.generation_id for request in requests]
        return [
            {
                **{key: getattr(one, key) for key in ("generation_id", "prompt_id", "prompt_set", "sample", "seed")},
                "prompt_token_ids": one.prompt_token_ids,
                "given_tokens": 0,
                "token_ids": [one.seed, one.seed + 1],
                "text": f"text {one.seed}</think>",
                "finish_reason": "stop",
            }
            for one in requests
        ]  # fmt: skip


def sample(folder: Path, engine: Counting) -> SamplingReport:
    return sample_sharded(
        lambda: engine, REQUESTS, folder, 5, max_new_tokens=9, fingerprint="", label="test"  # type: ignore[arg-type, return-value]
    )  # fmt: skip


def changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


FAULTS: dict[str, Callable[[Path], object]] = {
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: path.write_bytes(b""),
    "another byte": changed,
    "other rows": lambda path: path.write_bytes(min(path.parent.glob("*.parquet")).read_bytes()),
    "meta cut off": lambda path: os.truncate(f"{path}.meta.json", 9),
    "meta of another kind": lambda path: Path(f"{path}.meta.json").write_text("[]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_shard_and_no_other_is_sampled_again(fault: str, tmp_path: Path):
    whole = list(sample(tmp_path, Counting()).rows())
    FAULTS[fault](sorted(tmp_path.glob("*.parquet"))[2])
    engine = Counting()
    assert list(sample(tmp_path, engine).rows()) == whole
    assert engine.sampled == [f"a-{i}.0" for i in range(10, 15)]


def test_rows_and_costs_are_those_of_all_shards(tmp_path: Path):
    report = sample(tmp_path, Counting())
    rows = list(report.rows())
    assert [row["generation_id"] for row in rows] == [request.generation_id for request in REQUESTS]
    assert (report.count, report.generated_tokens) == (23, 46)
    again = Counting()
    assert list(sample(tmp_path, again).rows()) == rows and again.sampled == []


def test_the_weights_name_the_work_and_the_seconds_of_their_training_do_not(tmp_path: Path):
    config = validate(yaml.safe_load(TINY.read_text()), "tiny")

    def named(seconds: float, weights: str) -> str:
        write_json(tmp_path / "training.json", {"seconds": seconds, "weights_sha256": {"model": weights}})
        return Sampler(config, tmp_path, tmp_path, stop_at_think_end=False).kept_file("work").name

    assert named(1.5, "a") == named(2.5, "a") != named(1.5, "b")
