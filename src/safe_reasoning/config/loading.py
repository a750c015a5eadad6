"""Loading, validation and dump of a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_origin

import yaml
from pydantic import ValidationError

from safe_reasoning.config.run import Config
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.core.validation import problems
from safe_reasoning.core.yaml_files import parse_yaml


def validate(raw: Mapping[str, Any], origin: str) -> Config:
    """Check a raw configuration. An error is one line that names the key."""
    try:
        return Config.model_validate(_without_removed(raw))
    except ValidationError as error:
        raise UserError(
            f"{origin}: {'; '.join(problems(error, Config))}. The keys and their types are in "
            "workflow/schemas/config.schema.json"
        ) from None


def _named_blocks() -> list[str]:
    """Blocks that hold entries of the user's own names: methods, prompt_sets, models, ..."""
    return [name for name, field in Config.model_fields.items() if get_origin(field.annotation) is dict]


def _without_removed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without the entries of named blocks that a later file has set to null."""
    return {
        key: {name: entry for name, entry in block.items() if entry is not None}
        if key in _named_blocks() and isinstance(block, Mapping)
        else block
        for key, block in raw.items()
    }


def check_files(paths: Iterable[Path]) -> None:
    """Configuration files that Snakemake lays over one another without a look at each.

    Raises:
        UserError: A file that is no plain YAML, or that sets an entry to null which no file before
            it has.
    """
    there: dict[str, dict[str, None]] = {block: {} for block in _named_blocks()}
    for path in filter(Path.exists, paths):
        content = path.read_bytes()
        raw = json.loads(content) if path.suffix == ".json" else parse_yaml(content, path)
        for block, names in there.items():
            given = raw.get(block) if isinstance(raw, Mapping) else None
            for name, entry in given.items() if isinstance(given, Mapping) else ():
                if entry is not None:
                    names[name] = None
                elif name in names:
                    del names[name]
                else:
                    raise UserError(
                        f"{path}: {block}.{name}: null removes an entry, and there is none of that name: "
                        + (unknown_name(name, names) if names else "give it after the file that has it")
                    )


def load(*paths: Path | str) -> Config:
    """Load and check YAML configurations, merged as Snakemake does: a later one changes the keys
    that it has.
    """
    check_files(map(Path, paths))
    raw: dict[str, Any] = {}
    for path in paths:
        raw = changed(raw, read(path))
    return validate(raw, ", ".join(map(str, paths)))


def changed(config: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A raw configuration with the keys of another one in it, at any depth."""
    both = dict(config)
    for key, value in change.items():
        inner = both.get(key)
        both[key] = (
            changed(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
        )
    return both


def read(path: Path | str) -> dict[str, Any]:
    """The raw configuration in a YAML file."""
    try:
        raw = parse_yaml(Path(path).read_bytes(), path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a file such as config/demo.yaml") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path} holds no mapping: start from config/demo.yaml")
    return raw


def dump(config: Config) -> str:
    """The resolved configuration as YAML, every default written out."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
