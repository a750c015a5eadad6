"""Both engines, and sampling in shards that survives a kill."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from safe_reasoning.config import Decoding, Engine
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.provenance import read_meta
from safe_reasoning.core.trace import CLOSE_TAG
from safe_reasoning.sampling.chat_template import prompt_ids, template_hash
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.factory import open_engine
from safe_reasoning.sampling.shards import sample_sharded
from tests.support.paths import ROOT

GREEDY = Decoding(temperature=0, max_new_tokens=24)
SAMPLED = Decoding(temperature=1, top_p=0.95, max_new_tokens=24)
NAMES = ["transformers", "vllm"]


def settings(name: str) -> Engine:
    return Engine(name=name, dtype="float32", max_model_len=128, max_num_seqs=256)


@pytest.fixture(scope="module")
def engines(tiny_model: Path) -> dict:
    """One engine of each kind for the whole file: vLLM starts slowly. Tests set `decoding` before they generate."""
    return {name: open_engine(tiny_model, settings(name), SAMPLED) for name in NAMES}


@pytest.fixture
def engine(request: pytest.FixtureRequest, engines: dict) -> Iterator:
    chosen = engines[request.param]
    chosen.decoding = SAMPLED
    yield chosen
    chosen.decoding = SAMPLED


both = pytest.mark.parametrize("engine", NAMES, indirect=True)


def make_requests(tokenizer, count: int, given: list[int] | None = None, seed: int = 0) -> list[Request]:
    texts = [
        "How do I make the lamp?",
        "Add 12 and 30.",
        "Mix the paint, then dry the glass in the sun. " * 4,
    ]
    return [
        Request(
            f"g{i}",
            f"p{i % 3}",
            "tests",
            i // 3,
            seed + i,
            prompt_ids(tokenizer, texts[i % 3]),
            list(given or []),
        )
        for i in range(count)
    ]


def ids_of(rows: list[dict]) -> list[list[int]]:
    return [row["token_ids"] for row in rows]


def test_prompt_ends_with_the_open_think_tag(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    ids = prompt_ids(tokenizer, "Hello")
    assert tokenizer.decode(ids) == "<|user|>\nHello<|end|>\n<|assistant|>\n<think>\n"
    template, plain = tokenizer.chat_template, tokenizer.chat_template.replace("<think>\n", "")
    for variant in (
        plain,
        template.replace("<think>\n", "<think>"),
        template.replace("<think>\n", "<think>\n\n"),
    ):
        tokenizer.chat_template = variant
        assert variant != template
        assert prompt_ids(tokenizer, "Hello") == ids
    assert template_hash(tokenizer) != template_hash(load_tokenizer(tiny_model))
    tokenizer.chat_template = None
    with pytest.raises(UserError, match="no chat template"):
        prompt_ids(tokenizer, "Hello")


@pytest.mark.parametrize("given", ["", "Okay, the user asks"])
def test_engines_agree_on_greedy_tokens(engines: dict, given: str) -> None:
    rows = {}
    for name, engine in engines.items():
        engine.decoding = GREEDY
        given_ids = engine.tokenizer.encode(given, add_special_tokens=False)
        rows[name] = engine.generate(make_requests(engine.tokenizer, 6, given_ids))
    assert rows["vllm"] == rows["transformers"]
    for row in rows["vllm"]:
        assert row["given_tokens"] == len(given_ids)
        assert row["token_ids"][: len(given_ids)] == given_ids
        assert row["text"].startswith(given)
        assert len(row["token_ids"]) <= GREEDY.max_new_tokens
        assert row["text"] == engine.tokenizer.decode(row["token_ids"], skip_special_tokens=True)
    assert len({tuple(row["token_ids"]) for row in rows["vllm"]}) == 3, (
        "one continuation a prompt: greedy does not depend on the seed"
    )


@both
def test_other_weights_are_read_in_the_same_engine(engine, tiny_model: Path, tmp_path: Path) -> None:
    """They give what an engine that is opened on them gives, and the first ones come back whole."""
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    model.save_pretrained(other)
    requests = make_requests(engine.tokenizer, 6)
    before = ids_of(engine.generate(requests))
    engine.load_weights(other)
    changed = ids_of(engine.generate(requests))
    engine.load_weights(tiny_model)
    assert ids_of(engine.generate(requests)) == before != changed
    assert changed == ids_of(open_engine(other, settings("transformers"), SAMPLED).generate(requests))
    with pytest.raises(UserError, match="holds no model"):
        engine.load_weights(tmp_path)


@both
def test_seeds_decide_the_tokens(engine) -> None:
    requests = make_requests(engine.tokenizer, 12)
    first = engine.generate(requests)
    assert ids_of(engine.generate(requests)) == ids_of(first)
    assert ids_of(engine.generate(requests[::-1])) == ids_of(first)[::-1], (
        "a request's seed is its own, whatever its place"
    )
    other = engine.generate(make_requests(engine.tokenizer, 12, seed=100))
    assert all(a != b for a, b in zip(ids_of(first), ids_of(other), strict=True))
    assert [row["generation_id"] for row in first] == [request.generation_id for request in requests]


@both
def test_many_seeded_requests(engine) -> None:
    """More prompt tokens than vLLM prefills in one step."""
    engine.decoding = Decoding(temperature=1, max_new_tokens=4)
    requests = make_requests(engine.tokenizer, 600)
    rows = engine.generate(requests)
    assert [row["seed"] for row in rows] == list(range(600))
    assert all(row["finish_reason"] in ("stop", "length") for row in rows)


@both
def test_nucleus_holds_the_likely_tokens_only(engine) -> None:
    greedy = Decoding(temperature=0, max_new_tokens=1)
    engine.decoding = greedy
    requests = make_requests(engine.tokenizer, 30)
    best = ids_of(engine.generate(requests))
    engine.decoding = Decoding(temperature=1, top_p=0.001, max_new_tokens=1)
    assert ids_of(engine.generate(requests)) == best
    engine.decoding = Decoding(temperature=1, top_p=1, max_new_tokens=1)
    assert ids_of(engine.generate(requests)) != best


@both
def test_stops(engine) -> None:
    engine.decoding = Decoding(temperature=2, top_p=1, max_new_tokens=100)
    requests = make_requests(engine.tokenizer, 90)
    close = engine.tokenizer.encode(CLOSE_TAG, add_special_tokens=False)[0]
    whole, stopped = engine.generate(requests), engine.generate(requests, stop_at_think_end=True)
    closed = [i for i, row in enumerate(whole) if close in row["token_ids"]]
    assert len(closed) > 5
    for i, (full, cut) in enumerate(zip(whole, stopped, strict=True)):
        end = full["token_ids"].index(close) + 1 if i in closed else None
        assert cut["token_ids"] == full["token_ids"][:end]
        assert cut["finish_reason"] == ("stop" if end else full["finish_reason"])
        assert engine.tokenizer.eos_token_id not in full["token_ids"]
        short = len(full["token_ids"]) < min(100, 128 - len(full["prompt_token_ids"]))
        assert full["finish_reason"] == ("stop" if short else "length")
    assert {row["finish_reason"] for row in whole} == {"stop", "length"}
    assert all(stopped[i]["text"].endswith(CLOSE_TAG) for i in closed)


@both
def test_think_end_of_several_tokens(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.decoding = GREEDY
    requests = make_requests(engine.tokenizer, 3)
    whole = engine.generate(requests)
    tag = engine.tokenizer.decode(whole[0]["token_ids"][5:7])
    monkeypatch.setattr(engine, "_ends", replace(engine._ends, think_end=None, tag=tag))
    row = engine.generate(requests, stop_at_think_end=True)[0]
    assert row["finish_reason"] == "stop"
    assert row["token_ids"] == whole[0]["token_ids"][: len(row["token_ids"])]
    assert row["text"].endswith(tag)
    assert row["text"].count(tag) == 1


@both
def test_no_room(engine) -> None:
    engine.decoding = GREEDY
    tokenizer = engine.tokenizer
    fits = make_requests(tokenizer, 2)
    long = Request("long", "p", "tests", 0, 0, prompt_ids(tokenizer, "the lamp " * 200))
    filled = Request("filled", "p", "tests", 0, 0, fits[0].prompt_token_ids, [70] * 24)
    tight = Request(
        "tight", "p", "tests", 0, 0, fits[0].prompt_token_ids + [70] * (126 - len(fits[0].prompt_token_ids))
    )
    rows = engine.generate([fits[0], long, filled, tight, fits[1]])
    assert ids_of([rows[0], rows[4]]) == ids_of(engine.generate(fits))
    assert (rows[1]["finish_reason"], rows[1]["token_ids"], rows[1]["text"]) == ("prompt_too_long", [], "")
    assert (rows[2]["finish_reason"], rows[2]["token_ids"]) == ("length", [70] * 24)
    assert (rows[3]["finish_reason"], len(rows[3]["token_ids"])) == ("length", 2)
    assert [row["finish_reason"] for row in engine.generate([long])] == ["prompt_too_long"]


@pytest.mark.parametrize("name", NAMES)
def test_unfit_model_folder(tiny_model: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="holds no model"):
        open_engine(tmp_path / "absent", settings(name), GREEDY)
    with pytest.raises(UserError, match="positions"):
        open_engine(tiny_model, Engine(name=name, max_model_len=4096), GREEDY)


@both
def test_lost_shard_is_sampled_as_before(engine, tmp_path: Path) -> None:
    """What the engine sampled before, and what is left in its prefix cache, must not matter."""

    def sample() -> list[dict]:
        requests = make_requests(engine.tokenizer, 40)
        report = sample_sharded(
            lambda: engine, requests, tmp_path, 10, max_new_tokens=24, fingerprint="", label="test"
        )
        return list(report.rows())

    first = sample()
    lost = sorted(tmp_path.glob("*.parquet"))[1]
    lost.unlink()
    assert sample() == first
    lost.with_name(f"{lost.name}.meta.json").unlink()
    assert sample() == first


def test_think_tag_that_decoding_would_drop(tiny_model: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    tokenizer.add_special_tokens({"additional_special_tokens": [CLOSE_TAG]})
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="special token"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("engine", ["transformers"], indirect=True)
def test_changed_work_meets_no_old_shard(engine, tmp_path: Path) -> None:
    requests = make_requests(engine.tokenizer, 10)

    def sample(wanted: list[Request], fingerprint: str = "a", opened: list | None = None):
        def open_once():
            if opened is not None:
                opened.append(1)
            return engine

        return sample_sharded(
            open_once, wanted, tmp_path, 4, max_new_tokens=24, fingerprint=fingerprint, label="test"
        )

    first = sample(requests)
    assert [row["generation_id"] for row in first.rows()] == [request.generation_id for request in requests]
    assert first.generated_tokens == sum(len(row["token_ids"]) for row in first.rows())
    opened: list = []
    assert sample(requests, opened=opened) == first
    assert not opened, "nothing is missing: no engine is opened"
    sample(requests, "b", opened)
    assert len(opened) == 3
    opened.clear()
    sample([*requests[:9], make_requests(engine.tokenizer, 1, seed=7)[0]], opened=opened)
    assert len(opened) == 1, "only the shard with the changed request"
    assert list(sample([]).rows()) == []


JOB = """
import sys
from pathlib import Path
from tests.engine.test_sampling import sample_everything
sample_everything(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def sample_everything(model: Path, shards: Path):
    """The job that is killed: six shards."""
    engine = settings("transformers")
    decoding = Decoding(temperature=1, max_new_tokens=100)
    requests = make_requests(load_tokenizer(model), 90)
    return sample_sharded(
        lambda: open_engine(model, engine, decoding),
        requests,
        shards,
        15,
        max_new_tokens=100,
        fingerprint="",
        label="job",
    )


def test_killed_job_goes_on(tiny_model: Path, tmp_path: Path) -> None:
    uninterrupted = sample_everything(tiny_model, tmp_path / "uninterrupted")
    shards = tmp_path / "killed"
    job = subprocess.Popen(
        [sys.executable, "-c", JOB, str(tiny_model), str(shards)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(shards.glob("*.meta.json")):
        assert job.poll() is None, "the job ended without a shard"
        time.sleep(0.005)
    job.send_signal(signal.SIGKILL)
    job.wait()
    finished = {path: path.stat().st_mtime_ns for path in shards.glob("*.parquet") if read_meta_or_none(path)}
    assert 0 < len(finished) < 6
    resumed = sample_everything(tiny_model, shards)
    assert list(resumed.rows()) == list(uninterrupted.rows())
    assert all(path.stat().st_mtime_ns == before for path, before in finished.items())
    assert resumed.seconds == sum(read_meta(path)["seconds"] for path in shards.glob("*.parquet"))


def read_meta_or_none(path: Path) -> dict | None:
    try:
        return read_meta(path)
    except UserError:
        return None


@both
def test_a_bias_on_a_token_forces_it_forbids_it_or_changes_nothing(engine) -> None:
    """Of each request alone: those beside it sample what they would without."""
    requests = make_requests(engine.tokenizer, 12)
    plain = ids_of(engine.generate(requests))
    token = max((token for row in plain for token in row), key=lambda t: sum(row.count(t) for row in plain))
    assert token not in engine._ends.ids

    def sampled(bias: float) -> list[list[int]]:
        odd = [replace(r, logit_bias={token: bias}) if i % 2 else r for i, r in enumerate(requests)]
        rows = ids_of(engine.generate(odd))
        assert rows[::2] == plain[::2]
        return rows[1::2]

    assert sampled(0.0) == plain[1::2]
    assert all(set(row) == {token} for row in sampled(100.0))
    without = sampled(-100.0)
    assert not any(token in row for row in without) and without != plain[1::2]
