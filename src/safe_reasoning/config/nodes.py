"""Configurations written for nodes with more GPUs than there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def fitted_to_nodes(raw: Any) -> Any:
    """A raw configuration whose trainings have no more processes than a node's GPUs hold.

    The batch of a step stays: `batch_size` counts over all processes.
    """
    resources = raw.get("resources") if isinstance(raw, Mapping) else None
    if not isinstance(resources, Mapping) or not isinstance(raw.get("methods"), Mapping):
        return raw
    gpus, each = resources.get("node_gpus"), resources.get("gpus", 0)
    if type(gpus) is not int or type(each) is not int:
        return raw  # a wrong type is refused as such
    most = max(1, gpus // max(1, each))
    return {**raw, "methods": {name: _with_at_most(most, method) for name, method in raw["methods"].items()}}


def _with_at_most(most: int, method: Any) -> Any:
    """A method's raw settings, also those for single models."""
    if not isinstance(method, Mapping):
        return method
    fitted = dict(method)
    if type(fitted.get("processes")) is int:
        fitted["processes"] = min(most, fitted["processes"])
    if isinstance(fitted.get("per_model"), Mapping):
        fitted["per_model"] = {
            name: _with_at_most(most, entry) for name, entry in fitted["per_model"].items()
        }
    return fitted
