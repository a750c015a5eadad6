"""How close sampling comes to what the engine can do at most.

python -m benchmarks.sampling                   (trains a small nano base first, under a minute)
python -m benchmarks.sampling --nano results/demo/models/nano/base --threads 2
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.models import SMOLLM2
from safe_reasoning import config
from safe_reasoning.core.cli import command, progress
from safe_reasoning.prompts.nano_world.prompts import prompts
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.factory import open_engine

TITLE = "Sampling against the engine's own limit"
NOTES = """
Tokens per second of sampling (temperature 0.6, top-p 0.95), the start of the engine not counted,
and their ratio to `LLM.generate` called greedily on the same prompts with nothing around it. All
completions have the same length, so that all columns do the same work.

The other two models have random weights: one in SmolLM2-135M's shape, with 49,152 tokens, and one
with 4 layers of width 256 and 151,936 tokens, where the draw weighs most. Their logits are spread
so that the nucleus has a few tokens, as with trained models. `wide` is the share of draws that took
the whole vocabulary. Eight requests share each prompt of the nano world, whose prompts are short;
with a prefix cache it is computed once.
"""
DECODING = config.Decoding(temperature=0.6, top_p=0.95, max_new_tokens=64)
FEW_TOKENS = DECODING.model_copy(update={"max_new_tokens": 24})  # vLLM's sampler takes long there
LARGE_VOCABULARY: dict[str, Any] = {
    "vocab_size": 151_936,
    "hidden_size": 256,
    "intermediate_size": 1024,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 256,
}
BARE = "greedy, bare LLM.generate"
RUNS = 3


def measure(nano: Path | None = None, threads: int = 2) -> list[dict[str, Any]]:
    """Rows of the table, one per model and way to sample.

    Args:
        nano: folder of a nano base; without it the one of tests/tiny.yaml is trained.
        threads: of the engines.
    """
    with tempfile.TemporaryDirectory() as folder:
        base = nano or trained_base(Path(folder) / "base")
        smollm2 = write_spread(SMOLLM2, Path(folder) / "smollm2", base)
        large = write_spread(LARGE_VOCABULARY, Path(folder) / "large", base)
        nano_settings = settings(threads, sequences=256)
        large_settings = settings(threads, sequences=32)
        rows = [
            *vllm_rows("nano", base, nano_settings, nano_requests(base, 512)),
            *uncached_rows("nano", base, nano_settings, nano_requests(base, 512)),
            *transformers_rows("nano", base, nano_settings, nano_requests(base, 256)),
            *vllm_rows("SmolLM2's shape", smollm2, large_settings, random_requests(32), FEW_TOKENS),
            *vllm_rows("152k vocabulary", large, large_settings, random_requests(32), FEW_TOKENS),
        ]
    bare = {row["model"]: row["tokens per second"] for row in rows if row["way"] == BARE}
    return [row | {"ratio to bare greedy": row["tokens per second"] / bare[row["model"]]} for row in rows]


def settings(threads: int, sequences: int) -> config.Engine:
    """Of both engines."""
    return config.Engine(
        dtype="float32", max_model_len=256, max_num_seqs=sequences, threads=threads, kv_cache_gib=1
    )


def trained_base(folder: Path) -> Path:
    """The nano base of the smallest run."""
    from safe_reasoning.models.nano import train_nano_base

    tiny = config.load(Path(__file__).parents[1] / "tests/tiny.yaml")
    model = tiny.models["nano"]
    assert isinstance(model, config.NanoModel)
    train_nano_base(model, tiny.world_seed, folder)
    return folder


def write_spread(shape: dict[str, Any], folder: Path, tokenizer_of: Path) -> Path:
    """A model of that shape with random weights, whose logits have a standard deviation of 8."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    shutil.copytree(tokenizer_of, folder, ignore=shutil.ignore_patterns("*.safetensors", "*config.json"))
    shutil.copy(tokenizer_of / "tokenizer_config.json", folder)
    torch.manual_seed(0)
    ends: dict[str, Any] = {"bos_token_id": None, "eos_token_id": None}
    model = LlamaForCausalLM(LlamaConfig(**shape, **ends, tie_word_embeddings=False))
    # The last norm gives vectors whose numbers have a mean square of 1
    torch.nn.init.normal_(model.lm_head.weight, std=8 / shape["hidden_size"] ** 0.5)
    model.save_pretrained(folder)
    return folder


def nano_requests(base: Path, count: int) -> list[Request]:
    """Requests of the nano world, several samples of each prompt."""
    tokenizer = load_tokenizer(base)
    texts = [row["text"] for row in prompts("align_harmful", 16, 0)][:64]
    return [
        Request(f"g{i}", "p", "benchmark", i, i, prompt_ids(tokenizer, texts[i % len(texts)]))
        for i in range(count)
    ]


def random_requests(count: int) -> list[Request]:
    """Prompts of 16 tokens that mean nothing."""
    import torch

    ids = torch.randint(3, 500, (count, 16), generator=torch.Generator().manual_seed(0)).tolist()
    return [Request(f"g{i}", "p", "benchmark", i, i, prompt) for i, prompt in enumerate(ids)]


def vllm_rows(
    name: str,
    model: Path,
    engine_settings: config.Engine,
    requests: list[Request],
    decoding: config.Decoding = DECODING,
) -> list[dict[str, Any]]:
    """What vLLM does greedily with nothing around it, with its own sampler, and with our draw."""
    engine: Any = open_engine(model, engine_settings, decoding)
    endless(engine)
    draws, wide = engine.tally.draws, engine.tally.wide
    from vllm import SamplingParams, TokensPrompt

    asked = [TokensPrompt(prompt_token_ids=request.prompt_token_ids) for request in requests]
    greedy = SamplingParams(
        temperature=0, max_tokens=decoding.max_new_tokens, ignore_eos=True, detokenize=False
    )

    def bare() -> None:
        engine._llm.reset_prefix_cache()
        engine._llm.generate(asked, greedy, use_tqdm=False)

    def sampled(ours: bool) -> Callable[[], Any]:
        def run() -> None:
            engine._draws_itself = ours
            engine.generate(requests)

        return run

    rows = compared(
        name,
        len(requests) * decoding.max_new_tokens,
        {BARE: bare, "vLLM's sampler": sampled(False), "our draw": sampled(True)},
    )
    rows[-1]["wide"] = (engine.tally.wide - wide) / (engine.tally.draws - draws)
    return rows


def uncached_rows(
    name: str, model: Path, engine_settings: config.Engine, requests: list[Request]
) -> list[dict[str, Any]]:
    """Our draw in an engine that computes the prompt of each request again."""
    import vllm

    started = vllm.LLM
    with mock.patch.object(vllm, "LLM", lambda **given: started(**given | {"enable_prefix_caching": False})):
        engine: Any = open_engine(model, engine_settings, DECODING)
    endless(engine)
    tokens = len(requests) * DECODING.max_new_tokens
    return compared(name, tokens, {"our draw, no prefix cache": partial(engine.generate, requests)})


def endless(engine: Any) -> None:
    """Let no token end a completion, so that all have the same length."""
    engine._ends = replace(engine._ends, ids=frozenset())
    parameters = engine._parameters

    def without_end(request: Request, stop_at_think_end: bool) -> Any:
        asked = parameters(request, stop_at_think_end)
        asked.ignore_eos = True
        return asked

    engine._parameters = without_end


def transformers_rows(
    name: str, model: Path, engine_settings: config.Engine, requests: list[Request]
) -> list[dict[str, Any]]:
    """The transformers engine in batches and one request at a time."""
    rows = []
    for label, sequences, asked in (
        ("transformers, batches", engine_settings.max_num_seqs, requests),
        ("transformers, one by one", 1, requests[:8]),
    ):
        several = engine_settings.model_copy(update={"name": "transformers", "max_num_seqs": sequences})
        engine: Any = open_engine(model, several, DECODING)
        engine._ends = replace(engine._ends, ids=frozenset())
        rows += compared(name, len(asked) * DECODING.max_new_tokens, {label: partial(engine.generate, asked)})
    return rows


def compared(name: str, tokens: int, ways: dict[str, Callable[[], Any]]) -> list[dict[str, Any]]:
    """Tokens per second of each way; the runs take turns."""
    for run in ways.values():
        run()
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for way, run in ways.items():
            begin = time.perf_counter()
            run()
            seconds[way].append(time.perf_counter() - begin)
    rates = {way: tokens / statistics.median(times) for way, times in seconds.items()}
    for way, rate in rates.items():
        progress(
            f"{name}, {way}: {rate:,.0f} tokens/s, runs of {', '.join(f'{t:.2f}' for t in seconds[way])} s"
        )
    return [{"model": name, "way": way, "tokens per second": rate} for way, rate in rates.items()]


@command
def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nano", type=Path, help="folder of a nano base")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    rows = measure(arguments.nano, arguments.threads)
    for row in rows:
        print(
            f"{row['model']:16} {row['way']:28} {row['tokens per second']:9,.0f} tokens/s "
            f"{row['ratio to bare greedy']:7.1%}" + (f"  wide: {row['wide']:.1%}" if "wide" in row else "")
        )


if __name__ == "__main__":
    main()
