"""Both engines draw the same tokens from the same seeds, whatever else is sampled beside them."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from safe_reasoning.config import Decoding, Engine
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request
from safe_reasoning.sampling.factory import open_engine
from safe_reasoning.sampling.nucleus import choose, uniform

TEXTS = [
    "How do I make the lamp?",
    "Add 12 and 30.",
    "Mix the paint, then dry the glass in the sun. " * 4,  # more than a block of the prefix cache
]
DECODING = Decoding(temperature=1, top_p=0.95, max_new_tokens=60)


def settings(name: str, sequences: int) -> Engine:
    return Engine(name=name, dtype="float32", max_model_len=192, max_num_seqs=sequences)


@pytest.fixture(scope="module")
def engines(tiny_model: Path) -> Iterator[dict[str, Any]]:
    """transformers, and vLLM with many sequences side by side, with few, and with too little memory for them."""
    import vllm

    opened = {
        "transformers": open_engine(tiny_model, settings("transformers", 256), DECODING),
        "vllm": open_engine(tiny_model, settings("vllm", 256), DECODING),
        "few": open_engine(tiny_model, settings("vllm", 5), DECODING),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vllm, "LLM", partial(vllm.LLM, num_gpu_blocks_override=16))
        opened["narrow"] = open_engine(tiny_model, settings("vllm", 64), DECODING)
    yield opened


def make_requests(tokenizer: Any, count: int = 48, seed: int = 0) -> list[Request]:
    """Some of them go on from given tokens, some are short."""
    return [
        Request(
            f"g{i}", f"p{i % 3}", "tests", i // 3, seed + i, prompt_ids(tokenizer, TEXTS[i % 3]),
            [70, 71, 72] if i % 4 == 0 else [], 10 + i if i % 5 == 0 else None,
        )
        for i in range(count)
    ]  # fmt: skip


def sampled(engine: Any, decoding: Decoding, requests: Sequence[Request]) -> list[list[int]]:
    engine.decoding = decoding
    return [row["token_ids"] for row in engine.generate(requests)]


@pytest.mark.parametrize(
    "decoding",
    [
        DECODING,
        Decoding(temperature=0.6, top_p=0.95, max_new_tokens=60),
        Decoding(temperature=2, top_p=1, max_new_tokens=20),  # the whole vocabulary
    ],
    ids=lambda decoding: f"{decoding.temperature} {decoding.top_p}",
)
def test_engines_sample_the_same_text(engines: dict[str, Any], decoding: Decoding) -> None:
    requests = make_requests(engines["vllm"].tokenizer)
    expected = sampled(engines["transformers"], decoding, requests)
    assert sampled(engines["vllm"], decoding, requests) == expected
    assert sampled(engines["few"], decoding, requests) == expected
    assert sampled(engines["few"], decoding, requests[::-1]) == expected[::-1]
    assert sampled(engines["vllm"], decoding, requests[7:9]) == expected[7:9]
    other = make_requests(engines["vllm"].tokenizer, seed=1000)
    different = sampled(engines["vllm"], decoding, other)
    assert different == sampled(engines["transformers"], decoding, other)
    assert all(a != b for a, b in zip(different, expected, strict=True))


def test_preempted_requests_go_on_with_their_draws(
    engines: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = engines["narrow"]._llm.llm_engine.engine_core.engine_core.scheduler
    preempted, preempt = [], scheduler._preempt_request

    def counted(request: Any, *rest: Any, **more: Any) -> None:
        preempted.append(request.num_output_tokens)
        preempt(request, *rest, **more)

    monkeypatch.setattr(scheduler, "_preempt_request", counted)
    requests = make_requests(engines["narrow"].tokenizer)
    rows = sampled(engines["narrow"], DECODING, requests)
    assert any(preempted), "no request was preempted after some of its tokens"
    assert rows == sampled(engines["vllm"], DECODING, requests)


def test_wide_nuclei_are_counted_and_reported(
    engines: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    requests = make_requests(engines["vllm"].tokenizer, 6)
    for name in ("transformers", "vllm"):
        before = engines[name].tally.draws, engines[name].tally.wide
        sampled(engines[name], Decoding(temperature=1, top_p=0.001, max_new_tokens=5), requests)
        assert engines[name].tally.draws > before[0]
        assert engines[name].tally.wide == before[1]
        assert "whole vocabulary" not in capfd.readouterr().err
        sampled(engines[name], Decoding(temperature=5, top_p=1, max_new_tokens=5), requests)
        assert engines[name].tally.wide > before[1]
        assert capfd.readouterr().err.count("took the whole vocabulary") == 1


def test_rows_of_the_batch_that_move() -> None:
    """Each request keeps its numbers where vLLM swaps, moves, replaces and removes rows of its batch."""
    from vllm import SamplingParams
    from vllm.v1.sample.logits_processor import BatchUpdate, MoveDirectionality

    from safe_reasoning.sampling.vllm_draws import NucleusDraws, arguments

    def parameters(seed: int) -> SamplingParams:
        return SamplingParams(temperature=0, max_tokens=20, extra_args=arguments(seed, DECODING))

    outputs: dict[int, list[int]] = {seed: [0] * (seed % 4) for seed in range(10)}
    processor = NucleusDraws(None, torch.device("cpu"), False)
    generator = torch.Generator().manual_seed(0)

    def expect(*seeds: int | None) -> None:
        """The seeds of the batch's rows; None: greedy."""
        logits = torch.randn(len(seeds), 300, generator=generator)
        chosen = processor.apply(logits.clone()).argmax(-1).tolist()
        for row, seed in enumerate(seeds):
            if seed is None:
                assert chosen[row] == int(logits[row].argmax())
                continue
            draw = uniform(seed, 20)[len(outputs[seed])]
            assert chosen[row] == int(choose(logits[row : row + 1], draw[None], DECODING))
            outputs[seed].append(chosen[row])

    def update(size: int, added: dict[int, int | None], removed: Sequence[int] = (), moved: Any = ()) -> None:
        rows = [
            (row, SamplingParams(temperature=0), [1], [])
            if seed is None
            else (row, parameters(seed), [1], outputs[seed])
            for row, seed in added.items()
        ]
        processor.update_state(BatchUpdate(size, removed, rows, moved))

    update(4, {0: 0, 1: 1, 2: None, 3: 3})
    expect(0, 1, None, 3)
    processor.update_state(None)
    expect(0, 1, None, 3)
    update(4, {}, moved=[(0, 2, MoveDirectionality.SWAP)])
    expect(None, 1, 0, 3)
    update(4, {1: 5})  # 1 is finished, 5 takes its row
    expect(None, 5, 0, 3)
    update(3, {}, removed=[0], moved=[(3, 0, MoveDirectionality.UNIDIRECTIONAL)])
    expect(3, 5, 0)
    update(4, {3: 1}, moved=[(1, 3, MoveDirectionality.SWAP)])  # 1 comes back after a preemption
    expect(3, 1, 0, 5)
    update(1, {}, removed=[3, 2, 1])
    expect(3)
    update(1, {}, removed=[0])
    update(1, {0: None})
    expect(None)
