"""The nano base model: tokenizer and a small Llama trained from scratch on the nano world's corpus (a plain loop; loss on the completion only)."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from safe_reasoning.command import progress
from safe_reasoning.config import NanoModel
from safe_reasoning.records import sha256, write_json
from safe_reasoning.seeds import derive_seed
from safe_reasoning.worlds.nano_corpus import Document, make_corpus
from safe_reasoning.worlds.nano_items import make_items

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}<|user|>{{ message['content'] }}"
    "{% else %}<|assistant|><think>\n{{ message['content'] }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}"
)
CHECKPOINT_STEPS = 100


def train_tokenizer(corpus: list[Document], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE with single digits. The think tags are ordinary added tokens, as in the R1 and Qwen3 tokenizers, so they survive decoding."""
    tokenizer = Tokenizer(models.BPE())
    # Words with their leading space, single digits, punctuation: the same cuts for a text and for any of its sentence-wise prefixes.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?[A-Za-z']+|\d| ?[^\sA-Za-z\d]|\s"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|user|>", "<|assistant|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 2, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator((f"{d.prompt}\n{d.completion.replace('</think>', '')}" for d in corpus), trainer)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        pad_token="<|end|>",
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


@dataclass(frozen=True)
class Batch:
    """Token ids and labels, both of shape (documents, tokens); labels are -100 on prompt and padding."""

    input_ids: torch.Tensor
    labels: torch.Tensor


def make_batches(rows: list[tuple[list[int], int]], pad: int, batch_tokens: int, epochs: float, seed: int) -> Iterator[Batch]:
    """Batches of documents of like length, about `batch_tokens` tokens each; rows are (token ids, prompt length)."""
    whole = math.ceil(epochs)
    for epoch in range(whole):
        rng = random.Random(derive_seed("nano batches", seed, epoch))
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]) + rng.random() * 12)
        groups: list[list[int]] = [[]]
        for index in order:
            if (len(groups[-1]) + 1) * len(rows[index][0]) > batch_tokens and groups[-1]:
                groups.append([])
            groups[-1].append(index)
        rng.shuffle(groups)
        for group in groups[: round(len(groups) * min(1.0, epochs - epoch))]:
            width = max(len(rows[i][0]) for i in group)
            ids = torch.full((len(group), width), pad)
            labels = torch.full((len(group), width), -100)
            for place, i in enumerate(group):
                tokens, prompt = rows[i]
                ids[place, : len(tokens)] = torch.tensor(tokens)
                labels[place, prompt : len(tokens)] = torch.tensor(tokens[prompt:])
            yield Batch(ids, labels)


def train_nano_base(settings: NanoModel, seed: int, out: Path) -> dict[str, Any]:
    """Train the base model into the folder `out`; `training.json`, written last, marks it as complete.

    A killed run goes on from its last checkpoint and ends with the same weights.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(seed)
    corpus = make_corpus(make_items(settings.items, seed), settings.documents, derive_seed("nano corpus", seed))
    tokenizer = train_tokenizer(corpus, settings.vocabulary)
    eos = tokenizer.eos_token_id
    rows = []
    for document in corpus:
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": document.prompt}], add_generation_prompt=True, return_dict=False
        )
        rows.append((prompt + tokenizer.encode(document.completion, add_special_tokens=False) + [eos], len(prompt)))
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=settings.hidden,
            intermediate_size=settings.hidden * 8 // 3 // 32 * 32,
            num_hidden_layers=settings.layers,
            num_attention_heads=settings.heads,
            num_key_value_heads=settings.heads,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=eos,
            pad_token_id=eos,
            attention_dropout=0.0,
        )
    )
    batches = list(make_batches(rows, eos, settings.batch_tokens, settings.epochs, seed))
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.05)
    warm_up = min(50, len(batches) // 10 + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm_up, 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / len(batches))))
    )
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    start, seconds = 0, 0.0
    curve: list[list[float]] = []
    state: dict[str, Any] = {}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
    if state.get("settings") == settings.model_dump():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        start, curve, seconds = state["step"], state["curve"], state["seconds"]
        progress(f"nano base: going on from step {start} of {len(batches)}")
    tokens = sum(batch.input_ids.numel() for batch in batches)
    parameters = sum(p.numel() for p in model.parameters())
    progress(f"nano base: {parameters / 1e6:.2f} M parameters, {len(rows)} documents, {len(batches)} steps, {tokens / 1e6:.2f} M tokens")
    begin = time.perf_counter()
    for step, batch in enumerate(batches[start:], start):
        loss = model(input_ids=batch.input_ids, labels=batch.labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if (step + 1) % 50 == 0 or step + 1 == len(batches):
            curve.append([step + 1, loss.item()])
            spent = time.perf_counter() - begin
            left = spent / (step + 1 - start) * (len(batches) - step - 1)
            progress(f"nano base: step {step + 1}/{len(batches)}, loss {loss.item():.3f}, {left:.0f} s left")
        if (step + 1) % CHECKPOINT_STEPS == 0 and step + 1 < len(batches):
            temporary = checkpoint.with_suffix(".tmp")
            torch.save(
                {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "settings": settings.model_dump(),
                    "step": step + 1,
                    "curve": curve,
                    "seconds": seconds + time.perf_counter() - begin,
                },
                temporary,
            )
            temporary.replace(checkpoint)
    seconds += time.perf_counter() - begin
    model.generation_config = GenerationConfig(eos_token_id=eos, pad_token_id=eos, bos_token_id=None)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    summary = {
        "model": "nano",
        "parameters": parameters,
        "documents": len(rows),
        "tokens": tokens,
        "steps": len(batches),
        "seconds": round(seconds, 1),
        "loss_curve": curve,
        "weights_sha256": sha256(out / "model.safetensors"),
    }
    write_json(out / "training.json", summary)
    checkpoint.unlink(missing_ok=True)
    return summary
