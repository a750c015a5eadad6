"""Second stage: the engines give the CPU's tokens, and how fast they are."""

from __future__ import annotations

import gc
import importlib.util
import time
from typing import Any

import torch

from safe_reasoning import config
from safe_reasoning.core.devices import peak_gpu_gib
from safe_reasoning.gpu_check import material
from safe_reasoning.gpu_check.record import Record
from safe_reasoning.gpu_check.settings import Settings
from safe_reasoning.gpu_check.stages import Places
from safe_reasoning.sampling.factory import open_engine

TIE = 1e-3  # two logits nearer than this count as equal: float32 sums them in another order


def run(record: Record, settings: Settings, places: Places) -> None:
    """Both small models, then vLLM where it is installed."""
    size = settings.engine
    for model in size.models:
        with record.item(model):
            folder = material.model_folder(model, places)
            _float32(record, model, folder, settings, places)
            if not places.recording:
                _speeds(record, model, folder, settings, places)
    if places.recording or not size.vllm:
        return
    found = importlib.util.find_spec("vllm") is not None
    record.measure("vllm is installed", found)
    if found:
        for model in size.models:
            with record.item(f"vllm {model}"):
                _vllm(record, model, settings, places)


def _decoding(temperature: float, tokens: int) -> config.Decoding:
    return config.Decoding(temperature=temperature, top_p=0.95, max_new_tokens=tokens)


def _float32(record: Record, model: str, folder: Any, settings: Settings, places: Places) -> None:
    size = settings.engine
    engine = open_engine(folder, material.engine("float32", size.prompts), _decoding(0, size.tokens))
    wanted = material.requests(engine.tokenizer, size.prompts, size.tokens)
    greedy = [row["token_ids"] for row in engine.generate(wanted)]
    record.keep(f"{model} greedy", greedy)
    if not places.recording:
        expected = places.reference("engine").get(f"{model} greedy")
        _against_reference(record, f"{model} greedy", greedy, expected, engine, wanted)
        engine.decoding = _decoding(0.6, size.tokens)
        samples = {}
        for batch in size.same_at:
            # The batch is the engine's own setting: nothing else differs
            engine._engine = material.engine("float32", batch)  # type: ignore[attr-defined]
            samples[batch] = [row["token_ids"] for row in engine.generate(wanted)]
        first = samples[size.same_at[0]]
        equal = {
            batch: sum(a == b for a, b in zip(rows, first, strict=True)) for batch, rows in samples.items()
        }
        record.check(
            f"{model}: seeded samples are the same at every batch size",
            all(count == len(first) for count in equal.values()),
            equal=equal,
            of=len(first),
        )
        record.check(
            f"{model}: seeded samples differ from each other", len({tuple(row) for row in first}) > 1
        )
    del engine
    _free()


def _against_reference(
    record: Record, label: str, found: list[list[int]], expected: Any, engine: Any, wanted: Any
) -> None:
    """Greedy tokens are those that the CPU recorded; a difference counts only where the two tokens
    are no tie (without an engine to ask for logits every difference counts).
    """
    if expected is None:
        record.check(f"{label} has a recorded run", False)
        return
    parted = [i for i, rows in enumerate(zip(found, expected, strict=True)) if rows[0] != rows[1]]
    gaps = [
        _gap(engine, wanted[i].prompt_token_ids, found[i], expected[i]) if engine else float("inf")
        for i in parted
    ]
    record.check(
        f"{label} tokens are the CPU's",
        all(gap < TIE for gap in gaps),
        equal=len(expected) - len(parted),
        of=len(expected),
        logit_gaps_at_first_difference=[gap for gap in gaps if gap != float("inf")],
    )


@torch.inference_mode()
def _gap(engine: Any, prompt: list[int], found: list[int], expected: list[int]) -> float:
    """How much larger the logit of the chosen token is than that of the expected, where the two
    completions part; infinite when one merely ends before the other.
    """
    place = next((i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), None)
    if place is None:
        return float("inf")
    ids = torch.tensor([[*prompt, *found[:place]]], device=engine._device)
    logits = engine._model(input_ids=ids, logits_to_keep=1).logits[0, -1].double()
    return float(logits[found[place]] - logits[expected[place]])


def _speeds(record: Record, model: str, folder: Any, settings: Settings, places: Places) -> None:
    size = settings.engine
    for dtype in ("float32", "bfloat16") if places.device == "cuda" else ("float32",):
        rates: dict[str, Any] = {}
        engine = open_engine(folder, material.engine(dtype, 1), _decoding(0.6, size.speed_tokens))
        for batch in size.batch_sizes:
            engine._engine = material.engine(dtype, batch)  # type: ignore[attr-defined]
            rates[str(batch)] = _speed(engine, batch, size.speed_tokens)
            record.measure(f"{model} {dtype}: tokens per second by batch size", rates)
        del engine
        _free()


def _speed(engine: Any, batch: int, tokens: int) -> dict[str, Any]:
    """Sampled tokens a second, and the peak of memory, at one batch size."""
    wanted = material.requests(engine.tokenizer, batch, tokens)
    engine.generate(wanted[: max(1, batch // 8)])
    _free()
    begin = time.perf_counter()
    rows = engine.generate(wanted)
    seconds = time.perf_counter() - begin
    sampled = sum(len(row["token_ids"]) for row in rows)
    return {"tokens_per_second": sampled / seconds, "tokens": sampled, "peak_gpu_gib": peak_gpu_gib()}


def _vllm(record: Record, model: str, settings: Settings, places: Places) -> None:
    size = settings.engine
    folder = material.model_folder(model, places)
    options = material.engine("float32", max(size.batch_sizes), "vllm")
    share = options.model_copy(update={"gpu_memory_share": 0.3})
    engine = open_engine(folder, share, _decoding(0, size.tokens))
    wanted = material.requests(engine.tokenizer, size.prompts, size.tokens)
    greedy = [row["token_ids"] for row in engine.generate(wanted)]
    expected = places.reference("engine").get(f"{model} greedy")
    _against_reference(record, f"vllm {model} greedy", greedy, expected, None, wanted)
    engine.decoding = _decoding(0.6, size.speed_tokens)
    rates = {str(batch): _speed(engine, batch, size.speed_tokens) for batch in size.batch_sizes}
    record.measure(f"vllm {model} float32: tokens per second by batch size", rates)
    del engine
    _free()


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
