"""Shapes of the paper's models, from their published configurations, with random weights."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedConfig, Qwen2Config, Qwen3Config

Shape: TypeAlias = dict[str, Any]

# config.json of deepseek-ai/DeepSeek-R1-Distill-Llama-8B, deepseek-ai/DeepSeek-R1-Distill-Qwen-7B
# and Qwen/Qwen3-8B. `parameters` is the number of weights in their files.
SHAPES: dict[str, Shape] = {
    "llama_8b": {
        "parameters": 8_030_261_248,
        "kind": LlamaConfig,
        "vocab_size": 128_256,
        "hidden_size": 4096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "max_position_embeddings": 131_072,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 500_000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
    },
    "qwen2_7b": {
        "parameters": 7_615_616_512,
        "kind": Qwen2Config,
        "vocab_size": 152_064,
        "hidden_size": 3584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 131_072,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
    },
    "qwen3_8b": {
        "parameters": 8_190_735_360,
        "kind": Qwen3Config,
        "vocab_size": 151_936,
        "hidden_size": 4096,
        "intermediate_size": 12_288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 40_960,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    },
}
WIDTHS = ("vocab_size", "hidden_size", "intermediate_size", "head_dim")


def configuration(name: str, layers: int | None = None, divide: int = 1) -> PreTrainedConfig:
    """The configuration of a shape, with fewer layers or smaller widths when asked for."""
    values = {key: value for key, value in SHAPES[name].items() if key not in ("parameters", "kind")}
    # Each width stays a multiple of the heads, whose number stays
    values |= {
        key: values[key] // divide // 4 * 4 if divide > 1 else values[key] for key in WIDTHS if key in values
    }
    if layers is not None:
        values["num_hidden_layers"] = layers
    configured: PreTrainedConfig = SHAPES[name]["kind"](
        **values, tie_word_embeddings=False, bos_token_id=None, eos_token_id=None, pad_token_id=0
    )
    return configured


def random_model(configured: PreTrainedConfig, device: str, dtype: torch.dtype) -> Any:
    """A model with random weights, made on the device."""
    with torch.device(device):
        return AutoModelForCausalLM.from_config(configured, dtype=dtype)


def parameters(configured: PreTrainedConfig) -> int:
    """Weights of a configuration, counted without making them."""
    model = random_model(configured, "meta", torch.bfloat16)
    return sum(tensor.numel() for tensor in model.parameters())
