"""Sampling along a training: the end as asked, the weights kept on the way once of each prompt, in one engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from safe_reasoning.config import validate
from safe_reasoning.core.files import write_json
from safe_reasoning.core.records import read_rows
from safe_reasoning.core.run_layout import kept_folder
from safe_reasoning.sampling import prompt_sets
from safe_reasoning.sampling.engine import row
from tests.support.paths import TINY


class Sampler:
    """In place of an engine: says which weights were asked for which request."""

    opened = 0

    def __init__(self, config: Any, model_dir: Path, shards: Path, *, stop_at_think_end: bool) -> None:
        self.folder, self.made = model_dir, 0
        Sampler.opened += 1

    def use(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, requests: list, label: str) -> list[dict]:
        self.made += len(requests)
        return [row(request, [5], self.folder.name, TOKENIZER) for request in requests]

    def rows(self, requests: list, label: str) -> Iterator[dict]:
        return iter(self(requests, label))

    def cost(self) -> dict[str, float]:
        return {"generations": self.made, "generated_tokens": self.made, "sampling_seconds": 0.0}


class TOKENIZER:
    @staticmethod
    def decode(ids: list[int], skip_special_tokens: bool) -> str:
        return "text"


def test_kept_weights_answer_each_prompt_once(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for file in tiny_model.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "training.json").unlink(missing_ok=True)
    write_json(tmp_path / "training.json", {"checkpoints": [{"share": 0.1}, {"share": 0.5}]})
    monkeypatch.setattr(prompt_sets, "Sampler", Sampler)
    config = validate(yaml.safe_load(TINY.read_text()), "tiny")
    prompts = [{"prompt_id": f"direct-{n}", "prompt_set": "direct", "text": "hello"} for n in range(4)]
    end, along = tmp_path / "end.parquet", tmp_path / "along.parquet"
    model = prompt_sets.SamplesOfModel(config, tmp_path, tmp_path / "shards", "label", seed=0)
    requests = model.requests(prompts, {"direct": 3})
    model.sample(requests, end)
    model.sample_kept(requests, along)
    assert len(read_rows(end, "generations")) == 12 and Sampler.opened == 1
    rows = read_rows(along, "generations")
    seen = {(r["prompt_id"], r["finish_reason"], r["generation_id"].rpartition("@")[2]) for r in rows}
    folders = [kept_folder(tmp_path, share).name for share in (0.1, 0.5)]
    assert seen == {(f"direct-{n}", folder, folder) for n in range(4) for folder in folders}
    assert len(rows) == 8 and {r["sample"] for r in rows} == {0}
    meta = prompt_sets.read_json(f"{along}.meta.json")
    assert meta["generations"] == 8, "the cost of the end is the end's"


def test_only_benign_requests_keep_all_their_samples_along_a_training():
    config = validate(yaml.safe_load(TINY.read_text()), "tiny")
    several = {name: s.model_copy(update={"samples": 3}) for name, s in config.prompt_sets.items()}
    kept = {s.role: prompt_sets.kept_samples(s) for s in several.values()}
    assert kept["overrefusal"] == 3
    assert {number for role, number in kept.items() if role != "overrefusal"} == {1}
