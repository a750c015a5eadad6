"""Fourth stage: rates of the paper's configuration, from models of its shapes with random weights.

Sampling runs through the transformers engine's own steps on the whole model. A training step is
IPO's: a pair of two sides, forward and backward with recomputed activations in bfloat16, then AdamW
on float32 copies. Its models have a few layers; a line over the layer counts gives the whole model.
"""

from __future__ import annotations

import gc
import time
from dataclasses import asdict
from typing import Any

import torch

from safe_reasoning.config import Decoding
from safe_reasoning.gpu_check import shapes, training_step
from safe_reasoning.gpu_check.environment import wait
from safe_reasoning.gpu_check.fit import line, whole_step
from safe_reasoning.gpu_check.record import Record
from safe_reasoning.gpu_check.settings import RatesSize, Settings
from safe_reasoning.gpu_check.stages import Places
from safe_reasoning.sampling.nucleus import choose


def run(record: Record, settings: Settings, places: Places) -> None:
    """First the sampling of every shape, then the training, so that a stop leaves both of most."""
    size = settings.rates
    record.measure("engine", "transformers")
    record.measure("widths divided by", size.divide)
    if places.device == "cuda":
        record.measure("card", torch.cuda.get_device_name())
    for name in size.shapes:
        with record.item(f"{name}: shape"):
            found = shapes.parameters(shapes.configuration(name))
            expected = shapes.SHAPES[name]["parameters"]
            record.check(f"{name} has the published number of weights", found == expected, found=found)
        with record.item(f"{name}: sampling"):
            _sampling(record, name, size, places.device)
        free()
    for length in size.lengths:
        for name in size.shapes:
            with record.item(f"{name}: training at {length} tokens"):
                _training(record, name, length, size, places.device)
            free()


def free() -> None:
    """Give memory back that no tensor uses."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_bytes(device: str) -> int:
    """The most that tensors took since the last `free`; 0 on the CPU."""
    return torch.cuda.max_memory_allocated() if device == "cuda" else 0


def _sampling(record: Record, name: str, size: RatesSize, device: str) -> None:
    """Tokens a second and memory by batch size; one that does not fit says so."""
    configured = shapes.configuration(name, size.sampled_layers, size.divide)
    model = shapes.random_model(configured, device, torch.bfloat16).eval()
    rates: dict[str, Any] = {}
    for batch in size.batch_sizes:
        free()
        try:
            rates[str(batch)] = _decode(model, batch, size, device)
        except torch.cuda.OutOfMemoryError:
            rates[str(batch)] = {"fits": False}
        record.measure(f"{name}: sampling by batch size", rates)
    record.check(f"{name}: some batch size fits", any(entry["fits"] for entry in rates.values()))


@torch.inference_mode()
def _decode(model: Any, batch: int, size: RatesSize, device: str) -> dict[str, Any]:
    """Prefill of random prompts, then nucleus sampling token by token with a cache."""
    vocabulary = model.config.vocab_size
    decoding = Decoding(temperature=0.6, top_p=0.95, max_new_tokens=size.new_tokens)
    ids = torch.randint(vocabulary, (batch, size.prompt_tokens), device=device)
    wait(torch, device)
    begin = time.perf_counter()
    output = model(input_ids=ids, use_cache=True, logits_to_keep=1)
    wait(torch, device)
    prefill = time.perf_counter() - begin
    begin = time.perf_counter()
    for _ in range(size.new_tokens):
        draws = torch.rand(batch, device=device)
        chosen = choose(output.logits[:, -1], draws, decoding)[:, None]
        chosen.tolist()  # an engine has to see whether a completion ends
        output = model(
            input_ids=chosen, past_key_values=output.past_key_values, use_cache=True, logits_to_keep=1
        )
    wait(torch, device)
    seconds = time.perf_counter() - begin
    return {
        "fits": True,
        "tokens_per_second": batch * size.new_tokens / seconds,
        "prefill_tokens_per_second": batch * size.prompt_tokens / prefill,
        "context_tokens": size.prompt_tokens + size.new_tokens,
        "peak_gpu_gib": peak_bytes(device) / 2**30,
    }


def _training(record: Record, name: str, length: int, size: RatesSize, device: str) -> None:
    """Steps over layer counts, as many as fit, and the whole model from them."""
    points: list[dict[str, Any]] = []
    label = f"{name}: training at {length} tokens"
    for layers in size.layers:
        free()
        configured = shapes.configuration(name, layers, size.divide)
        try:
            points.append(training_step.measure(configured, length, size.steps, device))
        except torch.cuda.OutOfMemoryError:
            points.append({"layers": layers, "fits": False})
        record.measure(f"{label}, by layers", points)
    fitting = [point for point in points if point["fits"]]
    record.check(f"{label}: two layer counts fit", len(fitting) > 1)
    if len(fitting) < 2:
        return
    counts = [point["layers"] for point in fitting]
    passes = line(counts, [point["pass_seconds"] for point in fitting])
    activations = line(counts, [point["activation_bytes"] for point in fitting])
    update = sum(point["update_seconds"] for point in fitting) / sum(point["weights"] for point in fitting)
    whole = shapes.configuration(name, divide=size.divide)
    weights = shapes.parameters(whole)
    step = whole_step(passes, update, activations, whole.num_hidden_layers, weights, 2 * length, size.gpus)
    record.measure(
        f"{label}, whole model",
        {
            **asdict(step),
            "gpus": size.gpus,
            "residual_of_seconds": passes.residual,
            "residual_of_activations": activations.residual,
        },
    )
