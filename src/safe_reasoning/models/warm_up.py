"""Warm-up of real weights: a short supervised fine-tuning on think-tagged placeholder traces, so that a chat model reasons before it answers.

All weights are trained, loss on the completion only, in 32 bits (on CPUs without bfloat16 units, bfloat16 is many times slower). A killed run goes
on from its last checkpoint and ends with the same weights.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from safe_reasoning.command import progress
from safe_reasoning.config import Config, GgufModel
from safe_reasoning.errors import UserError
from safe_reasoning.models.nano import Batch, make_batches
from safe_reasoning.prompts import warm_up_prompts
from safe_reasoning.records import sha256, write_json
from safe_reasoning.seeds import derive_seed
from safe_reasoning.worlds.nano_corpus import Document
from safe_reasoning.worlds.placeholder_traces import warm_up_documents

CHECKPOINT_STEPS = 60  # about every two minutes; a checkpoint of a 135 M model takes 1.6 GB
PROMPT_TOKENS = 64  # longer prompts are left out: they cost time and teach nothing about the form


def encode(tokenizer: PreTrainedTokenizerBase, documents: list[Document]) -> list[tuple[list[int], int]]:
    """Documents as (token ids with the end token, prompt length), without those whose prompt is too long."""
    rows = []
    for document in documents:
        message = [{"role": "user", "content": document.prompt}]
        prompt = tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=False)
        completion = tokenizer.encode(document.completion, add_special_tokens=False)
        if len(prompt) <= PROMPT_TOKENS:
            rows.append(([*prompt, *completion, tokenizer.eos_token_id], len(prompt)))
    return rows


def documents_of(settings: GgufModel, config: Config) -> list[Document]:
    """The warm-up's prompts (left to it by the `skip` of the alignment sets) with traces."""
    harmful, benign = warm_up_prompts("align_harmful", config), warm_up_prompts("align_benign", config)
    if not harmful or not benign:
        raise UserError("the warm-up has no prompts: set `skip` above 0 in the prompt sets of role align_harmful and align_benign")
    return warm_up_documents(harmful, benign, settings.warm_up_traces, derive_seed("warm-up", config.world_seed))


def warm_up(config: Config, settings: GgufModel, converted: Path, out: Path) -> dict[str, Any]:
    """Train the model of the folder `converted` into the folder `out`; `training.json`, written last, marks it as complete.

    Returns:
        The content of training.json: examples, tokens, steps, seconds, loss curve as [step, loss], SHA-256 of the weights.
    """
    if not (converted / "conversion.json").exists():
        raise UserError(f"{converted} holds no converted model: run scripts/convert_gguf.py first")
    torch.set_num_threads(settings.threads)
    torch.manual_seed(config.world_seed)
    tokenizer = AutoTokenizer.from_pretrained(converted)
    rows = encode(tokenizer, documents_of(settings, config))
    batch_tokens = settings.warm_up_batch_size * sum(len(ids) for ids, _ in rows) // len(rows)
    batches = list(make_batches(rows, tokenizer.eos_token_id, batch_tokens, settings.warm_up_epochs, config.world_seed))
    model: Any = AutoModelForCausalLM.from_pretrained(converted, dtype=torch.float32)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.warm_up_learning_rate, betas=(0.9, 0.95), weight_decay=0.0)
    ramp = min(20, len(batches) // 10 + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / ramp, 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / len(batches))))
    )
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    start, curve, seconds = 0, [], 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        start, curve, seconds = state["step"], state["curve"], state["seconds"]
        progress(f"warm-up: going on from step {start} of {len(batches)}")
    tokens = sum(batch.input_ids.numel() for batch in batches)
    progress(f"warm-up: {len(rows)} traces, {len(batches)} steps, {tokens} tokens with padding")
    begin = time.perf_counter()
    for step, batch in enumerate(batches[start:], start):
        loss = train_step(model, optimizer, batch)
        schedule.step()
        if (step + 1) % 10 == 0 or step + 1 == len(batches):
            curve.append([step + 1, loss])
            left = (time.perf_counter() - begin) / (step + 1 - start) * (len(batches) - step - 1)
            progress(f"warm-up: step {step + 1}/{len(batches)}, loss {loss:.3f}, {left:.0f} s left")
        if (step + 1) % CHECKPOINT_STEPS == 0 and step + 1 < len(batches):
            temporary = checkpoint.with_suffix(".tmp")
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
            torch.save({**state, "step": step + 1, "curve": curve, "seconds": seconds + time.perf_counter() - begin}, temporary)
            temporary.replace(checkpoint)
    seconds += time.perf_counter() - begin
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    summary = {
        "model": f"{settings.package}=={settings.version}",
        "examples": len(rows),
        "tokens": tokens,
        "steps": len(batches),
        "seconds": round(seconds, 1),
        "loss_curve": curve,
        "weights_sha256": sha256(out / "model.safetensors"),
    }
    write_json(out / "training.json", summary)
    checkpoint.unlink(missing_ok=True)
    return summary


def train_step(model: torch.nn.Module, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
    """One update on one batch; returns its loss (mean negative log-likelihood a completion token)."""
    loss = model(input_ids=batch.input_ids, labels=batch.labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()
