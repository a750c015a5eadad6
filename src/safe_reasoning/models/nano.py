"""The nano base model.

Tokenizer and a small Llama trained from scratch on the nano world's corpus (a plain loop; loss on
the completion only).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from safe_reasoning.config import NanoModel
from safe_reasoning.core.cli import progress
from safe_reasoning.core.files import sha256, write_json
from safe_reasoning.core.machine import machine
from safe_reasoning.core.products import use_threads
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.models.train_loop import Schedule, make_batches, train_steps
from safe_reasoning.prompts.nano_world.corpus import Document, make_corpus
from safe_reasoning.prompts.nano_world.items import make_items

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}<|user|>{{ message['content'] }}"
    "{% else %}<|assistant|><think>\n{{ message['content'] }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}"
)
CHECKPOINT_STEPS = 100


def train_tokenizer(corpus: list[Document], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE with single digits.

    The think tags are ordinary added tokens, as in the R1 and Qwen3 tokenizers, so they survive
    decoding.
    """
    tokenizer = Tokenizer(models.BPE())
    # Words with their leading space, single digits, punctuation: the same cuts for a text and for
    # any of its sentence-wise prefixes.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?[A-Za-z']+|\d| ?[^\sA-Za-z\d]|\s"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|user|>", "<|assistant|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 2,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(
        (f"{d.prompt}\n{d.completion.replace('</think>', '')}" for d in corpus), trainer
    )
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        pad_token="<|end|>",
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def corpus_of(settings: NanoModel, world_seed: int) -> list[Document]:
    """The corpus that a base model learns from: items of the world, drawn with the model's seed."""
    items = make_items(settings.items, world_seed)
    return make_corpus(items, settings.documents, derive_seed("nano corpus", settings.seed_in(world_seed)))


def train_nano_base(settings: NanoModel, world_seed: int, out: Path) -> dict[str, Any]:
    """Train the base model into the folder `out`.

    `training.json`, written last, marks it as complete.

    A killed run goes on from its last checkpoint and ends with the same weights.

    Args:
        settings: of the model. Its seed decides the draw of the corpus, the first weights and the
            order of the batches.
        world_seed: decides the items, and all of the above where the model has no seed.
        out: folder.
    """
    use_threads(settings.threads)
    seed = settings.seed_in(world_seed)
    torch.manual_seed(seed)
    corpus = corpus_of(settings, world_seed)
    tokenizer = train_tokenizer(corpus, settings.vocabulary)
    eos = tokenizer.eos_token_id
    prompts = tokenizer.apply_chat_template(
        [[{"role": "user", "content": document.prompt}] for document in corpus],
        add_generation_prompt=True,
        return_dict=False,
    )
    completions = tokenizer([document.completion for document in corpus], add_special_tokens=False)
    rows = [
        (prompt + completion + [eos], len(prompt))
        for prompt, completion in zip(prompts, completions["input_ids"], strict=True)
    ]
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
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    tokens = sum(batch.input_ids.numel() for batch in batches)
    parameters = sum(p.numel() for p in model.parameters())
    progress(
        f"nano base: {parameters / 1e6:.2f} M parameters, {len(rows)} documents, {len(batches)} steps, "
        f"{tokens / 1e6:.2f} M tokens"
    )
    schedule = Schedule(
        settings.learning_rate,
        (0.9, 0.98),
        0.05,
        ramp=50,
        floor=0.02,
        log_steps=50,
        checkpoint_steps=CHECKPOINT_STEPS,
    )
    trained = train_steps(
        model,
        batches,
        schedule,
        checkpoint,
        "nano base",
        {"settings": settings.model_dump(), "seed": world_seed},
    )
    model.generation_config = GenerationConfig(eos_token_id=eos, pad_token_id=eos, bos_token_id=None)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    weights = sha256(out / "model.safetensors")
    summary = {
        "model": "nano",
        "parameters": parameters,
        "documents": len(rows),
        "tokens": tokens,
        "steps": trained.steps,
        "seconds": round(trained.seconds, 1),
        "loss_curve": trained.curve,
        "machine": machine(),
        "weights_sha256": weights,
    }
    write_json(out / "training.json", summary)
    progress(f"nano base: weights {weights[:12]}")
    checkpoint.unlink(missing_ok=True)
    return summary
