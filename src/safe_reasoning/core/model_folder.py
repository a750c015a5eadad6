"""The folder of a model's weights, checked before anything heavy reads it."""

from __future__ import annotations

from pathlib import Path

from safe_reasoning.core.errors import UserError


def check_model(model_dir: Path) -> None:
    """A UserError unless the folder holds whole safetensors weights.

    (transformers would take a missing folder for a name on the hub.)
    """
    weights = sorted(model_dir.glob("*.safetensors"))
    if not (model_dir / "config.json").exists() or not weights:
        again = "delete it and run again" if model_dir.exists() else "run the rule that makes it"
        raise UserError(f"{model_dir} holds no model (config.json and *.safetensors): {again}")
    from safetensors import SafetensorError, safe_open

    for path in weights:
        try:
            with safe_open(path, framework="numpy"):
                continue
        except (SafetensorError, OSError) as error:
            raise UserError(
                f"{model_dir} is damaged ({path.name}: {error}): delete it and run again"
            ) from None
