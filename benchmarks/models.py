"""Models to measure with: random weights in the shapes of the demo and of the mini run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safe_reasoning.config import Config, NanoModel, load

ROOT = Path(__file__).parents[1]
# config.json of HuggingFaceTB/SmolLM2-135M
SMOLLM2: dict[str, Any] = {
    "vocab_size": 49_152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 8192,
}
DOCUMENTS = 500  # of the nano world: enough for a tokenizer


def demo() -> Config:
    """The demo's configuration."""
    return load(ROOT / "config/demo.yaml")


def nano_shape() -> dict[str, Any]:
    """The shape of the demo's model, as `models/nano.py` builds it."""
    settings = demo().models["nano"]
    assert isinstance(settings, NanoModel)
    return {
        "vocab_size": settings.vocabulary,
        "hidden_size": settings.hidden,
        "intermediate_size": settings.hidden * 8 // 3 // 32 * 32,
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "num_key_value_heads": settings.heads,
        "max_position_embeddings": 1024,
    }


def write_random(shape: dict[str, Any], folder: Path) -> Path:
    """Write a Llama of that shape with random weights and the nano world's tokenizer.

    Gives its folder.
    """
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    tokenizer = nano_tokenizer()
    ends: dict[str, Any] = {
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.eos_token_id,
    }
    torch.manual_seed(0)
    model: Any = LlamaForCausalLM(LlamaConfig(**shape, **ends, tie_word_embeddings=True))
    model.generation_config = GenerationConfig(**ends)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def nano_tokenizer() -> Any:
    """A tokenizer of the nano world, with the demo's vocabulary."""
    from safe_reasoning.models.nano import corpus_of, train_tokenizer

    config = demo()
    settings = config.models["nano"]
    assert isinstance(settings, NanoModel)
    few = settings.model_copy(update={"documents": DOCUMENTS})
    return train_tokenizer(corpus_of(few, config.world_seed), settings.vocabulary)
