"""Loading, validation and dump of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from safe_reasoning.config.run import Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.yaml_files import parse_yaml


def validate(raw: Mapping[str, Any], origin: str) -> Config:
    """Check a raw configuration. An error is one line that names the key."""
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(x) for x in e['loc']) or 'config'}: {e['msg']}" for e in error.errors()[:3]
        )
        raise UserError(
            f"{origin}: {problems}. The keys and their types are in workflow/schemas/config.schema.json"
        ) from None


def load(*paths: Path | str) -> Config:
    """Load and check YAML configurations, merged as Snakemake does: a later one changes the keys
    that it has.
    """
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
