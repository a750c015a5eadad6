"""The folder of a model's weights, checked before anything heavy reads it."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json

# Weights as safetensors only, and what is needed to read them: no pickles, no code.
MODEL_FILES = [
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
]
MODEL_FILES += ["*.safetensors", "*.safetensors.index.json"]
TEMPLATES = ("chat_template.jinja", "tokenizer_config.json")


def files_of(folder: Path) -> list[Path]:
    """The files of a model: those of MODEL_FILES, code and other formats left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if any(fnmatch.fnmatch(path.name, pattern) for pattern in MODEL_FILES)
    )


def problem_of(folder: Path) -> tuple[str, str] | None:
    """What a folder lacks of a model's configuration and safetensors weights, in words, and the
    repair; an empty repair where it has to be fetched again. None for a whole model.
    """
    if not folder.is_dir():
        return "is no folder", "give the folder of a model"
    if (folder / "adapter_config.json").exists():
        return "holds a LoRA adapter alone", "merge it into its base model and give the merged one"
    if not (folder / "config.json").exists():
        return "has no config.json", ""
    index = folder / "model.safetensors.index.json"
    named = (
        set(read_json(index)["weight_map"].values())
        if index.exists()
        else {path.name for path in folder.glob("*.safetensors")}
    )
    if not named:
        return (
            "holds no safetensors, and other formats can run code when they are read",
            "take a model that has them, or save this one again as safetensors",
        )
    if missing := sorted(name for name in named if not (folder / name).exists()):
        return f"lacks {missing[0]} ({len(missing)} of {len(named)} files)", ""
    return None


def problem_of_reasoner(folder: Path) -> tuple[str, str] | None:
    """As `problem_of`, and what keeps a model from being asked: no tokenizer, no chat template, or
    an architecture that only code in its folder knows.
    """
    if problem := problem_of(folder):
        return problem
    if not any((folder / name).exists() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        return "has no tokenizer", "put the tokenizer of its base model there"
    template, settings = (folder / name for name in TEMPLATES)
    if not template.exists() and not (settings.exists() and read_json(settings).get("chat_template")):
        return "has no chat template", "put the chat_template.jinja of its family there"
    config = read_json(folder / "config.json")
    if "AutoModelForCausalLM" in config.get("auto_map", {}) and not _known(str(config.get("model_type"))):
        return (
            f"needs code of its own (model_type {config.get('model_type')}), which is never run here",
            "take a model that transformers knows",
        )
    return None


def _known(model_type: str) -> bool:
    """Whether transformers has a model of this type without further code."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES


def check_own(key: str, folder: Path) -> None:
    """A UserError unless a folder that a user names, under this key or option, can be evaluated."""
    if problem := problem_of_reasoner(folder):
        what, repair = problem
        raise UserError(f"{key}: {folder} {what}: {repair or 'copy the whole model there again'}")


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


def parameters_in(folder: Path) -> float:
    """Billions of weights in a folder's safetensors, from their headers; 0 without any."""
    from safetensors import safe_open

    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118  # it is no mapping
                size = 1
                for length in file.get_slice(name).get_shape():
                    size *= length
                total += size
    return total / 1e9
