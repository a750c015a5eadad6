"""Entries of the configuration whose keys depend on their kind: found by name and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from safe_reasoning.config.section import Section
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.core.validation import problems


def checked_settings(
    block: str,
    name: str,
    entries: Mapping[str, Any],
    kinds: Sequence[str],
    settings: Callable[[str], type[Section]],
    folder: str,
) -> Any:
    """The settings behind a name, defaults filled in.

    Args:
        block: of the configuration, for messages.
        name: of an entry, or of a kind, which then has its default settings.
        entries: of the block.
        kinds: all kinds.
        settings: the class that holds a kind's settings.
        folder: with one file per kind, for messages.

    Raises:
        UserError: An unknown kind or key; it names the key.
    """
    entry = entries.get(name)
    given = {"kind": name} if entry is None else entry.model_dump()
    if given["kind"] not in kinds:
        known = list(kinds) if entry else list(dict.fromkeys([*entries, *kinds]))
        key = f"{block}.{name}.kind" if entry else block
        raise UserError(f"{key}: {unknown_name(given['kind'], known)}")
    try:
        return settings(given["kind"]).model_validate(given)
    except ValidationError as error:
        line = problems(error, settings(given["kind"]))[0]
        raise UserError(f"{block}.{name}.{line}: see {folder}/{given['kind']}.py for its keys") from None
