"""Warm-up of real weights.

A short supervised fine-tuning on think-tagged traces, so that a chat model reasons before it
answers: on placeholder traces, or on traces that end as the model's own answers do.

All weights are trained, or LoRA adapters that are merged at the end, loss on the completion only,
in 32 bits (on CPUs without bfloat16 units, bfloat16 is many times slower). A killed run goes on
from its last checkpoint and ends with the same weights.
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
from safe_reasoning.core.records import read_rows
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import CLOSE_TAG
from safe_reasoning.models.own_answers import own_questions
from safe_reasoning.models.train_loop import Schedule, make_batches, train_steps
from safe_reasoning.prompts.nano_world.corpus import Document
from safe_reasoning.prompts.own_answer_traces import own_answer_documents
from safe_reasoning.prompts.placeholder_traces import warm_up_documents
from safe_reasoning.prompts.prompt_sets import warm_up_prompts
from safe_reasoning.sampling.chat_template import prompt_ids

CHECKPOINT_STEPS = 60  # about every two minutes; a checkpoint of a 135 M model takes 1.6 GB
# Longer prompts are left out: they cost time and teach nothing about the form. With own answers
# the model's own chat template is a part, and long texts were left out before
PROMPT_TOKENS = {"placeholders": 64, "own_answers": 256}


def encode(
    tokenizer: PreTrainedTokenizerBase,
    documents: list[Document],
    longest: int = PROMPT_TOKENS["placeholders"],
) -> list[tuple[list[int], int]]:
    """Documents as (token ids, prompt length), without those whose prompt is longer than `longest`.

    The end token follows a completion that is whole.
    """
    rows = []
    for document in documents:
        prompt = prompt_ids(tokenizer, document.prompt)
        completion = tokenizer.encode(document.completion, add_special_tokens=False)
        end = [tokenizer.eos_token_id] if document.whole else []
        if len(prompt) <= longest:
            rows.append(([*prompt, *completion, *end], len(prompt)))
    return rows


def documents_of(settings: GgufModel, config: Config, answers: Path | None) -> list[Document]:
    """The warm-up's prompts (left to it by the `skip` of the alignment sets) with traces.

    Args:
        settings: of the model.
        config: of the run.
        answers: what the model itself answers to them, where its traces end so.
    """
    seed = derive_seed("warm-up", config.world_seed)
    if settings.warm_up == "own_answers":
        if answers is None:
            raise UserError("warm_up: own_answers needs the answers: run scripts/sample_own_answers.py first")
        by_id = {row["generation_id"]: row for row in read_rows(answers, "generations")}
        questions, traces = own_questions(settings, config), settings.warm_up_traces
        return own_answer_documents(questions, by_id, traces, settings.warm_up_refusals, seed)
    harmful, benign = warm_up_prompts("align_harmful", config), warm_up_prompts("align_benign", config)
    if not harmful or not benign:
        raise UserError(
            "the warm-up has no prompts: set `skip` above 0 in the prompt sets of role align_harmful and "
            "align_benign"
        )
    return warm_up_documents(harmful, benign, settings.warm_up_traces, seed)


def adapted(model: Any, rank: int, tokenizer: PreTrainedTokenizerBase) -> Any:
    """The model with LoRA adapters on all linear layers, and the closing tag's row of the output
    embedding trained beside them.

    That row is a copy of another token's: adapters alone could never tell the two apart.
    """
    from peft import LoraConfig, get_peft_model

    close: Any = tokenizer.convert_tokens_to_ids(CLOSE_TAG)
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    settings = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        trainable_token_indices={"embed_tokens" if tied else "lm_head": [close]},
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, settings)


def warm_up(
    config: Config, settings: GgufModel, converted: Path, out: Path, answers: Path | None = None
) -> dict[str, Any]:
    """Train the model of the folder `converted` into the folder `out`.

    `training.json`, written last, marks it as complete.

    Args:
        config: of the run.
        settings: of the model.
        converted: folder of the converted model.
        out: folder of the result.
        answers: the model's own answers, see `documents_of`.

    Returns:
        The content of training.json: examples, tokens, steps, seconds, loss curve as [step, loss],
            SHA-256 of the weights.
    """
    if not (converted / "conversion.json").exists():
        raise UserError(f"{converted} holds no converted model: run scripts/convert_gguf.py first")
    use_threads(settings.threads)
    torch.manual_seed(config.world_seed)
    tokenizer = AutoTokenizer.from_pretrained(converted)
    documents = documents_of(settings, config, answers)
    rows = encode(tokenizer, documents, PROMPT_TOKENS[settings.warm_up])
    batch_tokens = settings.warm_up_batch_size * sum(len(ids) for ids, _ in rows) // len(rows)
    batches = list(
        make_batches(rows, tokenizer.eos_token_id, batch_tokens, settings.warm_up_epochs, config.world_seed)
    )
    model: Any = AutoModelForCausalLM.from_pretrained(converted, dtype=torch.float32)
    if settings.warm_up_lora_rank:
        model = adapted(model, settings.warm_up_lora_rank, tokenizer)
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
    if answers:
        work["answers"] = sha256(answers)
    trained = train_steps(model, batches, schedule, checkpoint, "warm-up", work)
    if settings.warm_up_lora_rank:
        model = model.merge_and_unload()
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    summary = {
        "model": f"{settings.package}=={settings.version}" if settings.package else settings.file,
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
