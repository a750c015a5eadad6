"""Warm-up of real weights.

A short supervised fine-tuning on think-tagged placeholder traces, so that a chat model reasons
before it answers.

All weights are trained, loss on the completion only, in 32 bits (on CPUs without bfloat16 units,
bfloat16 is many times slower). A killed run goes on from its last checkpoint and ends with the same
weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from safe_reasoning.config import Config, GgufModel
from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256, write_json
from safe_reasoning.core.machine import machine
from safe_reasoning.core.products import use_threads
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.models.train_loop import Schedule, make_batches, train_steps
from safe_reasoning.prompts.nano_world.corpus import Document
from safe_reasoning.prompts.placeholder_traces import warm_up_documents
from safe_reasoning.prompts.prompt_sets import warm_up_prompts

CHECKPOINT_STEPS = 60  # about every two minutes; a checkpoint of a 135 M model takes 1.6 GB
PROMPT_TOKENS = 64  # longer prompts are left out: they cost time and teach nothing about the form


def encode(tokenizer: PreTrainedTokenizerBase, documents: list[Document]) -> list[tuple[list[int], int]]:
    """Documents as (token ids with the end token, prompt length), without those whose prompt is too
    long.
    """
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
        raise UserError(
            "the warm-up has no prompts: set `skip` above 0 in the prompt sets of role align_harmful and "
            "align_benign"
        )
    return warm_up_documents(
        harmful, benign, settings.warm_up_traces, derive_seed("warm-up", config.world_seed)
    )


def warm_up(config: Config, settings: GgufModel, converted: Path, out: Path) -> dict[str, Any]:
    """Train the model of the folder `converted` into the folder `out`.

    `training.json`, written last, marks it as complete.

    Returns:
        The content of training.json: examples, tokens, steps, seconds, loss curve as [step, loss],
            SHA-256 of the weights.
    """
    if not (converted / "conversion.json").exists():
        raise UserError(f"{converted} holds no converted model: run scripts/convert_gguf.py first")
    use_threads(settings.threads)
    torch.manual_seed(config.world_seed)
    tokenizer = AutoTokenizer.from_pretrained(converted)
    rows = encode(tokenizer, documents_of(settings, config))
    batch_tokens = settings.warm_up_batch_size * sum(len(ids) for ids, _ in rows) // len(rows)
    batches = list(
        make_batches(rows, tokenizer.eos_token_id, batch_tokens, settings.warm_up_epochs, config.world_seed)
    )
    model: Any = AutoModelForCausalLM.from_pretrained(converted, dtype=torch.float32)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    tokens = sum(batch.input_ids.numel() for batch in batches)
    progress(f"warm-up: {len(rows)} traces, {len(batches)} steps, {tokens} tokens with padding")
    schedule = Schedule(
        settings.warm_up_learning_rate,
        (0.9, 0.95),
        0.0,
        ramp=20,
        floor=0.05,
        log_steps=10,
        checkpoint_steps=CHECKPOINT_STEPS,
    )
    work = {"settings": settings.model_dump(), "seed": config.world_seed}
    trained = train_steps(model, batches, schedule, checkpoint, "warm-up", work)
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    summary = {
        "model": f"{settings.package}=={settings.version}",
        "examples": len(rows),
        "tokens": tokens,
        "steps": trained.steps,
        "seconds": round(trained.seconds, 1),
        "loss_curve": trained.curve,
        "machine": machine(),
        "weights_sha256": sha256(out / "model.safetensors"),
    }
    write_json(out / "training.json", summary)
    checkpoint.unlink(missing_ok=True)
    return summary
