"""Configurations with several nano models, from the tiny one."""

from collections.abc import Mapping
from typing import Any

import yaml

from safe_reasoning import config
from tests.support.paths import TINY

RAW = yaml.safe_load(TINY.read_text())


def with_models(models: Mapping[str, Mapping[str, Any]], **more: Any) -> config.Config:
    """The tiny configuration with models that differ from its own in the keys given."""
    (own,) = RAW["models"].values()
    return config.validate(
        {**RAW, "models": {name: {**own, **change} for name, change in models.items()}, **more}, "test.yaml"
    )
