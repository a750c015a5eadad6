"""The schema of the configuration: what an editor shows of each key."""

import json
from collections.abc import Iterator
from typing import Any

from safe_reasoning.judging.kinds import schema


def keys(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of every block, also of the kinds of judges and policies, with its schema."""
    if isinstance(node, dict):
        for name, value in node.get("properties", {}).items():
            yield f"{path}.{name}", value
        for name, value in node.items():
            yield from keys(value, path if name in ("properties", "$defs") else f"{path}.{name}")
    elif isinstance(node, list):
        for value in node:
            yield from keys(value, path)


def test_every_key_has_a_description():
    found = list(keys(json.loads(schema()), "config"))
    assert len(found) > 200
    assert [path for path, value in found if not value.get("description", "").strip()] == []
