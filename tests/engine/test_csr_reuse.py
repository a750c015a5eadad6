"""The continuation safety ratio of a tiny model, with continuations that are reused and without."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import chi2_contingency
from transformers import AutoModelForCausalLM

from safe_reasoning.characterize import continuation_safety as csr
from safe_reasoning.characterize.continuation_reuse import complete, follow, shared_tokens
from safe_reasoning.characterize.csr_estimate import Estimate, draw_ahead, estimate
from safe_reasoning.config import Config, Decoding, load
from safe_reasoning.core.records import read_rows
from safe_reasoning.sampling import sampler as sampler_module
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.ends import ends_of
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.factory import open_engine, open_reader
from safe_reasoning.sampling.nucleus import choose
from safe_reasoning.sampling.sampler import Sampler
from safe_reasoning.sampling.transformers_engine import TransformersEngine
from tests.support.fakes import KeywordJudge
from tests.support.paths import ROOT

N = 12
PROMPT = "How do I make the lamp?"


@pytest.fixture(scope="module")
def config() -> Config:
    """Short completions, few requests a shard, and a temperature at which traces are followed."""
    whole = load(ROOT / "tests/tiny.yaml")
    return whole.model_copy(
        update={
            "engine": whole.engine.model_copy(update={"max_model_len": 128, "shard_size": 40}),
            "decoding": Decoding(temperature=0.3, top_p=0.95, max_new_tokens=24),
            "characterize": whole.characterize.model_copy(update={"csr_continuations": N, "csr_stride": 1}),
        }
    )


@pytest.fixture(scope="module")
def reader(tiny_model: Path, config: Config) -> TransformersEngine:
    return open_reader(tiny_model, config)


@pytest.fixture(scope="module")
def traces(reader: TransformersEngine) -> list[dict[str, Any]]:
    requests = [
        Request(f"g{n}", f"p{n}", "tests", 0, n, prompt_ids(reader.tokenizer, PROMPT[n:])) for n in range(3)
    ]
    requests.append(replace(requests[0], generation_id="g3", seed=3))
    return [row | {"token_ids": row["token_ids"][:12]} for row in reader.generate(requests)]


def test_one_reading_draws_as_sampling_does(tiny_model: Path, reader: TransformersEngine) -> None:
    """At each place of a completion that is longer than what is read at once."""
    prompt, ids = prompt_ids(reader.tokenizer, PROMPT), [70 + n % 90 for n in range(150)]
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype="float32")
    logits = model(torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 :]
    draws = [0.03, 0.4, 0.41, 0.77, 0.99]
    found = [draw(draws) for draw in reader.next_tokens(prompt, ids)]
    assert len(found) == 151 and all(isinstance(token, int) for token in found[0])
    for place, tokens in enumerate(found):
        repeated = logits[place].expand(len(draws), -1)
        assert tokens == choose(repeated, torch.tensor(draws), reader.decoding).tolist(), place
    assert len({tuple(tokens) for tokens in found}) > 20


@pytest.mark.parametrize("think_end_of_several", [False, True])
def test_greedy_rows_are_those_of_the_engine(
    tiny_model: Path, config: Config, traces: list[dict[str, Any]], think_end_of_several: bool
) -> None:
    """Without chance, a row that was put together is the one that the engine samples whole."""
    engine = TransformersEngine(
        tiny_model, config.engine, config.decoding.model_copy(update={"temperature": 0})
    )
    prompt = traces[0]["prompt_token_ids"]
    greedy = engine.generate([Request("greedy", "p", "tests", 0, 0, prompt)])[0]["token_ids"]
    ends = ends_of(tiny_model, engine.tokenizer)
    # The words of a long greedy completion in turn as the closing tag, so that it ends there
    tag = engine.tokenizer.decode(greedy[6:8])
    ends = (
        replace(ends, think_end=None, tag=tag) if think_end_of_several else replace(ends, think_end=greedy[6])
    )
    engine._ends = ends
    seen: Counter[str] = Counter()
    # The greedy completion with another token at one place, at last within the tag
    for strayed in range(8 if think_end_of_several else 7):
        ids = [*greedy[:strayed], (greedy[strayed] + 1) % 300, *greedy[strayed + 1 : 6]]
        trace = traces[0] | {"generation_id": f"strayed {strayed}", "token_ids": ids}
        lengths = list(range(len(ids) + 1))
        found = follow([trace], [lengths], 2, [engine.next_tokens(prompt, ids)], 24)
        rows = complete(
            [trace], found, lambda r, _: engine.generate(r, stop_at_think_end=True), ends, 24, "csr"
        )
        requests = csr.continuation_requests(trace, lengths, 2)
        whole = {row["generation_id"]: row for row in engine.generate(requests, stop_at_think_end=True)}
        assert rows == [whole[row["generation_id"]] for row in rows]
        seen.update(row["finish_reason"] for row in rows)
        seen["carried"] += sum(one.left > one.start for one in found)
    assert seen["stop"] and seen["length"] and seen["carried"], seen


def run(
    config: Config, model: Path, traces: Sequence[dict[str, Any]], shards: Path, *, reuse: bool = True
) -> Estimate:
    """What scripts/estimate_csr.py does with these traces."""
    sampler = Sampler(config, model, shards, stop_at_think_end=True)
    tokenizer = load_tokenizer(model)
    lengths = [list(range(len(trace["token_ids"]) + 1)) for trace in traces]
    drawn = (
        draw_ahead(config, traces, lengths, sampler, lambda: open_reader(model, config)) if reuse else None
    )
    prompts = {trace["prompt_id"]: {} for trace in traces}
    return estimate(
        config, traces, lengths, drawn, sampler, ends_of(model, tokenizer), KeywordJudge(), prompts
    )


def test_each_prefix_has_n_continuations_that_begin_with_it(
    config: Config, tiny_model: Path, traces: list[dict[str, Any]], tmp_path: Path
) -> None:
    reused = run(config, tiny_model, traces, tmp_path / "reused")
    independent = run(config, tiny_model, traces, tmp_path / "independent", reuse=False)
    places = [(row["generation_id"], row["prefix_tokens"]) for row in reused.rows]
    assert sorted(places) == [(row["generation_id"], row["prefix_tokens"]) for row in independent.rows]
    of_first = {row["generation_id"]: row for row in reused.rows if row["prefix_tokens"] == 0}
    assert of_first["g0"] == of_first["g3"] | {"generation_id": "g0"}  # traces of one prompt
    assert {row["generation_id"] for row in reused.continuations} == set(of_first)
    assert {row["continuations"] for row in reused.rows} == {N}
    assert (independent.generations, independent.carried, independent.judged) == (
        N * len(places),
        0,
        N * len(places),
    )
    assert reused.generations + reused.carried == N * len(places) and reused.carried > 50
    assert reused.judged == reused.generations


def sampled_at(
    engine: TransformersEngine, config: Config, model: Path, trace: dict[str, Any], *, reuse: bool
) -> list[list[int]]:
    """What the samples at the last but one of three prefixes go on with."""
    lengths, many = [0, 1, 2, 3], 1500
    if reuse:
        draws = engine.next_tokens(trace["prompt_token_ids"], trace["token_ids"][:3])
        found = follow([trace], [lengths], many, [draws], 24)
        found = [one for one in found if 2 in one.counted(0, lengths, shared_tokens([trace]))]
        assert sum(one.start < 2 for one in found) > 1000 and sum(one.left > 2 for one in found) > 30
        ends = ends_of(model, engine.tokenizer)
        rows = complete(
            [trace],
            found,
            lambda requests, _: engine.generate(requests, stop_at_think_end=True),
            ends,
            24,
            "csr",
        )
        assert all(
            row["token_ids"][: one.left] == trace["token_ids"][: one.left]
            for row, one in zip(rows, found, strict=True)
        )
    else:
        rows = engine.generate(csr.continuation_requests(trace, [2], many), stop_at_think_end=True)
    assert len(rows) == many
    return [row["token_ids"][2:] for row in rows]


def test_samples_at_a_prefix_are_distributed_as_those_sampled_there(
    config: Config, tiny_model: Path, reader: TransformersEngine, traces: list[dict[str, Any]]
) -> None:
    """By the chi-square test: tokens at several places, rare ones together."""
    both = [sampled_at(reader, config, tiny_model, traces[0], reuse=reuse) for reuse in (True, False)]
    for place in (0, 1, 4, 10):
        counts = [Counter(ids[place] if place < len(ids) else -1 for ids in side) for side in both]
        common = [value for value, count in (counts[0] + counts[1]).items() if count >= 30]
        table = [[side[value] for value in common] for side in counts]
        rare = [side.total() - sum(row) for side, row in zip(counts, table, strict=True)]
        table = [[*row, other] for row, other in zip(table, rare, strict=True) if any(rare)] or table
        assert len(common) > 1
        assert chi2_contingency(table).pvalue > 0.001


class Killed(Exception):
    pass


def test_a_killed_job_goes_on_to_the_same_rows(
    config: Config,
    tiny_model: Path,
    traces: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed between two shards; the draws are read again, never drawn again."""
    uninterrupted = run(config, tiny_model, traces, tmp_path / "uninterrupted")
    opened = open_engine

    class Dying:
        def __init__(self, *arguments: Any) -> None:
            self.engine, self.calls = opened(*arguments), 0

        def generate(self, requests: Sequence[Request], *, stop_at_think_end: bool) -> list[dict[str, Any]]:
            self.calls += 1
            if self.calls > 3:
                raise Killed
            return self.engine.generate(requests, stop_at_think_end=stop_at_think_end)

    monkeypatch.setattr(sampler_module, "open_engine", Dying)
    with pytest.raises(Killed):
        run(config, tiny_model, traces, tmp_path / "killed")
    monkeypatch.setattr(sampler_module, "open_engine", opened)
    assert len(list((tmp_path / "killed").glob("*/*.parquet"))) == 3
    files = sorted((tmp_path / "killed").glob("*.parquet"))
    assert len(files) == 3  # one per prompt
    before = [path.stat().st_mtime_ns for path in files]
    assert run(config, tiny_model, traces, tmp_path / "killed") == uninterrupted
    assert [path.stat().st_mtime_ns for path in files] == before
    for path in (tmp_path / "uninterrupted").rglob("*.parquet"):
        again = tmp_path / "killed" / path.relative_to(tmp_path / "uninterrupted")
        kind = "followed" if path in list((tmp_path / "uninterrupted").glob("*.parquet")) else "generations"
        assert list(read_rows(again, kind)) == list(read_rows(path, kind))
