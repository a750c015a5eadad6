"""What pydantic found wrong with what a user wrote, in the words of the other messages."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from safe_reasoning.core.errors import unknown_name

# By pydantic's type of an error; what stands in braces is the error's own context
_WORDS = {
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "too_short": "must have {min_length} or more entries",
    "string_too_short": "must have {min_length} or more characters",
}
_MUST_BE = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text",
    "list": "a list",
    "dict": "a block of keys",
    "model": "a block of keys",
}
_NAME_PATTERN = "^[a-z0-9_]+$"


def problems(error: ValidationError, root: Any, most: int = 3) -> list[str]:
    """One line for each of the first problems: the key, what is wrong, the closest known name.

    Args:
        error: of the validation.
        root: the annotation that was validated, for the names of its keys.
        most: number of lines.
    """
    return [_line(found, root) for found in error.errors()[:most]]


def _line(found: Any, root: Any) -> str:
    path, parent = _path(root, found["loc"])
    if found["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(found["loc"][-1]), parent, n=1)
        repair = f"the closest is {close[0]}" if close else f"use one of {', '.join(parent)}"
        wrong = f"no such key, {repair}"
    else:
        wrong = _wrong(found)
    return f"{path}: {wrong}" if path else wrong


def _wrong(found: Any) -> str:
    kind, context, given = found["type"], found.get("ctx", {}), found["input"]
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return "missing: give it"
    if kind in ("literal_error", "union_tag_invalid"):
        text = context.get("expected") or context["expected_tags"]
        known = [name.strip(" '") for name in text.replace(" or ", ", ").split(",")]
        return unknown_name(str(context.get("tag", given)), known)
    if kind == "union_tag_not_found":
        return "has no `kind`: give one"
    if kind == "string_pattern_mismatch" and context["pattern"] == _NAME_PATTERN:
        return f"{given!r} is no name: use lower-case letters, digits and underscores"
    if kind in _WORDS:
        return f"{_WORDS[kind].format(**context)}, not {_shown(given)}"
    if wanted := _MUST_BE.get(kind.split("_")[0]):
        return f"must be {wanted}, not {_shown(given)}"
    return f"{_shown(given)} does not fit ({found['msg'].lower()})"


def _shown(given: Any) -> str:
    return "a block of keys" if isinstance(given, Mapping) else repr(given)[:60]


def _path(root: Any, loc: tuple[Any, ...]) -> tuple[str, list[str]]:
    """The key as a user writes it, without tags of unions, and the keys of the block it is in."""
    shown, here = [], root
    parent: list[str] = []
    for part in loc:
        here = _plain(here)
        origin, arms = get_origin(here), get_args(here)
        if part == "[key]":  # a key of the mapping is wrong; its name stands before
            continue
        if origin in (Union, types.UnionType):
            tagged = [arm for arm in arms if _tag(arm) == part]
            if tagged:
                here = tagged[0]
                continue
            # `X | None`: pydantic does not name the arm of what may be missing
            here = next((arm for arm in arms if arm is not type(None)), None)
            origin, arms = get_origin(_plain(here)), get_args(_plain(here))
        shown.append(str(part))
        parent = []
        if isinstance(here, type) and issubclass(here, BaseModel):
            parent = list(here.model_fields)
            field = here.model_fields.get(str(part))
            here = field.annotation if field else None
        else:
            here = arms[-1] if origin in (dict, list) else None
    return ".".join(shown), parent


def _plain(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _tag(arm: Any) -> str | None:
    """The `kind` of one arm of a union."""
    fields = getattr(arm, "model_fields", {})
    kinds = get_args(fields["kind"].annotation) if "kind" in fields else ()
    return kinds[0] if kinds and get_origin(fields["kind"].annotation) is Literal else None
