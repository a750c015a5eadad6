"""The configured engine, opened on a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from safe_reasoning import config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json
from safe_reasoning.core.model_folder import check_model
from safe_reasoning.sampling.engine import Engine

if TYPE_CHECKING:
    from safe_reasoning.sampling.transformers_engine import TransformersEngine


def open_engine(model_dir: Path, engine: config.Engine, decoding: config.Decoding) -> Engine:
    """Open the configured engine on a folder of safetensors weights.

    A missing or unfit folder is a UserError.
    """
    check_model(model_dir)
    positions = read_json(model_dir / "config.json").get("max_position_embeddings")
    if positions and engine.max_model_len > positions:
        raise UserError(
            f"engine.max_model_len {engine.max_model_len} is more than the {positions} positions of "
            f"{model_dir}: lower it"
        )
    if engine.name == "vllm":
        from safe_reasoning.sampling.vllm_engine import VllmEngine

        return VllmEngine(model_dir, engine, decoding)
    from safe_reasoning.sampling.transformers_engine import TransformersEngine

    return TransformersEngine(model_dir, engine, decoding)


def open_reader(model_dir: Path, settings: config.Config) -> TransformersEngine:
    """The model in transformers, whatever the configured engine, to read completions with.

    It has the engine's number format and the run's decoding.
    """
    from safe_reasoning.sampling.transformers_engine import TransformersEngine

    return TransformersEngine(model_dir, settings.engine, settings.decoding)
